"""Who asks: a token's owner, or somebody from a network. Cookies say nothing here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from lookups.limits.addresses import network_key

from . import tokens
from .models import ApiToken
from .problems import Problem

_CHALLENGE = 'Bearer realm="MXplain"'


@dataclass(frozen=True, slots=True)
class Caller:
    """`key` names it beside idempotency keys, and in counters; it holds no address."""

    user: Any
    key: str
    token: ApiToken | None = None

    @property
    def counted_as(self) -> str:
        """All tokens of an account share what it may ask."""
        return f"user:{self.user.pk}" if self.token else self.key

    def has(self, scope: str) -> bool:
        return self.token is not None and scope in self.token.scope_list


def anonymous(request: HttpRequest) -> Caller:
    return Caller(AnonymousUser(), network_key(request))


def identify(request: HttpRequest) -> Caller | None:
    """The owner of the token that the request carries; None where it opens nothing."""
    given = request.headers.get("Authorization", "")
    if not given:
        return anonymous(request)
    scheme, _space, secret = given.partition(" ")
    token = tokens.find(secret.strip()) if scheme.lower() == "bearer" else None
    return Caller(token.owner, f"token:{token.pk}", token) if token else None


def no_token() -> Problem:
    return Problem("unauthorized", headers={"WWW-Authenticate": _CHALLENGE})


def bad_token() -> Problem:
    """The same for one that never was, has expired or was revoked."""
    return Problem(
        "unauthorized",
        _("This token opens nothing: it is mistyped, has expired or was revoked."),
        headers={"WWW-Authenticate": f'{_CHALLENGE}, error="invalid_token"'},
    )


def missing_scope(scope: str) -> Problem:
    return Problem(
        "missing-scope",
        _("The token lacks the scope “%(scope)s”.") % {"scope": scope},
        headers={"WWW-Authenticate": f'{_CHALLENGE}, error="insufficient_scope", scope="{scope}"'},
        scope=scope,
    )
