"""Topic mx: which hosts take mail for a domain, in which order, and whether they can.

RFC 5321 §5.1 (MX, order, implicit MX), RFC 7505 (null MX), RFC 2181 §10.3 (no alias as a host).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import dns.name

from ..context import Context
from ..finding import Finding, Partial, Section
from ..resolver import Answer, Outcome, Resolver, name_text
from . import mx_hosts, mx_rules
from .answers import absence_finding, alias_finding, failure_finding
from .mx_hosts import Host
from .snapshots import snapshots

TOPIC = "mx"
MAX_HOSTS = 20  # that are looked at; RFC 5321 §5.1 lets senders stop earlier


@dataclass(slots=True)
class _Case:
    """What is known so far. `kind` as docs/contracts.md lists it."""

    context: Context
    answer: Answer
    kind: str = "mx"
    hosts: list[Host] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def resolver(self) -> Resolver:
        return self.context.resolver

    def section(self, complete: bool) -> Section:
        findings = list(self.findings)
        if complete and self.hosts:
            findings += mx_rules.findings(self.kind, self.answer, self.hosts, self.resolver)
        records: dict[str, Any] = {
            "kind": self.kind,
            "ttl": self.answer.ttl,
            "alias": name_text(self.answer.owner) if self.answer.aliases else None,
            "hosts": [host.as_json() for host in self.hosts],
            "ready": self._ready() if complete else [],
        }
        return Section(TOPIC, records, tuple(mx_rules.bounded(findings)), complete)

    def _ready(self) -> list[dict[str, str]]:
        """The record that says plainly what senders now have to guess (RFC 5321 §5.1, RFC 7505)."""
        if self.kind not in ("implicit", "none") or self.answer.outcome is not Outcome.NODATA:
            return []
        owner = name_text(self.answer.owner)
        value = "0 ." if self.kind == "none" else f"10 {owner}."
        return [{"name": owner, "type": "MX", "value": value}]


async def check(context: Context) -> AsyncIterator[Section | Partial]:
    """Yields the list of hosts at once, then what is found of each, then the whole."""
    answer = await context.query(context.name, "MX")
    case = _Case(context, answer)
    await _classify(case)
    if case.hosts:
        yield partial(case.section, complete=False)
        async for _ in snapshots(*(mx_hosts.look_up(context, host) for host in case.hosts)):
            yield partial(case.section, complete=False)
    yield case.section(complete=True)


async def _classify(case: _Case) -> None:
    answer = case.answer
    if answer.aliases and answer.outcome is not Outcome.LOOP:
        case.findings.append(alias_finding(answer))
    if answer.outcome is Outcome.ANSWER:
        _classify_records(case)
    elif answer.outcome is Outcome.NODATA:
        case.findings.append(absence_finding(answer))
        await _classify_implicit(case)
    else:
        absent = answer.outcome is Outcome.NXDOMAIN
        case.kind = "none" if absent else "unknown"
        case.findings.append(
            absence_finding(answer) if absent else failure_finding(answer, case.resolver)
        )


def _classify_records(case: _Case) -> None:
    """MX records are there: a null MX (RFC 7505 §3), or hosts by preference, then name."""
    records = sorted(
        ((record.preference, record.exchange) for record in case.answer.records),
        key=lambda record: (record[0], name_text(record[1])),
    )
    named = [(preference, name) for preference, name in records if name != dns.name.root]
    if not named:
        case.kind = "null"
        case.findings += mx_rules.null_findings(case.answer, records[0][0])
        case.findings += mx_rules.ttl_findings(case.answer)
        return
    if len(named) < len(records):
        case.findings.append(mx_rules.null_with_others(case.answer, len(named)))
    if len(named) > MAX_HOSTS:
        case.findings.append(mx_rules.too_many(case.answer, len(named), MAX_HOSTS))
    case.hosts = [Host(preference, name) for preference, name in named[:MAX_HOSTS]]


async def _classify_implicit(case: _Case) -> None:
    """No MX record: the domain's own addresses stand in for it (RFC 5321 §5.1)."""
    owner = case.answer.owner
    addresses = await case.resolver.queries((owner, "A"), (owner, "AAAA"))
    if any(answer.records for answer in addresses):
        case.kind = "implicit"
        case.hosts = [Host(0, owner)]
        return
    if failure := next((answer for answer in addresses if answer.outcome.is_failure), None):
        case.kind = "unknown"
        case.findings.append(failure_finding(failure, case.resolver))
        return
    case.kind = "none"
    case.findings.append(mx_rules.none_finding(case.answer, addresses))
