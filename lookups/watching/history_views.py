"""The history of a watched domain: timeline, chart, and what changed between two reports."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import get_language

from lookups.drawings.scores import chart
from lookups.models import Report
from lookups.sharing.badge_views import panel as badge_panel
from lookups.watching import history
from lookups.watching.comparison import comparison
from lookups.watching.forms import INTERVALS
from lookups.watching.models import Watch
from lookups.watching.views import can_edit, of_watch

PER_PAGE = 20
CHOICES = 200  # of the newest reports that can be chosen to compare


@of_watch("GET", "HEAD")
def watch(request: HttpRequest, watch: Watch) -> HttpResponse:
    """The page of one domain: how it stands, its scores over time, and every report."""
    reports = Report.objects.history_of(watch).only(*history.LIGHT)
    page = Paginator(reports, PER_PAGE).get_page(request.GET.get("page"))
    edits = can_edit(request, watch)
    context = {
        "watch": watch,
        "can_edit": edits,
        "badge": badge_panel(request, watch) if edits else None,
        "interval_name": INTERVALS[watch.interval],
        "last": history.finished(reports).first(),
        "chart": chart(history.points(watch)),
        "page": page,
        "entries": history.entries(_of(watch, page)),
    }
    return render(request, "lookups/watching/watch.html", context)


def _of(watch: Watch, reports: Iterable[Report]) -> list[Report]:
    """The reports, each with its watch at hand."""
    known = list(reports)
    for report in known:
        report.watch = watch
    return known


@of_watch("GET", "HEAD")
def compare(request: HttpRequest, watch: Watch) -> HttpResponse:
    """What changed between the reports `a` and `b`: the last two, where nothing else is asked."""
    done = history.finished(Report.objects.history_of(watch))
    newest = list(done.only(*history.LIGHT)[:CHOICES])
    before, after = pair(request, done)
    context: dict[str, Any] = {"watch": watch, "choices": newest}
    if before and after:
        known = {report.pk for report in newest}
        older = [report for report in (after, before) if report.pk not in known]
        context |= {
            "before": before,
            "after": after,
            "choices": [*newest, *older],
            "comparison": comparison(before.sections, after.sections, get_language() or "en"),
        }
    return render(request, "lookups/watching/compare.html", context)


def pair(request: HttpRequest, done: Any) -> tuple[Report | None, Report | None]:
    """The reports that the address names, the earlier one first; the last two where it does not."""
    after = _chosen(request, "b", done) or done.first()
    before = _chosen(request, "a", done) or (after and history.report_before(after))
    if before and after:
        before, after = sorted((before, after), key=lambda report: (report.created, report.pk))
    return before, after


def _chosen(request: HttpRequest, name: str, done: Any) -> Report | None:
    """The report that the address names; None where it names none. Raises Http404."""
    token = request.GET.get(name, "")
    if not token:
        return None
    if "\0" in token:
        raise Http404
    return get_object_or_404(done, token=token)
