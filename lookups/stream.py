"""The Redis Stream of a running report: what open pages are told while it is made.

An event has an `event` field ("section-<topic>", "queries", "done") and `data` in JSON. The row in
the database stays the truth; a lost stream costs an open page some seconds, never a report.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from time import monotonic
from typing import Any

import redis
import redis.asyncio
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)

KEEP_SECONDS = 3600
ENDED_SECONDS = 300  # of a finished report: its row says all that the stream does
MAX_EVENTS = 500  # a report has some dozens
BLOCK_MS = 2000
LEASE_SECONDS = 5
HANG_SECONDS = 1.0  # that a Redis which did not answer in time is not asked again


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a stream; `id` is what Last-Event-ID brings back."""

    id: str
    event: str
    data: Any


def key_of(report_id: int) -> str:
    return f"report:{report_id}"


class _Client(redis.Redis):
    """Waits for a Redis that hangs once, not for each of the things that a request has with it."""

    hangs_until = 0.0

    def execute_command(self, *args: Any, **options: Any) -> Any:
        self.check()
        try:
            return super().execute_command(*args, **options)
        except redis.TimeoutError:
            self.hangs_until = monotonic() + HANG_SECONDS
            raise

    def check(self) -> None:
        """Raises redis.TimeoutError where Redis hung a moment ago."""
        if monotonic() < self.hangs_until:
            raise redis.TimeoutError("Redis hung a moment ago")


@cache
def client() -> _Client:
    """The connection pool of this process for the worker's side."""
    return _Client.from_url(
        settings.REDIS_URL,
        decode_responses=True,
        socket_timeout=2,
        socket_connect_timeout=2,
        # Once, for a connection that Redis closed while idle; what hung is not waited for again.
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
    )


def tolerate(function: Any, *arguments: Any) -> Any:
    """Calls what needs Redis; None, and a line in the log, while Redis is away."""
    try:
        return function(*arguments)
    except redis.RedisError as error:
        logger.warning("Redis is out of reach: %s", error)
        return None


def publish(report_id: int, event: str, data: Any) -> None:
    """Appends an event. Raises redis.RedisError."""
    pipe = client().pipeline(transaction=False)
    fields = {"event": event, "data": json.dumps(data)}
    pipe.xadd(key_of(report_id), fields, maxlen=MAX_EVENTS, approximate=True)
    pipe.expire(key_of(report_id), ENDED_SECONDS if event == "done" else KEEP_SECONDS)
    pipe.execute()


def hold_lease(report_id: int, owner: str) -> bool:
    """Takes or renews the lease that says who makes this report now."""
    key = key_of(report_id) + ":lease"
    if take_for(key, owner, LEASE_SECONDS):
        return True
    if client().get(key) != owner:
        return False
    client().expire(key, LEASE_SECONDS)
    return True


def is_leased(report_id: int) -> bool:
    return 0 < client().pttl(key_of(report_id) + ":lease") <= LEASE_SECONDS * 1000


def take_for(key: str, value: str, seconds: int) -> bool:
    """Sets `key` for `seconds`, unless it is set. Raises redis.RedisError.

    One that lasts longer than anybody could have set it for was set before the clock was turned
    back: it is as good as gone.
    """
    if client().set(key, value, nx=True, ex=seconds):
        return True
    if client().pttl(key) <= seconds * 1000:
        return False
    client().delete(key)
    return bool(client().set(key, value, nx=True, ex=seconds))


def drop_lease(report_id: int, owner: str) -> None:
    if client().get(key_of(report_id) + ":lease") == owner:
        client().delete(key_of(report_id) + ":lease")


def claim_revival(report_id: int, seconds: int) -> bool:
    """True for the first who asks within `seconds`: one revival is enough for all viewers."""
    return take_for(key_of(report_id) + ":revival", "1", seconds)


def forget(report_id: int) -> None:
    """Drops what open pages were told of a report, before it is made anew. Raises RedisError."""
    client().delete(key_of(report_id))


def note_clock(now: datetime) -> None:
    """Remembers that the clock's work was done `now`. Raises redis.RedisError."""
    client().set("clock", now.isoformat())


def clock_was_here() -> datetime | None:
    """When the clock's work was last done. Raises redis.RedisError."""
    text = client().get("clock")
    return datetime.fromisoformat(text) if text else None


def async_client() -> redis.asyncio.Redis:
    """Connections of an event loop; close them with `aclose`."""
    return redis.asyncio.Redis.from_url(
        settings.REDIS_URL,
        decode_responses=True,
        socket_timeout=BLOCK_MS / 1000 + 3,
        socket_connect_timeout=2,
    )


async def read(
    connection: redis.asyncio.Redis, wanted: Mapping[str, str]
) -> dict[str, list[Event]]:
    """By key, the events after the id that `wanted` has ("0" for all), waiting up to BLOCK_MS for
    the first. Raises redis.RedisError, OSError."""
    streams = await connection.xread(dict(wanted), count=100, block=BLOCK_MS)
    return {
        key: [Event(id, fields["event"], json.loads(fields["data"])) for id, fields in entries]
        for key, entries in streams or []
    }
