"""Workers with a connection each to PostgreSQL, at the same bulk at the same moment.

SQLite in memory has one connection for all; where it has several, it lets one at a time write.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from lookups.bulk import ledger
from lookups.bulk.summary import Outcome
from lookups.models import Bulk, BulkItem

from .conftest import make, names

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="needs several connections"),
]
GOOD = Outcome("good", 100, {"spf": "fail", "errors": [], "warnings": []})
WORKERS = 4


def side_by_side(work, count: int = WORKERS) -> list:
    """What `work(number)` returns in each of as many threads, begun at once."""
    start = threading.Barrier(count)

    def run(number: int):
        try:
            start.wait(10)
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(run, range(count)))


def test_no_item_is_handed_out_twice(owner):
    bulk = make(owner, names(*(f"n{number}" for number in range(200))))

    def claim(number: int) -> list[int]:
        mine: list[int] = []
        while items := ledger.claim(f"worker{number}", 7):
            mine += [item.id for item in items]
        return mine

    taken = [id for mine in side_by_side(claim) for id in mine]
    assert sorted(taken) == sorted(bulk.items.values_list("id", flat=True))
    assert set(bulk.items.values_list("attempts", flat=True)) == {1}


def test_workers_and_their_owner_do_not_wait_for_each_other(owner):
    """Taking, writing, ending and beginning again, all at once: no deadlock, nothing lost."""
    bulk = make(owner, names(*(f"n{number}" for number in range(60))))

    def turn(number: int) -> None:
        for _ in range(25):
            if number == 0:
                ledger.cancel(bulk)
                ledger.again(bulk)
            else:
                items = ledger.claim(f"worker{number}", 9)
                ledger.write(f"worker{number}", {item.id: GOOD for item in items})

    side_by_side(turn)
    ledger.revive(ledger.held_leases())
    while items := ledger.claim("last"):
        ledger.write("last", {item.id: GOOD for item in items})
    ledger.again(bulk)
    while items := ledger.claim("last"):
        ledger.write("last", {item.id: GOOD for item in items})
    bulk.refresh_from_db()
    assert bulk.state == Bulk.State.DONE and bulk.done == bulk.total
    assert not BulkItem.objects.exclude(state=BulkItem.State.DONE).exists()


def test_only_one_of_many_takes_a_due_watch(owner):
    from datetime import timedelta

    from django.utils import timezone

    from lookups.models import Watch
    from lookups.watching import clock

    now = timezone.now()
    watch = Watch.objects.create(
        owner=owner, domain="a.example", interval="daily", next_run=now - timedelta(minutes=1)
    )
    taken = side_by_side(lambda _: clock._take(Watch.objects.get(pk=watch.pk), now))
    # Who reads after the first has moved it on finds nothing due, or the new moment to move.
    moved = Watch.objects.get(pk=watch.pk).next_run
    assert any(taken) and moved > now
