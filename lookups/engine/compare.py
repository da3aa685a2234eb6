"""One question, put to many at once: who says what, and whose answer is an old copy.

The zone's own servers say what holds now. A resolver keeps what it was told for as long as the TTL
allowed when it asked (RFC 1034 §5.3.1, RFC 2308 §5), so after a change it may still be right in
its own way. Servers of one zone that differ are another matter: somebody has to mend that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import dns.name
from dns.rdatatype import CNAME, SOA

from . import dig
from .addresses import Address
from .exchange import Exchange, Outcome, rdatatype
from .message import AA, AD, RD, Message
from .resolver import Resolver, name_text
from .transport import Server

MAX_RECORDS = 20  # of one answer that are shown
MAX_TEXT = 300  # characters of one record


class Kind(StrEnum):
    """Who is asked."""

    AUTHORITY = "authority"
    RESOLVER = "resolver"


@dataclass(frozen=True, slots=True)
class Whom:
    """Somebody to ask. `to` as Resolver.exchange takes it; `label` is a host or an operator."""

    kind: Kind
    label: str
    address: str
    to: Address | Server | None


@dataclass(frozen=True, slots=True)
class Voice:
    """What one of them said. `records` are sorted, `content` is what equal answers have in common.

    `ttl` is what is left of an answer, or of an absence by its SOA record. `serial` is that of the
    zone, at its own servers. `outcome` is an outcome of the resolver, or "not-authoritative" for a
    server of the zone that does not speak for it. `group` is a letter, empty for silence.
    """

    whom: Whom
    outcome: str
    records: tuple[str, ...] = ()
    content: tuple[Any, ...] = ()
    ttl: int | None = None
    serial: int | None = None
    ms: float | None = None
    group: str = ""

    @property
    def told(self) -> bool:
        """Whether there are records, or a proof that there are none."""
        return self.outcome in ("answer", "nodata", "nxdomain")

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.whom.kind.value,
            "label": self.whom.label,
            "address": self.whom.address,
            "outcome": self.outcome,
            "records": list(self.records),
            "ttl": self.ttl,
            "serial": self.serial,
            "ms": self.ms,
            "group": self.group,
        }


class Verdict(StrEnum):
    """What comes of it, the gravest first."""

    NOBODY = "nobody"  # no server and no resolver told anything
    AUTHORITIES_DIFFER = "authorities-differ"
    RESOLVERS_FAIL = "resolvers-fail"  # the zone's servers agree; a resolver gets no usable answer
    OLD_COPIES = "old-copies"  # a resolver has another answer than all servers of the zone
    AUTHORITIES_FAIL = "authorities-fail"  # those that answer agree, others are of no use
    RESOLVERS_DIFFER = "resolvers-differ"  # the zone's servers could not be asked
    AGREE = "agree"


@dataclass(frozen=True, slots=True)
class Comparison:
    """All voices with their groups. `zone_ttl` is the full TTL, by the zone's own servers."""

    name: dns.name.Name
    type: str
    voices: tuple[Voice, ...]
    groups: tuple[str, ...] = ()
    zone_ttl: int | None = None

    @property
    def authorities(self) -> tuple[Voice, ...]:
        return tuple(v for v in self.voices if v.whom.kind is Kind.AUTHORITY)

    @property
    def resolvers(self) -> tuple[Voice, ...]:
        return tuple(v for v in self.voices if v.whom.kind is Kind.RESOLVER)

    @property
    def current(self) -> str:
        """The group of the zone's own servers; empty where they differ or say nothing."""
        groups = {v.group for v in self.authorities if v.told}
        return groups.pop() if len(groups) == 1 else ""

    @property
    def old(self) -> tuple[Voice, ...]:
        """Resolvers that hold something else than the zone's servers say."""
        return tuple(v for v in self.resolvers if self.current and v.told and not self._holds(v))

    @property
    def failing(self) -> tuple[Voice, ...]:
        """Resolvers that replied, but with neither records nor their absence."""
        return tuple(v for v in self.resolvers if not v.told and v.group)

    @property
    def useless(self) -> tuple[Voice, ...]:
        """Servers of the zone that do not speak for it. Where a whole family of addresses is
        silent, this machine most likely has no way there, which says nothing of the servers."""
        reached = {_family(v) for v in self.authorities if v.group}
        return tuple(
            v
            for v in self.authorities
            if not v.told and v.outcome != Outcome.CROWDED and (v.group or _family(v) in reached)
        )

    @property
    def silent(self) -> tuple[Voice, ...]:
        return tuple(v for v in self.voices if not v.group and v.outcome != Outcome.CROWDED)

    @property
    def serials(self) -> frozenset[int]:
        return frozenset(v.serial for v in self.authorities if v.serial is not None)

    @property
    def old_for(self) -> int | None:
        """Seconds until the last old copy has run out, as far as their TTLs tell."""
        return max((v.ttl for v in self.old if v.ttl is not None), default=None)

    @property
    def verdict(self) -> Verdict:
        told = {v.group for v in self.authorities if v.told}
        heard = {v.group for v in self.resolvers if v.told}
        if not told and not heard:
            return Verdict.NOBODY
        if len(told) > 1:
            return Verdict.AUTHORITIES_DIFFER
        if self.old:
            return Verdict.OLD_COPIES
        if told and self.failing:
            return Verdict.RESOLVERS_FAIL
        if told and self.useless:
            return Verdict.AUTHORITIES_FAIL
        return Verdict.RESOLVERS_DIFFER if len(heard) > 1 else Verdict.AGREE

    def age(self, voice: Voice) -> int | None:
        """Seconds since a resolver fetched what it says; None where that cannot be told: a copy
        with more time left than the zone now gives was fetched under another TTL."""
        if voice.whom.kind is Kind.AUTHORITY or voice.ttl is None or self.zone_ttl is None:
            return None
        if not self._holds(voice) or voice.ttl > self.zone_ttl:
            return None
        return self.zone_ttl - voice.ttl

    def _holds(self, voice: Voice) -> bool:
        return voice.group == self.current

    def as_json(self) -> dict[str, Any]:
        return {
            "name": name_text(self.name),
            "type": self.type,
            "verdict": self.verdict.value,
            "ttl": self.zone_ttl,
            "old_for": self.old_for,
            "groups": list(self.groups),
            "voices": [voice.as_json() | {"age": self.age(voice)} for voice in self.voices],
        }


async def ask_all(
    resolver: Resolver, name: dns.name.Name, rdtype: str, zone: dns.name.Name, whom: Sequence[Whom]
) -> Comparison:
    """Asks everybody of `whom` at once, and the zone's servers for its serial as well."""
    voices = await asyncio.gather(*(_ask(resolver, name, rdtype, zone, each) for each in whom))
    return compare(name, rdtype, voices)


async def _ask(
    resolver: Resolver, name: dns.name.Name, rdtype: str, zone: dns.name.Name, whom: Whom
) -> Voice:
    if whom.kind is Kind.RESOLVER:
        exchange = await resolver.exchange(name, rdtype, whom.to, flags=RD | AD)
        return read(name, rdtype, whom, exchange)
    exchange, serial = await asyncio.gather(
        resolver.exchange(name, rdtype, whom.to, flags=0),
        resolver.exchange(zone, "SOA", whom.to, flags=0),
    )
    return replace(read(name, rdtype, whom, exchange), serial=_serial(serial, zone))


def read(name: dns.name.Name, rdtype: str, whom: Whom, exchange: Exchange) -> Voice:
    """What an exchange says to the question."""
    if exchange.reply is None:
        return Voice(whom, exchange.outcome.value)
    message = exchange.reply.message
    ms = round((exchange.ended - exchange.started) * 1000, 1)
    outcome = exchange.outcome
    found = message.find(message.answer, name, int(rdatatype(rdtype)))
    alias = message.find(message.answer, name, int(CNAME))
    rrset = found or alias
    is_told = not outcome.is_failure
    if whom.kind is Kind.AUTHORITY and is_told and not message.flags & AA:
        return Voice(whom, "not-authoritative", ms=ms)
    if is_told and rrset:
        records = sorted(dig.records([rrset]), key=lambda record: record.data.lower())
        texts = tuple(f"{'CNAME ' if rrset is alias else ''}{r.data[:MAX_TEXT]}" for r in records)
        content = tuple(_canonical(rrset.type, record.data) for record in records)
        return Voice(whom, "answer", texts[:MAX_RECORDS], ("answer", *content), rrset.ttl, ms=ms)
    if is_told:
        absent = Outcome.NXDOMAIN if message.rcode else Outcome.NODATA
        return Voice(whom, absent.value, (), (absent.value,), negative_ttl(message), ms=ms)
    return Voice(whom, outcome.value, ms=ms)


def negative_ttl(message: Message) -> int | None:
    """For how long the absence may be kept (RFC 2308 §5): the smaller of the SOA record's TTL and
    its last field. None without a SOA record: then it is not kept at all."""
    for rrset in message.authority:
        if rrset.type == SOA and rrset.readable:
            return min(rrset.ttl, int(rrset.readable[0].minimum))
    return None


def compare(name: dns.name.Name, rdtype: str, voices: Sequence[Voice]) -> Comparison:
    """Gives equal answers one letter, in the order in which they are met."""
    letters: dict[Any, str] = {}
    lettered = []
    for voice in voices:
        said = voice.content if voice.told else (voice.outcome,) if voice.ms is not None else None
        letter = letters.setdefault(said, _letter(len(letters))) if said else ""
        lettered.append(replace(voice, group=letter))
    own = [v.ttl for v in lettered if v.whom.kind is Kind.AUTHORITY and v.told]
    ttl = max((t for t in own if t is not None), default=None)
    return Comparison(name, rdtype, tuple(lettered), tuple(letters.values()), ttl)


def _family(voice: Voice) -> int:
    return 6 if ":" in voice.whom.address else 4


def _letter(place: int) -> str:
    return chr(ord("A") + place) if place < 26 else f"{place + 1}"


# Types whose data is nothing but names and numbers: capitals make no difference (RFC 4343 §3).
_NAMES = frozenset(int(rdatatype(text)) for text in ("CNAME", "MX", "NS", "PTR", "SOA", "SRV"))


def _canonical(rdtype: int, data: str) -> str:
    return data.lower() if rdtype in _NAMES else data


def _serial(exchange: Exchange, zone: dns.name.Name) -> int | None:
    if exchange.reply is None:
        return None
    message = exchange.reply.message
    found = message.find(message.answer, zone, int(SOA))
    is_told = found and found.readable and message.flags & AA
    return int(found.readable[0].serial) if found and is_told else None
