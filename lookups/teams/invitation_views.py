"""What whoever was invited sees."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from lookups import happenings
from lookups.models import Invitation, Membership
from lookups.teams import inviting
from lookups.teams.words import MEANINGS, ROLES


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Asks whether to join; POST `answer` is "accept" or "decline".

    Only the account whose confirmed address was invited learns anything of the invitation.
    """
    if "\0" in token:  # PostgreSQL cannot even be asked for it
        raise Http404
    rows = Invitation.objects.select_related("team", "invited_by")
    found = get_object_or_404(rows, token=token)
    if not request.user.is_authenticated:
        return _sign_in(request, found)
    if found.email.lower() not in inviting.addresses_of(request.user):
        return render(request, "lookups/teams/not_yours.html", {"invitation": found}, status=403)
    if not found.is_open:
        return _ended(request, found)
    answer = request.POST.get("answer", "") if request.method == "POST" else ""
    if answer == "accept":
        return _accept(request, found)
    if answer == "decline":
        return _decline(request, found)
    context = {
        "invitation": found,
        "role": ROLES[found.role],
        "meaning": MEANINGS[found.role],
    }
    return render(request, "lookups/teams/invitation.html", context)


def _sign_in(request: HttpRequest, found: Invitation) -> HttpResponse:
    """And back, to answer then."""
    text = _(
        "You are invited to a team. Sign in, or create an account, with the address that the "
        "invitation was sent to."
    )
    messages.info(request, text)
    return redirect(reverse("account_login", query={"next": found.get_absolute_url()}))


def _ended(request: HttpRequest, found: Invitation) -> HttpResponse:
    if Membership.objects.filter(team=found.team_id, user=request.user).exists():
        return redirect(found.team)
    return render(request, "lookups/teams/ended.html", status=410)


def _accept(request: HttpRequest, found: Invitation) -> HttpResponse:
    if not inviting.accept(found, request.user):
        return _ended(request, found)
    told = {"team": found.team.name, "role": found.role}
    happenings.tell(request.user, happenings.TEAM_JOINED, **told)
    text = _("You are now in the team %(team)s.") % {"team": found.team.name}
    messages.success(request, text)
    return redirect(found.team)


def _decline(request: HttpRequest, found: Invitation) -> HttpResponse:
    if not inviting.end(found):
        return _ended(request, found)
    text = _("You declined the invitation to the team %(team)s.") % {"team": found.team.name}
    messages.success(request, text)
    return redirect("teams")
