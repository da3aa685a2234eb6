"""Whether the machine's time may be trusted enough to delete by it.

When a clock is set ahead by mistake, everything looks old at once. So what deletes by age waits
until the clock has run evenly for a while: a mistake that is mended by then has cost nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps

import redis
from celery import current_task
from django.utils import timezone

from . import stream

logger = logging.getLogger(__name__)

# The clock's work notes the time every half a minute. Machines may differ by as much, and a restart
# may take as long; beyond it the clock was set, or nobody looked.
LEAP = timedelta(minutes=5)
EVEN_FOR = timedelta(minutes=50)  # less than the hour between two runs of what deletes
_SINCE = "clock:even-since"


def note(now: datetime) -> None:
    """Remembers that the clock's work was done, and whether time went evenly since the last
    time. Raises redis.RedisError."""
    last = stream.clock_was_here()
    if last is None or abs(now - last) > LEAP:
        stream.client().set(_SINCE, now.isoformat())
    stream.note_clock(now)


def is_even(now: datetime) -> bool:
    """Whether time has gone evenly for long enough. Raises redis.RedisError."""
    since, last = stream.client().get(_SINCE), stream.clock_was_here()
    if since is None or last is None or abs(now - last) > LEAP:
        return False
    return now - datetime.fromisoformat(since) >= EVEN_FOR


def by_an_even_clock(task: Callable[[], int]) -> Callable[[], int]:
    """For tasks that delete by age: the clock's call does nothing while time is in doubt, the
    next one makes up for it. Called as a function, they do as they are told."""

    @wraps(task)
    def guarded() -> int:
        called = current_task and not current_task.request.called_directly
        if called and not _may_delete():
            logger.info("%s waits until the clock has run evenly for a while", task.__name__)
            return 0
        return task()

    return guarded


def _may_delete() -> bool:
    try:
        return is_even(timezone.now())
    except redis.RedisError:
        return False
