"""Who was refused, what they are told, and how views show it in their own page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from . import counting
from .addresses import network_key
from .counting import Ask
from .rules import Cost

STATUS = 429  # RFC 6585 §4
ROOMY = 60  # seconds: what is longer is told in minutes


@dataclass(frozen=True, slots=True)
class Refusal:
    """`seconds`: when it goes on. `is_account`: whose allowance is used up."""

    seconds: int
    is_account: bool = False
    domain: str = ""  # where it is not the visitor's, but that of a domain that is asked about

    @property
    def message(self) -> str:
        """What happened and when it goes on, in the active language."""
        if self.domain:
            said = _(
                "%(domain)s and the names below it were checked very often just now. So that "
                "their servers are not burdened, a new check is possible in %(time)s."
            ) % {"domain": self.domain, "time": self.time}
        elif self.is_account:
            said = _(
                "From your account, more was asked in a short time than this site allows. It goes "
                "on in %(time)s."
            ) % {"time": self.time}
        else:
            said = _(
                "From your network, more was asked in a short time than this site allows. It goes "
                "on in %(time)s."
            ) % {"time": self.time}
        return str(said)

    @property
    def time(self) -> str:
        if self.seconds < ROOMY:
            text = ngettext("%(count)d second", "%(count)d seconds", self.seconds)
            return text % {"count": self.seconds}
        minutes = -(-self.seconds // 60)
        return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}


class Refused(Exception):
    """Raised where a Refusal ends what somebody wanted."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal

    @property
    def message(self) -> str:
        return self.refusal.message


def ask(request: HttpRequest, cost: Cost) -> Refusal | None:
    """Counts what the request costs; a Refusal where it is too much. May look at the session."""
    user: Any = None if cost.by_network else getattr(request, "user", None)
    is_account = bool(user is not None and user.is_authenticated)
    whose = f"user:{user.pk}" if is_account else network_key(request)
    rates = settings.LIMITS["account" if is_account else "anonymous"][cost.name]
    seconds = counting.seconds_to_wait(counting.count(Ask(cost.name, rates, whose, cost.units)))
    return Refusal(seconds, is_account) if seconds else None


def refusal_of(request: HttpRequest) -> Refusal | None:
    """What the middleware found; for views that show it in their own page."""
    return getattr(request, "refusal", None)


def marked(response: HttpResponse, refusal: Refusal) -> HttpResponse:
    """The response with status 429 and Retry-After."""
    response.status_code = STATUS
    response["Retry-After"] = str(refusal.seconds)
    response["Cache-Control"] = "no-store"
    return response


def page(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """The page for whatever has no form to show it in, or the part that htmx puts in its place."""
    template = "_limited.html" if getattr(request, "htmx", False) else "429.html"
    return marked(render(request, template, {"refusal": refusal}, status=STATUS), refusal)
