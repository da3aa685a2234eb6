"""Who may read a report: the panel on its page, and its buttons.

For those who may share it; for everybody else the address is not found.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from lookups.models import Report
from lookups.report_page import report_page
from lookups.saved_views import undo_message
from lookups.sharing import changes, words
from lookups.sharing.access import may_share
from lookups.sharing.forms import ShareForm

ReportView = Callable[[HttpRequest, Report], HttpResponse]
TokenView = Callable[[HttpRequest, str], HttpResponse]


def _shared(view: ReportView) -> TokenView:
    """Makes a view of a report that one may share into a POST-only view of its token."""

    @never_cache
    @require_POST
    @wraps(view)
    def wrapper(request: HttpRequest, token: str) -> HttpResponse:
        if not request.user.is_authenticated:
            back = reverse("report", args=[token])
            return redirect(reverse("account_login", query={"next": back}))
        if "\0" in token:  # PostgreSQL cannot even be asked for it
            raise Http404
        report = get_object_or_404(Report.objects.select_related("watch__team"), token=token)
        if not may_share(report, request.user):
            raise Http404
        return view(request, report)

    return wrapper


@_shared
def share(request: HttpRequest, report: Report) -> HttpResponse:
    """Sets who may read it and until when; what is refused comes back with 400."""
    form = ShareForm(report, request.POST)
    if not form.is_valid():
        return report_page(request, report, form, status=400)
    before = _undo_address(report)
    changes.share(report, form.cleaned_data["visibility"], form.link_ends)
    text = words.state(report).sentence
    messages.success(request, undo_message(request, text, before))
    return redirect(report)


@_shared
def revoke(request: HttpRequest, report: Report) -> HttpResponse:
    """Stops the link for others."""
    before = _undo_address(report)
    changes.revoke(report)
    text = _("The link to the report on %(domain)s no longer works for others.")
    text %= {"domain": report.unicode}
    messages.success(request, undo_message(request, text, before))
    return redirect(report)


@_shared
def renew(request: HttpRequest, report: Report) -> HttpResponse:
    """Gives the report a new link. The old one stays dead for ever."""
    changes.renew(report)
    text = _("The report on %(domain)s has a new link. The old one no longer works.")
    messages.success(request, text % {"domain": report.unicode})
    return redirect(report)


@_shared
def restore(request: HttpRequest, report: Report) -> HttpResponse:
    """Takes back what `share` or `revoke` did; the address says how it was before."""
    # For “the people of the team” stands also what is the owner's alone where there is no team.
    if not changes.restore(report, request.GET, [*words.offered(report), Report.Visibility.TEAM]):
        raise Http404
    messages.success(request, words.state(report).sentence)
    return redirect(report)


def _undo_address(report: Report) -> str:
    address = reverse("report-share-undo", args=[report.token])
    return f"{address}?{changes.remembered(report)}"
