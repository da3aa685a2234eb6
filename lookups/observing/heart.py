"""A sign of life of each process, in Redis, every few seconds: which part it is and since when.

The thread also carries what DNS cost into the metrics, and now and then, one worker of all, asks
the configured resolvers how they are.
"""

from __future__ import annotations

import json
import logging
import os
import platform
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import redis

from lookups import stream

logger = logging.getLogger(__name__)

BEAT_SECONDS, KEEP_SECONDS = 5.0, 16
MAX_SHOWN = 200  # processes
_PREFIX = "alive:"


@dataclass(frozen=True, slots=True)
class Alive:
    """A process that gave a sign of life within KEEP_SECONDS."""

    part: str
    host: str
    pid: int
    since: datetime
    queues: tuple[str, ...] = ()
    version: str = ""
    leaving: bool = False


class Heart:
    """Beats in a thread of its own until `stop`. `each` is called at every beat."""

    def __init__(self, part: str, each: Callable[[], None] = lambda: None, **facts: Any) -> None:
        self._key = f"{_PREFIX}{part}:{platform.node()}:{os.getpid()}"
        self._facts = {"since": datetime.now(UTC).isoformat(), **facts}
        self._each = each
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heart", daemon=True)

    def start(self) -> Heart:
        self._thread.start()
        return self

    def stop(self) -> None:
        """Forgets the process at once, so that nobody counts on it."""
        self._stopped.set()
        self._thread.join(timeout=3)
        self._try(self._each)
        self._try(lambda: stream.client().delete(self._key))

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._try(self._beat)
            self._try(self._each)
            self._stopped.wait(BEAT_SECONDS)

    def _beat(self) -> None:
        from .leaving import is_leaving

        text = json.dumps({**self._facts, "leaving": is_leaving()})
        stream.client().set(self._key, text, ex=KEEP_SECONDS)

    def _try(self, function: Callable[[], Any]) -> None:
        """Nothing here is worth a process: not Redis being away, nor a fault of ours."""
        try:
            function()
        except redis.RedisError:
            pass  # the next beat tries again
        except Exception:
            logger.exception("a sign of life was not given")


def alive() -> list[Alive]:
    """Who is there. Raises redis.RedisError."""
    client = stream.client()
    keys = list(islice(client.scan_iter(match=_PREFIX + "*", count=1000), MAX_SHOWN))
    texts = client.mget(keys) if keys else []
    found = [_read(key, text) for key, text in zip(keys, texts, strict=True) if text]
    return sorted(found, key=lambda one: (one.part, one.host, one.pid))


def _read(key: str, text: str) -> Alive:
    _, part, rest = key.split(":", 2)
    host, _, pid = rest.rpartition(":")
    facts = json.loads(text)
    return Alive(
        part=part,
        host=host,
        pid=int(pid),
        since=datetime.fromisoformat(facts["since"]),
        queues=tuple(facts.get("queues", ())),
        version=facts.get("version", ""),
        leaving=bool(facts.get("leaving")),
    )
