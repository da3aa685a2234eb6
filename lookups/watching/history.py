"""What is known of watched domains: newest reports, scores, and what changed between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Window
from django.db.models.functions import RowNumber

from lookups.drawings.scores import Point
from lookups.engine.difference import difference
from lookups.models import Report
from lookups.watching.models import Watch

SPARK_POINTS = 30
CHART_ROWS = 5000  # more than a thinned history has

# What a timeline shows of a report; the sections are big and are read only to be compared.
LIGHT = (
    "token", "state", "status", "score", "created", "finished", "saved_at", "owner", "watch",
    "visibility", "link_ends", "revoked_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a timeline. `changes` is None where there is nothing to compare it with."""

    report: Report
    before: str  # token of the report before it, or empty
    changes: int | None


def with_last(watches: QuerySet[Watch]) -> QuerySet[Watch]:
    """Adds what the newest finished report says: last_token, last_status, last_score, last_at."""
    newest = finished(Report.objects.filter(watch=OuterRef("pk"))).order_by("-created", "-id")
    return watches.annotate(
        last_token=Subquery(newest.values("token")[:1]),
        last_status=Subquery(newest.values("status")[:1]),
        last_score=Subquery(newest.values("score")[:1]),
        last_at=Subquery(newest.values("finished")[:1]),
    )


def finished(reports: QuerySet[Report]) -> QuerySet[Report]:
    """Those that came to a verdict and belong to a history."""
    return reports.filter(state=Report.State.DONE, saved_at__isnull=False, deleted_at=None)


def sparks(watches: Iterable[Watch]) -> dict[int, list[Point]]:
    """The newest points of each watch by its id, the oldest first, in one query."""
    by_watch = Window(
        RowNumber(), partition_by=F("watch_id"), order_by=[F("created").desc(), F("id").desc()]
    )
    ids = [watch.pk for watch in watches]
    rows = (
        finished(Report.objects.filter(watch__in=ids, score__isnull=False))
        .annotate(place=by_watch)
        .filter(place__lte=SPARK_POINTS)
        .order_by("created", "id")
        .values_list("watch_id", "created", "score", "status")
    )
    found: dict[int, list[Point]] = {}
    for watch_id, created, score, status in rows:
        found.setdefault(watch_id, []).append(Point(created, score, status))
    return found


def points(watch: Watch) -> list[Point]:
    """All points of a watch, the oldest first."""
    rows = finished(Report.objects.filter(watch=watch, score__isnull=False))
    newest = rows.order_by("-created", "-id").values_list("created", "score", "status")
    return [Point(*row) for row in reversed(newest[:CHART_ROWS])]


def entries(reports: Sequence[Report]) -> list[Entry]:
    """The lines of one page of a timeline, the newest first, in two queries.

    Each report is compared with the one before it, perhaps on the next page.
    """
    done = [report for report in reports if report.state == Report.State.DONE]
    if done:
        done += _before(done[-1])[:1]
    sections = dict(
        Report.objects.filter(pk__in=[report.pk for report in done]).values_list("pk", "sections")
    )
    older = {new.pk: old for new, old in zip(done, done[1:], strict=False)}
    return [_entry(report, older.get(report.pk), sections) for report in reports]


def _entry(report: Report, before: Report | None, sections: Mapping[int, Any]) -> Entry:
    if before is None:
        return Entry(report, "", None)
    changes = difference(sections.get(before.pk, {}), sections.get(report.pk, {})).count
    return Entry(report, before.token, changes)


def report_before(report: Report) -> Report | None:
    """The finished report before this one in its history."""
    return _before(report).first() if report.watch_id else None


def token_before(report: Report) -> str:
    """Its token; empty where there is none."""
    return _before(report).values_list("token", flat=True).first() or ""


def _before(report: Report) -> QuerySet[Report]:
    rows = finished(Report.objects.filter(watch_id=report.watch_id))
    same_moment = Q(created=report.created, id__lt=report.pk)
    older = rows.filter(Q(created__lt=report.created) | same_moment)
    return older.order_by("-created", "-id").only(*LIGHT)
