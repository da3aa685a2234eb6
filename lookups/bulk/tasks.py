"""Bulk checks in the queue "bulk": one token goes round, and a process works on one at a time.

Whoever takes the token puts the next in at once, so that an idle process joins in; one that is at
work already drops it, and puts in another when it is through.
"""

from __future__ import annotations

import logging
import threading

import kombu.exceptions
import redis
from celery import shared_task
from django.conf import settings

from lookups import stream

from . import leases, ledger
from .models import Bulk
from .running import Session

logger = logging.getLogger(__name__)
_turns = threading.BoundedSemaphore(settings.BULK_AT_ONCE)


@shared_task
def work_on_bulks() -> None:
    """Works on bulk checks for a while, unless this process does so already."""
    stream.tolerate(leases.take_token)
    if not _turns.acquire(blocking=False):
        return
    wake()  # an idle process takes it
    Session(hand_on=_hand_on).work()


def _hand_on() -> None:
    _turns.release()
    if ledger.anything_waits():
        wake()


def wake() -> bool:
    """Puts a token into the queue, if there is none; False where the queue is out of reach.

    Then nothing is lost: `tend_bulks` does so later.
    """
    try:
        if leases.claim_token():
            work_on_bulks.delay()
    except (redis.RedisError, kombu.exceptions.OperationalError) as error:
        logger.warning("the queue is out of reach: %s", error)
        return False
    return True


@shared_task
def tend_bulks() -> None:
    """Gives what dead workers had in hand to others, and sees to it that somebody works."""
    _tend()


def tend(bulk: Bulk) -> None:
    """The same for one bulk whose page is open, every few seconds at most."""
    try:
        if leases.claim_look(bulk.id):
            _tend(bulk)
    except redis.RedisError:
        pass  # the next look tries again


def _tend(bulk: Bulk | None = None) -> None:
    try:
        dead = leases.gone(ledger.held_leases(bulk))
    except redis.RedisError:
        return
    if dead:
        ledger.revive(dead)
    if ledger.anything_waits():
        wake()
    else:
        ledger.settle(Bulk.objects.going().values_list("id", flat=True))
