"""The clock: spread, downtime, two workers, a queue that is away."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import kombu.exceptions
import pytest

from lookups import tasks
from lookups.models import Report, Watch
from lookups.watching import clock
from lookups.watching.tasks import run_due_watches
from tests.lookups.watching.conftest import checked, person, team_of, watched

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 25, 8, 0, 30, tzinfo=UTC)


@pytest.fixture
def queued(monkeypatch):
    found: list[str] = []
    monkeypatch.setattr(tasks.run_report, "apply_async", lambda args, queue: found.append(queue))
    return found


def due(holder, domain="example.com", interval="hourly", ago=60, **fields) -> Watch:
    run = NOW - timedelta(seconds=ago)
    return watched(holder, domain, interval=interval, next_run=run, **fields)


@pytest.mark.parametrize(("interval", "buckets"), [("hourly", 60), ("daily", 24), ("weekly", 7)])
def test_a_thousand_watches_are_spread_evenly(interval, buckets):
    """Whenever they were switched on: here all at the same second."""
    moments: Counter[int] = Counter()
    period = {"hourly": 3600, "daily": 86_400, "weekly": 604_800}[interval]
    for _ in range(1000):
        watch = Watch(domain="example.com", interval=interval)
        watch.schedule(NOW)
        assert NOW < watch.next_run <= NOW + timedelta(seconds=period)
        moments[int(watch.next_run.timestamp()) % period * buckets // period] += 1
    mean = 1000 / buckets
    assert len(moments) == buckets
    assert max(moments.values()) < mean + 6 * mean**0.5
    assert min(moments.values()) > mean - 6 * mean**0.5


def test_what_is_due_is_checked_by_nobody_into_its_history(queued):
    user = person("m")
    mine, of_team = due(user), due(team_of(owner=user), "team.test")
    due(user, "later.test", ago=-60)
    due(user, "ended.test", ended_at=NOW)
    assert clock.run_due(NOW) == 2
    assert queued == ["monitor", "monitor"]
    reports = Report.objects.order_by("domain")
    assert [report.watch for report in reports] == [mine, of_team]
    for report in reports:
        assert report.owner is None and report.saved_at and report.visibility == "team"
    mine.refresh_from_db()
    assert NOW < mine.next_run <= NOW + timedelta(hours=1)


@pytest.mark.parametrize("days", [1 / 24, 3, 400])
def test_after_a_pause_each_is_checked_once(queued, days):
    watch = due(person("m"), ago=days * 86_400)
    assert clock.run_due(NOW) == 1 and clock.run_due(NOW) == 0
    watch.refresh_from_db()
    assert watch.next_run > NOW


def test_two_workers_never_check_one_twice(queued):
    user = person("m")
    for number in range(5):
        due(user, f"d{number}.test")
    theirs = list(Watch.objects.due(NOW))  # the other worker has read the same rows
    assert clock.run_due(NOW) == 5
    assert [clock._take(watch, NOW) for watch in theirs] == [False] * 5
    assert Report.objects.count() == 5


def test_a_batch_is_bounded_and_by_what_waits(queued, monkeypatch):
    user = person("m")
    monkeypatch.setattr(clock, "BATCH", 3)
    monkeypatch.setattr(clock, "MAX_WAITING", 4)
    for number in range(8):
        due(user, f"d{number}.test", ago=number)
    assert [clock.run_due(NOW) for _ in range(3)] == [3, 1, 0]
    assert {r.domain for r in Report.objects.all()} == {f"d{n}.test" for n in range(4, 8)}
    Report.objects.update(state="done")
    assert clock.run_due(NOW) == 3


def test_without_a_queue_it_stays_due(monkeypatch):
    def away(*args, **more):
        raise kombu.exceptions.OperationalError

    watch = due(person("m"))
    was = watch.next_run
    monkeypatch.setattr(tasks.run_report, "apply_async", away)
    assert clock.run_due(NOW) == 0
    watch.refresh_from_db()
    assert watch.next_run == was and not Report.objects.exists()


def test_switched_off_is_never_due(queued):
    watch = due(person("m"), interval="off")
    assert clock.run_due(NOW) == 1, "one that was due when it was switched off, and no more"
    watch.refresh_from_db()
    assert watch.next_run is None


def test_the_task_and_its_place_in_the_schedule(queued, settings):
    watched(person("m"), interval="hourly", next_run=datetime(2020, 1, 1, tzinfo=UTC))
    assert run_due_watches() == 1
    entry = settings.CELERY_BEAT_SCHEDULE["run-due-watches"]
    assert entry == {"task": run_due_watches.name, "schedule": 30.0}


def test_reports_of_the_clock_are_revived_behind_those_of_people(queued):
    watch = watched(person("m"))
    for report in (checked(watch, owner=None), checked(watch)):
        Report.objects.filter(pk=report.pk).update(state="waiting")
        assert tasks.revive(report)
    assert queued == ["monitor", "interactive"]


def test_the_worker_of_serve_has_all_queues():
    from portal.management.commands.serve import _site_parts

    [worker] = [part for part in _site_parts("127.0.0.1", 1, {}) if part.name == "worker"]
    assert worker.command[-2:] == ["-Q", "interactive,monitor,bulk"]
