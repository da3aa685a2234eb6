"""How the work stands: queues in Redis, unfinished reports, leases, and the clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import redis
from django.db.models import Count, Min, Q
from django.utils import timezone

from lookups import stream
from lookups.models import Report
from lookups.observing import live

AGES = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1))
MAX_LEASES = 10_000


@dataclass
class State:
    """`reachable`: whether Redis answers; without it the rest of its figures is missing."""

    reachable: bool = False
    lengths: list[tuple[str, int]] = field(default_factory=list)
    in_hand: int = 0  # messages that a worker has taken and not finished
    leases: int = 0
    clock: datetime | None = None
    clock_is_late: bool = False
    unfinished: list[dict[str, Any]] = field(default_factory=list)


def state() -> State:
    found = State(unfinished=_unfinished(timezone.now()))
    try:
        _ask_redis(found)
    except redis.RedisError:
        return found
    found.reachable = True
    late = found.clock is None or timezone.now() - found.clock > timedelta(minutes=2)
    found.clock_is_late = late
    return found


def _ask_redis(found: State) -> None:
    found.lengths = live.queue_lengths()
    found.in_hand = live.in_hand()
    leases = stream.client().scan_iter(match="report:*:lease", count=1000)
    found.leases = sum(1 for _ in islice(leases, MAX_LEASES))
    found.clock = stream.clock_was_here()


def _unfinished(now: datetime) -> list[dict[str, Any]]:
    """Waiting and running reports by age: how many are no older than each of AGES, or older."""
    first, second, third = (now - age for age in AGES)
    rows = Report.objects.unfinished().order_by().values("state")
    return list(
        rows.annotate(
            all=Count("id"),
            minute=Count("id", filter=Q(created__gte=first)),
            ten=Count("id", filter=Q(created__lt=first, created__gte=second)),
            hour=Count("id", filter=Q(created__lt=second, created__gte=third)),
            older=Count("id", filter=Q(created__lt=third)),
            oldest=Min("created"),
        ).order_by("state")
    )
