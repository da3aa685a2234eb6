"""The pages of teams: mine, one with its people, and what its owners can do.

The token of a team that one is not in is not found, just like one that does not exist; nor is what
one may not do there.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.db.models import Count, OuterRef, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from lookups import happenings
from lookups.models import Invitation, Membership, Team, Watch
from lookups.teams import ending, inviting, people
from lookups.teams.forms import DeleteForm, InviteForm, NameForm, RoleForm
from lookups.teams.words import MEANINGS, ROLES, Role

MAX_TEAMS = 50  # that one person can begin and still be in
MAX_SHOWN = 500  # domains on the page of a team; the list of domains has all

TeamView = Callable[..., HttpResponse]


# --- my teams ----------------------------------------------------------------------------------
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def teams(request: HttpRequest) -> HttpResponse:
    """The teams one is in, and the invitations to others; POST `name` begins one."""
    form = NameForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        if Membership.objects.filter(user=request.user).count() < MAX_TEAMS:
            return _begin(request, form.cleaned_data["name"])
        text = _("You are in %(count)d teams. Leave one before you begin another.")
        form.add_error("name", text % {"count": MAX_TEAMS})
    context = {
        "form": form,
        "memberships": _memberships(request.user),
        "invitations": _with_roles(inviting.invitations_for(request.user)),
    }
    status = 400 if form.errors else 200
    return render(request, "lookups/teams/list.html", context, status=status)


def _memberships(user: Any) -> list[Membership]:
    people_in = Membership.objects.filter(team=OuterRef("team")).order_by().values("team")
    domains = Watch.objects.filter(team=OuterRef("team")).order_by().values("team")
    rows = Membership.objects.filter(user=user).select_related("team")
    rows = rows.annotate(
        people=Subquery(people_in.annotate(n=Count("pk")).values("n")),
        domains=Subquery(domains.annotate(n=Count("pk")).values("n")),
    )
    return _with_roles(rows.order_by("team__name", "team_id"))


def _with_roles(rows: Any) -> list[Any]:
    found = list(rows)
    for row in found:
        row.role_name = ROLES[row.role]
    return found


def _begin(request: HttpRequest, name: str) -> HttpResponse:
    with transaction.atomic():
        team = Team.objects.create(name=name)
        Membership.objects.create(team=team, user=request.user, role=Role.OWNER)
    happenings.tell(request.user, happenings.TEAM_BEGUN, team=name)
    text = _("The team %(team)s is there. Invite people, and hand domains to it.")
    messages.success(request, text % {"team": name})
    return redirect(team)


# --- one team ----------------------------------------------------------------------------------
def of_team(*methods: str, owners: bool = False) -> Callable[[TeamView], TeamView]:
    """Makes a view of a team and one's own membership into a view of its token.

    With `owners`, for owners alone.
    """

    def decorate(view: TeamView) -> TeamView:
        @never_cache
        @require_http_methods(list(methods))
        @wraps(view)
        def wrapper(request: HttpRequest, token: str, **more: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                back = reverse("teams") if request.method == "POST" else request.get_full_path()
                return redirect(reverse("account_login", query={"next": back}))
            if "\0" in token:  # PostgreSQL cannot even be asked for it
                raise Http404
            mine = Membership.objects.filter(user=request.user).select_related("team")
            membership = get_object_or_404(mine, team__token=token)
            if owners and membership.role != Role.OWNER:
                raise Http404
            try:
                return view(request, membership, **more)
            except (Team.DoesNotExist, Membership.DoesNotExist):  # gone in the meantime
                raise Http404 from None

        return wrapper

    return decorate


@of_team("GET", "HEAD")
def team(request: HttpRequest, mine: Membership) -> HttpResponse:
    """People, domains, and for owners the open invitations and what they can change."""
    return _page(request, mine)


def _page(
    request: HttpRequest,
    mine: Membership,
    invite_form: InviteForm | None = None,
    name_form: NameForm | None = None,
) -> HttpResponse:
    found = mine.team
    members = found.memberships.select_related("user").order_by("since", "id")
    watches = Watch.objects.filter(team=found).order_by("domain", "id")
    context = {
        "team": found,
        "mine": mine,
        "is_owner": mine.role == Role.OWNER,
        "members": _with_roles(members),
        "roles": ROLES,
        "meanings": [(ROLES[role], MEANINGS[role]) for role in ROLES],
        "watches": watches[:MAX_SHOWN],
        "watch_count": watches.count(),
        "invite_form": invite_form or InviteForm(),
        "name_form": name_form or NameForm(initial={"name": found.name}),
        "invitations": [],
    }
    if context["is_owner"]:
        waiting = Invitation.objects.open().filter(team=found).order_by("-created", "-id")
        context["invitations"] = _with_roles(waiting)
    wrong = any(form.is_bound and form.errors for form in (invite_form, name_form) if form)
    return render(request, "lookups/teams/team.html", context, status=400 if wrong else 200)


@of_team("POST", owners=True)
def rename(request: HttpRequest, mine: Membership) -> HttpResponse:
    form = NameForm(request.POST)
    if not form.is_valid():
        return _page(request, mine, name_form=form)
    Team.objects.filter(pk=mine.team_id).update(name=form.cleaned_data["name"])
    messages.success(request, _("The name is saved."))
    return redirect(mine.team)


@of_team("POST", owners=True)
def invite(request: HttpRequest, mine: Membership) -> HttpResponse:
    """Sends an invitation to `email` for `role`."""
    form = InviteForm(request.POST)
    if not form.is_valid():
        return _page(request, mine, invite_form=form)
    email = form.cleaned_data["email"]
    try:
        inviting.invite(mine.team, email, form.cleaned_data["role"], request.user)
    except inviting.Refused as refused:
        form.add_error("email", refused.message)
        return _page(request, mine, invite_form=form)
    told = {"team": mine.team.name, "email": email, "role": form.cleaned_data["role"]}
    happenings.tell(request.user, happenings.TEAM_INVITED, **told)
    messages.success(request, _("An invitation is on its way to %(email)s.") % {"email": email})
    return redirect(mine.team)


@of_team("POST", owners=True)
def withdraw(request: HttpRequest, mine: Membership, invitation: str) -> HttpResponse:
    if "\0" in invitation:
        raise Http404
    rows = Invitation.objects.filter(team=mine.team_id)
    found = get_object_or_404(rows, token=invitation)
    if inviting.end(found):
        text = _("The invitation of %(email)s is withdrawn. The link in it no longer works.")
        messages.success(request, text % {"email": found.email})
    else:
        messages.info(request, _("That invitation has ended already."))
    return redirect(mine.team)


# --- its people --------------------------------------------------------------------------------
def _member(mine: Membership, member: int) -> Membership:
    rows = Membership.objects.filter(team=mine.team_id).select_related("user")
    return get_object_or_404(rows, pk=member)


def _says_why_not(request: HttpRequest, mine: Membership) -> HttpResponse:
    text = _("A team needs an owner. Make somebody else an owner first, or delete the team.")
    messages.error(request, text)
    return redirect(mine.team)


@of_team("POST", owners=True)
def change_role(request: HttpRequest, mine: Membership, member: int) -> HttpResponse:
    found = _member(mine, member)
    form = RoleForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("That is no role. Choose one from the list."))
        return redirect(mine.team)
    role = form.cleaned_data["role"]
    try:
        people.change_role(found, role)
    except people.LastOwner:
        return _says_why_not(request, mine)
    told = {"team": mine.team.name, "role": role}
    happenings.tell(request.user, happenings.TEAM_ROLE_GIVEN, email=found.user.email, **told)
    if found.user != request.user:
        happenings.tell(found.user, happenings.TEAM_ROLE_GOT, **told)
    words = {"email": found.user.email, "role": ROLES[role]}
    messages.success(request, _("%(email)s now has the role “%(role)s”.") % words)
    return redirect(mine.team)


@of_team("GET", "HEAD", "POST", owners=True)
def remove(request: HttpRequest, mine: Membership, member: int) -> HttpResponse:
    """Asks, and by POST takes a person out of the team."""
    found = _member(mine, member)
    if found.pk == mine.pk:
        return redirect("team-leave", token=mine.team.token)
    if request.method != "POST":
        context = {"team": mine.team, "member": found}
        return render(request, "lookups/teams/remove.html", context)
    try:
        people.take_out(found)
    except people.LastOwner:
        return _says_why_not(request, mine)
    told = {"team": mine.team.name}
    happenings.tell(request.user, happenings.TEAM_REMOVED, email=found.user.email, **told)
    happenings.tell(found.user, happenings.TEAM_TAKEN_OUT, **told)
    text = _("%(email)s is no longer in the team.") % {"email": found.user.email}
    messages.success(request, text)
    return redirect(mine.team)


@of_team("GET", "HEAD", "POST")
def leave(request: HttpRequest, mine: Membership) -> HttpResponse:
    """Asks, and by POST leaves the team."""
    if people.is_last_owner(mine):
        return _says_why_not(request, mine)
    if request.method != "POST":
        return render(request, "lookups/teams/leave.html", {"team": mine.team})
    try:
        people.take_out(mine)
    except people.LastOwner:
        return _says_why_not(request, mine)
    happenings.tell(request.user, happenings.TEAM_LEFT, team=mine.team.name)
    text = _("You are no longer in the team %(team)s.") % {"team": mine.team.name}
    messages.success(request, text)
    return redirect("teams")


# --- its end -----------------------------------------------------------------------------------
@of_team("GET", "HEAD", "POST", owners=True)
def delete(request: HttpRequest, mine: Membership) -> HttpResponse:
    """Says what goes, asks what becomes of the domains, and by POST deletes the team."""
    form = DeleteForm(request.POST if request.method == "POST" else None)
    watches = Watch.objects.filter(team=mine.team_id)
    own = Watch.objects.filter(owner=request.user, team=None)
    form.fields["domains"].required = watches.exists()
    if request.method == "POST" and form.is_valid():
        heir = request.user if form.cleaned_data["domains"] == DeleteForm.MINE else None
        ending.delete_team(mine.team, heir)
        happenings.tell(request.user, happenings.TEAM_DELETED, team=mine.team.name)
        messages.success(request, _("The team %(team)s is deleted.") % {"team": mine.team.name})
        return redirect("teams")
    context = {
        "team": mine.team,
        "form": form,
        "domains": watches.count(),
        "twice": watches.filter(domain__in=own.values("domain")).count(),
        "others": mine.team.memberships.exclude(user=request.user).count(),
    }
    status = 400 if form.errors else 200
    return render(request, "lookups/teams/delete.html", context, status=status)
