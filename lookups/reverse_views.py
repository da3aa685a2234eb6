"""The reverse lookup: what somebody gets who types an IP address."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from .engine.addresses import Address, Scope, scope_of
from .engine.checks.reverse import ReverseName, look_up
from .engine.resolver import Resolver
from .engine.transport import Transport
from .forms import InputError, read_address
from .runtime import resolver_settings

MAX_INPUT = 100


@dataclass(frozen=True, slots=True)
class ReverseResult:
    """What the page shows: `outcome` is that of the PTR question."""

    address: str
    outcome: str
    names: tuple[ReverseName, ...]


@require_safe
async def reverse_lookup(request: HttpRequest) -> HttpResponse:
    """GET `address`: its PTR records, and whether each name leads back."""
    typed = request.GET.get("address", "")[:MAX_INPUT]
    if not typed.strip():
        return await _page(request, {})
    address = read_address(typed)
    if isinstance(address, InputError):
        return await _page(request, {"address": typed, "error": address}, status=400)
    parsed = ipaddress.ip_address(address)
    settings = resolver_settings()
    if scope_of(parsed, lesson=bool(settings.routes)) is not Scope.PUBLIC:
        return await _page(request, {"address": address, "error": _not_public()}, status=400)
    transport = Transport()
    try:
        result = await _result(parsed, Resolver(settings, transport))
    finally:
        transport.close()
    return await _page(request, {"address": address, "result": result})


async def _result(address: Address, resolver: Resolver) -> ReverseResult:
    found = await look_up(resolver, address)
    return ReverseResult(found.address, found.answer.outcome.value, found.names)


def _not_public() -> InputError:
    return InputError(
        _("That address is not a public one: the world’s DNS has no names for it. Type another.")
    )


async def _page(
    request: HttpRequest, context: dict[str, object], status: int = 200
) -> HttpResponse:
    """Rendered in a thread: the header looks at the session."""
    return await sync_to_async(render)(request, "lookups/reverse.html", context, status=status)
