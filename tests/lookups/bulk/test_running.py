"""Workers: whole lists, pauses, ends, deaths, turns; nothing lost and nothing counted twice."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from datetime import timedelta

import pytest
import redis
from django.contrib.auth import get_user_model
from django.utils import timezone

from lookups import stream
from lookups.bulk import leases, ledger, running, tasks
from lookups.bulk.summary import Outcome
from lookups.models import Bulk, BulkItem

from .conftest import LESSONS, make, names

pytestmark = pytest.mark.django_db(transaction=True)
GOOD = Outcome("good", 100, {"spf": "fail", "errors": [], "warnings": []})


def states(bulk: Bulk) -> list[str]:
    return list(bulk.items.order_by("position").values_list("state", flat=True))


@pytest.fixture
def instant(monkeypatch):
    """Checks that answer at once; `asked` has the domains in the order asked."""
    asked: list[str] = []

    async def examine(domain, transport):
        asked.append(domain)
        return GOOD

    monkeypatch.setattr(running, "examine", examine)
    return asked


def test_a_whole_list(at_once, owner):
    bulk = make(owner)
    assert bulk.total == len(LESSONS) and bulk.state == "waiting"
    assert tasks.wake()
    bulk.refresh_from_db()
    assert (bulk.state, bulk.done, bulk.failed) == ("done", len(LESSONS), 0)
    assert bulk.started <= bulk.finished and bulk.figures["total"] == len(LESSONS)
    perfect, null, none, no_mail, _ = bulk.items.order_by("position")
    assert perfect.status == "good" and perfect.score == 100 and perfect.lease == ""
    words = {name: perfect.summary[name] for name in ("mx", "spf", "dkim", "dmarc", "dnssec")}
    assert words == {
        "mx": "mx", "spf": "fail", "dkim": "found", "dmarc": "reject", "dnssec": "secure"
    }  # fmt: skip
    assert perfect.summary["mta_sts"] == "enforce" and perfect.summary["tls_rpt"] == "found"
    assert perfect.summary["dane"] == "usable" and perfect.summary["errors"] == []
    assert null.summary["mx"] == "null" and none.summary["dmarc"] == "missing"
    assert "mx-none" in no_mail.summary["errors"]
    assert not stream.client().keys("bulk:lease:*")


def test_a_domain_that_nobody_answers_for_fails_and_can_be_tried_again(at_once, owner, settings):
    settings.QUERY_TIMEOUT, settings.REPORT_TIMEOUT = 0.1, 2.0
    bulk = make(owner, "silent.classroom.test\nperfect.classroom.test")
    tasks.wake()
    bulk.refresh_from_db()
    assert (bulk.state, bulk.done, bulk.failed) == ("done", 1, 1)
    assert bulk.items.get(domain="silent.classroom.test").failure == "no-dns"
    assert ledger.again(bulk) == 1
    bulk.refresh_from_db()
    assert (bulk.state, bulk.failed, bulk.figures) == ("waiting", 0, None)
    tasks.wake()
    bulk.refresh_from_db()
    assert (bulk.state, bulk.done, bulk.failed) == ("done", 1, 1)


def test_a_check_that_breaks_costs_its_own_item_only(at_once, owner, monkeypatch, caplog):
    async def examine(domain, transport):
        if domain.startswith("null"):
            raise ZeroDivisionError
        return GOOD

    monkeypatch.setattr(running, "examine", examine)
    bulk = make(owner)
    tasks.wake()
    bulk.refresh_from_db()
    assert (bulk.state, bulk.done, bulk.failed) == ("done", len(LESSONS) - 1, 1)
    assert bulk.items.get(state="failed").failure == "crash" and "broke off" in caplog.text


def test_more_than_one_chunk(at_once, owner, instant):
    bulk = make(owner, "\n".join(f"d{n}.test" for n in range(230)))
    tasks.wake()
    bulk.refresh_from_db()
    assert (bulk.state, bulk.done) == ("done", 230) and len(instant) == 230


def test_people_take_turns(at_once, owner, other, instant):
    make(owner, "\n".join(f"big{n}.test" for n in range(300)))
    make(owner, "\n".join(f"more{n}.test" for n in range(300)))
    make(other, "\n".join(f"small{n}.test" for n in range(10)))
    tasks.wake()
    last = max(n for n, domain in enumerate(instant) if domain.startswith("small"))
    assert last < 3 * ledger.CHUNK and len(instant) == 610


class Held:
    """A check that goes on until it is let go."""

    def __init__(self, monkeypatch) -> None:
        self.begun = threading.Semaphore(0)
        self.gate = Future()
        monkeypatch.setattr(running, "examine", self.examine)
        monkeypatch.setattr(running, "WRITE_SECONDS", 0.05)
        monkeypatch.setattr(running, "TICK", 0.02)

    async def examine(self, domain, transport):
        import asyncio

        self.begun.release()
        # Whoever is cancelled while it waits leaves the gate to the others.
        await asyncio.shield(asyncio.wrap_future(self.gate))
        return GOOD


@pytest.fixture
def held(monkeypatch, classroom, settings):
    settings.BULK_REPORTS_AT_ONCE = 2
    made = Held(monkeypatch)
    yield made
    if not made.gate.done():
        made.gate.set_result(None)


def session(seconds: float = 5.0) -> threading.Thread:
    """A worker in a thread of its own, with a connection of its own."""
    from django.db import connection

    def run() -> None:
        try:
            running.Session(hand_on=lambda: None).work(seconds)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_pause_lets_go_and_resume_goes_on(held, owner, instant_again):
    bulk = make(owner)
    worker = session()
    held.begun.acquire()
    assert ledger.pause(bulk) and not ledger.pause(bulk)
    worker.join(10)
    bulk.refresh_from_db()
    assert bulk.state == "paused" and set(states(bulk)) == {"waiting"}
    assert set(bulk.items.values_list("attempts", flat=True)) == {0}
    tasks.work_on_bulks()  # nothing happens while it is paused
    assert set(states(bulk)) == {"waiting"}
    assert ledger.resume(bulk) and not ledger.resume(bulk)
    instant_again()
    running.Session(hand_on=lambda: None).work()
    bulk.refresh_from_db()
    assert (bulk.state, bulk.done) == ("done", len(LESSONS))


@pytest.fixture
def instant_again(monkeypatch):
    async def examine(domain, transport):
        return GOOD

    return lambda: monkeypatch.setattr(running, "examine", examine)


def test_cancel_keeps_what_is_known(held, owner):
    bulk = make(owner)
    first = bulk.items.order_by("position").first()
    BulkItem.objects.filter(id=first.id).update(state="done", status="good", score=90)
    worker = session()
    held.begun.acquire()
    assert ledger.cancel(bulk)
    held.gate.set_result(None)  # what comes late is not written any more
    worker.join(10)
    bulk.refresh_from_db()
    assert bulk.state == "cancelled" and bulk.done == 1 and bulk.figures["total"] == 1
    assert states(bulk) == ["done"] + ["cancelled"] * (len(LESSONS) - 1)
    assert not ledger.cancel(bulk) and not ledger.pause(bulk)
    assert ledger.again(bulk) == len(LESSONS) - 1


def test_a_bulk_deleted_while_it_runs_is_no_trouble(held, owner):
    bulk = make(owner)
    worker = session()
    held.begun.acquire()
    bulk.delete()
    worker.join(10)
    assert not worker.is_alive() and not BulkItem.objects.exists()


def test_what_a_dead_worker_had_in_hand_waits_again(at_once, owner, instant):
    bulk = make(owner)
    ledger.claim("dead")
    assert set(states(bulk)) == {"running"}
    tasks.tend_bulks()
    bulk.refresh_from_db()
    assert (bulk.state, bulk.done) == ("done", len(LESSONS))
    # What the dead worker's ghost writes afterwards changes nothing.
    ledger.write("dead", {bulk.items.first().id: "crash"})
    bulk.refresh_from_db()
    assert bulk.failed == 0 and states(bulk) == ["done"] * len(LESSONS)


def test_what_a_living_worker_has_in_hand_is_left_alone(classroom, owner):
    bulk = make(owner)
    leases.hold("alive")
    ledger.claim("alive")
    tasks.tend_bulks()
    assert set(states(bulk)) == {"running"}


def test_an_item_that_kills_its_workers_is_given_up(classroom, owner):
    bulk = make(owner, "a.test")
    for _ in range(ledger.MAX_ATTEMPTS):
        assert ledger.claim("dead")
        ledger.revive(["dead"])
    bulk.refresh_from_db()
    assert (bulk.state, bulk.failed) == ("done", 1)
    assert bulk.items.get().failure == "lost"


def test_an_open_page_looks_after_its_bulk_now_and_then(at_once, owner, instant):
    bulk = make(owner)
    ledger.claim("dead")
    tasks.tend(bulk)
    bulk.refresh_from_db()
    assert bulk.state == "done"
    assert not leases.claim_look(bulk.id)


def test_without_redis_nothing_breaks(classroom, owner, instant, monkeypatch):
    def away(*arguments, **more):
        raise redis.ConnectionError

    for name in ("hold", "drop", "gone", "claim_token", "take_token", "claim_look"):
        monkeypatch.setattr(leases, name, away)
    bulk = make(owner)
    assert not tasks.wake()
    tasks.tend(bulk)
    tasks.tend_bulks()
    tasks.work_on_bulks()
    bulk.refresh_from_db()
    assert (bulk.state, bulk.done) == ("done", len(LESSONS))


def test_one_turn_at_a_time_in_a_process(held, owner):
    make(owner)
    worker = threading.Thread(target=tasks.work_on_bulks)
    worker.start()
    held.begun.acquire()
    tasks.work_on_bulks()  # drops the token and returns at once
    held.gate.set_result(None)
    worker.join(10)
    assert not worker.is_alive()
    assert tasks._turns.acquire(blocking=False)
    tasks._turns.release()


def test_room_is_made_while_a_visitor_waits(held, owner, settings):
    settings.BULK_REPORTS_AT_ONCE = 20
    make(owner, "\n".join(f"d{n}.test" for n in range(30)))
    turn = running.Session(hand_on=lambda: None)
    turn._claim()
    turn.loop.urgent += 1
    try:
        turn._start()
        assert len(turn.flying) == running.YIELDING
    finally:
        turn.loop.urgent -= 1
    turn._start()
    assert len(turn.flying) == 20
    turn._end()


def test_rate(owner):
    bulk = make(owner, "\n".join(f"d{n}.test" for n in range(30)))
    assert ledger.rate(bulk) == 0
    items = bulk.items.filter(position__lte=20)
    items.update(state="done", finished=timezone.now() - timedelta(seconds=3))
    assert 4 <= ledger.rate(bulk) <= 5.1


def test_nobody_keeps_more_than_so_many(owner, monkeypatch):
    monkeypatch.setattr(ledger, "MAX_KEPT", 2)
    make(owner, "a.test")
    make(owner, "a.test")
    with pytest.raises(ledger.TooMany):
        make(owner, "a.test")
    make(get_user_model().objects.create_user("n"), "a.test")
    assert Bulk.objects.count() == 3 == BulkItem.objects.count()


def test_names_of_the_lessons():
    assert names("a", "b").split() == ["a.classroom.test", "b.classroom.test"]


def test_a_worker_that_is_told_to_stop_hands_back_at_once(owner, monkeypatch):
    """What is finished is kept; what is in flight or in hand waits again, as if never begun."""
    begun = threading.Event()

    async def examine(domain, transport):
        if domain.startswith("quick"):
            return GOOD
        begun.set()
        await asyncio.sleep(60)

    monkeypatch.setattr(running, "examine", examine)
    monkeypatch.setattr(running, "WRITE_SECONDS", 0.0)
    bulk = make(owner, "\n".join(["quick.test", *(f"slow{n}.test" for n in range(60))]))
    handed_on = []

    def is_leaving():
        return begun.is_set() and BulkItem.objects.filter(state="done").exists()

    monkeypatch.setattr(running, "is_leaving", is_leaving)
    running.Session(hand_on=lambda: handed_on.append(1)).work(seconds=60)
    assert states(bulk) == ["done"] + ["waiting"] * 60 and handed_on == [1]
    assert set(bulk.items.filter(state="waiting").values_list("lease", "attempts")) == {("", 0)}
    assert not stream.client().keys("bulk:lease:*")
