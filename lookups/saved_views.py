"""A person's saved reports: the list, and what can be done with each of them.

Every address here works on the signed-in person's own reports. Another's token is not found, just
like one that does not exist.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateformat import format as date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from lookups.models import Report
from lookups.saved_forms import SORTS, ReportForm, SearchForm
from lookups.saved_search import find
from lookups.sharing import changes
from lookups.watching.models import watch_for

PER_PAGE = 25

ReportView = Callable[[HttpRequest, Report], HttpResponse]
TokenView = Callable[[HttpRequest, str], HttpResponse]


@never_cache
@vary_on_headers("HX-Request")
@require_safe
@login_required
def saved(request: HttpRequest) -> HttpResponse:
    """The list. `q` searches, `sort` orders, `page` turns; htmx asks for the list alone."""
    search = SearchForm(request.GET)
    mine = Report.objects.saved_by(request.user)
    found = find(mine.select_related("watch__team"), search.query, search.order)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "reports": _with_forms(page),
        "query": search.query,
        "sort": search.order,
        "sorts": SORTS,
    }
    return render(request, _list_template(request), context)


def _with_forms(page: Page[Report]) -> list[Report]:
    """The reports of a page, each with the form that edits it."""
    reports = list(page)
    for report in reports:
        report.form = ReportForm(instance=report)
    return reports


def _list_template(request: HttpRequest) -> str:
    # Going back in the browser asks through htmx too, but needs the page whole.
    if request.htmx and not request.htmx.history_restore_request:
        return "lookups/_saved_found.html"
    return "lookups/saved.html"


def owned(view: ReportView, *, deleted: bool = False) -> TokenView:
    """Makes a view of one's own report into a POST-only view of a token.

    With `deleted`, reports unsaved or deleted a moment ago are found as well.
    """

    @never_cache
    @require_POST
    @wraps(view)
    def wrapper(request: HttpRequest, token: str) -> HttpResponse:
        if not request.user.is_authenticated:
            return _sign_in()
        if "\0" in token:  # PostgreSQL cannot even be asked for it
            raise Http404
        reports = Report.objects.all() if deleted else Report.objects.saved_by(request.user)
        light = reports.filter(owner=request.user).defer("sections", "queries")
        return view(request, get_object_or_404(light, token=token))

    return wrapper


def _sign_in() -> HttpResponse:
    """To the sign-in page and from there to the list: a POST cannot be come back to."""
    return redirect(f"{reverse('account_login')}?next={reverse('saved')}")


def _back(request: HttpRequest) -> HttpResponseRedirect:
    """To the list as it was: the forms carry its search, order and page in their address."""
    return redirect(_with_query(request, reverse("saved")))


def _with_query(request: HttpRequest, address: str) -> str:
    """`address` with the search, order and page that the request at hand carries."""
    query = request.GET.urlencode()
    return f"{address}?{query}" if query else address


def with_undo(request: HttpRequest, text: str, report: Report) -> SafeString:
    """A message with a button that brings `report` back."""
    address = reverse("saved-restore", args=[report.token])
    return undo_message(request, text, _with_query(request, address))


def undo_message(request: HttpRequest, text: str, address: str) -> SafeString:
    """A message with a button that posts to `address`, which undoes what the message tells."""
    return format_html(
        '{} <form class="undo" method="post" action="{}">'
        '<input type="hidden" name="csrfmiddlewaretoken" value="{}">'
        '<button class="button button-quiet" type="submit">{}</button></form>',
        text,
        address,
        get_token(request),
        _("Undo"),
    )


@owned
def edit(request: HttpRequest, report: Report) -> HttpResponse:
    """Changes name and note and goes back to the row; what is refused comes back with 400."""
    form = ReportForm(request.POST, instance=report)
    if form.is_valid():
        report.save(update_fields=["name", "note"])
        return redirect(f"{_with_query(request, reverse('saved'))}#saved-{report.token}")
    report.form = form
    return render(request, "lookups/saved_edit.html", {"report": report}, status=400)


@owned
def unsave(request: HttpRequest, report: Report) -> HttpResponse:
    """Takes a report off the list. Its link works until it expires like any other report."""
    report.saved_at = None
    report.save(update_fields=["saved_at"])
    if report.expires > timezone.now():
        text = _("%(domain)s is no longer saved. The report is kept until %(date)s.")
    else:
        text = _("%(domain)s is no longer saved. The report is old and goes within the hour.")
    text %= {"domain": report.unicode, "date": date_format(report.expires, "Y-m-d")}
    messages.success(request, with_undo(request, text, report))
    return _back(request)


@owned
def delete(request: HttpRequest, report: Report) -> HttpResponse:
    """Deletes a report and stops its link. The row goes a day later (`expire_reports`)."""
    report.deleted_at = timezone.now()
    report.save(update_fields=["deleted_at"])
    text = _("The report on %(domain)s is deleted.") % {"domain": report.unicode}
    messages.success(request, with_undo(request, text, report))
    return _back(request)


def _restore(request: HttpRequest, report: Report) -> HttpResponse:
    """Undoes `unsave` and `delete`."""
    report.deleted_at = None
    report.saved_at = report.saved_at or timezone.now()
    if report.watch_id is None:
        report.watch = watch_for(request.user, report.domain, report.selectors)
    report.save(update_fields=["deleted_at", "saved_at", "watch"])
    messages.success(request, _("%(domain)s is back.") % {"domain": report.unicode})
    return _back(request)


restore = owned(_restore, deleted=True)


@owned
def revoke(request: HttpRequest, report: Report) -> HttpResponse:
    """Stops the link for everyone but its owner."""
    changes.revoke(report)
    text = _("The link to the report on %(domain)s no longer works for others.")
    messages.success(request, text % {"domain": report.unicode})
    return _back(request)


@owned
def renew(request: HttpRequest, report: Report) -> HttpResponse:
    """Gives the report a new link. The old one stays dead for ever."""
    changes.renew(report)
    text = _("The report on %(domain)s has a new link. The old one no longer works.")
    messages.success(request, text % {"domain": report.unicode})
    return _back(request)
