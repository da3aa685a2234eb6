"""Topic spf: who may send mail with the domain as its sender (RFC 7208).

A static audit: what the record says, which others it leads to, and what all of them cost. Which
result a message gets is for `lookups.engine.spf`.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ..context import Context, quietly
from ..finding import Finding, Partial, Section
from ..records import spf
from ..records.spf import Record
from ..records.txt import raw_record, text_of
from ..resolver import Answer, Outcome, name_text
from ..spf.lookups import MAX_LOOKUPS, MAX_VOID_LOOKUPS, dns_name
from ..spf.macros import known_name
from . import spf_networks, spf_ready, spf_rules, spf_tree_rules
from .answers import absence_finding, evidence, failure_finding
from .mail_hosts import MailHosts, mail_hosts
from .mx_rules import bounded
from .snapshots import snapshots
from .spf_networks import Coverage
from .spf_tree import Forest
from .spf_tree_rules import Host

TOPIC = "spf"
MAX_RECORDS = 5  # of a domain that are shown


@dataclass(slots=True)
class _Case:
    """What is known so far. `kind`: "record", "misspelt", "multiple", "none" or "unknown"."""

    context: Context
    answer: Answer
    old: Answer | None = None  # to the question for the obsolete type
    mail: MailHosts | None = None
    kind: str = "none"
    texts: list[str] = field(default_factory=list)
    strings: tuple[bytes, ...] = ()
    record: Record | None = None
    forest: Forest | None = None
    explanation: Answer | None = None
    hosts: list[Host] = field(default_factory=list)

    @property
    def domain(self) -> str:
        return self.context.domain.ascii


async def check(context: Context) -> AsyncIterator[Section | Partial]:
    """Yields the record at once, then the tree as it grows, then the whole."""
    beside = quietly(asyncio.gather(context.query(context.name, "SPF"), mail_hosts(context)))
    try:
        case = _Case(context, await context.query(context.name, "TXT"))
        _classify(case)
        if case.record:
            yield partial(_section, case, complete=False)
            async for _ in _look_further(case, case.record):
                yield partial(_section, case, complete=False)
        case.old, case.mail = await beside
    finally:
        beside.cancel()
    yield _section(case, complete=True)


def _classify(case: _Case) -> None:
    """§4.5: which of the TXT records is the SPF record."""
    if case.answer.outcome.is_failure:
        case.kind = "unknown"
        return
    found = [(record.strings, text_of(record.strings)) for record in case.answer.records]
    texts = [(strings, text) for strings, text in found if spf.is_spf(text)]
    if len(texts) == 1:
        case.kind = "record"
        case.strings = texts[0][0]
        case.record = spf.audit(texts[0][1])
    elif texts:
        case.kind = "multiple"
        texts.sort(key=lambda found: found[1])  # servers like to turn the order round
    else:
        texts = [(strings, text) for strings, text in found if spf.meant_version(text)]
        case.kind = "misspelt" if texts else "none"
    case.texts = [text for _, text in texts]


def _look_further(case: _Case, record: Record) -> AsyncIterator[None]:
    """Asks for all that the record leads to, and for the hosts that take the domain's mail."""
    forest = case.forest = Forest(case.context, case.domain)
    return snapshots(
        forest.grow(record, case.answer), _ask_hosts(case), _ask_explanation(case, record)
    )


async def _ask_hosts(case: _Case) -> None:
    hosts = (await mail_hosts(case.context)).hosts
    answers = await case.context.queries(
        *((host.name, rdtype) for host in hosts for rdtype in ("A", "AAAA"))
    )
    pairs = zip(answers[::2], answers[1::2], strict=True)
    case.hosts = [Host(host.text, pair, None) for host, pair in zip(hosts, pairs, strict=True)]


async def _ask_explanation(case: _Case, record: Record) -> None:
    exp = record.modifier("exp")
    known = known_name(exp.value, case.domain, case.domain) if exp else None
    name = dns_name(known) if known else None
    if name is not None:
        case.explanation = await case.context.query(name, "TXT")


def _section(case: _Case, complete: bool) -> Section:
    records: dict[str, Any] = {
        "kind": case.kind,
        "raw": _raw(case),
        "alias": name_text(case.answer.owner) if case.answer.aliases else None,
    }
    if case.forest and case.forest.root in case.forest.sources:
        records |= _tree_records(case.forest)
    found: list[Finding] = []
    if complete:
        found = list(bounded(_findings(case, records)))
        if ready := _ready(case):
            value = {"name": case.domain, "type": "TXT", "value": ready}
            records["ready"] = [value]
    return Section(TOPIC, records, tuple(found), complete)


def _raw(case: _Case) -> list[dict[str, Any]]:
    shown = []
    for text in case.texts[:MAX_RECORDS]:
        record = case.record or spf.audit(text)
        shown.append(raw_record(case.domain, text, spf.parts(text, record.problems)))
    if not case.texts and case.old:
        for record in case.old.records[:MAX_RECORDS]:
            text = text_of(record.strings)
            shown.append(raw_record(case.domain, text, spf.parts(text), "SPF"))
    return shown


def _tree_records(forest: Forest) -> dict[str, Any]:
    tree = forest.tree()
    return {
        "lookups": tree.cost,
        "limit": MAX_LOOKUPS,
        "void": len(spf_tree_rules.voids(forest)),
        "void_limit": MAX_VOID_LOOKUPS,
        "tree": tree.as_json(),
        "cut": forest.is_cut,
    }


def _findings(case: _Case, records: dict[str, Any]) -> list[Finding]:
    """Everything, once all questions are answered. Adds what it found out to `records`."""
    answer, resolver = case.answer, case.context.resolver
    if case.kind == "unknown":
        return [failure_finding(answer, resolver)]
    if answer.outcome is Outcome.NXDOMAIN:
        return [absence_finding(answer)]
    found = _old_type(case)
    if case.kind == "multiple":
        return [spf_rules.multiple(answer, len(case.texts)), *found]
    if case.kind == "misspelt":
        text = case.texts[0]
        return [spf_rules.misspelt(answer, text, spf.meant_version(text)), *found]
    if case.record is None or case.forest is None:
        if not any(finding.id == "spf-old-type-only" for finding in found):
            takes_mail = bool(case.mail and case.mail.hosts)
            found.append(spf_rules.none(answer, takes_mail))
        return found
    found += spf_rules.record(answer, case.record, case.strings)
    found += spf_tree_rules.explanation(case.record, case.explanation)
    found += _further(case, case.forest, case.record, records)
    return found


def _old_type(case: _Case) -> list[Finding]:
    records = case.old.records if case.old else ()
    if case.old is None or not any(spf.is_spf(text_of(record.strings)) for record in records):
        return []
    return [spf_rules.old_type(case.old, alone=case.kind == "none")]


def _further(case: _Case, forest: Forest, record: Record, records: dict[str, Any]) -> list[Finding]:
    """What follows from the tree and from the addresses at its ends."""
    tree = forest.tree()
    errors = spf_tree_rules.broken(forest, tree, case.context.resolver)
    limits = spf_tree_rules.limits(forest, tree)
    result, default = spf_tree_rules.default(forest)
    claims = spf_networks.claims(forest, forest.root)
    coverage = Coverage([claim.network for claim in claims])
    records["default"] = result
    records["ipv4_addresses"] = coverage.ipv4_addresses
    records["ipv6_networks"] = coverage.ipv6_networks
    found = [*errors, *limits, *default]
    found += spf_tree_rules.networks(forest, claims, coverage.ipv4_addresses, case.context.lesson)
    if record.is_valid and not _fails(errors, limits):
        parameters = {"lookups": tree.cost, "limit": MAX_LOOKUPS}
        found.append(Finding("spf-found", parameters, evidence(case.answer)))
    silent = any(finding.id == "spf-no-mail" for finding in default)
    if not silent and record.is_valid and spf_networks.is_certain(forest):
        case.hosts = [_judged(host, coverage) for host in case.hosts]
        found += spf_tree_rules.hosts(case.hosts)
    records["hosts"] = [host.as_json() for host in case.hosts]
    return found


def _fails(errors: list[Finding], limits: list[Finding]) -> bool:
    over = {"spf-too-many-lookups", "spf-too-many-voids"}
    return bool(errors) or any(finding.id in over for finding in limits)


def _judged(host: Host, coverage: Coverage) -> Host:
    addresses = [record.address for answer in host.answers for record in answer.records]
    if not addresses:
        return host
    inside = all(coverage.covers(ipaddress.ip_address(address)) for address in addresses)
    return Host(host.name, host.answers, inside)


def _ready(case: _Case) -> str:
    """The record to publish, empty where there is nothing better than what stands there."""
    if case.kind == "unknown" or case.answer.outcome is Outcome.NXDOMAIN:
        return ""
    if case.kind == "misspelt":
        meant = [spf.meant_version(text) for text in case.texts]
        return spf_ready.better(meant) or (meant[0] if len(meant) == 1 else "")
    if case.texts:
        _, whole = spf_rules.torn(case.strings)
        return spf_ready.better([whole]) or whole if whole else spf_ready.better(case.texts)
    for record in case.old.records if case.old else ():
        if spf.is_spf(text := text_of(record.strings)):
            return text if not spf.audit(text).problems else ""
    if case.mail is None or case.mail.answer.outcome.is_failure:
        return ""
    return spf_ready.first(case.mail)
