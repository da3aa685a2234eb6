"""How a request for a domain that asks not to be checked is refused.

403 and not 451: no law or court demands it (RFC 7725), the site itself declines, and asking again
in the same way will not help (RFC 9110 §15.5.4).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from lookups.engine import opt_out
from lookups.engine.names import Domain, to_unicode
from lookups.engine.opt_out import OptedOut
from lookups.engine.query_name import QueryName
from lookups.engine.resolver import Resolver
from lookups.tools.dns import Dns
from lookups.tools.look_up.fields import domain_of

from . import remembering
from .words import message

T = TypeVar("T")
STATUS = 403


def status(request: HttpRequest) -> int:
    """403; for a part of a page 400, which htmx shows in its place, as any refused form."""
    return 400 if getattr(request, "htmx", False) else STATUS


def page(request: HttpRequest, domain: str, name: str = "", anew: bool = True) -> HttpResponse:
    """The page that says so. `domain` in A-labels; `anew`: the refusal was not counted before."""
    if anew:
        remembering.note_refusal()
    context = {"message": message(domain, name), "domain": to_unicode(domain)}
    response = render(request, "lookups/opted_out.html", context, status=status(request))
    response["Cache-Control"] = "no-store"
    return response


def domains_in(values: Iterable[Any]) -> list[str]:
    """The domains that a form's cleaned values ask about."""
    found = []
    for value in values:
        if isinstance(value, Domain):
            found.append(value.ascii)
        elif isinstance(value, QueryName):
            found.append(domain_of(value.text))
    return [domain for domain in found if domain]


async def heeding(dns: Dns, domains: Iterable[str], work: Awaitable[T]) -> T:
    """What `work` makes, unless one of `domains` asks not to be checked: then OptedOut is raised,
    and `work` given up. That is asked while `work` has begun already, so it costs no time."""
    asked = list(domains)
    working = asyncio.ensure_future(work)
    resolver = Resolver(dns.settings, dns.transport)
    try:
        for domain in asked:
            if name := await sync_to_async(remembering.known)(domain):
                raise OptedOut(domain, name, 0)
        await opt_out.heed(resolver, asked)
        return await working
    except OptedOut as refused:
        await sync_to_async(_note)(refused)
        raise
    finally:
        working.cancel()
        resolver.close()


def _note(refused: OptedOut) -> None:
    remembering.note_refusal()
    if refused.ttl:
        remembering.remember(refused)
