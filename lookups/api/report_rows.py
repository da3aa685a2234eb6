"""Reports that programs ask for: making them, and what lists and answers say of them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import get_language

from lookups import output, tasks
from lookups.engine.names import Domain
from lookups.limits import domains
from lookups.models import Report
from lookups.opt_out import remembering
from lookups.runtime import is_own_zone
from lookups.watching.making import OUT_OF_REACH
from lookups.watching.models import watch_for

from . import links
from .problems import Problem, opted_out, too_often


def mine(user: Any) -> QuerySet[Report]:
    """Whatever somebody asked for or saved, and has not deleted."""
    return Report.objects.filter(owner=user, deleted_at=None)


def ask(user: Any, domain: Domain, selectors: str, again: bool, save: bool) -> tuple[Report, bool]:
    """A report, and whether it is new: otherwise it was asked for less than a minute ago.

    With a token reports are the owner's, so only those are given again that are theirs already.
    """
    report = None if again or is_own_zone(domain.ascii) else _young(user, domain.ascii, selectors)
    is_new = report is None
    if report is None:
        report = _make(user, domain.ascii, selectors)
    if save:
        _save(user, report)
    return report, is_new


def _young(user: Any, domain: str, selectors: str) -> Report | None:
    if not user.is_authenticated:
        shared = Report.objects.shareable(domain, selectors).order_by("-created").first()
        if shared:  # so that nobody can later claim the link as theirs alone
            Report.objects.filter(pk=shared.pk).update(asked=F("asked") + 1)
        return shared
    since = timezone.now() - timedelta(seconds=settings.REPORT_SHARE_SECONDS)
    own = mine(user).filter(domain=domain, selectors=selectors, created__gte=since)
    return own.exclude(state=Report.State.FAILED).order_by("-created").first()


def _make(user: Any, domain: str, selectors: str) -> Report:
    if name := remembering.known(domain):
        raise opted_out(domain, name)
    if seconds := domains.take(domain):
        raise too_often(seconds)
    report = Report.objects.create(
        domain=domain,
        selectors=selectors,
        language=get_language() or "en",
        owner=user if user.is_authenticated else None,
    )
    try:
        tasks.enqueue(report)
    except OUT_OF_REACH:
        report.delete()
        raise Problem("unavailable") from None
    return report


def _save(user: Any, report: Report) -> None:
    watch = watch_for(user, report.domain, report.selectors)
    Report.objects.filter(pk=report.pk, watch=None).update(watch=watch)
    Report.objects.filter(pk=report.pk, saved_at=None).update(saved_at=timezone.now())


def reference(report: Report, topics: Collection[str] = ()) -> dict[str, Any]:
    query = f"?topics={','.join(topics)}" if topics else ""
    return {
        "token": report.token,
        "domain": report.domain,
        "state": report.state,
        "report": links.to("report", token=report.token) + query,
        "events": links.to("report-events", token=report.token) + query,
        "url": links.page("report", report.token),
    }


def row(report: Report) -> dict[str, Any]:
    return {
        "token": report.token,
        "domain": report.domain,
        "unicode": report.unicode,
        "name": report.name,
        "state": report.state,
        "status": report.status,
        "score": report.score,
        "created": report.created,
        "finished": report.finished,
        "saved": report.saved_at is not None,
        "report": links.to("report", token=report.token),
        "url": links.page("report", report.token),
    }


def shown(report: Report, topics: Collection[str]) -> dict[str, Any]:
    """The face that `report.json` has too, and where it stands."""
    face = output.of_report(report, get_language() or "en")
    if topics:
        face["sections"] = [s for s in face["sections"] if s["topic"] in topics]
    return {
        **face,
        "token": report.token,
        "state": report.state,
        "failure": report.failure or None,
        "url": links.page("report", report.token),
    }
