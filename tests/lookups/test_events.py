"""The event stream: from the start, from the middle, late, and without Redis."""

from __future__ import annotations

import asyncio
import re

import pytest
import redis
from asgiref.sync import sync_to_async
from django.test import AsyncClient

from lookups import stream, tasks
from lookups.engine.report import TOPICS
from lookups.models import Report

pytestmark = pytest.mark.django_db(transaction=True)


async def new_report(domain="perfect.classroom.test") -> Report:
    return await Report.objects.acreate(domain=domain)


async def listen(report: Report, path: str = "", **headers: str) -> str:
    answer = await AsyncClient().get(f"{path}/r/{report.token}/events/", headers=headers)
    assert answer.status_code == 200 and answer["Content-Type"] == "text/event-stream"
    assert "no-cache" in answer["Cache-Control"]
    return "".join([chunk.decode() async for chunk in answer.streaming_content])


def names(text: str) -> list[str]:
    return re.findall(r"^event: (\S+)$", text, re.MULTILINE)


async def test_a_page_that_listens_from_the_start(classroom):
    report = await new_report()
    listening = asyncio.create_task(listen(report))
    await asyncio.sleep(0.2)
    await sync_to_async(tasks.run_report)(report.id)
    text = await asyncio.wait_for(listening, 10)
    assert names(text)[0].startswith("section-") and names(text)[-2:] == ["summary", "done"]
    assert "mx1.perfect.classroom" in text.replace("<wbr>", "")


async def test_a_page_that_comes_when_all_is_done(classroom):
    report = await new_report()
    await sync_to_async(tasks.run_report)(report.id)
    sections = [f"section-{topic}" for topic in TOPICS]
    assert names(await listen(report)) == [*sections, "queries", "overview", "summary", "done"]


async def test_resume_with_last_event_id(classroom):
    report = await new_report()
    for _ in range(3):
        stream.publish(report.id, "section-mx", {"topic": "mx", "complete": False, "records": {}})
    [_, second, third] = [id for id, _ in stream.client().xrange(f"report:{report.id}")]
    listening = asyncio.create_task(listen(report, **{"Last-Event-ID": second}))
    await asyncio.sleep(0.2)
    await Report.objects.filter(id=report.id).aupdate(state="done")
    stream.publish(report.id, "done", {})
    text = await asyncio.wait_for(listening, 10)
    assert f"id: {third}\n" in text and f"id: {second}\n" not in text


@pytest.mark.parametrize("hostile", ["x", "1", "0-0-0", "9" * 90, "$", "1-1\r\nX: y"])
async def test_a_last_event_id_that_is_none(classroom, hostile):
    report = await new_report()
    await sync_to_async(tasks.run_report)(report.id)
    assert names(await listen(report, **{"Last-Event-ID": hostile}))[-1] == "done"


async def test_two_viewers_hear_the_same(classroom):
    report = await new_report()
    both = [asyncio.create_task(listen(report)) for _ in range(2)]
    await asyncio.sleep(0.2)
    await sync_to_async(tasks.run_report)(report.id)
    first, second = await asyncio.wait_for(asyncio.gather(*both), 10)
    assert names(first)[-4:] == names(second)[-4:]


async def test_without_redis_the_row_is_looked_at(classroom, monkeypatch):
    async def away(*arguments):
        raise redis.ConnectionError

    monkeypatch.setattr(stream, "read", away)
    report = await new_report()
    listening = asyncio.create_task(listen(report))
    await asyncio.sleep(0.2)
    await sync_to_async(tasks.run_report)(report.id)
    assert names(await asyncio.wait_for(listening, 10))[-1] == "done"


async def test_in_the_readers_language_and_compact(classroom):
    report = await new_report()
    await sync_to_async(tasks.run_report)(report.id)
    assert "異常なし" in await listen(report, path="/ja")
    answer = await AsyncClient().get(f"/r/{report.token}/events/?compact=mx")
    text = "".join([chunk.decode() async for chunk in answer.streaming_content])
    assert names(text) == ["section-mx", "done"] and "finding-lines" in text


async def test_a_report_deleted_while_watched_ends_the_stream(classroom):
    report = await new_report()
    listening = asyncio.create_task(listen(report))
    await asyncio.sleep(0.2)
    await Report.objects.all().adelete()
    assert names(await asyncio.wait_for(listening, 10)) == ["done"]


async def test_lines_of_hostile_data_cannot_forge_events(classroom):
    from lookups.sse import event

    text = event("section-mx", "a\nevent: done\rdata: x\r\n\nid: 9\u2028y", "1-1")
    assert names(text) == ["section-mx"]
    assert all(re.match(r"(id|event|data): |$", line) for line in text.split("\n"))


async def test_nothing_is_told_twice(classroom):
    """At the end only what has changed since it was last sent."""
    report = await new_report()
    listening = asyncio.create_task(listen(report))
    await sync_to_async(tasks.run_report)(report.id)
    text = await asyncio.wait_for(listening, 10)
    events = [re.sub(r"^id: \S+\n", "", event) for event in text.split("\n\n")]
    assert len(events) == len(set(events))
