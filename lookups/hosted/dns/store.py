"""Hosted records in Redis: a task puts them there, the DNS server reads them.

`spf-zone:<label>` is JSON: {"ttl": seconds, "texts": {name below the label or "": text}}. The
database stays the truth; what is missing here is put here again.
"""

from __future__ import annotations

import json
import logging
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import monotonic

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

PREFIX = "spf-zone:"
KEEP_SECONDS = 30 * 86_400  # without a refresh in between
TIMEOUT_SECONDS = 0.25  # the DNS server waits for nothing longer
PAUSE_SECONDS = 1.0  # in which nothing is asked of a Redis that was away
FRESH_SECONDS = 2.0  # for which an entry is used without asking
MAX_REMEMBERED = 10_000  # labels

LABEL = re.compile(r"[a-z]{12}")
logger = logging.getLogger(__name__)


class Unreachable(Exception):
    """Redis is away, and the label was not asked for before."""


@dataclass(frozen=True, slots=True)
class Entry:
    """The records of one label: texts by their name below it ("" for the label itself)."""

    ttl: int
    texts: dict[str, str]


Source = Callable[[str], Entry | None]


def put(client: redis.Redis, label: str, entry: Entry) -> None:
    """Raises redis.RedisError."""
    value = json.dumps({"ttl": entry.ttl, "texts": entry.texts})
    client.set(PREFIX + label, value, ex=KEEP_SECONDS)


def remove(client: redis.Redis, labels: Iterable[str]) -> None:
    if keys := [PREFIX + label for label in labels]:
        client.delete(*keys)


def labels(client: redis.Redis) -> set[str]:
    """Those that are there."""
    found = client.scan_iter(match=PREFIX + "*", count=1000)
    return {key.removeprefix(PREFIX) for key in found}


class RedisSource:
    """A Source. While Redis is away, what it said last goes on being said."""

    def __init__(self, url: str) -> None:
        self._client = redis.Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 1),
        )
        self._away_until = 0.0
        self._known: OrderedDict[str, tuple[float, Entry | None]] = OrderedDict()

    def __call__(self, label: str) -> Entry | None:
        if not LABEL.fullmatch(label):
            return None
        now = monotonic()
        until, entry = self._known.get(label, (0.0, None))
        if until > now:
            return entry
        try:
            if now < self._away_until:
                raise Unreachable
            value = self._client.get(PREFIX + label)
        except (redis.RedisError, Unreachable) as error:
            if not isinstance(error, Unreachable):
                self._away_until = monotonic() + PAUSE_SECONDS
                logger.warning("hosted SPF records are out of reach: %s", error)
            if label in self._known:
                return entry
            raise Unreachable from error
        entry = _read(value) if isinstance(value, str) else None
        self._known[label] = (now + FRESH_SECONDS, entry)
        self._known.move_to_end(label)
        while len(self._known) > MAX_REMEMBERED:
            self._known.popitem(last=False)
        return entry


def _read(value: str) -> Entry | None:
    try:
        found = json.loads(value)
        return Entry(int(found["ttl"]), {str(k): str(v) for k, v in found["texts"].items()})
    except (ValueError, KeyError, TypeError, AttributeError):
        logger.warning("a hosted SPF record in Redis is damaged")
        return None
