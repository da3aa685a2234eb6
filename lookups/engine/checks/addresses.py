"""Topic reverse: the addresses of a domain and of its mail servers, and their way back to names.

What is wrong for the reception of mail itself topic mx says; here stands what reverse DNS tells of
them beside that: names that receivers distrust, reverse zones that are out of order, IPv6.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import dns.name

from ..addresses import Scope, reverse_name
from ..addresses import parse as parse_address
from ..context import Context
from ..finding import Finding, Section
from ..resolver import Outcome, Resolver, name_text
from .answers import evidence, failure_finding
from .generic_names import looks_generic
from .mail_hosts import mail_hosts
from .mx_hosts import Host, HostAddress, is_host_name, look_up
from .mx_rules import bounded
from .reverse import MAX_NAMES, Reverse

TOPIC = "reverse"
MAX_RAW = 40
MAX_READY = 10


@dataclass(frozen=True, slots=True)
class _Place:
    """A host whose addresses are looked at: the domain itself, a mail server, or both."""

    host: Host
    is_domain: bool
    takes_mail: bool

    @property
    def role(self) -> str:
        if self.is_domain and self.takes_mail:
            return "both"
        return "domain" if self.is_domain else "mx"

    def as_json(self) -> dict[str, Any]:
        shape = self.host.as_json()
        return {
            "name": shape["exchange"],
            "unicode": shape["unicode"],
            "role": self.role,
            "state": shape["state"],
            "addresses": [_address_json(address) for address in self.host.addresses],
        }


async def check(context: Context) -> AsyncIterator[Section]:
    """Yields once: what was not asked for by topic mx already takes one round or two."""
    domain = Host(0, context.name)
    _, hosts = await asyncio.gather(look_up(context, domain), _mail_servers(context))
    implicit = any(host.exchange == context.name for host in hosts)
    places = [_Place(domain, is_domain=True, takes_mail=implicit)]
    places += [_Place(h, False, True) for h in hosts if h.exchange != context.name]
    if all(answer.outcome is Outcome.NXDOMAIN for answer in domain.answers):
        yield Section(TOPIC, {"kind": "missing", "hosts": [], "raw": []})
        return
    records: dict[str, Any] = {
        "kind": "found" if any(place.host.addresses for place in places) else "none",
        "hosts": [place.as_json() for place in places],
        "raw": _raw(places),
    }
    if ready := _ready(places, context.name):
        records["ready"] = ready
    found = bounded(_findings(places, context.resolver))
    yield Section(TOPIC, records, tuple(found))


async def _mail_servers(context: Context) -> list[Host]:
    """The hosts that take mail, looked up as topic mx does: the same questions, asked once."""
    named = await mail_hosts(context)
    hosts = [Host(host.preference, host.name) for host in named.hosts]
    others = [host for host in hosts if host.exchange != context.name]
    await asyncio.gather(*(look_up(context, host) for host in others))
    return hosts


def _backs(places: Iterable[_Place]) -> dict[str, tuple[_Place, HostAddress, Reverse]]:
    """Each address that was looked back from once, with the first place that has it."""
    found: dict[str, tuple[_Place, HostAddress, Reverse]] = {}
    for place in places:
        for address in place.host.usable:
            if address.back is not None:
                found.setdefault(str(address.address), (place, address, address.back))
    return found


# --- rules -------------------------------------------------------------------------------------
def _findings(places: list[_Place], resolver: Resolver) -> Iterator[Finding]:
    yield from _domain(places[0], resolver)
    backs = _backs(places)
    yield from _broken(backs.values())
    for place in places:
        if place.takes_mail:
            yield from _generic(place.host)
    for _, address, back in backs.values():
        yield from _names(address, back)
    confirmed = [back for _, _, back in backs.values() if back.state == "confirmed"]
    if backs and len(confirmed) == len(backs):
        proofs = evidence(*(back.answer for back in confirmed))
        yield Finding("reverse-confirmed", {"count": len(confirmed)}, proofs)
    yield from _ipv6(places)


def _domain(place: _Place, resolver: Resolver) -> Iterator[Finding]:
    """The domain's own addresses; where it takes mail itself, topic mx judges them."""
    host = place.host
    for answer in host.answers:
        if answer.outcome.is_failure:
            yield failure_finding(answer, resolver)
    proofs = evidence(*host.answers)
    if not host.addresses and not host.failure:
        yield Finding("reverse-apex-no-address", {"name": host.name}, proofs)
    skipped = (a.back.failure for a in host.usable if a.back and a.reverse == "skipped")
    yield from (failure_finding(answer, resolver) for answer in skipped if answer)
    if place.takes_mail:
        return
    hidden = [str(a.address) for a in host.addresses if a.scope is not Scope.PUBLIC]
    if hidden:
        yield Finding("reverse-apex-not-public", {"addresses": hidden}, proofs)
    backs = [address.back for address in host.usable if address.back]
    unnamed = [back for back in backs if back.state == "none"]
    if unnamed:
        addresses = [back.address for back in unnamed]
        asked = evidence(*(back.answer for back in unnamed))
        yield Finding("reverse-apex-no-ptr", {"addresses": addresses}, asked)
    for back in backs:
        if back.state == "unconfirmed":
            names = [name.name for name in back.names]
            parameters = {"address": back.address, "names": names}
            yield Finding("reverse-apex-unconfirmed", parameters, evidence(back.answer))


def _broken(backs: Iterable[tuple[_Place, HostAddress, Reverse]]) -> Iterator[Finding]:
    """Reverse zones whose servers do not answer, which is not the same as no PTR record."""
    broken = [
        back
        for _, _, back in backs
        if back.answer.outcome.is_failure and not back.answer.outcome.is_unasked
    ]
    if broken:
        parameters = {"addresses": [back.address for back in broken]}
        yield Finding("reverse-zone-broken", parameters, evidence(*(b.answer for b in broken)))


def _generic(host: Host) -> Iterator[Finding]:
    """Mail servers none of whose names looks chosen. Receivers look at the confirmed ones."""
    for address in host.usable:
        back = address.back
        if back is None or back.state != "confirmed":
            continue
        names = [name.name for name in back.names if name.confirmed]
        if all(looks_generic(name, address.address) for name in names):
            parameters = {"host": host.name, "address": back.address, "name": names[0]}
            yield Finding("reverse-generic", parameters, evidence(back.answer))


def _names(address: HostAddress, back: Reverse) -> Iterator[Finding]:
    """What PTR records name: host names (RFC 1123 §2.1), no aliases (RFC 2181 §10.2), not many."""
    shown, proof = str(address.address), evidence(back.answer)
    targets = _targets(back)
    if len(targets) > MAX_NAMES:
        parameters = {"address": shown, "count": len(targets)}
        yield Finding("reverse-many-names", parameters, proof)
    for target in targets[:MAX_NAMES]:
        if not is_host_name(target):
            parameters = {"address": shown, "name": name_text(target)}
            yield Finding("reverse-name-invalid", parameters, proof)
    for name in back.names:
        if name.alias:
            parameters = {"address": shown, "name": name.name, "target": name.alias}
            yield Finding("reverse-name-is-alias", parameters, proof)


def _ipv6(places: list[_Place]) -> Iterator[Finding]:
    """Whether mail servers can be reached over IPv6; that none can be topic mx says."""
    reached = [
        place.host
        for place in places
        if place.takes_mail and any(a.address.version == 6 for a in place.host.usable)
    ]
    if reached:
        proofs = evidence(*(a for host in reached for a in host.answers if a.type == "AAAA"))
        parameters = {"count": len(reached), "hosts": [host.name for host in reached]}
        yield Finding("reverse-ipv6", parameters, proofs)


# --- records -----------------------------------------------------------------------------------
def _targets(back: Reverse) -> list[dns.name.Name]:
    return sorted({record.target for record in back.answer.records})


def _address_json(address: HostAddress) -> dict[str, Any]:
    back = address.back
    return address.as_json() | {
        "names": [
            {
                "name": name.name,
                "confirmed": name.confirmed,
                "alias": name.alias or None,
                "generic": looks_generic(name.name, address.address),
            }
            for name in (back.names if back else ())
        ],
        "count": len(_targets(back)) if back else 0,
        "outcome": back.answer.outcome.value if back and back.answer.outcome.is_failure else None,
    }


def _raw(places: list[_Place]) -> list[dict[str, Any]]:
    """The PTR records that were found."""
    return [
        {"name": name_text(back.answer.name), "type": "PTR", "value": name_text(target) + "."}
        for _, _, back in _backs(places).values()
        for target in _targets(back)[:MAX_NAMES]
    ][:MAX_RAW]


def _ready(places: list[_Place], domain: dns.name.Name) -> list[dict[str, Any]]:
    """PTR records for mail servers of the domain's own that have none, or no good one."""
    wanted: list[dict[str, Any]] = []
    for place, address, back in _backs(place for place in places if place.takes_mail).values():
        named = [name for name in back.names if name.confirmed]
        good = any(not looks_generic(name.name, address.address) for name in named)
        if good or back.state == "failed" or not place.host.exchange.is_subdomain(domain):
            continue
        if is_host_name(place.host.exchange) and not place.host.alias:
            pointer = name_text(reverse_name(parse_address(back.address)))
            wanted.append({"name": pointer, "type": "PTR", "value": place.host.name + "."})
    return wanted[:MAX_READY]
