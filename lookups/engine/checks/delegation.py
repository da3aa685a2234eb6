"""Topic delegation: whether the way to the domain's own name servers is whole.

RFC 1034 §4.2 (zones and their delegation), RFC 1912 §2.8 (lame delegations), RFC 2182 (secondary
servers), RFC 9471 (glue). Beside the resolver, the servers of the zone and of the zone above are
asked themselves.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import dns.name

from ..authorities import is_zone, zone_place
from ..context import Context
from ..finding import Partial, Section
from ..records import soa as soa_records
from ..records.txt import Part
from ..resolver import Answer, Outcome, name_text
from . import delegation_rules
from .delegation_servers import (
    NameServer,
    ParentAnswer,
    addresses_in,
    addresses_of,
    choose,
    examine,
)
from .mx_rules import bounded

TOPIC = "delegation"
MAX_ANCESTORS = 10  # names above the domain that may be zones
MAX_HOSTS = 13  # name servers that are examined: as many as the root has
MANY_HOSTS = 6  # from here on, one address of each family is enough
MAX_PARENT_HOSTS = 2  # servers of the zone above that are asked


@dataclass(slots=True)
class Case:
    """What is known so far. `kind` as docs/contracts.md lists it."""

    context: Context
    kind: str = "unknown"
    zone: dns.name.Name = dns.name.root
    parent: dns.name.Name | None = None
    alias: dns.name.Name | None = None  # a CNAME record at the zone's apex
    own: Answer | None = None  # the resolver's answer for the zone's NS records
    above: Answer | None = None  # and for those of the zone above
    soa: Answer | None = None
    hosts: list[NameServer] = field(default_factory=list)
    parents: list[ParentAnswer] = field(default_factory=list)
    skipped: int = 0

    @property
    def parent_names(self) -> set[dns.name.Name]:
        """The name servers that the zone above lists; empty where it did not tell."""
        return {name for answer in self.parents for name in answer.names}

    @property
    def own_names(self) -> set[dns.name.Name]:
        """The name servers that the zone itself lists; empty where the resolver did not tell."""
        own = self.own
        return {record.target for record in own.records} if own and is_zone(own) else set()

    def section(self, complete: bool) -> Section:
        found = delegation_rules.findings(self) if complete else []
        return Section(TOPIC, self._records(complete), tuple(bounded(found)), complete)

    def _records(self, complete: bool) -> dict[str, Any]:
        record = self.soa_record
        return {
            "kind": self.kind,
            "zone": name_text(self.zone),
            "parent": name_text(self.parent) if self.parent else None,
            "servers": [host.as_json() for host in self.hosts],
            "skipped": self.skipped,
            "parent_servers": [
                {
                    "host": name_text(each.host),
                    "address": str(each.address),
                    "state": each.state,
                }
                for each in self.parents
                if not each.tcp
            ],
            "soa": _soa_json(record, self.soa) if record is not None else None,
            "raw": self._raw(),
            "ready": self._ready() if complete else [],
        }

    @property
    def soa_record(self) -> Any:
        """The zone's SOA record: the resolver's, or that of the first server that has one."""
        if self.soa and self.soa.outcome is Outcome.ANSWER and not self.soa.aliases:
            return self.soa.records[0]
        served = (address.soa for host in self.hosts for address in host.addresses)
        return next((record for record in served if record is not None), None)

    @property
    def soa_faults(self) -> soa_records.Faults:
        """What is wrong with that record; nothing where there is none."""
        record = self.soa_record
        ttl = self.soa.ttl if self.soa and self.soa.authoritative else None
        return soa_records.faults_of(record, ttl) if record is not None else soa_records.Faults()

    def _raw(self) -> list[dict[str, Any]]:
        shown = []
        zone = name_text(self.zone)
        if (record := self.soa_record) is not None:
            text = soa_records.text_of(record)
            parts = [part.as_json() for part in soa_records.parts(text, self.soa_faults)]
            shown.append({"name": zone, "type": "SOA", "value": text, "parts": parts})
        for name in sorted(self.own_names)[:MAX_HOSTS]:
            part = Part(name.to_text(), "delegation.ns")
            parts = [part.as_json()]
            shown.append({"name": zone, "type": "NS", "value": part.text, "parts": parts})
        return shown

    def _ready(self) -> list[dict[str, str]]:
        if (record := self.soa_record) is None:
            return []
        usable = [host.name for host in self.hosts if host.state == "ok" and host.at_child]
        text = soa_records.mended(record, self.zone, usable[0] if usable else None)
        return [{"name": name_text(self.zone), "type": "SOA", "value": text}] if text else []


async def check(context: Context) -> AsyncIterator[Section | Partial]:
    """Yields the name servers once they are known, and the whole once they have been asked."""
    case = Case(context)
    await _locate(case)
    if case.kind not in ("apex", "inside"):
        yield case.section(complete=True)
        return
    case.hosts = _hosts(case)
    yield partial(case.section, complete=False)
    await asyncio.gather(
        _ask_soa(case), _ask_parents(case), *(_examine(case, host) for host in case.hosts)
    )
    await _ask_what_the_parent_adds(case)
    yield case.section(complete=True)


async def _locate(case: Case) -> None:
    """Which zone the domain lies in, and which one delegates it: one round of questions."""
    context = case.context
    names = _names_upward(context)
    soa, mail, *answers = await context.queries(
        (context.name, "SOA"), (context.name, "MX"), *((name, "NS") for name in names)
    )
    case.soa = soa
    if soa.outcome is Outcome.NXDOMAIN and not soa.aliases:
        case.kind = "nothing"
        return
    place = zone_place(answers)
    if place is None:
        return
    if _is_top(names[place]) and place and answers[0].aliases:
        # Nearly every name right below a top-level domain is a zone, so this alias stands at an
        # apex, and hides the NS and SOA records from resolvers.
        place = 0
    case.zone, case.own = names[place], answers[place]
    if place == 0:
        case.alias = next((a.aliases[0] for a in (mail, answers[0]) if a.aliases), None)
    for name, answer in list(zip(names, answers, strict=True))[place + 1 :]:
        if is_zone(answer):
            case.parent, case.above = name, answer
            break
    case.kind = "top" if _is_top(case.zone) else "inside" if place else "apex"


def _names_upward(context: Context) -> list[dns.name.Name]:
    """The domain and the names above it; the classroom has nothing above itself."""
    lowest = 3 if context.lesson else 2  # labels, with the root's
    found: list[dns.name.Name] = []
    name = context.name
    while len(name) >= lowest and len(found) <= MAX_ANCESTORS:
        found.append(name)
        name = name.parent()
    return found


def _is_top(name: dns.name.Name) -> bool:
    return len(name) <= 2


def _hosts(case: Case) -> list[NameServer]:
    """Those of the zone's own NS records, by name."""
    return _limited(case, [NameServer(name, at_child=True) for name in sorted(case.own_names)])


def _limited(case: Case, hosts: list[NameServer]) -> list[NameServer]:
    room = MAX_HOSTS - len(case.hosts)
    case.skipped += max(0, len(hosts) - room)
    return hosts[:room]


async def _ask_soa(case: Case) -> None:
    if case.kind != "apex":
        case.soa = await case.context.query(case.zone, "SOA")


async def _examine(case: Case, host: NameServer) -> None:
    await addresses_of(case.context, host)
    if host.known:
        choose(host, case.context.lesson, _per_family(case))
        await examine(case.context, case.zone, host)


def _per_family(case: Case) -> int:
    return 2 if len(case.hosts) <= MANY_HOSTS else 1


async def _ask_parents(case: Case) -> None:
    """Asks two servers of the zone above for the delegation; the first also over IPv6 and TCP, to
    learn whether this machine can use these at all."""
    if case.above is None:
        return
    names = sorted(record.target for record in case.above.records)[:MAX_PARENT_HOSTS]
    asked = await asyncio.gather(*(_ask_parent(case, name, not n) for n, name in enumerate(names)))
    case.parents = [answer for answers in asked for answer in answers]


async def _ask_parent(case: Case, host: dns.name.Name, is_first: bool) -> list[ParentAnswer]:
    context = case.context
    answers = await context.queries((host, "A"), (host, "AAAA"))
    v4, v6 = (
        [a for a in addresses_in(answer) if context.resolver.may_reach(a, context.lesson)][:1]
        for answer in answers
    )
    ways = [(address, False) for address in (v4 or v6)]
    if is_first:
        ways += [(address, False) for address in v6 if v4]
        ways += [(address, True) for address in (v4 or v6)]
    said = await asyncio.gather(
        *(context.resolver.ask(address, case.zone, "NS", tcp=tcp) for address, tcp in ways)
    )
    return [
        ParentAnswer(host, address, tcp, answer, case.zone)
        for (address, tcp), answer in zip(ways, said, strict=True)
    ]


async def _ask_what_the_parent_adds(case: Case) -> None:
    """Hosts that only the zone above lists, and hosts whose addresses only its glue has."""
    listed = case.parent_names
    known = {host.name for host in case.hosts} | case.own_names
    at_child = False if case.own_names else None
    added = [NameServer(name, at_child=at_child) for name in sorted(listed - known)]
    added = _limited(case, added)
    case.hosts += added
    for host in case.hosts:
        host.at_parent = host.name in listed if listed else None
        host.glue = _glue(case.parents, host.name)
    await asyncio.gather(*(addresses_of(case.context, host) for host in added))
    late = [host for host in case.hosts if not host.addresses and (host.known or host.glue)]
    for host in late:
        choose(host, case.context.lesson, _per_family(case))
    await asyncio.gather(*(examine(case.context, case.zone, host) for host in late))
    _learn_from_servers(case)


def _learn_from_servers(case: Case) -> None:
    """Where the resolver cannot tell what the zone lists, its servers may."""
    if case.own_names:
        return
    sets = [address.names for host in case.hosts for address in host.addresses if address.names]
    names = {name for found in sets for name in found}
    for host in case.hosts if names else ():
        host.at_child = host.name in names


def _glue(parents: Iterable[ParentAnswer], name: dns.name.Name) -> list[Any]:
    found = {address for each in parents for owner, address in each.glue() if owner == name}
    return sorted(found, key=lambda address: (address.version, int(address)))


def _soa_json(record: Any, answer: Answer | None) -> dict[str, Any]:
    return {
        "mname": name_text(record.mname),
        "mailbox": soa_records.mailbox(record.rname),
        "serial": record.serial,
        "refresh": record.refresh,
        "retry": record.retry,
        "expire": record.expire,
        "minimum": record.minimum,
        "ttl": answer.ttl if answer and answer.authoritative else None,
    }
