"""One event loop in a thread of its own, for the blocking code of a worker process.

All reports of a process run in that loop and share its sockets; the worker's threads do what
blocks (database, Redis) and never hold the loop up.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TypeVar

import uvloop

from .engine.transport import Transport
from .engine.warm import warm_up
from .pace import pace

T = TypeVar("T")
_lock = threading.Lock()
_running: EventLoopThread | None = None


class EventLoopThread:
    """The loop, its thread, and the DNS sockets that belong to it."""

    def __init__(self) -> None:
        self.loop = uvloop.new_event_loop()
        self.transport = Transport(pace())
        self.urgent = 0  # iterations that somebody waits for; bulk work makes room meanwhile
        warm_up()
        threading.Thread(target=self.loop.run_forever, name="dns", daemon=True).start()

    def iterate(
        self, begin: Callable[[Transport], AsyncIterator[T]], tick: float
    ) -> Iterator[T | None]:
        """What `begin` yields in the loop; None whenever `tick` seconds pass without an item.

        Leaving the iteration early stops the asynchronous side too.
        """
        items: queue.SimpleQueue[tuple[T | None, bool]] = queue.SimpleQueue()

        async def pump() -> None:
            try:
                async for item in begin(self.transport):
                    items.put((item, False))
            finally:
                items.put((None, True))

        future = asyncio.run_coroutine_threadsafe(pump(), self.loop)
        with _lock:
            self.urgent += 1
        try:
            while True:
                try:
                    item, is_end = items.get(timeout=tick)
                except queue.Empty:
                    yield None
                    continue
                if is_end:
                    break
                yield item
            future.result()
        finally:
            future.cancel()
            with _lock:
                self.urgent -= 1


def running_loop() -> EventLoopThread | None:
    """The loop of this process, if there is one already."""
    return _running


def event_loop() -> EventLoopThread:
    """The loop of this process, started when first asked for."""
    global _running
    with _lock:
        if _running is None:
            _running = EventLoopThread()
        return _running
