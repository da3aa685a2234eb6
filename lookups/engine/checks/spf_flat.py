"""The tree of an SPF record as engine.spf.flatten reads it, and how long it holds."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

from ..addresses import Network
from ..context import Context
from ..records import spf
from ..records.spf import Mechanism, Record
from ..records.txt import text_of
from ..resolver import Answer
from ..spf.lookups import MAX_MX
from .spf_tree import Forest


@dataclass(frozen=True, slots=True)
class Origin:
    """A record set that addresses come from. `domain` is asked for `type`; TTL in seconds."""

    domain: str
    type: str
    ttl: int


class ForestTree:
    """A Forest that has grown, for flatten()."""

    def __init__(self, forest: Forest) -> None:
        self.root = forest.root
        self._forest = forest

    def record(self, domain: str) -> Record | None:
        source = self._forest.sources.get(domain)
        return source.record if source and source.state == "ok" else None

    def state(self, domain: str) -> str:
        source = self._forest.sources.get(domain)
        return source.state if source else "cut"

    def networks(self, mechanism: Mechanism, domain: str) -> list[Network] | None:
        target = self._forest.target(mechanism, domain)
        if target is None or target.failure or target.hosts > MAX_MX:
            return None
        found: list[Network] = []
        for address in map(ipaddress.ip_address, target.addresses):
            prefix = mechanism.cidr4 if address.version == 4 else mechanism.cidr6
            found.append(ipaddress.ip_network((address, prefix), strict=False))
        return found


async def grown(context: Context) -> Forest | None:
    """The tree of the one SPF record; None where there is none, are several, or it is broken."""
    answer = await context.query(context.name, "TXT")
    texts = [text for r in answer.records if spf.is_spf(text := text_of(r.strings))]
    if len(texts) != 1:
        return None
    record = spf.audit(texts[0])
    if not record.is_valid:
        return None
    forest = Forest(context, context.domain.ascii)
    await forest.grow(record, answer)
    return forest


def origins(forest: Forest) -> Iterator[Origin]:
    """The record sets below the root that a flat record copies, with their TTL."""
    for source in forest.sources.values():
        if source.domain != forest.root and source.answer:
            yield from _origin(source.domain, "TXT", source.answer)
    for (kind, name), target in forest.targets.items():
        if kind == "exists":
            continue
        if target.first:
            yield from _origin(name, "MX", target.first)
        for answer in target.answers:
            yield from _origin(answer.name.to_text(omit_final_dot=True), answer.type, answer)


def _origin(domain: str, type: str, answer: Answer) -> Iterator[Origin]:
    if answer.ttl is not None and answer.records:
        yield Origin(domain.lower(), type, answer.ttl)
