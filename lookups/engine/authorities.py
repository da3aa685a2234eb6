"""The zone that a name lies in, and the servers that answer for it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import dns.name

from .addresses import Address
from .checks.delegation_servers import ParentAnswer, addresses_in
from .resolver import Answer, Outcome, Resolver

MAX_ANCESTORS = 10  # names above the one asked that may be zones
MAX_HOSTS = 13  # name servers that are asked: as many as the root has
MAX_ADDRESSES = 16  # of all of them
MAX_PARENTS = 3  # servers of the zone above that are asked, where the resolver gets no answer


@dataclass(frozen=True, slots=True)
class Authority:
    """One address of a name server."""

    host: dns.name.Name
    address: Address


@dataclass(frozen=True, slots=True)
class Authorities:
    """`hosts` are the zone's name servers, `servers` their addresses that may be asked, one of
    each host before second ones; `without` are hosts that have no such address."""

    zone: dns.name.Name
    hosts: tuple[dns.name.Name, ...]
    servers: tuple[Authority, ...]
    without: tuple[dns.name.Name, ...] = ()


async def authorities(resolver: Resolver, name: dns.name.Name, rdtype: str) -> Authorities | None:
    """Who answers for `rdtype` at `name`; None where the resolver cannot tell.

    A DS record stands in the zone above the name that it is about (RFC 4035 §3.1.4.1).
    """
    if rdtype == "DS" and len(name) > 1:
        name = name.parent()
    lesson = resolver.is_routed(name)
    names = _names_upward(resolver, name, lesson)
    answers = await resolver.queries(*((each, "NS") for each in names))
    place = zone_place(answers)
    if place is None:
        return None
    zone, answer = names[place], answers[place]
    if is_zone(answer):
        return await _found(resolver, zone, (r.target for r in answer.records), {}, lesson)
    return await _from_above(resolver, zone, names[place + 1 :], answers[place + 1 :], lesson)


def is_zone(answer: Answer) -> bool:
    """Whether the answer to a question for NS records shows that the name is a zone."""
    return answer.outcome is Outcome.ANSWER and not answer.aliases


def zone_place(answers: Sequence[Answer]) -> int | None:
    """The place of the closest zone. Names without a usable answer may be one that is broken: then
    it is the highest of them, since all names below a broken zone fail as well. None where all of
    them fail: that is the resolver's fault."""
    for place, answer in enumerate(answers):
        if is_zone(answer):
            return place
        if answer.outcome.is_failure:
            while place + 1 < len(answers) and answers[place + 1].outcome.is_failure:
                place += 1
            return place if place + 1 < len(answers) else None
    return None


def _names_upward(resolver: Resolver, name: dns.name.Name, lesson: bool) -> list[dns.name.Name]:
    """The name and those above it; the classroom has nothing above itself."""
    found = [name]
    while len(name) > 1 and len(found) <= MAX_ANCESTORS:
        name = name.parent()
        if lesson and not resolver.is_routed(name):
            break
        found.append(name)
    return found


async def _from_above(
    resolver: Resolver,
    zone: dns.name.Name,
    names: Sequence[dns.name.Name],
    answers: Sequence[Answer],
    lesson: bool,
) -> Authorities | None:
    """A zone that the resolver gets no answer from: whom the zone above delegates it to."""
    for name, answer in zip(names, answers, strict=True):
        if not is_zone(answer):
            continue
        above = await _found(resolver, name, (r.target for r in answer.records), {}, lesson)
        for server in above.servers[:MAX_PARENTS]:
            said = await resolver.ask(server.address, zone, "NS")
            parent = ParentAnswer(server.host, server.address, False, said, zone)
            if parent.names:
                glue: dict[dns.name.Name, list[Address]] = {}
                for host, address in parent.glue():
                    glue.setdefault(host, []).append(address)
                return await _found(resolver, zone, parent.names, glue, lesson)
        return None
    return None


async def _found(
    resolver: Resolver,
    zone: dns.name.Name,
    targets: Iterable[dns.name.Name],
    glue: dict[dns.name.Name, list[Address]],
    lesson: bool,
) -> Authorities:
    hosts = tuple(sorted(set(targets)))[:MAX_HOSTS]
    addresses = await asyncio.gather(*(_addresses(resolver, host, glue) for host in hosts))
    ranked, without = [], []
    for host, found in zip(hosts, addresses, strict=True):
        usable = [address for address in found if resolver.may_reach(address, lesson)]
        if not usable:
            without.append(host)
        for version in (4, 6):
            family = sorted(address for address in usable if address.version == version)
            ranked += [(at, version, host, address) for at, address in enumerate(family)]
    ranked.sort(key=lambda entry: entry[:3])
    servers = tuple(Authority(host, address) for _, _, host, address in ranked)
    return Authorities(zone, hosts, servers[:MAX_ADDRESSES], tuple(without))


async def _addresses(
    resolver: Resolver, host: dns.name.Name, glue: dict[dns.name.Name, list[Address]]
) -> list[Address]:
    if host in glue:
        return glue[host]
    answers = await resolver.queries((host, "A"), (host, "AAAA"))
    return [address for answer in answers for address in addresses_in(answer)]
