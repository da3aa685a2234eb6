"""How much this site asks of one machine, whatever the number of its processes.

Each address has a token bucket in Redis. A process leases a few tokens at a time and spends them
from memory; a thread of its own fetches more, for all addresses that need some in one round trip.
So no question waits for Redis: the first ones to an address go out on trust and are charged with
the lease. While Redis is away each process keeps to the cap by itself.

What the operator's own resolvers and the classroom are asked is not counted.
"""

from __future__ import annotations

import ipaddress
import logging
import queue
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from time import monotonic
from typing import Any

import redis
from django.conf import settings

from . import stream
from .engine.courtesy import CONNECTION, QUESTION
from .runtime import machine_servers, parse_server

logger = logging.getLogger(__name__)

TRUST = 2  # questions to an address that go out before Redis was asked
SLICE = 5  # tokens that are leased at a time
LEASE_SECONDS = 1.0  # for which they may be spent
POLL_SECONDS = 0.002  # between two looks whether a lease has come
LONGEST_WAIT = 0.25  # before it is asked again: others may have left something
MAX_BUCKETS = 4096


@dataclass(slots=True)
class Bucket:
    """What this process holds of one address. Times are those of `monotonic`."""

    kind: str
    host: str
    left: int = 0
    ends: float = 0.0
    debt: int = 0  # spent on trust
    closed_until: float = 0.0
    is_asked: bool = False
    # Without Redis: tokens and since when.
    own: float = float("inf")
    own_at: float = field(default_factory=monotonic)


@dataclass(frozen=True, slots=True)
class Cap:
    """Tokens a second, and how many may come at once."""

    rate: float
    burst: float


def caps() -> dict[str, Cap]:
    """The operator's; a kind with the rate 0 is not capped."""
    return {
        QUESTION: Cap(settings.SERVER_QUERIES, settings.SERVER_QUERIES * 2),
        CONNECTION: Cap(settings.SERVER_CONNECTIONS, settings.SERVER_CONNECTIONS * 2),
    }


class Pace:
    """A Courtesy for all event loops of this process. `is_free`: addresses that are not counted."""

    def __init__(
        self,
        is_free: Callable[[str], bool],
        limits: Callable[[], dict[str, Cap]] = caps,
        lease: Callable[[list[Bucket], dict[str, Cap]], list[int]] | None = None,
    ) -> None:
        self._is_free, self._limits, self._lease = is_free, limits, lease or lease_from_redis
        self._buckets: OrderedDict[tuple[str, str], Bucket] = OrderedDict()
        self._wanting: queue.SimpleQueue[Bucket] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def take(self, kind: str, host: str) -> float:
        if self._is_free(host) or not self._limits()[kind].rate:
            return 0.0
        with self._lock:
            now, bucket = monotonic(), self._bucket(kind, host)
            if bucket.left and now < bucket.ends:
                bucket.left -= 1
                return 0.0
            bucket.left = 0
            if now < bucket.closed_until:
                return bucket.closed_until - now
            self._ask_for_more(bucket)
            if bucket.debt < TRUST:
                bucket.debt += 1
                return 0.0
            return POLL_SECONDS

    def _bucket(self, kind: str, host: str) -> Bucket:
        bucket = self._buckets.get((kind, host))
        if bucket is None:
            bucket = self._buckets[kind, host] = Bucket(kind, host)
            if len(self._buckets) > MAX_BUCKETS:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end((kind, host))
        return bucket

    def _ask_for_more(self, bucket: Bucket) -> None:
        if bucket.is_asked:
            return
        bucket.is_asked = True
        if self._thread is None:
            self._thread = threading.Thread(target=self._fetch, name="pace", daemon=True)
            self._thread.start()
        self._wanting.put(bucket)

    def _fetch(self) -> None:
        while True:
            wanting = [self._wanting.get()]
            while not self._wanting.empty():
                wanting.append(self._wanting.get())
            try:
                self._refill(wanting)
            except Exception:  # whatever happened: the thread goes on
                logger.exception("no tokens could be leased")

    def _refill(self, wanting: list[Bucket]) -> None:
        limits = self._limits()
        with self._lock:
            debts = [bucket.debt for bucket in wanting]
        try:
            told = self._lease(wanting, limits)
        except redis.RedisError as error:
            logger.warning("Redis is out of reach: %s", error)
            told = [number for each in wanting for number in _own(each, limits[each.kind])]
        with self._lock:
            now = monotonic()
            for at, bucket in enumerate(wanting):
                granted, wait_ms = told[2 * at : 2 * at + 2]
                bucket.debt -= debts[at]
                bucket.left, bucket.ends = granted, now + LEASE_SECONDS
                if not granted:
                    bucket.closed_until = now + min(LONGEST_WAIT, max(0.001, wait_ms / 1000))
                bucket.is_asked = False


def _own(bucket: Bucket, cap: Cap) -> tuple[int, int]:
    """The same bucket in this process alone."""
    now = monotonic()
    tokens = min(cap.burst, bucket.own + (now - bucket.own_at) * cap.rate) - bucket.debt
    granted = max(0, min(SLICE, int(tokens)))
    bucket.own, bucket.own_at = tokens - granted, now
    return granted, int(max(0.0, 1 - bucket.own) / cap.rate * 1000) + 1


@cache
def _script() -> Any:
    return stream.client().register_script(Path(__file__).with_name("pace.lua").read_text())


def lease_from_redis(wanting: list[Bucket], limits: dict[str, Cap]) -> list[int]:
    """Granted tokens and ms to wait, in turn for each bucket. Raises redis.RedisError."""
    arguments: list[float] = []
    for bucket in wanting:
        cap = limits[bucket.kind]
        arguments += [cap.rate, cap.burst, SLICE, bucket.debt]
    keys = [f"pace:{bucket.kind}:{bucket.host}" for bucket in wanting]
    told: list[int] = _script()(keys=keys, args=arguments)
    return told


@cache
def _free_hosts() -> frozenset[str]:
    named = [*settings.RESOLVERS, settings.CLASSROOM, settings.SPF_DNS]
    named += [settings.CLASSROOM_WEB, settings.CLASSROOM_MAIL]
    own = [parse_server(text) for text in named if text]
    return frozenset(server.host for server in (*own, *machine_servers()))


@lru_cache(maxsize=MAX_BUCKETS)
def _is_loopback(host: str) -> bool:
    return ipaddress.ip_address(host).is_loopback


def is_own(host: str) -> bool:
    """Whether the operator has named the machine, or it is this one."""
    return host in _free_hosts() or _is_loopback(host)


@cache
def pace() -> Pace:
    """The one of this process."""
    return Pace(is_own)
