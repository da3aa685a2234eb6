"""Topic blocklist: whether DNS blocklists hold the addresses of the domain's machines (RFC 5782).

Each list is asked for its own test entries as well (RFC 5782 §5): lists that died or answer
everybody with "listed" would accuse the innocent. Off unless the operator names lists.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import dns.name

from ..addresses import Address, Scope, scope_of
from ..addresses import parse as parse_address
from ..context import Context, quietly
from ..finding import Evidence, Finding, Partial, Section
from ..resolver import Answer, Outcome, name_text
from ..smtp.dialogue import clean
from .answers import evidence, failure_finding
from .mail_hosts import mail_hosts
from .mx_rules import bounded

TOPIC = "blocklist"
MAX_LISTS = 6
MAX_HOSTS = 8
MAX_ADDRESSES = 10  # that are looked up in each list
MAX_CODES = 8
MAX_REASON = 300
TEST_SECONDS = 3600.0  # that the test of a list is remembered
MAX_TESTED = 200

LISTED = ipaddress.ip_network("127.0.0.0/8")  # RFC 5782 §2.1
# Codes by which lists say "I do not answer you": 127.255.255.0/24 (Spamhaus and others: mistyped
# zone, open resolver, too many questions) and 127.0.0.1 (URIBL); entries begin at 127.0.0.2.
REFUSALS = (ipaddress.ip_network("127.255.255.0/24"), ipaddress.ip_network("127.0.0.1/32"))

_tested: dict[Any, tuple[float, str]] = {}


@dataclass(slots=True)
class _Result:
    """What one list says of one address: "listed", "clear", "refused", "broken" or "failed"."""

    zone: str
    state: str
    answer: Answer
    codes: tuple[str, ...] = ()
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "list": self.zone,
            "state": self.state,
            "codes": list(self.codes),
            "reason": self.reason,
        }


@dataclass(slots=True)
class _Machine:
    """An address, the mail servers that have it, and whether the domain itself does."""

    address: Address
    hosts: list[str] = field(default_factory=list)
    apex: bool = False
    results: list[_Result] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "address": str(self.address),
            "hosts": self.hosts,
            "apex": self.apex,
            "results": [result.as_json() for result in self.results],
        }


async def check(context: Context) -> AsyncIterator[Section | Partial]:
    """Yields the addresses at once, then what each list says of them."""
    zones = tuple(dict.fromkeys(z.lower().strip(".") for z in context.options.blocklists))
    zones = zones[:MAX_LISTS]
    if not zones:
        yield Section(TOPIC, {"off": True})
        return
    found = await _machines(context)
    machines = found[:MAX_ADDRESSES]
    records: dict[str, Any] = {
        "off": False,
        "lists": [{"zone": zone, "state": "pending"} for zone in zones],
        "addresses": [machine.as_json() for machine in machines],
        "skipped": len(found) - len(machines),
    }
    if not machines:
        yield Section(TOPIC, records | {"lists": []})
        return
    yield partial(Section, TOPIC, records, complete=False)
    states = quietly(asyncio.gather(*(_state_of(context, zone) for zone in zones)))
    results = quietly(asyncio.gather(*(_look_up(context, m.address, zones) for m in machines)))
    by_zone = dict(zip(zones, await states, strict=True))
    for machine, result in zip(machines, await results, strict=True):
        machine.results = result
    records["addresses"] = [machine.as_json() for machine in machines]
    records["lists"] = [{"zone": zone, "state": state} for zone, state in by_zone.items()]
    yield Section(TOPIC, records, tuple(bounded(_findings(context, machines, by_zone))))


async def _machines(context: Context) -> list[_Machine]:
    """The public addresses of the mail servers, then those of the domain itself."""
    found = await mail_hosts(context)
    names = [host.name for host in found.hosts[:MAX_HOSTS]]
    apex, *answers = await asyncio.gather(
        _addresses(context, context.name), *(_addresses(context, name) for name in names)
    )
    machines: dict[Address, _Machine] = {}
    for name, addresses in zip(names, answers, strict=True):
        for address in addresses:
            machines.setdefault(address, _Machine(address)).hosts.append(name_text(name))
    for address in apex:
        machines.setdefault(address, _Machine(address)).apex = True
    return list(machines.values())


async def _addresses(context: Context, name: dns.name.Name) -> list[Address]:
    answers = await context.queries((name, "A"), (name, "AAAA"))
    found = (parse_address(record.address) for a in answers for record in a.records)
    return [a for a in found if scope_of(a, context.lesson) is Scope.PUBLIC]


def entry_name(address: Address, zone: str) -> dns.name.Name:
    """Where a list would hold `address`: octets (RFC 5782 §2.1) or nibbles (§2.4) reversed."""
    four = address.version == 4
    parts = str(address).split(".") if four else list(address.exploded.replace(":", ""))
    return dns.name.from_text(".".join([*reversed(parts), zone]))


async def _look_up(context: Context, address: Address, zones: tuple[str, ...]) -> list[_Result]:
    return list(await asyncio.gather(*(_ask(context, address, zone) for zone in zones)))


async def _ask(context: Context, address: Address, zone: str) -> _Result:
    """What the list `zone` says of `address`, with its reason where there is one (§2.1)."""
    name = entry_name(address, zone)
    answer = await context.query(name, "A")
    state = _meaning(answer)
    codes = tuple(sorted({record.address for record in answer.records}))[:MAX_CODES]
    reason = _reason(await context.query(name, "TXT")) if state == "listed" else ""
    return _Result(zone, state, answer, codes, reason)


def _meaning(answer: Answer) -> str:
    """RFC 5782 §2.1: an address in 127.0.0.0/8 says "listed", NXDOMAIN "not listed"."""
    if answer.outcome is Outcome.REFUSED:
        return "refused"
    if answer.outcome.is_failure:
        return "failed"
    codes = [parse_address(record.address) for record in answer.records]
    if not codes:
        return "clear"
    if any(code in network for code in codes for network in REFUSALS):
        return "refused"
    return "listed" if all(code in LISTED for code in codes) else "broken"


def _reason(answer: Answer) -> str:
    texts = (b"".join(record.strings).decode("utf-8", "replace") for record in answer.records)
    return clean(" ".join(sorted(texts)), MAX_REASON)


async def _state_of(context: Context, zone: str) -> str:
    """Whether a list works: "working", "refused", "broken" or "unknown"; remembered for a while."""
    settings = context.resolver.settings
    key = (zone, settings.servers, settings.classroom)
    now = time.monotonic()
    if key in _tested and _tested[key][0] > now:
        return _tested[key][1]
    state = await _test(context, zone)
    if state != "unknown":
        if len(_tested) >= MAX_TESTED:
            _tested.clear()
        _tested[key] = (now + TEST_SECONDS, state)
    return state


async def _test(context: Context, zone: str) -> str:
    """RFC 5782 §5: 127.0.0.2 (for IPv6 lists ::FFFF:7F00:2) must be listed, 127.0.0.1 must not."""
    listed, listed6, clear = await asyncio.gather(
        *(
            context.query(entry_name(ipaddress.ip_address(text), zone), "A")
            for text in ("127.0.0.2", "::ffff:7f00:2", "127.0.0.1")
        )
    )
    meanings = {_meaning(listed), _meaning(listed6)}
    if _meaning(clear) == "refused" or ("refused" in meanings and "listed" not in meanings):
        return "refused"
    if _meaning(clear) in ("listed", "broken"):
        return "broken"
    if "listed" in meanings:
        return "working"
    return "unknown" if "failed" in meanings else "broken"


def _findings(
    context: Context, machines: list[_Machine], states: dict[str, str]
) -> Iterator[Finding]:
    """A list that refuses or does not work says nothing, whatever it answers."""
    believed = [
        (machine, result)
        for machine in machines
        for result in machine.results
        if states[result.zone] in ("working", "unknown")
    ]
    answered = [(m, r) for m, r in believed if r.state in ("listed", "clear")]
    if answered and not any(result.state != "clear" for _, result in believed):
        count = {"addresses": len(machines), "lists": sorted({r.zone for _, r in answered})}
        yield Finding("blocklist-clear", count, _proofs(answered))
    for machine, result in believed:
        if result.state == "listed":
            yield _listed(machine, result)
    for zone, state in states.items():
        yield from _of_list(context, zone, state, [r for _, r in believed if r.zone == zone])


def _listed(machine: _Machine, result: _Result) -> Finding:
    parameters: dict[str, Any] = {
        "address": str(machine.address),
        "list": result.zone,
        "codes": list(result.codes),
        "reason": result.reason or "-",
    }
    proofs = (*evidence(result.answer), Evidence(name_text(result.answer.name), "TXT"))
    if machine.hosts:
        return Finding("blocklist-listed", {"host": machine.hosts[0]} | parameters, proofs)
    return Finding("blocklist-domain-listed", parameters, proofs)


def _of_list(context: Context, zone: str, state: str, results: list[_Result]) -> Iterator[Finding]:
    """What a list itself suffers from, once for each list."""
    by_state = {result.state: result for result in reversed(results)}
    if state == "refused" or "refused" in by_state:
        result = by_state.get("refused")
        parameters = {"list": zone, "codes": list(result.codes) if result else []}
        proofs = evidence(result.answer) if result else ()
        yield Finding("blocklist-refused", parameters, proofs)
    elif state == "broken" or "broken" in by_state:
        result = by_state.get("broken")
        yield Finding("blocklist-broken", {"list": zone}, evidence(result.answer) if result else ())
    elif "failed" in by_state:
        yield failure_finding(by_state["failed"].answer, context.resolver)


def _proofs(answered: list[tuple[_Machine, _Result]]) -> tuple[Evidence, ...]:
    return evidence(*(result.answer for _, result in answered[:MAX_ADDRESSES]))
