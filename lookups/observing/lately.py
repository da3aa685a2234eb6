"""What happened lately, on all machines together, in Redis: for the operator's status page.

A few hundred reports and some dozens of errors are kept. Nothing stands or falls with them.
"""

from __future__ import annotations

import json
import logging
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import redis

from lookups import stream

logger = logging.getLogger(__name__)

REPORTS, ERRORS = "lately:reports", "lately:errors"
MAX_REPORTS, MAX_ERRORS = 500, 30
HOUR_KEEP_SECONDS = 25 * 3600
HOURS = 24


@dataclass(frozen=True, slots=True)
class Hour:
    """How much was done in the hour that began at `start`."""

    start: datetime
    done: int
    failed: int
    domains: int  # of bulk checks


@dataclass(frozen=True, slots=True)
class Lately:
    """The last reports: how many, milliseconds to the first section and to the end, in order, and
    their questions by outcome."""

    reports: int = 0
    first_ms: list[int] = field(default_factory=list)
    whole_ms: list[int] = field(default_factory=list)
    asked: int = 0
    shared: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)


def note_report(
    done: bool, first_ms: int | None, whole_ms: int, shared: int, outcomes: Counter[str]
) -> None:
    """Raises redis.RedisError."""
    entry = {"first": first_ms, "whole": whole_ms, "shared": shared, "outcomes": outcomes}
    pipe = stream.client().pipeline(transaction=False)
    pipe.lpush(REPORTS, json.dumps(entry))
    pipe.ltrim(REPORTS, 0, MAX_REPORTS - 1)
    _count(pipe, "done" if done else "failed", 1)
    pipe.execute()


def note_domains(number: int) -> None:
    """Domains of bulk checks that were looked at. Raises redis.RedisError."""
    pipe = stream.client().pipeline(transaction=False)
    _count(pipe, "domains", number)
    pipe.execute()


def _count(pipe: Any, what: str, number: int) -> None:
    key = _hour_key(datetime.now(UTC))
    pipe.hincrby(key, what, number)
    pipe.expire(key, HOUR_KEEP_SECONDS)


def _hour_key(moment: datetime) -> str:
    return f"lately:hour:{moment:%Y%m%d%H}"


_last_failure = 0.0


def note_error(when: str, part: str, logger_name: str, text: str) -> None:
    """Never raises for Redis being away, and then does not try again for some seconds: whoever
    logs an error must not wait for it."""
    global _last_failure
    if time.monotonic() - _last_failure < 10 and _last_failure:
        return
    entry = {"when": when, "part": part, "logger": logger_name[:60], "text": text}
    try:
        pipe = stream.client().pipeline(transaction=False)
        pipe.lpush(ERRORS, json.dumps(entry))
        pipe.ltrim(ERRORS, 0, MAX_ERRORS - 1)
        pipe.execute()
    except redis.RedisError:
        _last_failure = time.monotonic()


def reports() -> Lately:
    """Raises redis.RedisError."""
    entries = [json.loads(text) for text in stream.client().lrange(REPORTS, 0, -1)]
    outcomes: Counter[str] = Counter()
    for entry in entries:
        outcomes.update(entry["outcomes"])
    return Lately(
        reports=len(entries),
        first_ms=sorted(e["first"] for e in entries if e["first"] is not None),
        whole_ms=sorted(e["whole"] for e in entries),
        asked=outcomes.total(),
        shared=sum(e["shared"] for e in entries),
        outcomes=outcomes,
    )


def hours(now: datetime | None = None) -> list[Hour]:
    """The last 24 hours, the oldest first. Raises redis.RedisError."""
    this = (now or datetime.now(UTC)).replace(minute=0, second=0, microsecond=0)
    starts = [this - timedelta(hours=back) for back in range(HOURS - 1, -1, -1)]
    pipe = stream.client().pipeline(transaction=False)
    for start in starts:
        pipe.hgetall(_hour_key(start))
    return [
        Hour(start, *(int(found.get(name, 0)) for name in ("done", "failed", "domains")))
        for start, found in zip(starts, pipe.execute(), strict=True)
    ]


def errors() -> list[dict[str, str]]:
    """The newest first. Raises redis.RedisError."""
    return [json.loads(text) for text in stream.client().lrange(ERRORS, 0, -1)]
