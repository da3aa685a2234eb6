"""Nothing is deleted by a clock that was set ahead, nothing is held up by one that was set back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lookups import even_clock, stream, tasks
from lookups.bulk import leases
from lookups.models import Report

START = datetime(2026, 5, 1, 12, tzinfo=UTC)
TICK = timedelta(seconds=30)
HOUR = timedelta(hours=1)


def run(start: datetime, length: timedelta) -> datetime:
    """The clock's notes from `start` on; the moment of the last."""
    now = start
    while now < start + length:
        even_clock.note(now)
        now += TICK
    return now - TICK


def test_even_after_a_while():
    assert not even_clock.is_even(START)
    now = run(START, even_clock.EVEN_FOR - TICK)
    assert not even_clock.is_even(now)
    assert even_clock.is_even(run(now + TICK, 3 * TICK))


@pytest.mark.parametrize("leap", [timedelta(days=400), timedelta(minutes=6), -HOUR, -400 * HOUR])
def test_in_doubt_once_the_clock_was_set(leap):
    now = run(START, HOUR)
    assert even_clock.is_even(now)
    assert not even_clock.is_even(now + leap)  # before anybody noted it
    now = run(now + leap, HOUR / 2)
    assert not even_clock.is_even(now)
    assert even_clock.is_even(run(now, HOUR))


def test_machines_that_differ_a_little_raise_no_doubt():
    now = run(START, HOUR)
    for differs in (60, -60, 120, -120, 0):
        even_clock.note(now + timedelta(seconds=differs))
    assert even_clock.is_even(now + TICK)


@pytest.mark.django_db
def test_the_clock_deletes_nothing_while_time_is_in_doubt(settings):
    """Called by name, as the clock does, and not by hand as an operator would."""
    settings.REPORT_KEEP_DAYS = 0
    Report.objects.create(domain="example.org")
    assert tasks.expire_reports.apply().get() == 0
    run(datetime.now(UTC) - HOUR, HOUR + TICK)
    assert tasks.expire_reports.apply().get() == 1


@pytest.mark.django_db
def test_by_hand_it_deletes_at_once(settings):
    settings.REPORT_KEEP_DAYS = 0
    Report.objects.create(domain="example.org")
    assert tasks.expire_reports() == 1


def test_a_lease_from_a_time_to_come_has_run_out():
    """Its holder was killed, then the clock went back by an hour: for Redis it lasts that long."""
    stream.hold_lease(7, "killed")
    assert stream.is_leased(7) and not stream.hold_lease(7, "next")
    stream.client().expire("report:7:lease", 3600)
    assert not stream.is_leased(7)
    assert stream.hold_lease(7, "next")
    assert stream.is_leased(7) and not stream.hold_lease(7, "third")


def test_a_revival_from_a_time_to_come_holds_up_nobody():
    assert stream.claim_revival(7, 10) and not stream.claim_revival(7, 10)
    stream.client().expire("report:7:revival", 3600)
    assert stream.claim_revival(7, 10) and not stream.claim_revival(7, 10)


def test_the_leases_of_bulk_checks_alike():
    leases.hold("a")
    leases.hold("b")
    assert leases.gone(["a", "b", "c"]) == ["c"]
    stream.client().expire("bulk:lease:b", 3600)
    assert leases.gone(["a", "b", "c"]) == ["b", "c"]
