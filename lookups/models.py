"""A report is one row: what was asked, how far it is, and everything that was found.

The row alone renders the permalink; the Redis stream only carries it to pages that are open while
it is being made.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

import idna
from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .alerts.models import Alert, AlertSettings, Delivery, Webhook
from .api.models import ApiToken, IdempotencyKey
from .blocked.models import BlockedDomain
from .bulk.models import Bulk, BulkItem
from .hosted.models import HostedPolicy, HostedSpf, Proving, ReportBox, SpfChange
from .json_field import JSONField
from .teams.models import Invitation, Membership, Team
from .tools.reports.models import ReceivedReport
from .watching.models import Watch

__all__ = [
    "Alert",
    "AlertSettings",
    "ApiToken",
    "BlockedDomain",
    "Bulk",
    "BulkItem",
    "Delivery",
    "HostedPolicy",
    "HostedSpf",
    "IdempotencyKey",
    "Invitation",
    "Membership",
    "Proving",
    "ReceivedReport",
    "Report",
    "ReportBox",
    "SpfChange",
    "Team",
    "Watch",
    "Webhook",
]


class ReportQuerySet(models.QuerySet["Report"]):
    """The questions that pages and tasks ask of reports."""

    def shareable(self, domain: str, selectors: str = "") -> ReportQuerySet:
        """Reports of `domain` young enough to be given to the next visitor who asks.

        Only one that was made with the same `selectors` serves. A report with an owner is never
        given away: its link is the owner's to revoke. Nor is one that was made for the history
        of a watched domain.
        """
        since = timezone.now() - timedelta(seconds=settings.REPORT_SHARE_SECONDS)
        return self.open_to_all(domain, selectors).filter(created__gte=since)

    def open_to_all(self, domain: str, selectors: str = "") -> ReportQuerySet:
        """The same, however old."""
        same = self.filter(domain=domain, selectors=selectors, owner=None, watch=None)
        same = same.filter(visibility=Report.Visibility.LINK, deleted_at=None)
        return same.exclude(state=Report.State.FAILED)

    def saved_by(self, user: Any) -> ReportQuerySet:
        """The saved reports of one person, without those deleted a moment ago."""
        return self.filter(owner=user, saved_at__isnull=False, deleted_at=None)

    def expired(self) -> ReportQuerySet:
        """Unsaved reports past their time, and deleted ones whose undo has run out."""
        now = timezone.now()
        old = models.Q(saved_at=None, created__lt=now - timedelta(days=settings.REPORT_KEEP_DAYS))
        return self.filter(old | models.Q(deleted_at__lt=now - timedelta(days=1)))

    def history_of(self, watch: Watch) -> ReportQuerySet:
        """The reports on a watched domain, the newest first, without those that were deleted."""
        kept = self.filter(watch=watch, saved_at__isnull=False, deleted_at=None)
        return kept.order_by("-created", "-id")

    def made_by_themselves(self) -> ReportQuerySet:
        """Those on watched domains that nobody asked for and nobody saved."""
        return self.filter(watch__isnull=False, owner=None)

    def unfinished(self) -> ReportQuerySet:
        """Reports that a worker should be making."""
        return self.filter(state__in=[Report.State.WAITING, Report.State.RUNNING])


class Report(models.Model):
    """One check of one domain."""

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    class Failure(models.TextChoices):
        CRASH = "crash"  # the check itself broke: a fault of ours
        LOST = "lost"  # its worker or queue went away too often
        OPTED_OUT = "opted-out"  # the domain asks not to be checked

    class Visibility(models.TextChoices):
        LINK = "link"  # whoever has the link
        TEAM = "team"  # those who watch the domain
        ME = "me"  # the owner alone

    token = models.CharField(max_length=22, unique=True)
    domain = models.CharField(max_length=253)
    # The DKIM selectors that the visitor named, with spaces between.
    selectors = models.CharField(max_length=1100, blank=True, default="")
    language = models.CharField(max_length=10, default="en")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    failure = models.CharField(max_length=10, choices=Failure.choices, blank=True)
    status = models.CharField(max_length=10, blank=True)
    # Of `lookups.score`, kept so that lists and charts need no sections; null where none applies.
    score = models.PositiveSmallIntegerField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    asked = models.PositiveIntegerField(default=1)

    created = models.DateTimeField(default=timezone.now)
    started = models.DateTimeField(null=True)
    finished = models.DateTimeField(null=True)

    sections = JSONField(default=dict)
    queries = JSONField(default=list)

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="reports"
    )
    # The watched domain whose history it belongs to: its people see the report as their own.
    watch = models.ForeignKey(
        Watch, null=True, blank=True, on_delete=models.CASCADE, related_name="reports"
    )
    visibility = models.CharField(
        max_length=10, choices=Visibility.choices, default=Visibility.LINK
    )
    link_ends = models.DateTimeField(null=True)  # until when the link works for others
    saved_at = models.DateTimeField(null=True)
    name = models.CharField(max_length=100, blank=True)
    note = models.TextField(max_length=2000, blank=True)
    revoked_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)

    objects = ReportQuerySet.as_manager()

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        indexes = [
            models.Index(fields=["domain", "created"]),
            models.Index(fields=["owner", "saved_at"]),
            models.Index(fields=["state", "created"]),
            models.Index(fields=["watch", "created"]),
        ]

    def __str__(self) -> str:
        return f"{self.domain} ({self.state})"

    @staticmethod
    def new_token() -> str:
        """128 random bits in 22 URL-safe characters."""
        return secrets.token_urlsafe(16)

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self.token:
            self.token = self.new_token()
        super().save(*args, **kwargs)

    @property
    def unicode(self) -> str:
        """The domain in U-labels (RFC 5890); the A-labels where they do not decode."""
        try:
            return idna.decode(self.domain)
        except (idna.IDNAError, UnicodeError):
            return self.domain

    @property
    def is_finished(self) -> bool:
        return self.state in (self.State.DONE, self.State.FAILED)

    @property
    def expires(self) -> Any:
        """When the row goes: a datetime, or None for a saved report."""
        if self.saved_at:
            return None
        return self.created + timedelta(days=settings.REPORT_KEEP_DAYS)

    def get_absolute_url(self) -> str:
        return reverse("report", args=[self.token])

    def copy_for(self, owner: Any) -> Report:
        """A saved copy with a token of its own, whose link only `owner` can revoke."""
        copied = (
            "domain",
            "selectors",
            "language",
            "state",
            "failure",
            "status",
            "score",
            "created",
            "started",
            "finished",
            "sections",
            "queries",
        )
        return Report(
            token=self.new_token(),
            owner=owner,
            saved_at=timezone.now(),
            **{name: getattr(self, name) for name in copied},
        )
