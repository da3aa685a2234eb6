"""Which records an SPF record leads to, and what they cost (RFC 7208 §4.6.4, §5.2, §6.1).

Every name is asked once and as soon as it is known, so that the whole takes as long as the deepest
branch. Loops end by themselves, and the number of names is bounded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import dns.name

from ..context import Context
from ..records import spf
from ..records.spf import Mechanism, Modifier, Record
from ..records.txt import text_of
from ..resolver import Answer
from ..spf.lookups import MAX_MX, dns_name, is_checkable
from ..spf.macros import known_name

MAX_SOURCES = 60  # records that are asked for
MAX_DEPTH = 12  # one more than any evaluation can get to
MAX_TARGETS = 60  # names of a, mx and exists that are asked for
MAX_NODES = 60  # places in the tree that is shown
MAX_COUNT = 9999  # lookups that are counted: who has more has too many anyhow


@dataclass(slots=True)
class Source:
    """One domain's record, wherever in the tree it is used.

    `state`: "pending", "ok", "none", "multiple", "invalid", "failed" or "name" for one that DNS
    cannot have.
    """

    domain: str
    state: str = "pending"
    answer: Answer | None = None
    record: Record | None = None


@dataclass(slots=True)
class Target:
    """What a name of a, mx or exists has: `answers` are those of its addresses."""

    first: Answer | None = None  # to the MX question
    answers: list[Answer] = field(default_factory=list)
    hosts: int = 0  # of MX records

    @property
    def addresses(self) -> list[str]:
        return [record.address for answer in self.answers for record in answer.records]

    @property
    def failure(self) -> Answer | None:
        asked = [self.first, *self.answers] if self.first else self.answers
        return next((answer for answer in asked if answer.outcome.is_failure), None)

    @property
    def is_void(self) -> bool:
        """Whether it was asked for and nothing is there, in any family."""
        asked = bool(self.first or self.answers)
        return asked and not self.failure and not self.addresses


@dataclass(slots=True)
class Node:
    """A place in the tree. `cost` is what it takes of the ten lookups, with all below it.

    `state` is its source's, or "loop", "macro" where the name depends on the message, or "cut".
    """

    domain: str
    term: str
    kind: str  # "domain", "include" or "redirect"
    state: str
    cost: int
    children: list[Node] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "domain": self.domain,
            "term": self.term,
            "kind": self.kind,
            "state": self.state,
            "cost": self.cost,
            "children": [child.as_json() for child in self.children],
        }


Link = tuple[str, str, str | None]  # kind, text of the term, domain where it is known


def links(record: Record, domain: str, root: str) -> Iterator[Link]:
    """The includes that can be reached and the redirect that takes effect."""
    for mechanism in record.effective:
        if mechanism.name == "include":
            yield "include", mechanism.text, known_name(mechanism.domain, domain, root)
    if redirect := record.redirect:
        yield "redirect", redirect.text, known_name(redirect.value, domain, root)


def asking_terms(record: Record) -> list[Mechanism | Modifier]:
    """The terms that count against the limit of ten (§4.6.4)."""
    terms: list[Mechanism | Modifier] = [m for m in record.effective if m.name in spf.ASKING]
    return [*terms, record.redirect] if record.redirect else terms


class Forest:
    """All records that the one of `root` leads to."""

    def __init__(self, context: Context, root: str) -> None:
        self.root = root
        self.sources: dict[str, Source] = {}
        self.targets: dict[tuple[str, str], Target] = {}
        self.is_cut = False
        self._context = context
        self._costs: dict[str, int] = {}

    async def grow(self, record: Record, answer: Answer) -> None:
        """Asks for everything below the record of `root`."""
        source = self.sources[self.root] = Source(self.root, "ok", answer, record)
        if not record.is_valid:
            source.state = "invalid"
        async with asyncio.TaskGroup() as group:
            self._follow(source, 0, group)

    def target(self, mechanism: Mechanism, domain: str) -> Target | None:
        """What was found for a, mx or exists; None where nothing was asked."""
        name = known_name(mechanism.domain, domain, self.root)
        return self.targets.get((mechanism.name, name.lower())) if name is not None else None

    def cost(self, domain: str) -> int:
        """Lookups of a domain's record in all branches; those of a loop once."""
        known = self._costs.get(domain)
        if known is not None:
            return known
        self._costs[domain] = 0
        source = self.sources.get(domain)
        record = source.record if source else None
        count = 0
        if record:
            count = len(asking_terms(record))
            count += sum(
                self.cost(name.lower()) for _, _, name in links(record, domain, self.root) if name
            )
        self._costs[domain] = min(count, MAX_COUNT)
        return self._costs[domain]

    def tree(self) -> Node:
        """The tree from the top, breadth before depth where it must be cut."""
        self._costs.clear()
        top = Node(self.root, "", "domain", self.sources[self.root].state, self.cost(self.root))
        level: list[tuple[Node, tuple[str, ...]]] = [(top, (self.root,))]
        count = 1
        while level:
            following: list[tuple[Node, tuple[str, ...]]] = []
            for node, path in level:
                record = self.sources[node.domain].record
                for link in links(record, node.domain, self.root) if record else ():
                    if count >= MAX_NODES:
                        self.is_cut = True
                        return top
                    count += 1
                    child = self._node(link, path)
                    node.children.append(child)
                    if child.state in ("ok", "invalid", "pending"):
                        following.append((child, (*path, child.domain)))
            level = following
        return top

    def _node(self, link: Link, path: tuple[str, ...]) -> Node:
        kind, term, name = link
        if name is None:
            return Node("", term, kind, "macro", 1)
        domain = name.lower()
        if domain in path:
            return Node(domain, term, kind, "loop", 1)
        source = self.sources.get(domain)
        return Node(domain, term, kind, source.state if source else "cut", 1 + self.cost(domain))

    def _follow(self, source: Source, depth: int, group: asyncio.TaskGroup) -> None:
        """Begins to ask whatever the source's record names and nobody has asked yet."""
        record = source.record
        if record is None:
            return
        for _, _, name in links(record, source.domain, self.root):
            if name is not None and name.lower() not in self.sources:
                if depth >= MAX_DEPTH or len(self.sources) >= MAX_SOURCES:
                    self.is_cut = True
                    continue
                new = self.sources[name.lower()] = Source(name.lower())
                group.create_task(self._ask_source(new, depth + 1, group))
        for mechanism in record.effective:
            if mechanism.name in ("a", "mx", "exists"):
                self._want(mechanism, source.domain, group)

    def _want(self, mechanism: Mechanism, domain: str, group: asyncio.TaskGroup) -> None:
        known = known_name(mechanism.domain, domain, self.root)
        name = dns_name(known) if known is not None else None
        if known is None or name is None or (mechanism.name, known.lower()) in self.targets:
            return
        if len(self.targets) >= MAX_TARGETS:
            self.is_cut = True
            return
        target = self.targets[mechanism.name, known.lower()] = Target()
        group.create_task(self._ask_target(target, mechanism.name, name))

    async def _ask_source(self, source: Source, depth: int, group: asyncio.TaskGroup) -> None:
        name = dns_name(source.domain)
        if name is None or not is_checkable(source.domain):
            source.state = "name"
            return
        answer = await self._context.query(name, "TXT")
        source.answer = answer
        texts = [text for r in answer.records if spf.is_spf(text := text_of(r.strings))]
        if answer.outcome.is_failure:
            source.state = "failed"
        elif len(texts) != 1:
            source.state = "multiple" if texts else "none"
        else:
            source.record = spf.audit(texts[0])
            source.state = "ok" if source.record.is_valid else "invalid"
            self._follow(source, depth, group)

    async def _ask_target(self, target: Target, kind: str, name: dns.name.Name) -> None:
        if kind == "mx":
            target.first = await self._context.query(name, "MX")
            records = sorted(target.first.records, key=lambda record: record.preference)
            names = [record.exchange for record in records if record.exchange != dns.name.root]
            target.hosts = len(names)
            names = names[:MAX_MX]
        else:
            names = [name]
        types = ("A",) if kind == "exists" else ("A", "AAAA")
        target.answers = list(
            await self._context.queries(*((host, rdtype) for host in names for rdtype in types))
        )
