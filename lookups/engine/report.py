"""The graph of checks: runs them side by side and yields each section as it grows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

from .checks import mx
from .finding import Section
from .names import Domain
from .resolver import Resolver

Check = Callable[[Resolver, Domain, bool], AsyncIterator[Section]]

CHECKS: dict[str, Check] = {"mx": mx.check}
TOPICS = tuple(CHECKS)


async def report(
    resolver: Resolver, domain: Domain, topics: Sequence[str] = TOPICS, lesson: bool = False
) -> AsyncIterator[Section]:
    """Yields sections of `topics`; one that is not `complete` comes again with more in it.

    `lesson` is True for domains of the classroom. An exception of a check ends the report.
    """
    sections: asyncio.Queue[Section | None] = asyncio.Queue()

    async def run(topic: str) -> None:
        async for section in CHECKS[topic](resolver, domain, lesson):
            sections.put_nowait(section)

    async def run_all() -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for topic in topics:
                    group.create_task(run(topic))
        finally:
            sections.put_nowait(None)

    running = asyncio.create_task(run_all())
    try:
        while (section := await sections.get()) is not None:
            yield section
        await running
    finally:
        running.cancel()
        await asyncio.wait({running})
        resolver.close()
