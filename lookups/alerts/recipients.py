"""Whom a watched domain concerns, and how each of them wants to be told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.utils.translation import get_language

from lookups.alerts.models import AlertSettings, Watch
from lookups.engine.finding import Severity
from lookups.teams.models import Membership

ZONES = {"ja": "Asia/Tokyo"}  # the likely one, until somebody chooses


def people_of(watch: Watch) -> list[Any]:
    """Its holder, or the members of its team who did not mute the team."""
    users = get_user_model().objects.filter(is_active=True)
    if watch.team_id is None:
        return list(users.filter(pk=watch.owner_id))
    members = Membership.objects.filter(team=watch.team_id, muted=False)
    return list(users.filter(pk__in=members.values("user")).order_by("pk"))


def settings_of(watch: Watch) -> list[AlertSettings]:
    """The settings of everybody whom it concerns."""
    people = people_of(watch)
    rows = AlertSettings.objects.filter(user__in=people).select_related("user")
    known = {row.user_id: row for row in rows}
    return [known.get(user.pk) or settings_for(user) for user in people]


def settings_for(user: Any, language: str = "") -> AlertSettings:
    """The settings of one person, made where there are none yet."""
    language = language or _language_of(user)
    first = {"last_language": language, "time_zone": ZONES.get(language, "UTC")}
    made, _ = AlertSettings.objects.get_or_create(user=user, defaults=first)
    made.user = user
    return made


def wants(wanted: AlertSettings, severity: str) -> bool:
    return wanted.email and bool(wanted.user.email) and _rank(severity) >= _rank(wanted.least)


def still_concerns(watch: Watch, users: Iterable[Any]) -> set[int]:
    """Of `users`, by id, those whom the domain concerns now."""
    if watch.ended_at is not None or not watch.alerts:
        return set()
    return {user.pk for user in people_of(watch)} & {user.pk for user in users}


def _rank(severity: str) -> int:
    return Severity(severity).rank


def _language_of(user: Any) -> str:
    """The one in which the person had something checked last."""
    last = user.reports.order_by("-created").values_list("language", flat=True).first()
    return last or "en"


@receiver(user_logged_in, dispatch_uid="alerts.remember_language")
def remember_language(sender: Any, request: Any, user: Any, **more: Any) -> None:
    """Mails come in the language in which somebody uses the site, until they choose one."""
    language = get_language() or "en"
    kept = settings_for(user, language)
    if kept.last_language != language:
        AlertSettings.objects.filter(pk=kept.pk).update(last_language=language)
