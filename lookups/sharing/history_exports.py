"""What is known of a watched domain as files: its history, and what changed between two reports."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from lookups.cards import verdict
from lookups.models import Report
from lookups.sharing.exports import CSV, MARKDOWN, attached, file_name
from lookups.sharing.markdown import comparison_markdown
from lookups.sharing.table import csv_text
from lookups.watching import history
from lookups.watching.comparison import comparison
from lookups.watching.history_views import pair
from lookups.watching.models import Watch
from lookups.watching.views import of_watch

MAX_ROWS = 2000  # the newest; a thinned history grows by some 400 a year
TOGETHER = 50  # reports whose sections are in memory at once


@of_watch("GET", "HEAD")
def history_csv(request: HttpRequest, watch: Watch) -> HttpResponse:
    """A row for each check, the newest first. `changes` is empty where there is none before it."""
    head = [_("Checked (UTC)"), _("Verdict"), _("Score"), _("Changes"), _("Report")]
    content = csv_text([head, *_rows(request, watch)])
    return attached(content, CSV.type, file_name(watch.domain, timezone.now(), "csv"))


def _rows(request: HttpRequest, watch: Watch) -> Iterator[list[Any]]:
    reports = list(Report.objects.history_of(watch).only(*history.LIGHT)[:MAX_ROWS])
    for start in range(0, len(reports), TOGETHER):
        for entry in history.entries(reports[start : start + TOGETHER]):
            report = entry.report
            yield [
                f"{report.created:%Y-%m-%d %H:%M}",
                _word(report),
                report.score,
                entry.changes,
                request.build_absolute_uri(report.get_absolute_url()),
            ]


def _word(report: Report) -> str:
    if report.state == Report.State.FAILED:
        return _("Check failed")
    return verdict(report.status or "running")


@of_watch("GET", "HEAD")
def compare_markdown(request: HttpRequest, watch: Watch) -> HttpResponse:
    """What changed between the reports `a` and `b`, as on the page of the same name."""
    before, after = pair(request, history.finished(Report.objects.history_of(watch)))
    if before is None or after is None:
        raise Http404
    language = get_language() or "en"
    found = comparison(before.sections, after.sections, language)
    ends = _end(before), _end(after)
    content = comparison_markdown(watch.unicode, ends, found, language)
    name = file_name(watch.domain, after.created, MARKDOWN.ending)
    return attached(content, MARKDOWN.type, name)


def _end(report: Report) -> str:
    """One line on one of the two: when, verdict, score."""
    score = "" if report.score is None else " · " + _("Score: %d of 100") % report.score
    return f"{report.created:%Y-%m-%d %H:%M} UTC · {verdict(report.status)}{score}"
