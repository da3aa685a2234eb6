"""The name servers of a zone, and what each of its addresses says when it is asked itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import dns.name
from dns.rdatatype import AAAA, NS, A

from ..addresses import Address, Scope, scope_of
from ..addresses import parse as parse_address
from ..context import Context
from ..message import RA
from ..names import to_unicode
from ..resolver import Answer, Outcome, name_text

# What a closed server refuses and an open one knows by heart: no third party is troubled.
PROBE = dns.name.root
_STATES = {
    Outcome.REFUSED: "refused",
    Outcome.SERVFAIL: "servfail",
    Outcome.LAME: "lame",
    Outcome.NODATA: "lame",
    Outcome.NXDOMAIN: "lame",
    Outcome.MALFORMED: "malformed",
    Outcome.TIMEOUT: "silent",
    Outcome.TCP_FAILED: "silent",
    Outcome.BUDGET: "unasked",
    Outcome.DEADLINE: "unasked",
    Outcome.CROWDED: "crowded",
}
# States that say nothing of the server.
UNKNOWN = ("untested", "unasked", "crowded")


@dataclass(slots=True)
class Way:
    """What came back over UDP or TCP. `state`: pending, ok, not-authoritative, refused, servfail,
    lame, malformed, other, silent, untested (nobody answers this way), unasked, crowded (we
    had asked it enough)."""

    state: str = "pending"
    answer: Answer | None = None

    @property
    def replied(self) -> bool:
        return self.state not in ("pending", "silent", *UNKNOWN)

    @property
    def ms(self) -> float | None:
        return round(self.answer.ms, 1) if self.answer and self.replied else None


@dataclass(slots=True)
class ServerAddress:
    """One address of a name server. `recursion` tells whether it resolves for strangers."""

    address: Address
    scope: Scope
    udp: Way = field(default_factory=Way)
    tcp: Way = field(default_factory=Way)
    recursion: bool | None = None
    names: frozenset[dns.name.Name] | None = None  # the NS records that it has itself
    ttl: int | None = None  # of these

    @property
    def state(self) -> str:
        """The word for both ways together; "no-udp" and "no-tcp" where only the other works."""
        if self.scope is not Scope.PUBLIC:
            return "not-public"
        if self.udp.state == "silent" and self.tcp.replied:
            return "no-udp"
        if self.udp.state == "ok" and self.tcp.state == "silent":
            return "no-tcp"
        return self.udp.state

    @property
    def soa(self) -> Any:
        """Its SOA record, where it answers as an authority."""
        for way in (self.udp, self.tcp):
            if way.state == "ok" and way.answer:
                return way.answer.records[0]
        return None

    def as_json(self) -> dict[str, Any]:
        soa = self.soa
        return {
            "address": str(self.address),
            "family": self.address.version,
            "scope": self.scope.value,
            "state": self.state,
            "udp": {"state": self.udp.state, "ms": self.udp.ms},
            "tcp": {"state": self.tcp.state, "ms": self.tcp.ms},
            "serial": soa.serial if soa else None,
            "recursion": self.recursion,
        }


@dataclass(slots=True)
class NameServer:
    """A host of the delegation. `at_parent` and `at_child` are None where that is not known."""

    name: dns.name.Name
    at_parent: bool | None = None
    at_child: bool | None = None
    answers: list[Answer] = field(default_factory=list)
    addresses: list[ServerAddress] = field(default_factory=list)
    glue: list[Address] = field(default_factory=list)

    @property
    def text(self) -> str:
        return name_text(self.name)

    @property
    def alias(self) -> str | None:
        return next((name_text(a.aliases[0]) for a in self.answers if a.aliases), None)

    @property
    def known(self) -> set[Address]:
        """Its addresses by its own zone."""
        return {address for answer in self.answers for address in addresses_in(answer)}

    @property
    def failed(self) -> bool:
        return any(answer.outcome.is_failure for answer in self.answers)

    @property
    def public(self) -> list[ServerAddress]:
        return [a for a in self.addresses if a.scope is Scope.PUBLIC]

    @property
    def state(self) -> str:
        if self.alias:
            return "alias"
        if self.addresses:
            return "ok" if self.public else "not-public"
        if not self.answers:
            return "pending"
        return "failed" if self.failed else "no-address"

    def as_json(self) -> dict[str, Any]:
        return {
            "host": self.text,
            "unicode": to_unicode(self.text),
            "parent": self.at_parent,
            "child": self.at_child,
            "state": self.state,
            "alias": self.alias,
            "glue": [str(address) for address in self.glue],
            "addresses": [address.as_json() for address in self.addresses],
        }


@dataclass(slots=True)
class ParentAnswer:
    """What one server of the parent zone said of the delegation. `state`: referral,
    authoritative (it serves the zone itself, and so does not show the delegation), failed."""

    host: dns.name.Name
    address: Address
    tcp: bool
    answer: Answer
    zone: dns.name.Name

    @property
    def referral(self) -> Any:
        """The NS records of the delegation in the authority section, where there are any."""
        message = self.answer.message
        if message is None or message.answer:
            return None
        return message.find(message.authority, self.zone, NS)

    @property
    def replied(self) -> bool:
        return self.answer.message is not None

    @property
    def state(self) -> str:
        if self.referral:
            return "referral"
        is_answer = self.answer.outcome is Outcome.ANSWER and self.answer.authoritative
        return "authoritative" if is_answer else "failed"

    @property
    def names(self) -> set[dns.name.Name]:
        found = self.referral
        return {record.target for record in found.readable} if found else set()

    def glue(self) -> Iterable[tuple[dns.name.Name, Address]]:
        message = self.answer.message
        for rrset in message.additional if message and self.referral else ():
            if rrset.type in (A, AAAA):
                for record in rrset.readable:
                    yield rrset.name, parse_address(record.address)


def addresses_in(answer: Answer) -> list[Address]:
    return [parse_address(record.address) for record in answer.records]


async def addresses_of(context: Context, host: NameServer) -> None:
    """Asks DNS for the addresses of `host`."""
    answers = await context.queries((host.name, "A"), (host.name, "AAAA"))
    host.answers = list(answers)


def choose(host: NameServer, lesson: bool, per_family: int) -> None:
    """The addresses that are examined: those of the host itself, else those of the glue."""
    found = sorted(host.known or host.glue, key=lambda a: (a.version, int(a)))
    for version in (4, 6):
        family = [address for address in found if address.version == version]
        host.addresses += [
            ServerAddress(address, scope_of(address, lesson)) for address in family[:per_family]
        ]


async def examine(context: Context, zone: dns.name.Name, host: NameServer) -> None:
    """Asks every public address of `host` for the zone, over UDP and TCP, all at once."""
    asked = [a for a in host.public if context.resolver.may_reach(a.address, context.lesson)]
    await asyncio.gather(
        *(_ask(context, zone, each, tcp) for each in asked for tcp in (False, True)),
        *(_ask_names(context, zone, each) for each in asked[:1]),
        *(_probe_recursion(context, each) for each in asked[:1]),
    )


async def _ask(context: Context, zone: dns.name.Name, server: ServerAddress, tcp: bool) -> None:
    answer = await context.resolver.ask(server.address, zone, "SOA", tcp=tcp)
    way = server.tcp if tcp else server.udp
    way.answer = answer
    if answer.outcome is Outcome.ANSWER:
        way.state = "ok" if answer.authoritative else "not-authoritative"
    else:
        way.state = _STATES.get(answer.outcome, "other")


async def _ask_names(context: Context, zone: dns.name.Name, server: ServerAddress) -> None:
    answer = await context.resolver.ask(server.address, zone, "NS")
    if answer.outcome is Outcome.ANSWER and answer.authoritative:
        server.names = frozenset(record.target for record in answer.records)
        server.ttl = answer.ttl


async def _probe_recursion(context: Context, server: ServerAddress) -> None:
    """RFC 5358 §4: a server that resolves for anybody is a weapon against others."""
    answer = await context.resolver.ask(server.address, PROBE, "NS", recursion=True)
    if answer.message:
        offers = bool(answer.message.flags & RA)
        server.recursion = offers and answer.outcome is Outcome.ANSWER
