"""Taking reports that somebody delivers for a watched domain."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from lookups.engine.reports import Reading, read_files
from lookups.engine.reports.aggregate import Aggregate
from lookups.engine.reports.errors import MAX_FILE as MAX_FILE
from lookups.engine.reports.reading import Report
from lookups.engine.reports.tls import TlsReport
from lookups.hosted.models import ReportBox
from lookups.models import ReceivedReport
from lookups.tools.reports import kept

KEEP = timedelta(days=396)  # thirteen months: a year can be compared with the one before
LOCAL_PART = "reports+"
BATCH = 500
MAX_NAMED = 10  # of what one delivery names as refused
FOREIGN, KIND, FULL = "foreign", "kind", "full"  # beside errors.CODES
_ADDRESS = re.compile(rf"(?<![\w.+-]){re.escape(LOCAL_PART)}([0-9a-f]{{32}})@", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Refused:
    """Something that was not taken. `code`: one of engine.reports.CODES, "foreign" (a report on
    `domain`, which is not watched here), "kind" (a failure report) or "full"."""

    code: str
    domain: str = ""


@dataclass(slots=True)
class Taken:
    """What became of one delivery."""

    new: int = 0
    known: int = 0
    refused: list[Refused] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return bool(self.new or self.known)


def open_box(token: str) -> ReportBox | None:
    """The mailbox with this token, as long as the ownership of its domain is proven."""
    boxes = ReportBox.objects.filter(watch__verified_at__isnull=False, watch__ended_at=None)
    return boxes.select_related("watch").filter(token=token.lower()[:64].replace("\0", "")).first()


def tokens_in(text: str) -> Iterator[str]:
    """The tokens of all addresses `reports+<token>@…` in a header field or an argument."""
    for found in _ADDRESS.finditer(text):
        yield found[1].lower()


def take(box: ReportBox, data: bytes) -> Taken:
    """Reads what was delivered and keeps what belongs to the domain."""
    read = read_files([("", data)])
    taken = Taken(refused=[Refused(one.code) for one in read.failed])
    wanted = Reading()
    for report in read.reports:
        if refused := _objection(report, box.watch.domain):
            taken.refused.append(refused)
        else:
            wanted.add(report)
    result = kept.keep(box.watch, wanted)
    taken.new, taken.known = result.new, result.known + len(read.duplicates)
    taken.refused += [Refused(FULL)] * result.refused
    del taken.refused[MAX_NAMED:]
    _note(box, taken)
    return taken


def _objection(report: Report, domain: str) -> Refused | None:
    if isinstance(report, Aggregate):
        subjects: Iterable[str] = [report.domain]
    elif isinstance(report, TlsReport):
        subjects = [policy.domain for policy in report.policies] or [""]
    else:  # it quotes somebody's mail
        return Refused(KIND)
    for subject in subjects:
        if subject != domain and not subject.endswith(f".{domain}"):
            return Refused(FOREIGN, subject[:255])
    return None


def _note(box: ReportBox, taken: Taken) -> None:
    now = timezone.now()
    if taken.is_good:
        ReportBox.objects.filter(pk=box.pk).update(received_at=now)
    if taken.refused:
        first = taken.refused[0]
        ReportBox.objects.filter(pk=box.pk).update(
            refused_at=now, refusal=first.code, refused_domain=first.domain
        )


def forget_old() -> int:
    """Deletes delivered reports that are older than KEEP; says how many. What somebody keeps in
    an account stays."""
    limit = timezone.now() - KEEP
    old = ReceivedReport.objects.filter(watch__isnull=False)
    ids = list(old.filter(Q(created__lt=limit) | Q(end__lt=limit)).values_list("id", flat=True))
    for start in range(0, len(ids), BATCH):
        ReceivedReport.objects.filter(id__in=ids[start : start + BATCH]).delete()
    return len(ids)
