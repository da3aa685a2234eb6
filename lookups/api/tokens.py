"""Making tokens, and finding the one that a request carries."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from .models import ApiToken

START = "mxp_"
SHOWN = 10  # characters of a secret that lists show
MAX_TOKENS = 20  # that work at the same time, a person
USED_EVERY = timedelta(minutes=1)


class TooMany(Exception):
    """There are MAX_TOKENS already."""


def digest_of(secret: str) -> str:
    """256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def make(
    owner: Any, name: str, scopes: Iterable[str], expires: datetime | None = None
) -> tuple[ApiToken, str]:
    """A new token and its secret, which is nowhere else. Raises TooMany."""
    if ApiToken.objects.valid().filter(owner=owner).count() >= MAX_TOKENS:
        raise TooMany
    secret = START + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        owner=owner,
        name=name,
        digest=digest_of(secret),
        prefix=secret[:SHOWN],
        scopes=" ".join(scopes),
        expires=expires,
    )
    return token, secret


def find(secret: str) -> ApiToken | None:
    """The token with this secret, if it works; that it was used is noted once a minute."""
    known = ApiToken.objects.valid().select_related("owner")
    token = known.filter(digest=digest_of(secret)).first()
    if token is not None:
        _note_use(token)
    return token


def _note_use(token: ApiToken) -> None:
    now = timezone.now()
    if token.last_used is None or now - token.last_used >= USED_EVERY:
        unnoted = Q(last_used=None) | Q(last_used__lte=now - USED_EVERY)
        ApiToken.objects.filter(unnoted, pk=token.pk).update(last_used=now)


def revoke(token: ApiToken) -> None:
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())
