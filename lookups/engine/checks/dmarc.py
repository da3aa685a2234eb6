"""Topic dmarc: what receivers shall do with mail that fails, and who hears of it.

RFC 9989 (policy, tree walk), RFC 9990 (aggregate reports), RFC 9991 (failure reports).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from ..context import Context
from ..dmarc import reports, suffixes
from ..dmarc.walk import Discovery, discover, discover_for
from ..finding import Partial, Section
from ..records import dmarc
from ..records.dmarc import Record
from ..records.txt import Part, raw_record
from . import dmarc_ready, dmarc_rules
from .dmarc_case import Case
from .mail_hosts import mail_hosts
from .mx_rules import bounded

__all__ = ["Discovery", "check", "discover", "discover_for"]

TOPIC = "dmarc"
MAX_RAW = 8  # TXT records that are shown
STRANGER = "news.example.net"  # a domain of somebody else, to explain alignment


async def check(context: Context) -> AsyncIterator[Section | Partial]:
    """Yields the record and the way to it at once, then whether its reports arrive."""
    discovery, apex, hosts = await asyncio.gather(
        discover(context), context.query(context.name, "TXT"), mail_hosts(context)
    )
    case = Case(context.resolver, discovery, apex, hosts)
    if discovery.record:
        yield lambda: Section(TOPIC, _records(case), complete=False)
    case.addresses, case.listed, case.suffix = await asyncio.gather(
        reports.addresses(context, discovery),
        suffixes.listed(context, discovery),
        suffixes.is_public_suffix(discovery.record_domain or discovery.domain),
    )
    records = _records(case) | {"ready": dmarc_ready.ready(case)}
    yield Section(TOPIC, records, tuple(bounded(dmarc_rules.findings(case))))


def _records(case: Case) -> dict[str, Any]:
    """The shape that docs/contracts.md describes."""
    found = case.discovery
    return {
        "kind": case.kind,
        "record_domain": found.record_domain,
        "organizational_domain": found.organizational_domain,
        "policy": found.policy,
        "subdomain_policy": found.subdomain_policy,
        "nonexistent_policy": found.nonexistent_policy,
        "testing": found.testing,
        "effective": found.effective,
        "exists": found.exists,
        "raw": _raw(case),
        "walk": [step.as_json() for step in found.steps],
        "stopped": found.stopped,
        "skipped": found.skipped,
        "alignment": _alignment(case, found.record) if found.record else None,
        "destinations": [address.as_json() for address in case.addresses],
        "listed": _listed(case),
    }


def _raw(case: Case) -> list[dict[str, Any]]:
    """The TXT records at _dmarc, the one in force, and those that stand in the wrong place."""
    found = case.discovery
    shown: list[tuple[str, str]] = [(found.own.question, text) for text in found.own.texts]
    if found.inherited and found.record_step and found.record:
        shown.append((found.record_step.question, found.record.text))
    shown += [(found.domain, text) for text in case.misplaced]
    return [raw_record(name, text, _parts(text)) for name, text in shown[:MAX_RAW]]


def _parts(text: str) -> list[Part]:
    return dmarc.parts(text) if dmarc.is_record(text) or dmarc.looks_meant(text) else []


def _alignment(case: Case, record: Record) -> dict[str, Any]:
    """Which authenticated domains agree with From: alice@domain (RFC 9989 §4.4)."""
    domain, organization = case.domain, case.discovery.organizational_domain
    related = [f"bounce.{domain}"]
    if organization != domain and not case.discovery.failure:
        related.append(organization)
    strict = {tag: record.get(tag) == "s" for tag in ("aspf", "adkim")}
    rows = [{"domain": domain, "relation": "same", "spf": True, "dkim": True}]
    rows += [
        {
            "domain": name,
            "relation": "related",
            "spf": not strict["aspf"],
            "dkim": not strict["adkim"],
        }
        for name in related
    ]
    rows.append({"domain": STRANGER, "relation": "other", "spf": False, "dkim": False})
    return {"aspf_strict": strict["aspf"], "adkim_strict": strict["adkim"], "rows": rows}


def _listed(case: Case) -> dict[str, Any] | None:
    """What receivers that go by the Public Suffix List find, where that differs."""
    if case.listed is None or not case.listed.differs(case.discovery):
        return None
    return {
        "organizational_domain": case.listed.organizational_domain,
        "record_domain": case.listed.record_domain,
        "policy": case.listed.policy,
    }
