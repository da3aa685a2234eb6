"""The Redis streams of running reports, read by one connection for all pages of this process.

Whoever follows a report asks for what is new; of each kind of event only the newest is kept, since
it holds all that the ones before it held.
"""

from __future__ import annotations

import asyncio
import contextvars
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import redis
import redis.asyncio

from . import stream

PAUSE_SECONDS = 1.0  # between two attempts while Redis is away
WAKER_SECONDS = 60  # for which the stream is kept that interrupts a waiting read


def order(id: str) -> tuple[int, int]:
    """What ids of events are compared by."""
    first, _, second = id.partition("-")
    return int(first), int(second or 0)


@dataclass
class Followed:
    """One report that somebody here follows."""

    key: str
    last: str = "0"
    newest: dict[str, stream.Event] = field(default_factory=dict)
    followers: int = 0
    away: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def news(self, after: str) -> list[stream.Event]:
        """What came after the event `after`, the oldest first. Nothing, after a while, where
        nothing came, and at once where Redis went away: then the row is to be looked at."""
        deadline = asyncio.get_running_loop().time() + stream.BLOCK_MS / 1000
        while True:
            changed = self.changed
            since = order(after)
            found = [event for event in self.newest.values() if order(event.id) > since]
            if found:
                return sorted(found, key=lambda event: order(event.id))
            try:
                async with asyncio.timeout_at(deadline):
                    await changed.wait()
            except TimeoutError:
                return []
            if self.away:
                return []

    def take(self, events: list[stream.Event]) -> None:
        for event in events:
            self.newest[event.event] = event
            self.last = event.id
        self.tell()

    def tell(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()


class Reader:
    """Reads for all that is followed in one event loop, as long as anything is."""

    def __init__(self) -> None:
        self._followed: dict[str, Followed] = {}
        self._connection: redis.asyncio.Redis | None = None
        self._waker = f"reader:{secrets.token_hex(8)}"  # an event there interrupts the read
        self._woken = "0"
        self._stale = False  # whether more is followed than what is being read
        self._tasks: set[asyncio.Task[None]] = set()

    @contextmanager
    def follow(self, report_id: int) -> Iterator[Followed]:
        """Within the block the report is read along."""
        key = stream.key_of(report_id)
        followed = self._followed.get(key)
        if followed is None:
            followed = self._followed[key] = Followed(key)
            self._begin()
        followed.followers += 1
        try:
            yield followed
        finally:
            followed.followers -= 1
            if not followed.followers:
                del self._followed[key]

    def _begin(self) -> None:
        if self._connection is None:
            self._connection = stream.async_client()
            self._start(self._read(self._connection))
        elif not self._stale:  # else somebody is about to wake it
            self._stale = True
            self._start(self._wake(self._connection))

    def _start(self, work: object) -> None:
        # Not in the context of the request that happened to come first.
        task = asyncio.get_running_loop().create_task(work, context=contextvars.Context())  # type: ignore[arg-type]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _wake(self, connection: redis.asyncio.Redis) -> None:
        """Has the read begun anew, with what is followed since it began."""
        self._stale = False
        try:
            await connection.xadd(self._waker, {"event": "wake", "data": "0"}, maxlen=1)
            await connection.expire(self._waker, WAKER_SECONDS)
        except (redis.RedisError, OSError):
            pass  # the read ends by itself soon

    async def _read(self, connection: redis.asyncio.Redis) -> None:
        try:
            while self._followed:
                await self._once(connection)
        finally:
            self._connection = None
            await connection.aclose()

    async def _once(self, connection: redis.asyncio.Redis) -> None:
        wanted = {key: followed.last for key, followed in self._followed.items()}
        try:
            found = await stream.read(connection, wanted | {self._waker: self._woken})
        except (redis.RedisError, OSError):
            self._mark(away=True)
            await asyncio.sleep(PAUSE_SECONDS)
            return
        self._mark(away=False)
        if woken := found.pop(self._waker, []):
            self._woken = woken[-1].id
        for key, events in found.items():
            if key in self._followed:
                self._followed[key].take(events)

    def _mark(self, away: bool) -> None:
        for followed in self._followed.values():
            followed.away = away
            if away:
                followed.tell()


_readers: WeakKeyDictionary[asyncio.AbstractEventLoop, Reader] = WeakKeyDictionary()


def reader() -> Reader:
    """The one of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _readers:
        _readers[loop] = Reader()
    return _readers[loop]
