"""The names of sources, from reverse DNS: all at once, and not for long."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from lookups.engine.addresses import Address, Scope, scope_of
from lookups.engine.checks.reverse import MAX_NAMES, look_up
from lookups.tools.dns import Dns

MAX_ADDRESSES = 100
SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class SourceName:
    """A name of an address; `confirmed` if it leads back to the address."""

    name: str
    confirmed: bool


Names = dict[str, SourceName]


async def names_of(dns: Dns, addresses: Sequence[str]) -> Names:
    """Names of the first MAX_ADDRESSES public ones; those that DNS does not tell in time have
    none. A private address is never asked for: its name would be one of this network's."""
    lesson = bool(dns.settings.routes)
    asked = [one for text in addresses[: MAX_ADDRESSES * 2] if (one := _public(text, lesson))]
    asked = asked[:MAX_ADDRESSES]
    if not asked:
        return {}
    seconds = min(SECONDS, dns.settings.report_timeout)
    resolver = dns.resolver(report_timeout=seconds, max_queries=len(asked) * (MAX_NAMES + 1))
    found = await asyncio.gather(*(look_up(resolver, address) for address in asked))
    names: Names = {}
    for reverse in found:
        ranked = sorted(reverse.names, key=lambda name: not name.confirmed)
        if ranked:
            names[reverse.address] = SourceName(ranked[0].name, ranked[0].confirmed)
    return names


def _public(text: str, lesson: bool) -> Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return address if scope_of(address, lesson) is Scope.PUBLIC else None
