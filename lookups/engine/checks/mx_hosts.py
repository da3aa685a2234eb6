"""The hosts that MX records name, and what DNS says of each: addresses, and the way back."""

from __future__ import annotations

import asyncio
import ipaddress
import re
from dataclasses import dataclass, field
from typing import Any

import dns.name

from ..addresses import Address, Scope, scope_of
from ..addresses import parse as parse_address
from ..context import Context
from ..names import to_unicode
from ..resolver import Answer, Outcome, name_text
from .reverse import Reverse
from .reverse import look_up as look_up_reverse

MAX_ADDRESSES = 8  # of one host and family that are looked at

# A host name: letters, digits, hyphens inside (RFC 952, RFC 1123 §2.1, RFC 5321 §2.3.5)
_HOST_LABEL = re.compile(rb"^(?!-)[A-Za-z0-9-]{1,63}(?<!-)$")


@dataclass(slots=True)
class HostAddress:
    """One address of a host. `reverse` is the state that docs/contracts.md lists."""

    address: Address
    scope: Scope
    ttl: int | None
    reverse: str = "pending"
    back: Reverse | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "address": str(self.address),
            "family": self.address.version,
            "scope": self.scope.value,
            "ttl": self.ttl,
            "reverse": self.reverse,
            "names": [name.name for name in self.back.names] if self.back else [],
        }


@dataclass(slots=True)
class Host:
    """One MX record's host while it is looked up; filled in place."""

    preference: int
    exchange: dns.name.Name
    state: str = "pending"
    answers: list[Answer] = field(default_factory=list)
    addresses: list[HostAddress] = field(default_factory=list)

    @property
    def name(self) -> str:
        return name_text(self.exchange)

    @property
    def alias(self) -> str | None:
        """Where the host's name leads, if it is an alias."""
        return next((name_text(a.owner) for a in self.answers if a.aliases), None)

    @property
    def failure(self) -> Answer | None:
        """The first answer that left open whether there are addresses."""
        return next((answer for answer in self.answers if answer.outcome.is_failure), None)

    @property
    def usable(self) -> list[HostAddress]:
        """The addresses at which anybody can reach the host."""
        return [address for address in self.addresses if address.scope is Scope.PUBLIC]

    def as_json(self) -> dict[str, Any]:
        failure = self.failure
        return {
            "preference": self.preference,
            "exchange": self.name,
            "unicode": to_unicode(self.name),
            "state": self.state,
            "outcome": failure.outcome.value if failure and self.state == "failed" else None,
            "alias": self.alias,
            "addresses": [address.as_json() for address in self.addresses],
        }


def is_address(name: dns.name.Name) -> bool:
    """Whether somebody wrote an IP address where a host name belongs."""
    text = name_text(name).strip("[]")
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_host_name(name: dns.name.Name) -> bool:
    labels = name.labels[:-1]
    return bool(labels) and all(_HOST_LABEL.match(label) for label in labels)


async def look_up(context: Context, host: Host) -> None:
    """Fills `host`: its addresses first, then the way back from each."""
    if is_address(host.exchange):
        host.state = "literal"
        return
    host.answers = await context.queries((host.exchange, "A"), (host.exchange, "AAAA"))
    host.addresses = _addresses(host.answers, context.lesson)
    host.state = _state(host)
    await asyncio.gather(*(_look_back(context, address) for address in host.addresses))


def _addresses(answers: list[Answer], lesson: bool) -> list[HostAddress]:
    return [
        HostAddress(address, scope_of(address, lesson), answer.ttl)
        for answer in answers
        for address in sorted(_addresses_in(answer), key=int)[:MAX_ADDRESSES]
    ]


def _addresses_in(answer: Answer) -> list[Address]:
    return [parse_address(record.address) for record in answer.records]


def _state(host: Host) -> str:
    if not is_host_name(host.exchange):
        return "invalid"
    if host.alias:
        return "alias"
    if host.addresses:
        return "ok" if host.usable else "unreachable"
    if host.failure:
        return "failed"
    missing = all(answer.outcome is Outcome.NXDOMAIN for answer in host.answers)
    return "missing" if missing else "no-address"


async def _look_back(context: Context, address: HostAddress) -> None:
    """Reverse DNS of a public address; others have none that the world could see."""
    if address.scope is not Scope.PUBLIC:
        address.reverse = "skipped"
        return
    # Several topics look at the same addresses.
    address.back = await context.once(
        ("reverse", address.address), lambda: look_up_reverse(context.resolver, address.address)
    )
    failure = address.back.failure
    skipped = failure is not None and failure.outcome.is_unasked
    address.reverse = "skipped" if skipped else address.back.state
