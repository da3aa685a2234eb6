"""Keeping reports in an account or for a watched domain, and reading them back.

`holder` is whose they are: a user or a Watch.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from lookups.engine.reports import Reading
from lookups.engine.reports.aggregate import Aggregate
from lookups.engine.reports.failure import FailureReport
from lookups.engine.reports.reading import Report
from lookups.engine.reports.tls import TlsReport
from lookups.engine.reports.totals import add_up
from lookups.watching.models import Watch

from .models import ReceivedReport
from .result import KeptNow

MAX_REPORTS = 2_000  # of one account
MAX_DELIVERED = 20_000  # of one watched domain: a year of fifty reporters
MAX_OCTETS = 1_000_000  # of one report as it is kept
MAX_TOTAL = 50_000_000  # of all reports of one account
MAX_ALL_DELIVERED = 200_000_000  # of all reports of one watched domain
MAX_MERGED = 10_000_000  # octets that one view adds up
EXPORTED = (
    "kind", "domain", "organisation", "report_id", "begin", "end", "total", "passed", "content",
    "created",
)  # fmt: skip
_CLASSES: dict[str, Any] = {
    "dmarc-aggregate": Aggregate,
    "tls": TlsReport,
    "failure": FailureReport,
}


def of(holder: Any) -> QuerySet[ReceivedReport]:
    """All reports of one holder."""
    return ReceivedReport.objects.filter(**_whose(holder))


def _whose(holder: Any) -> dict[str, Any]:
    return {"watch" if isinstance(holder, Watch) else "owner": holder}


def keep(holder: Any, reading: Reading) -> KeptNow:
    """Keeps each report that is not kept yet, as far as there is room."""
    mine = of(holder)
    delivered = isinstance(holder, Watch)
    room = (MAX_DELIVERED if delivered else MAX_REPORTS) - mine.count()
    octets = MAX_ALL_DELIVERED if delivered else MAX_TOTAL
    octets -= mine.aggregate(sum=Sum("octets"))["sum"] or 0
    counts = {"new": 0, "known": 0, "refused": 0}
    for report in reading.reports:
        row = _row(report)
        if mine.filter(**_identity(row)).exists():
            counts["known"] += 1
        elif room <= 0 or row.octets > min(MAX_OCTETS, octets):
            counts["refused"] += 1
        else:
            # Kept by another request at this moment: then it is there already.
            _, created = ReceivedReport.objects.get_or_create(
                **_whose(holder), **_identity(row), defaults=_others(row)
            )
            counts["new" if created else "known"] += 1
            room, octets = room - created, octets - row.octets * created
    return KeptNow(**counts)


def _identity(row: ReceivedReport) -> dict[str, Any]:
    return {"kind": row.kind, "organisation": row.organisation, "report_id": row.report_id}


def _others(row: ReceivedReport) -> dict[str, Any]:
    names = ("domain", "begin", "end", "total", "passed", "content", "octets")
    return {name: getattr(row, name) for name in names}


def _row(report: Report) -> ReceivedReport:
    content = report.as_json()
    text = json.dumps(content)
    kind, organisation, id = report.key
    if not id.strip() or len(id) > 255:
        id = hashlib.sha256((id.strip() or text).encode()).hexdigest()
    total, passed, begin, end = _figures(report)
    return ReceivedReport(
        kind=kind, domain=report.domain[:255], organisation=organisation[:255],
        report_id=id, begin=_moment(begin), end=_moment(end), total=total, passed=passed,
        content=content, octets=len(text),
    )  # fmt: skip


def _figures(report: Report) -> tuple[int, int, int, int]:
    """Total, passed, begin and end."""
    if isinstance(report, Aggregate):
        tally = add_up([report]).all
        return tally.messages, tally.passed, report.begin, report.end
    if isinstance(report, TlsReport):
        total = report.successful + report.failed
        return total, report.successful, report.begin, report.end
    return report.incidents, 0, report.date, report.date


def _moment(seconds: int) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def domains_of(owner: Any) -> list[str]:
    """The domains of one's kept reports, that with most reports first."""
    counted = (
        of(owner).values("domain").annotate(reports=Count("id")).order_by("-reports", "domain")
    )
    return [row["domain"] for row in counted]


def chosen(
    owner: Any, domain: str, since: date | None, until: date | None
) -> QuerySet[ReceivedReport]:
    """One's reports of a domain whose period ends within the days, the newest first."""
    return within(of(owner).filter(domain=domain), since, until)


def within(
    reports: QuerySet[ReceivedReport], since: date | None, until: date | None = None
) -> QuerySet[ReceivedReport]:
    """Those whose period touches the days, the newest first."""
    found = reports
    if since:
        found = found.filter(end__gte=datetime(since.year, since.month, since.day, tzinfo=UTC))
    if until:
        end = datetime(until.year, until.month, until.day, 23, 59, 59, tzinfo=UTC)
        found = found.filter(begin__lte=end)
    return found.order_by("-end", "-id")


def merged(reports: QuerySet[ReceivedReport]) -> tuple[Reading, int]:
    """The reports as if they had just been read, the newest first, and how many are left out
    because all together are too large."""
    reading, octets, wanted = Reading(), 0, []
    sizes = list(reports.values_list("id", "octets"))
    for id, size in sizes:
        octets += size
        if octets > MAX_MERGED:
            break
        wanted.append(id)
    for row in reports.filter(id__in=wanted).iterator(chunk_size=50):
        reading.add(_CLASSES[row.kind].from_json(row.content))
    return reading, len(sizes) - len(wanted)


def exported(owner: Any) -> dict[str, Any]:
    """All of them, also those on one's own watched domains, for the file that a person takes
    away. A team's are the team's."""
    mine = ReceivedReport.objects.filter(Q(owner=owner) | Q(watch__owner=owner))
    return {"received_reports": list(mine.order_by("created", "id").values(*EXPORTED))}
