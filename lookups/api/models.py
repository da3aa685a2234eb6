"""What the API keeps: tokens, and the answers to requests that may be sent twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

IDEMPOTENCY_HOURS = 24

# What a token may be allowed, and what that means. The names are part of the API.
SCOPES: dict[str, str | Promise] = {
    "reports:read": _("Read your reports"),
    "reports:write": _("Make reports in your name, and delete them"),
    "tools": _("Use the tools"),
    "bulk": _("Check lists of domains, and read what came out"),
    "watches:read": _("Read your watched domains and those of your teams"),
    "watches:write": _("Add, change, check and remove watched domains"),
}


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def valid(self, now: datetime | None = None) -> ApiTokenQuerySet:
        """Those that open something now."""
        unexpired = Q(expires=None) | Q(expires__gt=now or timezone.now())
        return self.filter(unexpired, revoked_at=None, owner__is_active=True)

    def forgettable(self) -> ApiTokenQuerySet:
        """Revoked so long ago that nobody asks any more what became of them."""
        return self.filter(revoked_at__lt=timezone.now() - timedelta(days=90))


class ApiToken(models.Model):
    """A key to somebody's account for one program. The secret itself is not kept."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens"
    )
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)  # SHA-256 of the secret, in hex
    prefix = models.CharField(max_length=12)  # how the secret begins, to tell it by
    scopes = models.CharField(max_length=200, blank=True)  # with spaces between
    created = models.DateTimeField(default=timezone.now)
    last_used = models.DateTimeField(null=True)  # to the minute
    expires = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects = ApiTokenQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def scope_list(self) -> list[str]:
        return self.scopes.split()

    @property
    def scope_words(self) -> list[str | Promise]:
        return [SCOPES[scope] for scope in self.scope_list if scope in SCOPES]

    @property
    def is_expired(self) -> bool:
        return self.expires is not None and self.expires <= timezone.now()


class IdempotencyKey(models.Model):
    """One request that its sender named, and what was answered. `status` is null meanwhile."""

    caller = models.CharField(max_length=80)  # the token, or a hash of the network
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    created = models.DateTimeField(default=timezone.now)
    status = models.PositiveSmallIntegerField(null=True)
    headers = models.JSONField(default=dict)
    body = models.TextField(blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["caller", "key"], name="idempotency_once")]
        indexes = [models.Index(fields=["created"])]

    def __str__(self) -> str:
        return f"{self.key} ({self.status})"

    @staticmethod
    def oldest(now: datetime | None = None) -> Any:
        """What was asked before this is forgotten."""
        return (now or timezone.now()) - timedelta(hours=IDEMPOTENCY_HOURS)
