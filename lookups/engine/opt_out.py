"""Whether a domain asks not to be checked.

It says so in a TXT record at `_mxplain.<domain>`: `v=MXPLAIN1; checks=none`. What a name does not
say is said by the names above it, up to its organizational domain; the nearest one counts, so that
`checks=all` takes a subdomain out. The record is written as DMARC writes its own: tags, the version
first (RFC 9989 §4.7), under an underscored name (RFC 8552).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .dmarc.suffixes import organizational_domain
from .names import MAX_NAME
from .records import txt
from .resolver import Outcome, Resolver

LABEL = "_mxplain"
VERSION = "MXPLAIN1"
RECORD = f"v={VERSION}; checks=none"
NONE, ALL = "none", "all"
MAX_NAMES = 5  # that are asked: the domain, and those next to its organizational domain
MAX_TEXTS = 20
NO_TTL = 300  # seconds, for a record without one


@dataclass(frozen=True, slots=True)
class Said:
    """What is published at `name` (a domain): "none" or "all". `ttl` in seconds."""

    name: str
    checks: str
    ttl: int


class OptedOut(Exception):
    """`domain` is not to be checked: `name` (itself or one above it) says so, for `ttl` seconds."""

    def __init__(self, domain: str, name: str, ttl: int) -> None:
        super().__init__(domain)
        self.domain, self.name, self.ttl = domain, name, ttl
        self.queries: list[dict[str, Any]] = []  # that prove it, as the log has them


def checks_in(text: str) -> str:
    """The value of the tag `checks` in a record; "" where the text is none, or says nothing."""
    pairs = [tag.partition("=") for tag in text.split(";")]
    tags = [(name.strip().lower(), value.strip().lower()) for name, _, value in pairs]
    if tags[0] != ("v", VERSION.lower()):
        return ""
    value = dict(reversed(tags[1:])).get("checks", "")  # of two, the first
    return value if value in (NONE, ALL) else ""


def names_of(domain: str, organization: str) -> list[str]:
    """The domains whose word counts for `domain`, the nearest first."""
    labels, top = domain.split("."), organization.count(".") + 1
    found = [".".join(labels[at:]) for at in range(max(1, len(labels) - top + 1))]
    return found if len(found) <= MAX_NAMES else [found[0], *found[1 - MAX_NAMES :]]


async def said(resolver: Resolver, domain: str) -> Said | None:
    """What is published for `domain` (A-labels); None where that is nothing, or DNS fails."""
    names = names_of(domain, await organizational_domain(domain))
    names = [name for name in names if len(name) + len(LABEL) < MAX_NAME]
    answers = await resolver.queries(*((f"{LABEL}.{name}", "TXT") for name in names))
    for name, answer in zip(names, answers, strict=True):
        if answer.outcome is not Outcome.ANSWER:
            continue
        texts = (txt.text_of(record.strings) for record in answer.records[:MAX_TEXTS])
        if checks := next(filter(None, map(checks_in, texts)), ""):
            return Said(name, checks, answer.ttl if answer.ttl is not None else NO_TTL)
    return None


async def heed(resolver: Resolver, domains: Sequence[str]) -> None:
    """Raises OptedOut where one of `domains` asks not to be checked."""
    asked = list(dict.fromkeys(domains))
    for domain, found in zip(
        asked, await asyncio.gather(*(said(resolver, each) for each in asked)), strict=True
    ):
        if found is not None and found.checks == NONE:
            refused = OptedOut(domain, found.name, found.ttl)
            refused.queries = [q for q in resolver.log if q["name"].startswith(f"{LABEL}.")]
            raise refused
