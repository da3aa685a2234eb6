"""Who is in a team, and as what. A team always has an owner."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from lookups.teams.models import Membership, Team

Role = Membership.Role


class LastOwner(Exception):
    """The team would be left without an owner."""


def is_last_owner(membership: Membership) -> bool:
    owners = Membership.objects.filter(team=membership.team_id, role=Role.OWNER)
    return membership.role == Role.OWNER and not owners.exclude(pk=membership.pk).exists()


def change_role(membership: Membership, role: str) -> None:
    """Raises LastOwner."""
    with transaction.atomic():
        locked = _locked(membership)
        if role != Role.OWNER and is_last_owner(locked):
            raise LastOwner
        locked.role = role
        locked.save(update_fields=["role"])


def take_out(membership: Membership) -> None:
    """Ends a membership. Raises LastOwner."""
    with transaction.atomic():
        locked = _locked(membership)
        if is_last_owner(locked):
            raise LastOwner
        locked.delete()


def _locked(membership: Membership) -> Membership:
    """The membership as it is now. The row of its team is locked, so that two owners who leave
    together cannot both believe that the other one stays."""
    Team.objects.select_for_update().get(pk=membership.team_id)
    return Membership.objects.get(pk=membership.pk)


def hand_on_teams(user: Any) -> list[Team]:
    """Finds owners for the teams of which `user` is the last one, before the account goes.

    The editor who joined first becomes owner, else the viewer who did. Gives the teams that nobody
    else is in: they go with the account.
    """
    alone = []
    for membership in Membership.objects.filter(user=user).select_related("team"):
        team = Team.objects.select_for_update().get(pk=membership.team_id)
        others = team.memberships.exclude(user=user).order_by("since", "id")
        if not others:
            alone.append(team)
        elif is_last_owner(membership):
            heir = next((m for m in others if m.role == Role.EDITOR), others[0])
            heir.role = Role.OWNER
            heir.save(update_fields=["role"])
    return alone
