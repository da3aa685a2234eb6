"""Alerts, who wants them, and the way of each to whom it goes."""

from __future__ import annotations

import secrets
from datetime import time
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from lookups.alerts.kinds import all_kinds
from lookups.json_field import JSONField
from lookups.teams.models import Membership, Owned, OwnedQuerySet, new_token
from lookups.watching.models import Watch

SECRET_PREFIX = "whsec_"


class Least(models.TextChoices):
    """From which severity on somebody is told."""

    INFO = "info", _("Everything, also notes")
    WARNING = "warning", _("What needs care, and what is broken")
    ERROR = "error", _("Only what is broken")


class AlertSettings(models.Model):
    """How one person wants to be told. Times are those of `time_zone`."""

    class Rhythm(models.TextChoices):
        AT_ONCE = "at-once", _("At once")
        DAILY = "daily", _("Once a day, all together")
        WEEKLY = "weekly", _("Once a week, all together")

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="alert_settings"
    )
    email = models.BooleanField(default=True)
    rhythm = models.CharField(max_length=10, choices=Rhythm.choices, default=Rhythm.AT_ONCE)
    hour = models.PositiveSmallIntegerField(default=8)
    weekday = models.PositiveSmallIntegerField(default=0)  # 0: Monday
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_to = models.TimeField(null=True, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    language = models.CharField(max_length=10, blank=True)  # empty: that of the last sign-in
    last_language = models.CharField(max_length=10, default=settings.LANGUAGE_CODE)
    least = models.CharField(max_length=10, choices=Least.choices, default=Least.WARNING)

    def __str__(self) -> str:
        return f"alerts of {self.user}"

    @property
    def zone(self) -> ZoneInfo:
        """UTC where this machine does not know the name any more."""
        try:
            return ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError):
            return ZoneInfo("UTC")

    @property
    def speaks(self) -> str:
        """The language to write in."""
        return self.language or self.last_language

    @property
    def quiet(self) -> tuple[time, time] | None:
        if self.quiet_from is None or self.quiet_to is None or self.quiet_from == self.quiet_to:
            return None
        return self.quiet_from, self.quiet_to


class AlertQuerySet(models.QuerySet["Alert"]):
    def visible_to(self, user: Any) -> AlertQuerySet:
        """Those of domains that `user` may see."""
        watches = Watch.objects.visible_to(user)
        return self.filter(watch__in=watches.values("pk"))


class Alert(models.Model):
    """What one report of a watched domain said that the ones before did not: one at most.

    `payload` is what lookups.alerts.considering.found gives; it outlives the reports.
    """

    token = models.CharField(max_length=22, unique=True, default=new_token)
    watch = models.ForeignKey(Watch, on_delete=models.CASCADE, related_name="alerts_made")
    report = models.OneToOneField(
        "lookups.Report", null=True, on_delete=models.SET_NULL, related_name="alert"
    )
    before = models.ForeignKey(
        "lookups.Report", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created = models.DateTimeField(default=timezone.now)
    kinds = models.JSONField(default=list)
    severity = models.CharField(max_length=10)
    payload = JSONField(default=dict)

    objects = AlertQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["watch", "created"]), models.Index(fields=["created"])]

    def __str__(self) -> str:
        return f"{self.watch} ({', '.join(self.kinds)})"


class WebhookQuerySet(OwnedQuerySet["Webhook"]):
    def of_watch(self, watch: Watch) -> WebhookQuerySet:
        """Those that are told of changes in `watch`: of the one who holds it, switched on."""
        whose = Q(team=watch.team_id) if watch.team_id else Q(owner=watch.owner_id)
        return cast("WebhookQuerySet", self.filter(whose, enabled=True))


def new_secret() -> str:
    return SECRET_PREFIX + secrets.token_urlsafe(32)


class Webhook(Owned):
    """An address on the web that is told of every alert, with a signature."""

    token = models.CharField(max_length=22, unique=True, default=new_token)
    url = models.CharField(max_length=2048)
    secret = models.CharField(max_length=64, default=new_secret)
    enabled = models.BooleanField(default=True)
    kinds = models.JSONField(default=all_kinds)
    created = models.DateTimeField(default=timezone.now)
    # Deliveries given up in a row; when it is switched off for that, since when.
    given_up = models.PositiveSmallIntegerField(default=0)
    stopped_at = models.DateTimeField(null=True)

    objects = WebhookQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(owner=None, team__isnull=False) | Q(owner__isnull=False, team=None),
                name="webhook_has_one_holder",
            )
        ]

    def __str__(self) -> str:
        return self.url

    def get_absolute_url(self) -> str:
        return reverse("webhook", args=[self.token])

    def people(self) -> list[Any]:
        """Who answers for it: its owner, or the owners of its team."""
        if self.owner:
            return [self.owner]
        rows = Membership.objects.filter(team=self.team_id, role=Membership.Role.OWNER)
        return [row.user for row in rows.select_related("user")]


class Delivery(models.Model):
    """One alert on its way to one person by mail, or to one webhook.

    A row is claimed before anything is sent (`claim`, `claimed_at`), so that nobody else sends it.
    `handed_at` is set right before a mail goes to the mail server: whatever broke off after that
    may have arrived, and is not sent again.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENDING = "sending", _("being sent")
        SENT = "sent", _("sent")
        FAILED = "failed", _("failed, will be tried again")
        GIVEN_UP = "given-up", _("given up")

    token = models.CharField(max_length=22, unique=True, default=new_token)
    alert = models.ForeignKey(
        Alert, null=True, on_delete=models.CASCADE, related_name="deliveries"
    )  # None: a test
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+"
    )
    webhook = models.ForeignKey(
        Webhook, null=True, on_delete=models.CASCADE, related_name="deliveries"
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try = models.DateTimeField(null=True, default=timezone.now)
    last_error = models.CharField(max_length=300, blank=True)
    status_code = models.PositiveSmallIntegerField(null=True)  # of the webhook's last response
    created = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)
    claim = models.CharField(max_length=22, blank=True)
    claimed_at = models.DateTimeField(null=True)
    handed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(fields=["state", "next_try"]),
            models.Index(fields=["webhook", "created"]),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(user=None, webhook__isnull=False) | Q(user__isnull=False, webhook=None),
                name="delivery_to_one",
            ),
            models.UniqueConstraint(fields=["alert", "user"], name="mailed_once"),
            models.UniqueConstraint(fields=["alert", "webhook"], name="hooked_once"),
        ]

    def __str__(self) -> str:
        return f"{self.alert} to {self.user or self.webhook} ({self.state})"
