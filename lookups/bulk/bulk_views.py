"""The pages of bulk checks. Whoever may not see one is told that there is none."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lookups.limits.refusing import marked, refusal_of
from lookups.teams.models import new_token

from . import export, ledger, tasks
from .charts import summary
from .figures import figures_of
from .forms import BulkForm, refused_lines
from .models import Bulk, BulkItem
from .progress import progress
from .reading import MAX_DOMAINS
from .results import chosen, results

Action = Callable[[HttpRequest, Bulk], HttpResponse]


def _find(bulks: QuerySet[Bulk], token: str) -> Bulk:
    if "\0" in token:  # PostgreSQL cannot even be asked for it
        raise Http404
    return get_object_or_404(bulks, token=token)


def visible(request: HttpRequest, token: str) -> Bulk:
    """The bulk if the person may see it. Raises Http404."""
    return _find(Bulk.objects.visible_to(request.user).select_related("team"), token)


def action(view: Action) -> Callable[[HttpRequest, str], HttpResponse]:
    """Makes a view of a bulk that one may change into a POST-only view of a token."""

    @never_cache
    @require_POST
    @wraps(view)
    def wrapper(request: HttpRequest, token: str) -> HttpResponse:
        if not request.user.is_authenticated:  # a POST cannot be come back to
            return redirect(f"{reverse('account_login')}?next={reverse('bulks')}")
        return view(request, _find(Bulk.objects.editable_by(request.user), token))

    return wrapper


# --- lists, and a new one ---------------------------------------------------------------------
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def bulks(request: HttpRequest) -> HttpResponse:
    """One's bulk checks; POST begins another."""
    refusal = None
    if request.method == "POST":
        form = BulkForm(request.user, request.POST, request.FILES)
        refusal = refusal_of(request)
        if refusal:
            form.full_clean()
            form.add_error(None, refusal.message)
        elif form.is_valid() and (made := _create(request, form)):
            return redirect(made)
    else:
        form = BulkForm(request.user)
    mine = Bulk.objects.visible_to(request.user).select_related("team").defer("figures")
    context = {
        "form": form,
        "bulks": mine.order_by("-created", "-id"),
        "limit": MAX_DOMAINS,
    }
    response = render(request, "bulk/list.html", context, status=400 if form.errors else 200)
    return marked(response, refusal) if refusal else response


def _create(request: HttpRequest, form: BulkForm) -> Bulk | None:
    data = form.cleaned_data
    team = data["team"]
    owner = None if team else request.user
    try:
        made = ledger.create(data["name"], data["reading"], owner=owner, team=team)
    except ledger.TooMany:
        text = _("There are %(count)d bulk checks already. Delete one that is no longer needed.")
        form.add_error(None, text % {"count": ledger.MAX_KEPT})
        return None
    if not tasks.wake():
        messages.warning(
            request,
            _("The queue of checks is out of reach. The check begins by itself when it is back."),
        )
    return made


# --- one of them ------------------------------------------------------------------------------
@never_cache
@require_safe
@login_required
def bulk(request: HttpRequest, token: str) -> HttpResponse:
    """How far it is, the figures, and the table of domains."""
    found = visible(request, token)
    if found.is_going:
        tasks.tend(found)
        found.refresh_from_db()
    context = {
        "bulk": found,
        "progress": progress(found),
        "can_edit": Bulk.objects.editable_by(request.user).filter(id=found.id).exists(),
        "summary": _summary(found),
        "results": results(request, found),
        "refused_lines": refused_lines(found.left_out.get("lines", [])),
        "again": _unsuccessful(found) if found.is_over else 0,
        "action": reverse("bulk", args=[found.token]),
    }
    return render(request, "bulk/bulk.html", context)


def _summary(bulk: Bulk) -> Any:
    """The figures, once nothing changes any more for the moment."""
    if bulk.is_going or not bulk.done:
        return None
    is_fresh = bulk.is_over and bulk.figures is not None
    return summary(bulk.figures if is_fresh else figures_of(bulk))


def _unsuccessful(bulk: Bulk) -> int:
    states = [BulkItem.State.FAILED, BulkItem.State.CANCELLED]
    return bulk.items.filter(state__in=states).count()


@never_cache
@require_safe
@login_required
def results_csv(request: HttpRequest, token: str) -> HttpResponseBase:
    """What the address shows of the table, all pages of it, as CSV."""
    items = chosen(request, visible(request, token))
    return export.download(export.csv_lines(items), "text/csv", "mxplain-bulk.csv")


@never_cache
@require_safe
@login_required
def results_json(request: HttpRequest, token: str) -> HttpResponseBase:
    found = visible(request, token)
    lines = export.json_lines(found, chosen(request, found))
    return export.download(lines, "application/json", "mxplain-bulk.json")


# --- steering ---------------------------------------------------------------------------------
@action
def pause(request: HttpRequest, bulk: Bulk) -> HttpResponse:
    if ledger.pause(bulk):
        messages.success(request, _("Paused. What is done stays; the rest waits for you."))
    return redirect(bulk)


@action
def resume(request: HttpRequest, bulk: Bulk) -> HttpResponse:
    if ledger.resume(bulk):
        tasks.wake()
    return redirect(bulk)


@action
def cancel(request: HttpRequest, bulk: Bulk) -> HttpResponse:
    if ledger.cancel(bulk):
        messages.success(request, _("Ended. What was done until now is kept."))
    return redirect(bulk)


@action
def again(request: HttpRequest, bulk: Bulk) -> HttpResponse:
    """Checks once more what failed or was not checked."""
    if count := ledger.again(bulk):
        tasks.wake()
        text = ngettext(
            "%(count)d domain is checked again.", "%(count)d domains are checked again.", count
        )
        messages.success(request, text % {"count": count})
    return redirect(bulk)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def delete(request: HttpRequest, token: str) -> HttpResponse:
    """Asks, then deletes the list with all of its results."""
    found = _find(Bulk.objects.editable_by(request.user), token)
    if request.method != "POST":
        return render(request, "bulk/delete.html", {"bulk": found})
    found.delete()
    messages.success(request, _("“%(name)s” is deleted.") % {"name": found.name})
    return redirect("bulks")


# --- publishing -------------------------------------------------------------------------------
@action
def publish(request: HttpRequest, bulk: Bulk) -> HttpResponse:
    """Makes the figures public; with `with_list`, the single domains too."""
    if not bulk.is_over or not bulk.done:
        messages.error(request, _("There is nothing to publish before the check has ended."))
        return redirect(bulk)
    bulk.with_list = request.POST.get("with_list") == "1"
    bulk.public_token = bulk.public_token or new_token()
    bulk.published_at = bulk.published_at or timezone.now()
    bulk.figures = bulk.figures or figures_of(bulk)
    bulk.save(update_fields=["with_list", "public_token", "published_at", "figures"])
    messages.success(request, _("Published. Whoever has the link can read the figures."))
    return redirect(bulk)


@action
def unpublish(request: HttpRequest, bulk: Bulk) -> HttpResponse:
    """The link stops working, for ever: publishing again makes another."""
    Bulk.objects.filter(id=bulk.id).update(public_token=None, published_at=None, with_list=False)
    messages.success(request, _("No longer public. The link has stopped working."))
    return redirect(bulk)
