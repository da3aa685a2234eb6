"""The graph of checks: runs them side by side and yields each section as it grows.

What one check needs of another it asks for itself: the resolver asks no question twice, and
`Context.once` keeps results that several checks use. So nothing waits but for what it needs.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence

from . import opt_out
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
from .courtesy import Crowded
from .finding import Partial, Section

Check = Callable[[Context], AsyncIterator[Section | Partial]]

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
# SPF has the longest chain of questions, so its first one goes out before all others.
FIRST = "spf"
GRACE_SECONDS = 1.0  # after the deadline, for a check to say what it knows

HOLD_SECONDS = 0.1  # what is incomplete is only shown when the rest takes longer than this

logger = logging.getLogger(__name__)


async def report(
    context: Context, topics: Sequence[str] = TOPICS, hold: float = HOLD_SECONDS
) -> AsyncIterator[Section]:
    """Yields sections of `topics`; one that is not `complete` comes again with more in it.

    A check that breaks or does not end in time costs its own section, never the report. What is
    incomplete is made only when it is `hold` seconds old and still the newest.

    Where the context heeds that a domain asks not to be checked, that is asked beside the first
    questions, and nothing is told until it is known; then OptedOut ends everything else.
    """
    sections: asyncio.Queue[Section | None] = asyncio.Queue()
    held = _Held(sections, hold)

    async def run(topic: str) -> None:
        async for section in _guarded(topic, context):
            held.add(topic, section)

    async def run_all() -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for topic in sorted(topics, key=lambda topic: topic != FIRST):
                    group.create_task(run(topic))
        finally:
            sections.put_nowait(None)

    running = asyncio.create_task(run_all())
    try:
        if context.options.heeds_opt_out:
            await opt_out.heed(context.resolver, [context.domain.ascii])
        while (section := await sections.get()) is not None:
            yield section
        await running
    finally:
        held.close()
        running.cancel()
        await asyncio.wait({running})
        context.close()
        context.resolver.close()


async def finished(context: Context, topics: Sequence[str] = TOPICS) -> dict[str, Section]:
    """The last section of each topic, for whoever does not watch them grow."""
    return {section.topic: section async for section in report(context, topics)}


class _Held:
    """Lets complete sections through at once, incomplete ones when nothing newer comes in time."""

    def __init__(self, sections: asyncio.Queue[Section | None], seconds: float) -> None:
        self._sections, self._seconds = sections, seconds
        self._newest: dict[str, Partial] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def add(self, topic: str, section: Section | Partial) -> None:
        if isinstance(section, Section):
            self._newest.pop(topic, None)
            self._sections.put_nowait(section)
        elif not self._seconds:
            self._sections.put_nowait(section())
        else:
            self._newest[topic] = section
            if topic not in self._timers:
                loop = asyncio.get_running_loop()
                self._timers[topic] = loop.call_later(self._seconds, self._show, topic)

    def _show(self, topic: str) -> None:
        del self._timers[topic]
        if partial := self._newest.pop(topic, None):
            self._sections.put_nowait(partial())

    def close(self) -> None:
        for timer in self._timers.values():
            timer.cancel()


async def _guarded(topic: str, context: Context) -> AsyncIterator[Section | Partial]:
    """The sections of one check; what it knew so far, marked as failed, where it breaks off."""
    last: Section | Partial = Section(topic, {}, complete=False)
    try:
        async with asyncio.timeout(context.resolver.remaining + GRACE_SECONDS):
            async for section in CHECKS[topic](context):
                last = section
                yield section
        return
    except TimeoutError:
        failed = "deadline"
    except Crowded:
        failed = "crowded"
    except Exception:
        logger.exception("the check of %s broke on %s", topic, context.domain.ascii)
        failed = "crash"
    known = last if isinstance(last, Section) else last()
    yield Section(topic, known.records, known.findings, complete=True, failed=failed)
