"""The end of teams and of accounts: what becomes of what they had."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from lookups.models import Report, Watch
from lookups.teams.models import Owned, Team
from lookups.teams.people import hand_on_teams


def delete_team(team: Team, heir: Any = None) -> None:
    """Deletes the team. Its domains, and whatever else it had, go to `heir`, or with it.

    Reports that a person asked for or saved stay among that person's saved checks in any case.
    """
    with transaction.atomic():
        if heir is not None:
            _hand_over(team, heir)
        delete_watches(Watch.everything.filter(team=team))
        team.delete()


def delete_watches(watches: QuerySet[Watch]) -> None:
    """Deletes watched domains; reports that a person asked for or saved stay with that person."""
    ids = list(watches.values_list("pk", flat=True))
    with transaction.atomic():
        Report.objects.filter(watch__in=ids, owner__isnull=False).update(watch=None)
        Watch.everything.filter(pk__in=ids).delete()


def _hand_over(team: Team, heir: Any) -> None:
    for watch in Watch.objects.filter(team=team):
        mine = Watch.objects.filter(owner=heir, team=None, domain=watch.domain).first()
        if mine:  # one domain, one history
            Report.objects.filter(watch=watch).update(watch=mine)
        else:
            Watch.objects.filter(pk=watch.pk).update(owner=heir, team=None)
    for model in apps.get_models():
        if issubclass(model, Owned) and model is not Watch:
            _hand_over_rows(model, team, heir)


def _hand_over_rows(model: type[Owned], team: Team, heir: Any) -> None:
    """What the heir has already, as only one can be had, stays with the team and goes with it."""
    for pk in model._base_manager.filter(team=team).values_list("pk", flat=True):
        try:
            with transaction.atomic():
                model._base_manager.filter(pk=pk).update(owner=heir, team=None)
        except IntegrityError:
            continue


def delete_account(user: Any) -> None:
    """Deletes the user with everything of theirs; teams get another owner.

    Reports in the history of a team's domain stay with the team, without their words on them. A
    team that nobody else is in goes too.
    """
    with transaction.atomic():
        for team in hand_on_teams(user):
            delete_team(team)
        of_teams = Report.objects.filter(owner=user, watch__team__isnull=False)
        of_teams.update(owner=None, name="", note="")
        User.objects.get(pk=user.pk).delete()


def exported(user: Any) -> list[dict[str, Any]]:
    """The teams of a person, for the copy of the account."""
    memberships = user.memberships.select_related("team").order_by("since", "id")
    return [
        {
            "name": membership.team.name,
            "token": membership.team.token,
            "role": membership.role,
            "since": membership.since,
        }
        for membership in memberships
    ]
