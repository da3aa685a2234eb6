"""Who asks: a token's owner, or somebody from a network. Cookies say nothing here."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from . import tokens
from .models import ApiToken
from .problems import Problem

IPV6_PREFIX = 64  # what one line of a provider has

_CHALLENGE = 'Bearer realm="MXplain"'


@dataclass(frozen=True, slots=True)
class Caller:
    """`key` names it in counters and beside idempotency keys; it holds no address."""

    user: Any
    key: str
    token: ApiToken | None = None

    def has(self, scope: str) -> bool:
        return self.token is not None and scope in self.token.scope_list


def anonymous(request: HttpRequest) -> Caller:
    return Caller(AnonymousUser(), "net:" + _network_hash(request.META.get("REMOTE_ADDR") or ""))


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


def network_of(address: str) -> str:
    """The network that counts as one caller: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        plain = ipaddress.IPv6Address(int(parsed))  # without a zone
        return str(ipaddress.ip_network((plain, IPV6_PREFIX), strict=False))
    return str(parsed)


def _network_hash(address: str) -> str:
    return salted_hmac("mxplain.api.network", network_of(address), algorithm="sha256").hexdigest()
