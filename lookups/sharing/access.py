"""Who may read a report: the one place that decides it, for every address of a report.

A reader is on the inside (the owner; who watches the domain whose history the report is in) or has
nothing but the link. Revoking a link, or letting it end, shuts out those who have only the link.
"""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from lookups.models import Report
from lookups.watching.models import Watch

UNKNOWN = "unknown"
HEAVY = ("sections", "queries")
PROGRESS = ("state", "status", "failure", "finished", *HEAVY)
Visibility = Report.Visibility


def find_report(request: HttpRequest, token: str, light: bool = False) -> Report | HttpResponse:
    """The report behind a link, or the page that says why it no longer works.

    `light`: without what was found, which is nearly all of the row. `load` brings it.
    Raises Http404 for reports that are not for this reader, as for those that never were.
    """
    if "\0" in token:  # PostgreSQL cannot even be asked for it
        raise Http404
    rows = Report.objects.select_related("watch__team")
    rows = rows.defer(*HEAVY) if light else rows
    report = get_object_or_404(rows, token=token)
    reason = refusal(report, request.user)
    if reason == UNKNOWN:
        raise Http404
    if reason:
        gone = render(request, "lookups/gone.html", {"reason": reason}, status=410)
        add_never_cache_headers(gone)  # the link may work again
        return gone
    return report


def load(report: Report) -> Report:
    """Brings what `find_report` left out, with the state that it belongs to. Raises Http404."""
    try:
        report.refresh_from_db(fields=PROGRESS)
    except Report.DoesNotExist:
        raise Http404 from None  # deleted since
    return report


def refusal(report: Report, user: Any) -> str:
    """Why `user` may not read it: UNKNOWN, "deleted", "revoked", "expired", "ended"; else empty."""
    inside = is_inside(report, user)
    if not inside and audience(report) != Visibility.LINK:
        return UNKNOWN
    now = timezone.now()
    if report.deleted_at:
        return "deleted"
    if report.revoked_at and not inside:
        return "revoked"
    if report.expires and report.expires < now:
        return "expired"
    if report.link_ends and report.link_ends <= now and not inside:
        return "ended"
    return ""


def audience(report: Report) -> str:
    """Its visibility. What nobody owns in a team's history cannot be for one person alone."""
    lost = report.owner_id is None and not (report.watch and report.watch.owner_id)
    return Visibility.TEAM if report.visibility == Visibility.ME and lost else report.visibility


def is_inside(report: Report, user: Any) -> bool:
    """Whether `user` reads it without needing the link."""
    if not user.is_authenticated:
        return False
    if is_mine(report, user):
        return True
    return audience(report) != Visibility.ME and _among(Watch.objects.visible_to(user), report)


def is_mine(report: Report, user: Any) -> bool:
    """Whether it is the person's own: what the clock made belongs to whoever watches the domain."""
    if report.owner_id is not None:
        return bool(report.owner_id == user.pk)
    watch = report.watch
    return bool(watch and watch.ended_at is None and watch.owner_id == user.pk)


def may_share(report: Report, user: Any) -> bool:
    """Whether `user` says who else reads it: its owner, and who may change the watched domain."""
    if not user.is_authenticated or report.deleted_at:
        return False
    if is_mine(report, user):
        return True
    return audience(report) != Visibility.ME and _among(Watch.objects.editable_by(user), report)


def sees_watch(report: Report, user: Any) -> bool:
    """Whether `user` watches the domain in whose history the report is."""
    watch = report.watch
    if not watch or not user.is_authenticated or watch.ended_at is not None:
        return False
    return bool(watch.owner_id == user.pk) or _among(Watch.objects.visible_to(user), report)


def _among(watches: Any, report: Report) -> bool:
    return bool(report.watch_id and watches.filter(pk=report.watch_id).exists())


def is_open(report: Report) -> bool:
    """Whether anybody with the link may read it at this moment."""
    ended = report.link_ends and report.link_ends <= timezone.now()
    return audience(report) == Visibility.LINK and not (report.revoked_at or ended)


def seal(response: HttpResponseBase, report: Report) -> HttpResponseBase:
    """Keeps what is not for everybody out of caches and of search engines."""
    if not is_open(report):
        add_never_cache_headers(response)
        response["X-Robots-Tag"] = "noindex"
    return response
