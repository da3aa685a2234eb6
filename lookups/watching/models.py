"""A watched domain: whose it is, how often it is checked, and whether its ownership is proven."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from lookups.alerts.kinds import all_kinds
from lookups.engine.names import to_unicode
from lookups.teams.models import Owned, OwnedQuerySet, new_token

UNDO_DAYS = 1  # for so long it can be undone that somebody stopped watching
PROOF_LABEL = "_mxplain"  # whose TXT record proves that somebody holds the domain
PROOF_PREFIX = "mxplain-verification="


def new_proof() -> str:
    return secrets.token_hex(16)


class WatchQuerySet(OwnedQuerySet["Watch"]):
    def due(self, now: datetime) -> WatchQuerySet:
        """Those whose time has come, the longest overdue first; none of an account that is shut."""
        return self.filter(next_run__lte=now).exclude(owner__is_active=False).order_by("next_run")


class LivingManager(models.Manager.from_queryset(WatchQuerySet)):  # type: ignore[misc]
    """Without those that somebody stopped watching."""

    def get_queryset(self) -> WatchQuerySet:
        return super().get_queryset().filter(ended_at=None)


class Watch(Owned):
    """One domain, with all reports on it that were saved or made for it (Report.watch).

    Watching that was stopped can be taken up again for a day (`UNDO_DAYS`); until then the row is
    there, but `objects` does not know it.
    """

    class Interval(models.TextChoices):
        OFF = "off"
        HOURLY = "hourly"
        DAILY = "daily"
        WEEKLY = "weekly"

    token = models.CharField(max_length=22, unique=True, default=new_token)
    domain = models.CharField(max_length=253)
    selectors = models.CharField(max_length=1100, blank=True, default="")
    name = models.CharField(max_length=100, blank=True)
    created = models.DateTimeField(default=timezone.now)

    interval = models.CharField(max_length=10, choices=Interval.choices, default=Interval.OFF)
    next_run = models.DateTimeField(null=True, db_index=True)
    alerts = models.BooleanField(default=True)  # whether anybody is told what changed,
    alert_kinds = models.JSONField(default=all_kinds)  # and of what (lookups.alerts.kinds)

    proof = models.CharField(max_length=32, default=new_proof)
    verified_at = models.DateTimeField(null=True)

    # The address of its badge, made when the badge is first switched on; switched off it is kept,
    # so that pages which show the badge need no change when it comes back.
    badge_token = models.CharField(max_length=22, unique=True, null=True, editable=False)
    badge_on = models.BooleanField(default=False)

    ended_at = models.DateTimeField(null=True)

    objects = LivingManager()
    everything = WatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("watched domain")
        verbose_name_plural = _("watched domains")
        constraints = [
            models.CheckConstraint(
                condition=Q(owner=None, team__isnull=False) | Q(owner__isnull=False, team=None),
                name="watch_has_one_holder",
            ),
            models.UniqueConstraint(
                fields=["owner", "domain"],
                condition=Q(team=None, ended_at=None),
                name="watched_once_by_owner",
            ),
            models.UniqueConstraint(
                fields=["team", "domain"],
                condition=Q(owner=None, ended_at=None),
                name="watched_once_by_team",
            ),
        ]

    def __str__(self) -> str:
        return self.domain

    def get_absolute_url(self) -> str:
        return reverse("watch", args=[self.token])

    @property
    def unicode(self) -> str:
        return to_unicode(self.domain)

    @property
    def proof_record(self) -> tuple[str, str]:
        """Name and text of the TXT record that proves ownership."""
        return f"{PROOF_LABEL}.{self.domain}", PROOF_PREFIX + self.proof

    @property
    def period(self) -> timedelta | None:
        """The time between two checks; None where nothing runs by itself."""
        return _PERIODS.get(self.interval)

    def schedule(self, now: datetime | None = None) -> None:
        """Sets the next run. Each domain has a moment of its own within its period, made from its
        token, so that all of them are spread evenly, whenever they were switched on."""
        self.next_run = None
        if period := self.period:
            seconds = period.total_seconds()
            offset = int.from_bytes(self.token.encode()[:6]) % int(seconds)
            since = (now or timezone.now()).timestamp()
            turns = int((since - offset) // seconds) + 1
            self.next_run = datetime.fromtimestamp(offset + turns * seconds, tz=UTC)


_PERIODS = {
    Watch.Interval.HOURLY: timedelta(hours=1),
    Watch.Interval.DAILY: timedelta(days=1),
    Watch.Interval.WEEKLY: timedelta(days=7),
}


def watch_for(owner: Any, domain: str, selectors: str = "") -> Watch:
    """The watch of `owner` on `domain`, made where there is none yet."""
    made, _ = Watch.objects.get_or_create(
        owner=owner, team=None, domain=domain, defaults={"selectors": selectors}
    )
    return made
