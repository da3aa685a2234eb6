"""The watched domains of a person and their teams: the list, and what can be done with each.

Another's token is not found, just like one that does not exist.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from lookups.blocked.refusal import Blocked
from lookups.drawings.scores import spark
from lookups.limits.refusing import Refused
from lookups.models import Report, Team
from lookups.saved_views import undo_message
from lookups.sharing.changes import keep_private
from lookups.views import unavailable
from lookups.watching import history
from lookups.watching.forms import EDITORS, INTERVALS, MINE, AddForm, SearchForm, SettingsForm
from lookups.watching.making import OUT_OF_REACH, check_now
from lookups.watching.models import Watch
from lookups.watching.search import SORTS, find

PER_PAGE = 25
SHOWN = ("team", "proving", "hosted_spf")  # what the page of one domain tells of it

WatchView = Callable[[HttpRequest, Watch], HttpResponse]
TokenView = Callable[[HttpRequest, str], HttpResponse]


# --- the list ----------------------------------------------------------------------------------
@never_cache
@vary_on_headers("HX-Request")
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def watches(request: HttpRequest) -> HttpResponse:
    """The list; POST adds a domain. `q` searches, `sort` orders, `page` turns."""
    form = AddForm(request.user, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        return _add(request, form)
    status = 400 if form.errors else 200
    return render(request, _list_template(request), _list_context(request, form), status=status)


def _list_context(request: HttpRequest, form: AddForm) -> dict[str, Any]:
    search = SearchForm(request.GET)
    mine = Watch.objects.visible_to(request.user)
    found = find(mine, search.query, search.order)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    rows = list(page)
    points = history.sparks(rows)
    for watch in rows:
        watch.spark = spark(points.get(watch.pk, []))
        watch.interval_name = INTERVALS[watch.interval]
    return {
        "page": page,
        "watches": rows,
        "form": form,
        "query": search.query,
        "sort": search.order,
        "sorts": SORTS,
        "in_teams": Team.objects.of(request.user).exists(),
    }


def _list_template(request: HttpRequest) -> str:
    # Going back in the browser asks through htmx too, but needs the page whole.
    if request.htmx and not request.htmx.history_restore_request:
        return "lookups/watching/_found.html"
    return "lookups/watching/list.html"


def _add(request: HttpRequest, form: AddForm) -> HttpResponse:
    """Puts the domain on the list and goes to its first check, or to where it is already."""
    domain, team = form.cleaned_data["domain"].ascii, form.team
    watch, is_new = Watch.objects.get_or_create(
        owner=None if team else request.user, team=team, domain=domain
    )
    if not is_new:
        messages.info(request, _("%(domain)s is on the list already.") % {"domain": watch.unicode})
        return redirect(watch)
    watch.interval = form.cleaned_data["interval"]
    watch.schedule()
    watch.save(update_fields=["interval", "next_run"])
    text = _("%(domain)s is on your list. This is the first check of it.")
    try:
        report = check_now(watch, request.user)
    except OUT_OF_REACH:
        text = _("%(domain)s is on your list. The queue of checks is out of reach: check it later.")
        messages.warning(request, text % {"domain": watch.unicode})
        return redirect(watch)
    except (Blocked, Refused) as refused:
        text = _("%(domain)s is on your list, but it was not checked now.")
        messages.warning(request, f"{text % {'domain': watch.unicode}} {refused.message}")
        return redirect(watch)
    messages.success(request, text % {"domain": watch.unicode})
    return redirect(report)


# --- one domain --------------------------------------------------------------------------------
def of_watch(
    *methods: str, edits: bool = False, ended: bool = False
) -> Callable[[WatchView], TokenView]:
    """Makes a view of a watched domain into a view of its token, for those who may see it.

    With `edits`, for those who may change it; with `ended`, of one that is no longer watched.
    """

    def decorate(view: WatchView) -> TokenView:
        @never_cache
        @require_http_methods(list(methods))
        @wraps(view)
        def wrapper(request: HttpRequest, token: str) -> HttpResponse:
            if not request.user.is_authenticated:
                return _sign_in(request)
            if "\0" in token:  # PostgreSQL cannot even be asked for it
                raise Http404
            known = Watch.everything.exclude(ended_at=None) if ended else Watch.objects.all()
            rows = known.editable_by(request.user) if edits else known.visible_to(request.user)
            return view(request, get_object_or_404(rows.select_related(*SHOWN), token=token))

        return wrapper

    return decorate


def _sign_in(request: HttpRequest) -> HttpResponse:
    """And back: but a POST cannot be come back to."""
    back = reverse("watches") if request.method == "POST" else request.get_full_path()
    return redirect(reverse("account_login", query={"next": back}))


def can_edit(request: HttpRequest, watch: Watch) -> bool:
    return bool(Watch.objects.editable_by(request.user).filter(pk=watch.pk).exists())


@of_watch("POST", edits=True)
def check(request: HttpRequest, watch: Watch) -> HttpResponse:
    """Checks the domain now and goes to the report."""
    try:
        return redirect(check_now(watch, request.user))
    except OUT_OF_REACH:
        return unavailable(request)
    except (Blocked, Refused) as refused:
        messages.error(request, refused.message)
        return redirect(watch)


@of_watch("GET", "HEAD", "POST", edits=True)
def settings(request: HttpRequest, watch: Watch) -> HttpResponse:
    """Name, selectors, interval, alerts; and the way to a team, and out of the list."""
    form = SettingsForm(request.POST if request.method == "POST" else None, instance=watch)
    if request.method == "POST" and form.is_valid():
        watch.schedule()
        watch.save(update_fields=[*form.Meta.fields, "next_run"])
        messages.success(request, _("The settings are saved."))
        return redirect(watch)
    teams = Team.objects.of(request.user, *EDITORS).exclude(pk=watch.team_id).order_by("name")
    context = {"watch": watch, "form": form, "teams": teams}
    status = 400 if form.errors else 200
    return render(request, "lookups/watching/settings.html", context, status=status)


@of_watch("POST", edits=True)
def move(request: HttpRequest, watch: Watch) -> HttpResponse:
    """Hands the domain and its history to a team, or to oneself (`team` is "me")."""
    token = request.POST.get("team", "")
    teams = Team.objects.of(request.user, *EDITORS)
    team = None if "\0" in token or token == MINE else teams.filter(token=token).first()
    if team is None and token != MINE:
        raise Http404
    words = {"domain": watch.unicode, "team": team.name if team else ""}
    try:
        with transaction.atomic():
            if team:
                keep_private(watch, request.user)
            watch.owner, watch.team = (None, team) if team else (request.user, None)
            watch.save(update_fields=["owner", "team"])
    except IntegrityError:
        there = _("The team %(team)s watches %(domain)s already, so it stays where it is.")
        here = _("You watch %(domain)s yourself already, so it stays where it is.")
        messages.error(request, (there if team else here) % words)
    else:
        there = _("%(domain)s now belongs to the team %(team)s.")
        here = _("%(domain)s is now on your own list.")
        messages.success(request, (there if team else here) % words)
    return redirect("watch", token=watch.token)


@of_watch("GET", "HEAD", "POST", edits=True)
def delete(request: HttpRequest, watch: Watch) -> HttpResponse:
    """Says what goes and what stays; by POST stops watching. The row goes a day later."""
    if request.method == "POST":
        watch.ended_at = timezone.now()
        watch.save(update_fields=["ended_at"])
        text = _("%(domain)s is no longer watched.") % {"domain": watch.unicode}
        restore = reverse("watch-restore", args=[watch.token])
        messages.success(request, undo_message(request, text, restore))
        return redirect("watches")
    reports = Report.objects.filter(watch=watch)
    context = {
        "watch": watch,
        "going": reports.filter(owner=None).count(),
        "staying": history.finished(reports.filter(owner__isnull=False)).count(),
    }
    return render(request, "lookups/watching/delete.html", context)


@of_watch("POST", edits=True, ended=True)
def restore(request: HttpRequest, watch: Watch) -> HttpResponse:
    """Undoes `delete`, unless the domain was put on the list anew meanwhile."""
    try:
        with transaction.atomic():
            watch.ended_at = None
            watch.schedule()
            watch.save(update_fields=["ended_at", "next_run"])
    except IntegrityError:
        messages.info(request, _("%(domain)s is on the list already.") % {"domain": watch.unicode})
        return redirect("watches")
    messages.success(request, _("%(domain)s is back.") % {"domain": watch.unicode})
    return redirect(watch)
