"""Everything that a journey tells of, asked for at once: the way to the domain, its mail servers,
and what the sender's domain says of SPF, DKIM and DMARC."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import dns.name

from lookups.engine.addresses import Address, Scope, scope_of
from lookups.engine.checks import spf_networks
from lookups.engine.checks.spf_tree import Forest
from lookups.engine.context import Context
from lookups.engine.names import Domain
from lookups.engine.records import spf
from lookups.engine.report import finished
from lookups.engine.resolver import Resolver, ResolverSettings
from lookups.engine.spf.evaluate import check_host
from lookups.engine.spf.lookups import spf_texts
from lookups.engine.spf.result import Result, Verdict
from lookups.engine.trace import ROOT, Trace, Zone, start_at, trace, zones_on_the_way
from lookups.engine.transport import Transport
from lookups.pace import pace
from lookups.runtime import LESSONS, context_for, is_lesson, resolver_settings

SECONDS = 8.0  # for all of it
STEP_SECONDS = 1.3  # for one server on the way; a resolver would not wait longer either
SPF_SECONDS = 2.0  # kept back for the evaluations, which need what the checks found
MAX_QUERIES = 200
SENDER_TOPICS = ("mx", "spf", "dkim", "dmarc")
# Where a forged letter comes from: an address kept for examples (RFC 5737), in nobody's network.
STRANGER = ipaddress.IPv4Address("192.0.2.25")
MAX_CANDIDATES = 2  # addresses of one kind that are tried for a genuine letter

Records = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Facts:
    """What DNS said. `mx`, `spf`, `dkim` and `dmarc` are the records of the topics' sections
    (docs/contracts.md); the last three are the sender's.

    `zones` stands in for a trace from the root that found nobody of help. `own` is the SPF result
    of a letter from `own_address`, one that the sender's record lets send if there is such a one;
    None where no address is known. `stranger` is that of a letter from STRANGER. `asked` tells by
    name and type how the resolver's questions went, in a word and milliseconds.
    """

    domain: Domain
    sender: Domain
    trace: Trace
    zones: tuple[Zone, ...]
    mx: Records
    spf: Records
    dkim: Records
    dmarc: Records
    own_address: str
    own: Verdict | None
    stranger: Verdict
    asked: Mapping[tuple[str, str], str]

    def status(self, name: str, rdtype: str) -> str:
        """How the question went; empty where it was not asked."""
        return self.asked.get((name, rdtype), "")

    @property
    def lesson(self) -> bool:
        return is_lesson(self.domain.ascii)


async def ask(domain: Domain, sender: Domain) -> Facts:
    """Asks DNS, for at most SECONDS. What does not come in time is told as not known."""
    transport = Transport(pace())
    try:
        asked: dict[tuple[str, str], str] = {}
        (way, zones), mail, (found, verdicts) = await asyncio.gather(
            _way(domain, transport),
            _mail(domain, sender, transport, asked),
            _sender(sender, transport, asked),
        )
    finally:
        transport.close()
    own_address, own, stranger = verdicts
    return Facts(
        domain=domain,
        sender=sender,
        trace=way,
        zones=zones,
        mx=mail if mail is not None else found["mx"],
        spf=found["spf"],
        dkim=found["dkim"],
        dmarc=found["dmarc"],
        own_address=own_address,
        own=own,
        stranger=stranger,
        asked=asked,
    )


def _settings(seconds: float, query_timeout: float | None = None) -> ResolverSettings:
    known = resolver_settings()
    timeout = min(known.query_timeout, query_timeout or known.query_timeout)
    queries = min(known.max_queries, MAX_QUERIES)
    return replace(known, report_timeout=seconds, query_timeout=timeout, max_queries=queries)


async def _way(domain: Domain, transport: Transport) -> tuple[Trace, tuple[Zone, ...]]:
    """The trace; and the zones by the resolver's word where no server from the root on helped."""
    lesson = is_lesson(domain.ascii)
    resolver = Resolver(_settings(SECONDS, STEP_SECONDS), transport)
    helper = Resolver(_settings(SECONDS), transport)
    name = dns.name.from_text(domain.ascii)
    try:
        start = await start_at(resolver, LESSONS) if lesson else ROOT
        found = await trace(resolver, name, "MX", start, lesson=lesson)
        if lesson or any(step.kind != "failed" for step in found.steps):
            return found, ()
        return found, await zones_on_the_way(helper, name, start.zone)
    finally:
        resolver.close()
        helper.close()


async def _mail(
    domain: Domain, sender: Domain, transport: Transport, asked: dict[tuple[str, str], str]
) -> Records | None:
    """Topic mx of the domain; None where it is the sender's, too, and asked for there."""
    if domain.ascii == sender.ascii:
        return None
    return (await _sections(domain, ("mx",), transport, asked))["mx"]


async def _sender(
    sender: Domain, transport: Transport, asked: dict[tuple[str, str], str]
) -> tuple[dict[str, Records], tuple[str, Verdict | None, Verdict]]:
    found = await _sections(sender, SENDER_TOPICS, transport, asked)
    return found, await _verdicts(sender, found["mx"], transport)


async def _sections(
    domain: Domain,
    topics: tuple[str, ...],
    transport: Transport,
    asked: dict[tuple[str, str], str],
) -> dict[str, Records]:
    """The records of the topics; {} for one that broke before it knew anything. Fills `asked`."""
    context = context_for(domain, transport, _settings(SECONDS - SPF_SECONDS))
    found = {topic: section.records for topic, section in (await finished(context, topics)).items()}
    for entry in context.resolver.log:
        status = entry["rcode"] or entry["outcome"].upper()
        asked[entry["name"], entry["type"]] = f"{status}, {entry['ms']:.0f} ms"
    return found


async def _verdicts(
    sender: Domain, mx: Records, transport: Transport
) -> tuple[str, Verdict | None, Verdict]:
    """SPF results of a genuine letter and of a forged one, and where the genuine one comes from."""
    context = context_for(sender, transport, _settings(SPF_SECONDS))
    try:
        stranger, (address, own) = await asyncio.gather(
            _evaluate(context, STRANGER), _genuine(context, mx)
        )
        return address, own, stranger
    finally:
        context.close()
        context.resolver.close()


async def _genuine(context: Context, mx: Records) -> tuple[str, Verdict | None]:
    """The first address with a pass: of the sender's own mail servers, else of the record."""
    first: tuple[str, Verdict | None] = ("", None)
    for address in _mail_addresses(mx):
        verdict = await _evaluate(context, address)
        if verdict.result is Result.PASS:
            return str(address), verdict
        if first[1] is None:
            first = str(address), verdict
    for address in await _listed_addresses(context):
        verdict = await _evaluate(context, address)
        if verdict.result is Result.PASS:
            return str(address), verdict
    return first


async def _evaluate(context: Context, address: Address) -> Verdict:
    domain = context.domain.ascii
    # Never raises, and ends with its resolver's time.
    return await check_host(context.resolver, address, f"alice@{domain}", domain)


def _mail_addresses(mx: Records) -> list[Address]:
    found = [
        ipaddress.ip_address(address["address"])
        for host in mx.get("hosts") or ()
        for address in host["addresses"]
        if address["scope"] == Scope.PUBLIC.value
    ]
    return found[:MAX_CANDIDATES]


async def _listed_addresses(context: Context) -> list[Address]:
    """Addresses in the networks of the record and of all that it includes."""
    answer = await context.query(context.name, "TXT")
    texts = spf_texts(answer.records)
    if len(texts) != 1:
        return []
    domain = context.domain.ascii
    forest = Forest(context, domain)
    await forest.grow(spf.audit(texts[0]), answer)
    found = _inside(spf_networks.claims(forest, domain), context.lesson)
    return [address for address, _ in zip(found, range(MAX_CANDIDATES), strict=False)]


def _inside(claims: list[spf_networks.Claim], lesson: bool) -> Iterator[Address]:
    for claim in claims:
        network = claim.network
        address = network.network_address + (1 if network.num_addresses > 2 else 0)
        if scope_of(address, lesson) is Scope.PUBLIC:
            yield address
