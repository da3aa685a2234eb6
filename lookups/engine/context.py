"""What the checks of one report share: whom they ask, what they examine, what they found out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import dns.name

from .guard import Guard, GuardSettings
from .names import Domain
from .resolver import Answer, Resolver

T = TypeVar("T")


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Options:
    """What a report examines beside the domain itself.

    `lesson`: the domain belongs to the classroom, whose addresses count as public there.
    `selectors`: DKIM selectors that the visitor named. `trust_anchors`: DS records in presentation
    form by the zone they belong to. `smtp`: whether mail servers are spoken to.
    `blocklists`: zones of DNS blocklists, the most specific answer per RFC 5782. `ehlo`: the name
    by which mail servers are greeted, a host name or an address. `heeds_opt_out`: whether nothing
    is told of a domain that asks not to be checked (`opt_out`).
    """

    lesson: bool = False
    selectors: tuple[str, ...] = ()
    trust_anchors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    smtp: bool = False
    blocklists: tuple[str, ...] = ()
    ehlo: str = "localhost"
    heeds_opt_out: bool = False


@dataclass(slots=True, eq=False)
class Context:
    """One report in the making. `guard` opens every connection that is not a DNS question."""

    resolver: Resolver
    domain: Domain
    options: Options = field(default_factory=Options)
    guard_settings: GuardSettings = field(default_factory=GuardSettings)
    now: datetime = field(default_factory=_now)
    guard: Guard = field(init=False)
    _tasks: dict[Any, asyncio.Task[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.guard = Guard(self.resolver, self.guard_settings, self.lesson)

    @property
    def lesson(self) -> bool:
        return self.options.lesson

    @property
    def name(self) -> dns.name.Name:
        """The domain as an absolute DNS name."""
        return dns.name.from_text(self.domain.ascii)

    async def once(self, key: Any, make: Callable[[], Awaitable[T]]) -> T:
        """The result of `make()`, made when the first check needs it and shared by all.

        `key` names the result: a string, or a tuple that begins with one.
        """
        task = self._tasks.get(key)
        if task is None:
            task = self._tasks[key] = asyncio.ensure_future(_run(make))
        result: T = await asyncio.shield(task)
        return result

    def close(self) -> None:
        for task in self._tasks.values():
            task.cancel()

    async def query(self, name: dns.name.Name | str, rdtype: str) -> Answer:
        return await self.resolver.query(name, rdtype)

    async def queries(self, *pairs: tuple[dns.name.Name | str, str]) -> list[Answer]:
        return await self.resolver.queries(*pairs)


def quietly(work: asyncio.Future[T]) -> asyncio.Future[T]:
    """`work`, which is awaited later; where the report is given up before, nobody complains that
    its cancellation was not looked at."""
    work.add_done_callback(lambda done: done.cancelled() or bool(done.exception()))
    return work


async def _run(make: Callable[[], Awaitable[T]]) -> T:
    return await make()
