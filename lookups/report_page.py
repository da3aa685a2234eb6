"""The page of one report, put together from what differs between readers and what does not.

What was found is the same for everybody who may read a finished report, and by far the most of its
page. It is rendered once for each language and kept compressed (`pieces`); who may read it is
judged at every request, before it is looked for. Around it stands what is the reader's own: buttons
with their CSRF tokens, the name and the note, who may read it, the language switch.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from .engine.report import TOPICS
from .models import Report
from .pieces import Piece, PiecedResponse, Shelf
from .presentation import ReportView, query_views, section_views
from .sharing import words
from .sharing.access import is_open, load, may_share, sees_watch
from .sharing.forms import ShareForm
from .watching import history

TEMPLATE = "lookups/report.html"
_shelf = Shelf()
# Where the kept part belongs. No reader's text can hold it: it is made by chance, and texts have
# their angle brackets escaped.
_PLACE = f"<!-- {secrets.token_hex(16)} -->"


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the template puts in for the parts that are kept."""

    summary: SafeString
    place: SafeString


def report_page(
    request: HttpRequest, report: Report, form: Any = None, status: int = 200
) -> HttpResponse:
    """The page of `report`; `form`, the one that says who may read it, where it was refused."""
    if form is None and may_share(report, request.user):
        form = ShareForm(report)
    piece = _piece(report)
    view = report_view(request, report, bare=piece is not None)
    context = {"view": view, "share_form": form}
    if piece is None:
        return render(request, TEMPLATE, context, status=status)
    # Safe: both are output of this site's own templates.
    kept = _Kept(mark_safe(piece.head), mark_safe(_PLACE))
    page = render_to_string(TEMPLATE, context | {"kept": kept}, request)
    before, _, after = page.partition(_PLACE)
    return PiecedResponse(before.encode(), piece, after.encode(), status=status)


def _piece(report: Report) -> Piece | None:
    """What was found, rendered; None where it is not final, or changed this very moment."""
    if not (report.is_finished and report.finished) or settings.DEBUG:
        load(report)
        return None
    language = get_language() or "en"
    key = (report.token, report.state, report.finished, language)
    try:
        return _shelf.get(key, lambda: _rendered(report, language))
    except _Changed:
        return None


class _Changed(Exception):
    """The report is being made again since it was looked for."""


def _rendered(report: Report, language: str) -> Piece:
    """The kept part of the page, from the row alone."""
    finished = report.finished
    if load(report).finished != finished:
        raise _Changed
    view = neutral_view(report, language)
    head = render_to_string("lookups/_summary.html", {"view": view})
    return Piece.of(render_to_string("lookups/_report_body.html", {"view": view}), head)


def neutral_view(report: Report, language: str) -> ReportView:
    """What anybody may know of `report`: nothing of who reads it, or whose it is."""
    return replace(
        _bare_view(report),
        sections=section_views(report.sections, TOPICS, language, ended=report.is_finished),
        queries=query_views(report.queries),
    )


def _bare_view(report: Report) -> ReportView:
    """The same without what was found."""
    return ReportView(
        token=report.token,
        domain=report.domain,
        unicode=report.unicode,
        selectors=report.selectors,
        state=report.state,
        status=report.status,
        failure=report.failure,
        created=report.created,
        finished=report.finished,
        age_seconds=0,
        sections=(),
        queries=(),
    )


def report_view(request: HttpRequest, report: Report, bare: bool = False) -> ReportView:
    """What templates show of `report` to this visitor; `bare`: without what was found."""
    language = get_language() or "en"
    neutral = _bare_view(report) if bare else neutral_view(report, language)
    user = request.user
    is_owner = user.is_authenticated and report.owner_id == user.pk
    now = timezone.now()
    age = max(0, int((now - report.created).total_seconds()))
    link = settings.PUBLIC_URL + reverse("report", args=[report.token])
    history_url, changes_url = _history_links(user, report)
    return replace(
        neutral,
        age_seconds=age,
        permalink=link,
        image_url=link + "card.png" if is_open(report) else "",
        name=report.name if is_owner else "",
        note=report.note if is_owner else "",
        shared=report.asked > 1 and age < settings.REPORT_SHARE_SECONDS,
        saved=is_owner and report.saved_at is not None,
        savable=user.is_authenticated and not (is_owner and report.saved_at),
        sharing=words.state(report),
        expires=report.expires,
        history_url=history_url,
        changes_url=changes_url,
    )


def _history_links(user: Any, report: Report) -> tuple[str, str]:
    """To the history that the report is in, and to what changed since the report before it.

    Empty for those who do not watch the domain, and where there is no report before.
    """
    watch = report.watch
    if watch is None or not sees_watch(report, user):
        return "", ""
    before = history.token_before(report) if report.state == Report.State.DONE else ""
    chosen = f"?a={before}&b={report.token}" if before else ""
    changes = reverse("watch-compare", args=[watch.token]) + chosen
    return watch.get_absolute_url(), changes if before else ""
