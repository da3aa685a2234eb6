"""What DMARC makes of one message: alignment with the author's domain (RFC 9989 §4.4, §5.3)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .walk import Asks, Discovery, discover_for

MAX_DOMAINS = 12  # authenticated domains that are compared


@dataclass(frozen=True, slots=True)
class Aligned:
    """An authenticated domain beside the author's. `mechanism`: "dkim" or "spf"; `mode`: "r" or
    "s", what the record asks for; `aligned` is None where DNS left it open."""

    mechanism: str
    domain: str
    mode: str
    organizational_domain: str
    aligned: bool | None

    def as_json(self) -> dict[str, Any]:
        return {"mechanism": self.mechanism, "domain": self.domain, "mode": self.mode,
                "organizational_domain": self.organizational_domain,
                "aligned": self.aligned}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Evaluation:
    """`result`: "pass", "fail", "none" (no policy published), "temperror" (DNS left it open).
    `policy` is what the owner asks for, `effective` with testing taken into account."""

    domain: str
    discovery: Discovery
    identifiers: tuple[Aligned, ...]
    result: str

    @property
    def policy(self) -> str:
        return self.discovery.policy

    @property
    def effective(self) -> str:
        return self.discovery.effective

    def as_json(self) -> dict[str, Any]:
        return {
            "domain": self.domain, "result": self.result, "policy": self.policy,
            "effective": self.effective, "record_domain": self.discovery.record_domain,
            "organizational_domain": self.discovery.organizational_domain,
            "identifiers": [each.as_json() for each in self.identifiers],
        }  # fmt: skip


async def evaluate(asks: Asks, author: str, passed: Sequence[tuple[str, str]]) -> Evaluation:
    """DMARC for a message of `author` (its From domain, A-labels). `passed` are the domains that
    were authenticated, as (mechanism, domain): d= of valid signatures, MAIL FROM of an SPF pass."""
    wanted = tuple(dict.fromkeys(passed))[:MAX_DOMAINS]
    domains = list(dict.fromkeys([author, *(domain for _, domain in wanted)]))
    found = dict(
        zip(domains, await asyncio.gather(*(discover_for(asks, d) for d in domains)), strict=True)
    )
    own = found[author]
    identifiers = tuple(_aligned(own, found[domain], kind) for kind, domain in wanted)
    return Evaluation(author, own, identifiers, _result(own, identifiers))


def _aligned(own: Discovery, other: Discovery, mechanism: str) -> Aligned:
    """RFC 9989 §4.4: strict means the same domain, relaxed the same organizational domain."""
    record = own.record
    tag = "adkim" if mechanism == "dkim" else "aspf"
    mode = "s" if record and record.get(tag) == "s" else "r"
    aligned: bool | None = own.domain == other.domain
    if not aligned and mode == "r":
        aligned = own.organizational_domain == other.organizational_domain
        if not aligned and (own.failure or other.failure):
            aligned = None
    return Aligned(mechanism, other.domain, mode, other.organizational_domain, aligned)


def _result(own: Discovery, identifiers: Sequence[Aligned]) -> str:
    if own.failure and own.record is None:
        return "temperror"
    if own.record is None or not own.policy:
        return "none"
    if any(each.aligned for each in identifiers):
        return "pass"
    return "temperror" if any(each.aligned is None for each in identifiers) else "fail"
