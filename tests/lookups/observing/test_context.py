"""Facts follow the work: into threads, tasks of asyncio, the shared loop, and Celery's messages."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace

import pytest
from asgiref.sync import sync_to_async

from lookups import tasks
from lookups.event_loop import event_loop
from lookups.models import Report
from lookups.observing import celery_signals, context


@pytest.fixture(autouse=True)
def _nothing_known():
    token = context.replace({})
    yield
    context.leave(token)


def test_facts_hold_inside_and_not_after():
    with context.doing(request="a"):
        with context.doing(report=3):
            assert context.current() == {"request": "a", "report": 3}
        assert context.current() == {"request": "a"}
    assert context.current() == {}


async def test_threads_and_tasks_know_them():
    with context.doing(request="a"):
        task = asyncio.create_task(_current())
        in_thread = await sync_to_async(context.current, thread_sensitive=False)()
    assert await task == in_thread == {"request": "a"}


async def _current():
    await asyncio.sleep(0)
    return context.current()


def test_the_shared_loop_knows_whose_report_it_is_at():
    """Two threads of a worker at once, in one loop: neither takes the other's facts."""
    seen, gate = {}, threading.Barrier(2)

    async def begin(_transport):
        yield dict(context.current())
        await asyncio.sleep(0.01)
        yield dict(context.current())

    def work(number: int) -> None:
        with context.doing(report=number):
            gate.wait(10)
            seen[number] = [item for item in event_loop().iterate(begin, 5) if item]

    threads = [threading.Thread(target=work, args=(n,)) for n in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {1: [{"report": 1}] * 2, 2: [{"report": 2}] * 2}


def test_what_goes_along_with_a_message():
    headers: dict = {}
    with context.doing(request="abc", report=7, domain="not carried", secret="nor this"):
        celery_signals._send_along(sender="lookups.tasks.run_report", headers=headers)
    assert headers == {context.HEADER: {"request": "abc", "report": 7}}
    bulk: dict = {}
    with context.doing(request="abc"):
        celery_signals._send_along(sender="lookups.bulk.tasks.work_on_bulks", headers=bulk)
    assert bulk == {}


def test_what_comes_with_a_message():
    request = SimpleNamespace(
        is_eager=False, delivery_info={"routing_key": "monitor"},
        **{context.HEADER: {"request": "abc", "evil": "x", "report": ["no"]}},
    )  # fmt: skip
    task = SimpleNamespace(name="lookups.tasks.run_report", request=request)
    with context.doing(left="over"):
        celery_signals._begin(task_id="t1", task=task)
        assert context.current() == {
            "request": "abc", "task": "t1", "job": "run_report", "queue": "monitor"
        }  # fmt: skip
        celery_signals._end(task_id="t1", task=task, state="SUCCESS")
        assert context.current() == {"left": "over"}


@pytest.mark.parametrize("header", [None, "x", 3, ["request"], {"request": None}, {1: 2}])
def test_hostile_headers_are_nothing(header):
    assert context.received(header) == {}


@pytest.mark.django_db
def test_a_report_is_logged_in_one_line(at_once, caplog):
    caplog.set_level("INFO", logger="report")
    report = Report.objects.create(domain="perfect.classroom.test")
    known = []
    with context.doing(request="abc"):
        handler = caplog.handler
        handler.addFilter(lambda record: known.append(dict(context.current())) or True)
        tasks.run_report.delay(report.id)
    [record] = [r for r in caplog.records if r.name == "report"]
    facts = record.facts
    assert facts["outcome"] == "done" and facts["questions"] > 20 and facts["ms"] > 0
    assert facts["first_ms"] <= facts["ms"] + 1000 and facts["dns_answer"] > 10
    assert known[-1]["request"] == "abc" and known[-1]["domain"] == "perfect.classroom.test"
    assert report.token not in str(known) + str(facts)
