"""Proof of ownership, the mailbox for reports, and the MTA-STS policy of a watched domain."""

from __future__ import annotations

import secrets
import string
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

from lookups.engine.records import mta_sts
from lookups.json_field import JSONField
from lookups.watching.models import Watch, WatchQuerySet

POLICY_LABEL = "mta-sts"  # of the host that serves a policy (RFC 8461 §3.3)
POLICY_ID_SIZE = 32  # characters at most (RFC 8461 §3.1)


def new_box_token() -> str:
    """128 random bits in letters that survive as a local part, whatever its case."""
    return secrets.token_hex(16)


def new_spf_label() -> str:
    """56 random bits in letters, which DNS takes in any case."""
    return "".join(secrets.choice(string.ascii_lowercase) for _ in range(12))


def proven() -> WatchQuerySet:
    """The watched domains whose ownership is proven."""
    return Watch.objects.filter(verified_at__isnull=False)


class Proving(models.Model):
    """How the last looks at the record of proof went; `Watch.verified_at` says whether it holds.

    `trouble` is the state of an `engine.ownership.Seen` that was no proof; `failed_days` counts
    the days in a row on which the clock found none.
    """

    watch = models.OneToOneField(Watch, on_delete=models.CASCADE, related_name="proving")
    checked_at = models.DateTimeField(null=True)
    next_look = models.DateTimeField(null=True, db_index=True)
    failed_days = models.PositiveSmallIntegerField(default=0)
    trouble = models.CharField(max_length=10, blank=True)
    lost_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"proof of {self.watch}"


class ReportBox(models.Model):
    """Where receivers deliver reports on a domain. Whoever knows the token may deliver."""

    watch = models.OneToOneField(Watch, on_delete=models.CASCADE, related_name="report_box")
    token = models.CharField(max_length=32, unique=True, default=new_box_token)
    created = models.DateTimeField(default=timezone.now)
    received_at = models.DateTimeField(null=True)
    # What was refused last, so that its people can see why nothing comes.
    refused_at = models.DateTimeField(null=True)
    refusal = models.CharField(max_length=20, blank=True)
    refused_domain = models.CharField(max_length=255, blank=True)

    def __str__(self) -> str:
        return f"reports on {self.watch}"


class HostedPolicy(models.Model):
    """The MTA-STS policy that https://mta-sts.<domain>/ serves from here.

    One domain has one policy, however many people watch it. `kept_until`: until then senders may
    keep to a policy that was served before (RFC 8461 §3.2, max_age).
    """

    class Mode(models.TextChoices):
        TESTING = "testing"
        ENFORCE = "enforce"
        NONE = "none"

    watch = models.OneToOneField(Watch, on_delete=models.CASCADE, related_name="policy")
    domain = models.CharField(max_length=253, unique=True)
    mode = models.CharField(max_length=10, choices=Mode.choices)
    mx = JSONField(default=list)
    max_age = models.PositiveIntegerField(default=mta_sts.STARTING_AGE)
    policy_id = models.CharField(max_length=POLICY_ID_SIZE)
    changed = models.DateTimeField(default=timezone.now)
    kept_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"MTA-STS of {self.domain}"

    @property
    def host(self) -> str:
        return f"{POLICY_LABEL}.{self.domain}"

    @property
    def text(self) -> str:
        return mta_sts.policy_text(self.mode, self.mx, self.max_age)

    def may_end(self, now: datetime) -> bool:
        """Whether no sender can be holding an earlier policy any more (RFC 8461 §8.3)."""
        return self.mode == self.Mode.NONE and (self.kept_until is None or self.kept_until <= now)


class HostedSpf(models.Model):
    """A flat SPF record, served at `<label>.<settings.SPF_ZONE>` for an include.

    `source` is an SPF record with its includes, or the name that one is published at. `records`
    are names below the label ("" for itself) and their texts; `networks` what they permit. While
    the sources fail, `records` stay as they were, and `trouble` (hosted.spf.Unusable.code, about
    `trouble_term`) says since when.
    """

    watch = models.OneToOneField(Watch, on_delete=models.CASCADE, related_name="hosted_spf")
    label = models.CharField(max_length=12, unique=True, default=new_spf_label)
    source = models.TextField(max_length=4000)
    records = JSONField(default=dict)
    networks = JSONField(default=list)
    lookups_before = models.PositiveIntegerField(default=0)
    lookups_after = models.PositiveIntegerField(default=0)
    interval = models.PositiveIntegerField(default=3600)  # seconds between two refreshes
    created = models.DateTimeField(default=timezone.now)
    refreshed = models.DateTimeField(null=True)
    next_refresh = models.DateTimeField(null=True, db_index=True)
    trouble = models.CharField(max_length=20, blank=True)
    trouble_term = models.CharField(max_length=255, blank=True)
    trouble_since = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"SPF of {self.watch}"

    @property
    def name(self) -> str:
        return f"{self.label}.{settings.SPF_ZONE}"

    @property
    def is_alarming(self) -> bool:
        """Whether the sources have been failing for a day."""
        since = self.trouble_since
        return since is not None and since < timezone.now() - timedelta(days=1)


class SpfChange(models.Model):
    """How a refresh changed a flat record: the networks that came and went."""

    spf = models.ForeignKey(HostedSpf, on_delete=models.CASCADE, related_name="changes")
    at = models.DateTimeField(default=timezone.now)
    added = JSONField(default=list)
    removed = JSONField(default=list)

    class Meta:
        indexes = [models.Index(fields=["spf", "at"])]

    def __str__(self) -> str:
        return f"{self.spf}: +{len(self.added)} -{len(self.removed)}"
