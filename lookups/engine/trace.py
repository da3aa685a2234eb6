"""One question followed down the tree: who is asked, and who sends on to whom.

The algorithm of RFC 1034 §5.3.3 as a resolver runs it whose cache is empty, except that aliases end
it and that the addresses of name servers without glue are asked of the configured resolver. What a
server says counts only within the zone it was asked for (RFC 5452 §6, RFC 2181 §5.4.1).
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import dns.name
import dns.rcode
from dns.rdatatype import AAAA, CNAME, NS, SOA, A

from .addresses import Address
from .addresses import parse as parse_address
from .checks.delegation_servers import addresses_in
from .exchange import rdatatype
from .message import AA, Message, RRset
from .resolver import Answer, Outcome, Resolver, name_text

MAX_STEPS = 12  # questions of one trace
MAX_TRIES = 3  # servers of one zone that are asked before it is given up
MAX_SERVERS = 13  # of a referral that are kept: as many as the root has
MAX_ADDRESSES = 4  # of one server
MAX_RECORDS = 20  # of an answer that are shown
MAX_TEXT = 300  # characters of one record


class State(StrEnum):
    """How a trace ended. The first four are what the zone itself says of the name."""

    ANSWER = "answer"
    ALIAS = "alias"
    NODATA = "nodata"
    NXDOMAIN = "nxdomain"
    STUCK = "stuck"  # none of the servers of a zone helped
    UNREACHABLE = "unreachable"  # nobody at all replied: perhaps no question gets out
    LIMIT = "limit"  # MAX_STEPS
    DEADLINE = "deadline"

    @property
    def is_told(self) -> bool:
        """Whether a server in charge has spoken."""
        return self in (State.ANSWER, State.ALIAS, State.NODATA, State.NXDOMAIN)


@dataclass(frozen=True, slots=True)
class Host:
    """A name server and the addresses that are known of it so far."""

    name: dns.name.Name
    addresses: tuple[Address, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {"host": name_text(self.name), "glue": [str(a) for a in self.addresses]}


@dataclass(frozen=True, slots=True)
class Start:
    """Where a trace begins: a zone and its servers. `source`: "hints" or "resolver"."""

    zone: dns.name.Name
    hosts: tuple[Host, ...]
    source: str = "hints"


@dataclass(frozen=True, slots=True)
class Referral:
    """The zone below, its servers, and their glue as far as it may be trusted.

    `ignored` counts addresses of hosts that lie outside the zone that was asked, `more` servers
    that were not kept.
    """

    zone: dns.name.Name
    ttl: int
    hosts: tuple[Host, ...]
    ignored: int = 0
    more: int = 0

    def as_json(self) -> dict[str, Any]:
        return {
            "zone": name_text(self.zone),
            "ttl": self.ttl,
            "servers": [host.as_json() for host in self.hosts],
            "ignored": self.ignored,
            "more": self.more,
        }


@dataclass(frozen=True, slots=True)
class Step:
    """One question to one server of `zone`. `source` tells where its address comes from: "hints",
    "glue" or "resolver".

    `kind`: "referral", "answer", "alias", "nodata", "nxdomain", or "failed": then `why` is an
    outcome of the resolver, or "not-authoritative". Nothing of a failed reply is believed.
    """

    number: int
    zone: dns.name.Name
    host: dns.name.Name
    address: Address
    source: str
    kind: str
    answer: Answer
    why: str = ""
    referral: Referral | None = None
    records: tuple[str, ...] = ()
    ttl: int | None = None

    @property
    def replied(self) -> bool:
        return self.answer.message is not None

    def as_json(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "zone": name_text(self.zone),
            "host": name_text(self.host),
            "address": str(self.address),
            "source": self.source,
            "kind": self.kind,
            "why": self.why,
            "rcode": self.answer.rcode,
            "authoritative": self.answer.authoritative,
            "ms": round(self.answer.ms, 1) if self.replied else None,
            "referral": self.referral.as_json() if self.referral else None,
            "records": list(self.records),
            "ttl": self.ttl,
        }


@dataclass(frozen=True, slots=True)
class Trace:
    """The whole way. `alias` is the name that the one asked for stands for, in state ALIAS."""

    name: dns.name.Name
    type: str
    start: Start
    state: State
    steps: tuple[Step, ...]
    alias: dns.name.Name | None = None

    def as_json(self) -> dict[str, Any]:
        """The shape that docs/contracts.md describes."""
        return {
            "name": name_text(self.name),
            "type": self.type,
            "start": name_text(self.start.zone),
            "state": self.state.value,
            "alias": name_text(self.alias) if self.alias else None,
            "steps": [step.as_json() for step in self.steps],
        }


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone on the way to a name, as the resolver knows it."""

    name: dns.name.Name
    hosts: tuple[dns.name.Name, ...]
    ttl: int | None


def _hints(*rows: str) -> tuple[Host, ...]:
    hosts = []
    for letter, *addresses in map(str.split, rows):
        name = dns.name.from_text(f"{letter}.root-servers.net")
        hosts.append(Host(name, tuple(map(parse_address, addresses))))
    return tuple(hosts)


# The root servers and their addresses (IANA, https://www.internic.net/domain/named.root; RFC 9609).
ROOT = Start(
    dns.name.root,
    _hints(
        "a 198.41.0.4 2001:503:ba3e::2:30",
        "b 170.247.170.2 2801:1b8:10::b",
        "c 192.33.4.12 2001:500:2::c",
        "d 199.7.91.13 2001:500:2d::d",
        "e 192.203.230.10 2001:500:a8::e",
        "f 192.5.5.241 2001:500:2f::f",
        "g 192.112.36.4 2001:500:12::d0d",
        "h 198.97.190.53 2001:500:1::53",
        "i 192.36.148.17 2001:7fe::53",
        "j 192.58.128.30 2001:503:c27::2:30",
        "k 193.0.14.129 2001:7fd::1",
        "l 199.7.83.42 2001:500:9f::42",
        "m 202.12.27.33 2001:dc3::35",
    ),
)


async def start_at(resolver: Resolver, zone: dns.name.Name | str) -> Start:
    """The servers of `zone` as the resolver knows them: where a trace begins that cannot begin at
    the root. Without hosts where the resolver knows none."""
    name = dns.name.from_text(zone) if isinstance(zone, str) else zone
    answer = await resolver.query(name, "NS")
    hosts = sorted(record.target for record in answer.records)[:MAX_SERVERS]
    found = await asyncio.gather(*(_addresses(resolver, host) for host in hosts))
    return Start(name, tuple(map(Host, hosts, found)), "resolver")


async def trace(
    resolver: Resolver,
    name: dns.name.Name | str,
    rdtype: str,
    start: Start = ROOT,
    *,
    lesson: bool = False,
    max_steps: int = MAX_STEPS,
) -> Trace:
    """Asks for `rdtype` at `name`, which must lie in the zone of `start`, from there downward.

    Servers have the resolver's query timeout each, the whole its report timeout. `lesson` lets the
    classroom's machines be asked, and no others. Never raises for what DNS says.
    """
    asked = dns.name.from_text(name) if isinstance(name, str) else name
    return await _Walk(resolver, asked, rdtype, start, lesson, max_steps).run()


async def zones_on_the_way(
    resolver: Resolver, name: dns.name.Name, top: dns.name.Name = dns.name.root
) -> tuple[Zone, ...]:
    """The zones from `top` down to `name` by the resolver's answers: what stands in for a trace
    where questions to other servers do not get out. Zones that it cannot tell are left out."""
    names = [name.split(depth)[1] for depth in range(len(top), len(name) + 1)][-MAX_STEPS:]
    answers = await resolver.queries(*((each, "NS") for each in names))
    return tuple(
        Zone(each, tuple(sorted(r.target for r in answer.records)[:MAX_SERVERS]), answer.ttl)
        for each, answer in zip(names, answers, strict=True)
        if answer.outcome is Outcome.ANSWER and not answer.aliases
    )


@dataclass(slots=True)
class _Walk:
    """A trace in the making."""

    resolver: Resolver
    name: dns.name.Name
    type: str
    start: Start
    lesson: bool
    max_steps: int
    steps: list[Step] = field(default_factory=list)

    async def run(self) -> Trace:
        zone, hosts, source = self.start.zone, self.start.hosts, self.start.source
        if source == "hints":
            hosts = _rotated(hosts, self.name)
        while True:
            step = await self._ask_zone(zone, hosts, source)
            if isinstance(step, State):
                return self._end(step)
            if step.referral is None:
                return self._end(State(step.kind))
            # Each referral leads strictly downward, so that there are no circles.
            zone, hosts, source = step.referral.zone, step.referral.hosts, "glue"

    async def _ask_zone(
        self, zone: dns.name.Name, hosts: Sequence[Host], source: str
    ) -> Step | State:
        """The first step of use; or how the trace ends, since there is none."""
        tries = 0
        async for host, address, whence in self._candidates(hosts, source):
            if self.resolver.remaining <= 0:
                return State.DEADLINE
            if len(self.steps) >= self.max_steps:
                return State.LIMIT
            step = await self._ask(zone, host, address, whence)
            if step.why in (Outcome.DEADLINE.value, Outcome.BUDGET.value):
                return State.DEADLINE
            self.steps.append(step)
            tries += 1
            if step.kind != "failed":
                return step
            if tries == MAX_TRIES:
                break
        latest = self.steps[len(self.steps) - tries :]
        spared = any(step.why == Outcome.CROWDED.value for step in latest)
        if self.resolver.remaining <= 0 or spared:
            return State.DEADLINE
        return State.STUCK if any(s.replied for s in self.steps) else State.UNREACHABLE

    async def _candidates(
        self, hosts: Sequence[Host], source: str
    ) -> AsyncIterator[tuple[dns.name.Name, Address, str]]:
        """Addresses to ask, each once: those at hand, IPv4 first, then those that must be found."""
        seen: set[Address] = set()
        for found in (*_by_family(hosts),):
            if self._is_new(found[1], seen):
                yield *found, source
        for host in [host for host in hosts if not host.addresses][:MAX_TRIES]:
            known = Host(host.name, await _addresses(self.resolver, host.name))
            for found in _by_family([known]):
                if self._is_new(found[1], seen):
                    yield *found, "resolver"

    def _is_new(self, address: Address, seen: set[Address]) -> bool:
        is_new = address not in seen and self.resolver.may_reach(address, self.lesson)
        seen.add(address)
        return is_new

    async def _ask(
        self, zone: dns.name.Name, host: dns.name.Name, address: Address, source: str
    ) -> Step:
        answer = await self.resolver.ask(address, self.name, self.type)
        kind, why, referral = self._judge(zone, answer)
        records: tuple[str, ...] = ()
        if kind == "answer":
            records = tuple(record.to_text()[:MAX_TEXT] for record in answer.records[:MAX_RECORDS])
        return Step(
            number=len(self.steps) + 1,
            zone=zone,
            host=host,
            address=address,
            source=source,
            kind=kind,
            answer=answer,
            why=why,
            referral=referral,
            records=records,
            ttl=answer.ttl,
        )

    def _judge(self, zone: dns.name.Name, answer: Answer) -> tuple[str, str, Referral | None]:
        """Kind, why and referral of a reply."""
        message = answer.message
        if message is None or answer.outcome is Outcome.MALFORMED:
            return "failed", answer.outcome.value, None
        if message.rcode not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            return "failed", answer.outcome.value, None
        if referral := self._referral(zone, message):
            return "referral", "", referral
        if not message.flags & AA:
            # An answer from somebody's cache, or a referral upward or aside.
            told = message.answer or message.rcode == dns.rcode.NXDOMAIN
            return "failed", "not-authoritative" if told else Outcome.LAME.value, None
        if answer.outcome is Outcome.ANSWER:
            return "answer", "", None
        if _alias(message, self.name) is not None:
            return "alias", "", None
        absent = message.rcode == dns.rcode.NXDOMAIN
        return ("nxdomain" if absent else "nodata"), "", None

    def _referral(self, zone: dns.name.Name, message: Message) -> Referral | None:
        """NS records of a zone below the one that was asked, and around the name; else None."""
        if message.rcode != dns.rcode.NOERROR or message.answer:
            return None
        if any(rrset.type == SOA for rrset in message.authority):
            return None  # RFC 2308 §2.2: an absence
        for rrset in message.authority:
            below = rrset.name.is_subdomain(zone) and rrset.name != zone
            if rrset.type == NS and below and self.name.is_subdomain(rrset.name) and rrset.readable:
                return _read_referral(zone, rrset, message)
        return None

    def _end(self, state: State) -> Trace:
        last = self.steps[-1].answer.message if self.steps else None
        alias = _alias(last, self.name) if state is State.ALIAS and last else None
        return Trace(self.name, self.type, self.start, state, tuple(self.steps), alias)


def _read_referral(zone: dns.name.Name, servers: RRset, message: Message) -> Referral:
    names = list(dict.fromkeys(record.target for record in servers.readable))
    glue: dict[dns.name.Name, list[Address]] = {name: [] for name in names}
    ignored = 0
    for rrset in message.additional:
        if rrset.type not in (A, AAAA) or rrset.name not in glue:
            continue
        if not rrset.name.is_subdomain(zone):  # RFC 5452 §6: not this server's to say
            ignored += len(rrset.spans)
            continue
        glue[rrset.name] += [parse_address(record.address) for record in rrset.readable]
    names.sort(key=lambda name: not glue[name])  # those that can be asked at once
    hosts = tuple(Host(name, tuple(glue[name][:MAX_ADDRESSES])) for name in names[:MAX_SERVERS])
    return Referral(servers.name, servers.ttl, hosts, ignored, max(0, len(names) - MAX_SERVERS))


def _alias(message: Message, name: dns.name.Name) -> dns.name.Name | None:
    found = message.find(message.answer, name, rdatatype("CNAME"))
    if found is None or found.type != CNAME or not found.readable:
        return None
    target: dns.name.Name = found.readable[0].target
    return target


def _by_family(hosts: Iterable[Host]) -> list[tuple[dns.name.Name, Address]]:
    """IPv4 first, as more networks have it; a first address of each host before second ones."""
    ranked = []
    for host in hosts:
        for version in (4, 6):
            family = [address for address in host.addresses if address.version == version]
            ranked += [((version, at), host.name, address) for at, address in enumerate(family)]
    ranked.sort(key=lambda entry: entry[0])
    return [(name, address) for _, name, address in ranked]


def _rotated(hosts: Sequence[Host], name: dns.name.Name) -> tuple[Host, ...]:
    """The same server first for the same name, and all of them first for some."""
    at = zlib.crc32(name.to_digestable()) % len(hosts) if hosts else 0
    return (*hosts[at:], *hosts[:at])


async def _addresses(resolver: Resolver, host: dns.name.Name) -> tuple[Address, ...]:
    answers = await resolver.queries((host, "A"), (host, "AAAA"))
    return tuple(a for answer in answers for a in addresses_in(answer)[:MAX_ADDRESSES])
