"""The graph of checks: runs them side by side and yields each section as it grows.

What one check needs of another it asks for itself: the resolver asks no question twice, and
`Context.once` keeps results that several checks use. So nothing waits but for what it needs.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence

from .checks import (
    addresses,
    bimi,
    blocklist,
    dane,
    delegation,
    dkim,
    dmarc,
    dnssec,
    mta_sts,
    mx,
    smtp,
    spf,
    tls_rpt,
)
from .context import Context
from .finding import Section

Check = Callable[[Context], AsyncIterator[Section]]

# In the order in which pages show them.
CHECKS: dict[str, Check] = {
    "mx": mx.check,
    "spf": spf.check,
    "dkim": dkim.check,
    "dmarc": dmarc.check,
    "bimi": bimi.check,
    "mta-sts": mta_sts.check,
    "tls-rpt": tls_rpt.check,
    "dnssec": dnssec.check,
    "dane": dane.check,
    "smtp": smtp.check,
    "delegation": delegation.check,
    "reverse": addresses.check,
    "blocklist": blocklist.check,
}
TOPICS = tuple(CHECKS)
GRACE_SECONDS = 1.0  # after the deadline, for a check to say what it knows

logger = logging.getLogger(__name__)


async def report(context: Context, topics: Sequence[str] = TOPICS) -> AsyncIterator[Section]:
    """Yields sections of `topics`; one that is not `complete` comes again with more in it.

    A check that breaks or does not end in time costs its own section, never the report.
    """
    sections: asyncio.Queue[Section | None] = asyncio.Queue()

    async def run(topic: str) -> None:
        async for section in _guarded(topic, context):
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
        context.close()
        context.resolver.close()


async def _guarded(topic: str, context: Context) -> AsyncIterator[Section]:
    """The sections of one check; what it knew so far, marked as failed, where it breaks off."""
    last = Section(topic, {}, complete=False)
    try:
        async with asyncio.timeout(context.resolver.remaining + GRACE_SECONDS):
            async for section in CHECKS[topic](context):
                last = section
                yield section
        return
    except TimeoutError:
        failed = "deadline"
    except Exception:
        logger.exception("the check of %s broke on %s", topic, context.domain.ascii)
        failed = "crash"
    yield Section(topic, last.records, last.findings, complete=True, failed=failed)
