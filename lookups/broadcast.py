"""What is told about a report is made once and heard by all whose pages show the same.

A thousand open pages of one report cost one reading of the stream, one look at the row and one
rendering of each section. A page that is slow, comes late or comes back gets the newest of each
kind of event, so that nothing piles up for it.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterable
from typing import NamedTuple
from weakref import WeakKeyDictionary

from .following import order

HEARTBEAT_SECONDS = 10.0
# A report's end is kept for those who asked for its page before it came and listen after it.
LINGER_SECONDS = 3.0
DONE = "done"  # the kind of the last event
NEVER = (-1, -1)  # before every id
RETRY_MS = 1000  # how soon a browser comes back after a lost connection
logger = logging.getLogger(__name__)


class Chunk(NamedTuple):
    """One event as it is sent. `kind`: what a later one of the same kind replaces."""

    kind: str
    id: str
    text: str


Say = Callable[[Iterable[Chunk]], None]
Telling = Callable[[Say], Awaitable[None]]


class Broadcast:
    """One telling and all who listen to it."""

    def __init__(self, telling: Telling, end: Callable[[Broadcast], None]) -> None:
        self._said: dict[str, tuple[int, Chunk]] = {}
        self._count = 0
        self._changed = asyncio.Event()
        self._end = end
        self.listeners = 0
        self.ended = False
        # Not in the context of the request that happened to come first: it ends before this does.
        loop = asyncio.get_running_loop()
        self._task = loop.create_task(self._run(telling), context=contextvars.Context())

    async def _run(self, telling: Telling) -> None:
        try:
            await telling(self._say)
        except Exception:
            logger.exception("the telling of a report broke off")
        finally:
            self.ended = True
            self._wake()
            asyncio.get_running_loop().call_later(LINGER_SECONDS, self._end, self)

    def _say(self, chunks: Iterable[Chunk]) -> None:
        for chunk in chunks:
            self._count += 1
            self._said[chunk.kind] = (self._count, chunk)
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def listen(self, last: str) -> AsyncIterator[str]:
        """The events after the one with the id `last` (empty: all), until there are no more."""
        self.listeners += 1
        try:
            yield f"retry: {RETRY_MS}\n\n"
            async for text in self._heard(last):
                yield text
        finally:
            self.listeners -= 1
            if not self.listeners and not self.ended:
                self._task.cancel()
                self._end(self)

    async def _heard(self, last: str) -> AsyncIterator[str]:
        since, seen = order(last) if last else NEVER, 0
        skipped: set[str] = set()  # the page may have them; in the end it gets them in any case
        while True:
            changed, ended = self._changed, self.ended
            news = sorted(said for said in self._said.values() if said[0] > seen)
            seen = self._count
            for _, chunk in news:
                if chunk.kind == DONE:
                    for _, missed in sorted(self._said[kind] for kind in skipped):
                        yield missed.text
                elif order(chunk.id) <= since:
                    skipped.add(chunk.kind)
                    continue
                skipped.discard(chunk.kind)
                yield chunk.text
            if ended:
                return
            if seen != self._count:  # something came while the last was being sent
                continue
            try:
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await changed.wait()
            except TimeoutError:
                yield ": still here\n\n"


_broadcasts: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, Broadcast]] = (
    WeakKeyDictionary()
)


def broadcast(key: Hashable, telling: Telling, is_final: bool) -> Broadcast:
    """The one of `key` in this event loop, begun with `telling` where there is none.

    One that has ended serves only where there is no more to be told (`is_final`): a report may
    have been made again since.
    """
    running = _broadcasts.setdefault(asyncio.get_running_loop(), {})

    def end(ended: Broadcast) -> None:
        if running.get(key) is ended:
            del running[key]

    if key not in running or (running[key].ended and not is_final):
        running[key] = Broadcast(telling, end)
    return running[key]
