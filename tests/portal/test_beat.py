"""Celery's beat after the clock of the machine was set."""

from __future__ import annotations

from datetime import timedelta

import pytest
from celery import Celery

from portal.beat import UnwaveringScheduler


class Beat(UnwaveringScheduler):
    """Counts what it would send, and leaves the queue alone."""

    sent: list[str]

    def apply_async(self, entry, **kwargs):
        self.sent.append(entry.name)


@pytest.fixture
def beat(tmp_path):
    app = Celery("beat", broker="memory://", set_as_current=False)
    app.conf.beat_schedule = {"a": every(30), "b": every(45)}
    made = Beat(app=app, schedule_filename=str(tmp_path / "schedule"))
    made.sent = []
    yield made
    made.close()


def every(seconds):
    return {"task": "lookups.tasks.revive_reports", "schedule": float(seconds)}


def run_in_the_future(beat, ahead=timedelta(hours=1)):
    """Leaves behind what a beat leaves whose clock was `ahead`."""
    for entry in beat.schedule.values():
        entry.last_run_at = beat.app.now() + ahead


def test_a_clock_that_was_turned_back_holds_up_nothing(beat):
    run_in_the_future(beat)
    assert beat.tick() <= 30
    assert all(entry.last_run_at <= beat.app.now() for entry in beat.schedule.values())


def test_turned_back_while_it_runs(beat):
    beat.tick()
    run_in_the_future(beat)
    beat._heap = None
    assert beat.tick() > 60  # Celery's own word: nothing to do for long
    beat._ahead += 3600  # the clock was an hour ahead at the last look
    assert beat.tick() <= 30


def test_what_is_due_is_sent(beat):
    for entry in beat.schedule.values():
        entry.last_run_at = beat.app.now() - timedelta(hours=2)
    while beat.tick() == 0:
        pass
    assert set(beat.sent) >= {"a", "b"}
