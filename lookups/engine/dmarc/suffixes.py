"""What receivers of the older DMARC (RFC 7489) make of the same records.

They find the organizational domain by the Public Suffix List instead of walking the tree, ask at
most two names, and know neither `np` nor `psd` nor `t`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cache
from typing import Any

from ..records.dmarc import Record
from .walk import CLASSROOM, Asks, Discovery, Step, step_at


@dataclass(frozen=True, slots=True)
class Listed:
    """What the list leads to. Empty strings where there is no record; see Discovery. `tag` is the
    one that the policy comes from: "p", "sp", or "" where the record names no policy."""

    organizational_domain: str
    record_domain: str = ""
    policy: str = ""
    record: Record | None = None
    tag: str = ""

    def differs(self, discovery: Discovery) -> bool:
        """Whether the two generations of receivers do not treat the domain alike."""
        if not (discovery.record or self.record_domain) or discovery.failure:
            return False
        here = (discovery.organizational_domain, discovery.record_domain, discovery.policy)
        return here != (self.organizational_domain, self.record_domain, self.policy)


@cache
def load() -> Any:
    from publicsuffixlist import PublicSuffixList  # takes 40 ms, once

    return PublicSuffixList()


def organization(domain: str) -> str:
    """One label below the public suffix (RFC 7489 §3.2); the domain itself if it is one."""
    if f".{domain}".endswith(f".{CLASSROOM}"):  # which is a public suffix in lessons
        return ".".join(domain.split(".")[-(CLASSROOM.count(".") + 2) :])
    return load().privatesuffix(domain) or domain


async def organizational_domain(domain: str) -> str:
    """The same, without holding up others while the list is loaded."""
    if not load.cache_info().currsize:
        await asyncio.to_thread(load)
    return organization(domain)


async def is_public_suffix(domain: str) -> bool:
    """Whether the list has `domain` as a suffix under which others register."""
    if domain == CLASSROOM:
        return True
    suffixes = load() if load.cache_info().currsize else await asyncio.to_thread(load)
    return bool(suffixes.is_public(domain))


async def listed(asks: Asks, discovery: Discovery) -> Listed:
    """RFC 7489 §6.6.3: the domain's own record, or that of the organizational domain."""
    organization = await organizational_domain(discovery.domain)
    if discovery.own.state == "multiple":
        return Listed(organization)  # several records end the discovery
    if discovery.own.record:
        own = discovery.own.record
        return Listed(organization, discovery.domain, _policy(own), own, _tag(own))
    step = next((step for step in discovery.steps if step.name == organization), None)
    record = await _record_at(asks, organization, step)
    if record is None or organization == discovery.domain:
        return Listed(organization)
    if policy := record.get("sp"):
        return Listed(organization, organization, policy, record, "sp")
    return Listed(organization, organization, _policy(record), record, _tag(record))


async def _record_at(asks: Asks, name: str, step: Step | None) -> Record | None:
    """The record at `name`, which the walk may have passed by or left aside."""
    if step is not None and step.state != "beyond":
        return step.record
    return step_at(name, await asks.query(f"_dmarc.{name}", "TXT")).record


def _tag(record: Record) -> str:
    return "p" if record.get("p") else ""


def _policy(record: Record) -> str:
    """`p`, which must be there unless reports are asked for (RFC 7489 §6.6.3)."""
    if record.get("p"):
        return record.get("p")
    return "none" if any(uri.valid for uri in record.rua) else ""
