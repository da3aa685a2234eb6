"""Own zones in Redis: the site puts them there, the DNS server reads them and tells of queries.

`zone:<label>` is a hash (version, text, signed, block), `zone-block:<number>` the label that has a
block of addresses, `zone-queries:<label>` a stream of the last queries. The database stays the
truth; what is missing here is put here again.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any, TypeVar

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from learn.classroom.own import Published, Unreachable

T = TypeVar("T")
MAX_QUERIES = 200  # that are kept of a zone
QUERIES_SECONDS = 3600
TIMEOUT_SECONDS = 0.25  # the DNS server waits for nothing longer
PAUSE_SECONDS = 1.0  # in which nothing is asked of a Redis that was away
MAX_WAITING = 2000  # queries to be told of

logger = logging.getLogger(__name__)


def zone_key(label: str) -> str:
    return f"zone:{label}"


def block_key(block: int) -> str:
    return f"zone-block:{block}"


def queries_key(label: str) -> str:
    return f"zone-queries:{label}"


def publish(client: redis.Redis, zone: Published, seconds: int) -> None:
    """Puts a zone where the DNS server finds it, for so many seconds. Raises redis.RedisError."""
    fields = {
        "version": zone.version,
        "text": zone.text,
        "signed": int(zone.signed),
        "block": zone.block,
    }
    pipe = client.pipeline()
    pipe.hset(zone_key(zone.label), mapping=fields)
    pipe.set(block_key(zone.block), zone.label, ex=seconds)
    pipe.expire(zone_key(zone.label), seconds)
    pipe.execute()


def withdraw(client: redis.Redis, label: str, block: int) -> None:
    """Takes a zone away, with the list of its queries. Raises redis.RedisError."""
    client.delete(zone_key(label), block_key(block), queries_key(label))


class RedisSource:
    """own.Source from Redis. Queries are told of by a thread, so that no answer waits for it."""

    def __init__(self, url: str) -> None:
        self._client = redis.Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 1),
        )
        self._away_until = 0.0
        self._waiting: queue.Queue[tuple[str, dict[str, str]]] = queue.Queue(MAX_WAITING)
        threading.Thread(target=self._tell, name="own-zones", daemon=True).start()

    def version(self, label: str) -> int | None:
        found = self._ask(lambda: self._client.hget(zone_key(label), "version"))
        return int(found) if found else None

    def zone(self, label: str) -> Published | None:
        found: Any = self._ask(lambda: self._client.hgetall(zone_key(label)))
        if not found:
            return None
        return Published(
            label=label,
            version=int(found["version"]),
            text=found["text"],
            signed=found["signed"] == "1",
            block=int(found["block"]),
        )

    def label_of(self, block: int) -> str | None:
        found: Any = self._ask(lambda: self._client.get(block_key(block)))
        return found

    def note(self, label: str, query: Mapping[str, str]) -> None:
        try:
            self._waiting.put_nowait((label, dict(query)))
        except queue.Full:
            pass  # under such a load nobody reads along

    def _ask(self, question: Callable[[], T]) -> T:
        if monotonic() < self._away_until:
            raise Unreachable
        try:
            return question()
        except redis.RedisError as error:
            self._away_until = monotonic() + PAUSE_SECONDS
            logger.warning("own zones are out of reach: %s", error)
            raise Unreachable from error

    def _tell(self) -> None:
        while True:
            label, query = self._waiting.get()
            key = queries_key(label)
            try:
                pipe = self._client.pipeline(transaction=False)
                pipe.xadd(key, query, maxlen=MAX_QUERIES, approximate=False)  # type: ignore[arg-type]
                pipe.expire(key, QUERIES_SECONDS)
                pipe.execute()
            except redis.RedisError:
                pass  # the answer was given; only its line in the list is lost
