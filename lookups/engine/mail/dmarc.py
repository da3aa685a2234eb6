"""What DMARC makes of a message that has arrived: verified signatures and SPF beside its From."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..delivery.alignment import Authenticated, Identifier
from ..delivery.judge import compared, organization_of
from ..delivery.ruling import Ruling, rule
from ..dmarc.walk import Asks, Discovery, discover_for, walk
from .signatures import is_name
from .verify import Verdict

MAX_IDENTIFIERS = 12  # authenticated domains that are compared


@dataclass(frozen=True, slots=True)
class Evaluation:
    """`domain` is that of From (A-labels)."""

    domain: str
    discovery: Discovery
    identifiers: tuple[Identifier, ...]
    ruling: Ruling

    @property
    def proven(self) -> bool:
        """Whether an aligned domain vouches for it, with or without a policy."""
        return any(each.counts for each in self.identifiers)

    def as_json(self) -> dict[str, Any]:
        identifiers = [each.as_json() for each in self.identifiers]
        return {"domain": self.domain, "alignment": identifiers} | self.ruling.as_json()


async def evaluate(asks: Asks, author: str, found: Sequence[Authenticated]) -> Evaluation:
    """DMARC for a message of `author` (RFC 9989 §5.3), all walks at once. Never raises."""
    looked_at = [each for each in found if is_name(each.domain)][:MAX_IDENTIFIERS]
    others = dict.fromkeys(each.domain for each in looked_at if each.domain != author)
    discovery, *walks = await asyncio.gather(
        discover_for(asks, author), *(walk(asks, domain) for domain in others)
    )
    organizations = [organization_of(each) for each in (discovery, *walks)]
    identifiers = tuple(compared(looked_at, organizations, discovery.record))
    return Evaluation(author, discovery, identifiers, rule(discovery, identifiers))


def dkim_result(verdict: Verdict) -> str:
    """A verdict as a result of RFC 8601 §2.7.1. Without the body, the header alone decides."""
    if verdict.state in ("pass", "header-only"):
        return "pass"
    if verdict.state == "key":
        failed = verdict.key is not None and verdict.key.state == "dns"
        return "temperror" if failed else "permerror"
    return {"unusable": "permerror", "weak": "policy", "skipped": "none"}.get(verdict.state, "fail")
