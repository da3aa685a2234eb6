"""Topic dnssec: whether the domain's answers can be forged on their way (RFC 4033, RFC 9364).

The chain of trust is followed from the trust anchor down to the domain, and to the zones of the
hosts that take its mail. Whatever resolver is asked, its word is not taken for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import dns.name
from dns.rdatatype import NSEC3, SOA

from ..context import Context
from ..dnssec import Examination, Security, Zone, examine, zone_at
from ..dnssec.chain import Trust, ask_ahead, names_between, trust_of
from ..dnssec.signatures import keys_of
from ..dnssec.status import weakest
from ..finding import Partial, Section
from ..message import AD
from ..resolver import Answer, Outcome, name_text
from . import dnssec_json, dnssec_rules
from .mail_hosts import MailHosts, mail_hosts
from .mx_rules import bounded

TOPIC = "dnssec"
MAX_HOSTS = 10  # mail servers whose addresses are validated
MAX_LEVELS = 12  # zones of one domain that are shown


@dataclass(frozen=True, slots=True)
class HostState:
    """What validation says of the addresses of one mail server."""

    name: str
    security: Security
    examination: Examination
    answer: Answer

    @property
    def zone(self) -> str:
        zone = self.examination.zone
        return name_text(zone.name) if zone else ""


@dataclass(slots=True)
class Case:
    """What is known so far. `levels` are the zones from the trust anchor to the domain's own, also
    those below the point where the chain ends; `keys` the answer for DNSKEY of the last of them;
    `leaves` the answers of the domain itself."""

    context: Context
    trust: Trust
    zone: Zone
    levels: list[Zone]
    keys: Answer
    mail: MailHosts
    exists: bool
    leaves: list[tuple[Answer, Examination]] = field(default_factory=list)
    hosts: list[HostState] = field(default_factory=list)
    denial: dict[str, Any] | None = None

    @property
    def own(self) -> Zone:
        """The zone of the domain."""
        return self.levels[-1]

    @property
    def security(self) -> Security:
        """Of the domain's answers. That CDS is denied insecurely makes the others no worse."""
        counted = [
            each.security
            for answer, each in self.leaves
            if answer.type != "CDS" or each.security is Security.BOGUS
        ]
        return weakest([self.zone.security, *counted])

    @property
    def resolver_validates(self) -> bool:
        """Whether the resolver, too, calls the MX answer authentic (RFC 4035 §3.2.3)."""
        message = self.mail.answer.message
        return bool(message and message.flags & AD)

    def section(self, complete: bool) -> Section:
        findings = dnssec_rules.findings(self) if complete else []
        return Section(TOPIC, dnssec_json.records(self), tuple(bounded(findings)), complete)


async def check(context: Context) -> AsyncIterator[Section | Partial]:
    """Yields the chain of zones as soon as it is known, then the answers that hang on it."""
    name = context.name
    # One round of questions for the whole chain and for what hangs on it. CDS hardly ever exists
    # in a zone: how it is denied shows whether and how the zone proves what it does not have.
    _, mail, soa, cds = await asyncio.gather(
        ask_ahead(context, name, keys=True),
        mail_hosts(context),
        context.query(name, "SOA"),
        context.query(name, "CDS"),
    )
    zone = await zone_at(context, name)
    exists = mail.answer.outcome is not Outcome.NXDOMAIN
    levels = await _levels(context, zone, name)
    keys = await context.query(levels[-1].name, "DNSKEY")
    case = Case(context, await trust_of(context), zone, levels, keys, mail, exists)
    yield partial(case.section, complete=False)
    answers = [soa, mail.answer] if exists else [mail.answer]
    if exists and not cds.outcome.is_failure:  # servers that know no CDS harm nobody by it
        answers.append(cds)
    examined = await asyncio.gather(*(examine(context, answer) for answer in answers))
    case.leaves = list(zip(answers, examined, strict=True))
    if exists:
        hosts = [host for host in mail.hosts if not host.implicit][:MAX_HOSTS]
        case.hosts = list(await asyncio.gather(*(_host(context, host.name) for host in hosts)))
    case.denial = await _denial(case, cds)
    yield case.section(complete=True)


async def _levels(context: Context, zone: Zone, name: dns.name.Name) -> list[Zone]:
    """The zones on the way: those of the chain, and those that begin below its end. There no
    zone above can prove anything; the answers for DNSKEY tell where a zone begins."""
    path = zone.path
    if zone.security is not Security.SECURE:
        path[-1] = await _with_keys(context, zone)
        for below in list(names_between(zone.name, name))[1:]:
            answer = await context.query(below, "DNSKEY")
            if _is_apex(answer):
                ds = (await context.query(below, "DS")).records
                keys = keys_of(answer.records)
                path.append(Zone(below, zone.security, path[-1], keys, ds))
    return path[-MAX_LEVELS:]


async def _with_keys(context: Context, zone: Zone) -> Zone:
    if zone.keys or zone.reason and zone.reason.answer and zone.reason.answer.outcome.is_failure:
        return zone
    answer = await context.query(zone.name, "DNSKEY")
    keys = keys_of(answer.records) if not answer.aliases else ()
    return Zone(
        zone.name,
        zone.security,
        zone.parent,
        keys,
        zone.ds,
        zone.reason,
        zone.unsupported,
        zone.opt_out,
    )


def _is_apex(answer: Answer) -> bool:
    if answer.aliases or answer.outcome.is_failure or answer.message is None:
        return False
    if answer.outcome is Outcome.ANSWER:
        return True
    return any(r.type == SOA and r.name == answer.name for r in answer.message.authority)


async def _host(context: Context, name: dns.name.Name) -> HostState:
    answers = await context.queries((name, "A"), (name, "AAAA"))
    examined = await asyncio.gather(*(examine(context, answer) for answer in answers))
    worst = weakest(each.security for each in examined)
    index = next(i for i, each in enumerate(examined) if each.security is worst)
    return HostState(name_text(name), worst, examined[index], answers[index])


async def _denial(case: Case, cds: Answer) -> dict[str, Any] | None:
    """How the domain's zone denies: NSEC, or NSEC3 with these parameters (RFC 5155 §4)."""
    own = case.own.name
    record = case.trust.hashed.get(own)
    if record is None and cds.outcome is Outcome.ANSWER and case.zone.security is Security.SECURE:
        found = (await case.context.query(own, "NSEC3PARAM")).records
        record = found[0] if found else None
    if record is not None:
        opt_out = record.rdtype == NSEC3 and bool(record.flags & 1)
        salt = record.salt.hex()
        return {
            "kind": "nsec3",
            "iterations": record.iterations,
            "salt": salt,
            "opt_out": opt_out,
        }
    return {"kind": "nsec"} if case.zone.security is Security.SECURE else None
