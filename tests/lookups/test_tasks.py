"""The worker's side: made once, made again after a crash, never left half-made."""

from __future__ import annotations

from datetime import timedelta

import pytest
import redis
from django.utils import timezone

from lookups import stream, tasks
from lookups.engine import report as engine_report
from lookups.engine.finding import Section
from lookups.models import Report

pytestmark = pytest.mark.django_db(transaction=True)


def make(domain="perfect.classroom.test", **fields) -> Report:
    return Report.objects.create(domain=domain, **fields)


def events(report: Report) -> list[str]:
    return [fields["event"] for _, fields in stream.client().xrange(f"report:{report.id}")]


def test_sections_go_to_the_stream_and_the_row(classroom):
    report = make()
    tasks.run_report(report.id)
    report.refresh_from_db()
    assert report.state == "done" and report.status == "good" and report.attempts == 1
    assert set(report.sections) == set(engine_report.TOPICS)
    assert all(section["complete"] for section in report.sections.values())
    told = events(report)
    assert told[0].startswith("section-") and told[-1] == "done" and "section-mx" in told
    assert 0 < stream.client().ttl(f"report:{report.id}") <= stream.KEEP_SECONDS
    assert not stream.is_leased(report.id)


def test_a_message_that_comes_twice_makes_one_report(classroom):
    report = make()
    tasks.run_report(report.id)
    before = Report.objects.get(id=report.id).finished
    tasks.run_report(report.id)
    assert Report.objects.get(id=report.id).finished == before


def test_a_report_that_another_worker_makes_is_left_alone(classroom):
    report = make()
    assert stream.hold_lease(report.id, "another")
    tasks.run_report(report.id)
    report.refresh_from_db()
    assert report.state == "waiting" and report.attempts == 0
    assert stream.is_leased(report.id)


def test_a_report_whose_worker_died_is_begun_anew(classroom):
    report = make(state="running", attempts=1, sections={"mx": {"topic": "mx"}})
    tasks.run_report(report.id)
    report.refresh_from_db()
    assert report.state == "done" and report.attempts == 2


def test_after_too_many_attempts_it_says_so(classroom):
    report = make(state="running", attempts=tasks.MAX_ATTEMPTS)
    tasks.run_report(report.id)
    report.refresh_from_db()
    assert (report.state, report.failure) == ("failed", "lost")
    assert events(report) == ["done"]


def test_a_check_that_breaks_costs_its_own_section_only(classroom, monkeypatch, caplog):
    async def broken(context):
        yield Section("mx", {"kind": "mx", "hosts": []}, complete=False)
        raise ZeroDivisionError

    monkeypatch.setitem(engine_report.CHECKS, "mx", broken)
    report = make()
    tasks.run_report(report.id)
    report.refresh_from_db()
    assert report.state == "done" and "broke on perfect.classroom.test" in caplog.text
    assert report.sections["mx"]["failed"] == "crash" and report.sections["mx"]["complete"]


def test_a_fault_of_ours_is_kept_apart_from_the_domain(classroom, monkeypatch, caplog):
    async def broken(context):
        raise ZeroDivisionError
        yield

    monkeypatch.setattr(tasks, "run_checks", broken)
    report = make()
    tasks.run_report(report.id)
    report.refresh_from_db()
    assert (report.state, report.failure, report.status) == ("failed", "crash", "")
    assert events(report) == ["done"] and "broke off" in caplog.text


def test_without_redis_the_row_has_everything(classroom, monkeypatch):
    def away(*arguments, **more):
        raise redis.ConnectionError

    for name in ("publish", "hold_lease", "drop_lease"):
        monkeypatch.setattr(stream, name, away)
    report = make()
    tasks.run_report(report.id)
    report.refresh_from_db()
    assert report.state == "done" and report.sections["mx"]["complete"]


def test_a_row_deleted_in_mid_report_is_no_trouble(classroom, monkeypatch):
    report = make()
    publish = stream.publish

    def delete_then_publish(*arguments):
        Report.objects.filter(id=report.id).delete()
        publish(*arguments)

    monkeypatch.setattr(stream, "publish", delete_then_publish)
    tasks.run_report(report.id)
    tasks.run_report(report.id)
    assert not Report.objects.exists()


def test_what_the_reader_did_meanwhile_is_kept(classroom, monkeypatch):
    report = make()
    publish = stream.publish

    def rename_then_publish(*arguments):
        Report.objects.filter(id=report.id).update(name="mine")
        publish(*arguments)

    monkeypatch.setattr(stream, "publish", rename_then_publish)
    tasks.run_report(report.id)
    assert Report.objects.get(id=report.id).name == "mine"


def test_revival_only_where_nobody_is_at_it(at_once):
    report = make(state="running")
    stream.hold_lease(report.id, "worker")
    assert not tasks.revive(report)
    stream.drop_lease(report.id, "worker")
    assert tasks.revive(report)
    report.refresh_from_db()
    assert report.state == "done"
    other = make("null-mx.classroom.test")
    assert tasks.revive(other) and not tasks.revive(other)


def test_the_clock_revives_what_nobody_watches(at_once):
    old = make(created=timezone.now() - timedelta(seconds=60))
    young = make("null-mx.classroom.test")
    assert tasks.revive_reports() == 1
    old.refresh_from_db()
    young.refresh_from_db()
    assert old.state == "done" and young.state == "waiting"


def test_unsaved_reports_expire_saved_ones_stay(settings, django_user_model):
    user = django_user_model.objects.create_user("m")
    long_ago = timezone.now() - timedelta(days=settings.REPORT_KEEP_DAYS, seconds=1)
    make(created=long_ago)
    saved = make(created=long_ago, owner=user, saved_at=long_ago)
    young = make()
    make(owner=user, saved_at=long_ago, deleted_at=timezone.now() - timedelta(days=1, seconds=1))
    undoable = make(owner=user, saved_at=long_ago, deleted_at=timezone.now())
    tasks.expire_reports()
    assert set(Report.objects.all()) == {saved, young, undoable}
