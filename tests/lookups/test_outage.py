"""The database goes away: pages say so, streams go on, and workers keep what they have."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import contextmanager

import pytest
import redis
from asgiref.sync import sync_to_async
from django.db import InterfaceError, OperationalError, connection
from django.test import AsyncClient, Client

from lookups import outage, stream, tasks
from lookups.bulk import ledger, reading, running
from lookups.bulk.summary import Outcome
from lookups.models import Bulk, Report
from tests.lookups.api.conftest import person, problem, program_of
from tests.lookups.test_events import listen, names

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def away(times: float = float("inf")):
    """So many statements fail as they do without a server."""
    left = times

    def refuse(execute, sql, parameters, many, context):
        nonlocal left
        if left <= 0:
            return execute(sql, parameters, many, context)
        left -= 1
        raise OperationalError("connection refused")

    with connection.execute_wrapper(refuse):
        yield


@pytest.fixture(autouse=True)
def _hurry(monkeypatch):
    monkeypatch.setattr(outage, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr("lookups.events.PAUSE_SECONDS", 0.01)
    monkeypatch.setattr("lookups.bulk.bulk_events.LOOK_SECONDS", 0.01)


def test_what_is_an_outage_and_what_is_a_fault(tmp_path):
    path = tmp_path / "some.sqlite3"
    holder, other = (sqlite3.connect(path, timeout=0, isolation_level=None) for _ in range(2))
    holder.execute("BEGIN EXCLUSIVE")
    for statement, is_away in (("CREATE TABLE t (n)", True), ("SELECT * FROM u", False)):
        if not is_away:
            holder.execute("ROLLBACK")
        with pytest.raises(sqlite3.OperationalError) as raised:
            other.execute(statement)
        try:
            raise OperationalError from raised.value
        except OperationalError as error:
            assert outage.is_database_away(error) is is_away
    for each in (holder, other):
        each.close()
    assert outage.is_database_away(InterfaceError("the connection is closed"))
    assert not outage.is_database_away(ValueError())


# --- pages --------------------------------------------------------------------------------------
@pytest.fixture
def signed_in():
    client = Client(raise_request_exception=False)
    client.force_login(person("m"))
    return client


@pytest.mark.parametrize("path", ["/domains/", "/ja/saved/", "/r/AAAAAAAAAAAAAAAAAAAAAA/"])
def test_a_page_says_that_nothing_is_lost(signed_in, path):
    with away():
        answer = signed_in.get(path)
    text = answer.content.decode()
    assert answer.status_code == 503 and answer["Retry-After"] == "5"
    assert ("One moment" in text) or ("ja" in path and 'lang="ja"' in text)
    assert "sessionid" not in answer.cookies, "signed out by an outage"
    assert signed_in.get("/domains/").status_code == 200


def test_a_form_says_so_too(signed_in):
    with away():
        answer = signed_in.post("/check/", {"domain": "perfect.classroom.test"})
    assert answer.status_code == 503 and not Report.objects.exists()


def test_a_session_that_cannot_be_stored_is_no_fault_of_ours(signed_in, classroom):
    """What goes wrong after the view: in the middleware."""
    refused = []

    def refuse(execute, sql, parameters, many, context):
        if sql.startswith("UPDATE") and "portal_session" in sql:
            refused.append(sql)
            raise OperationalError("connection lost")
        return execute(sql, parameters, many, context)

    with connection.execute_wrapper(refuse):
        answer = signed_in.post("/check/", {"domain": "perfect.classroom.test"})
    assert refused and answer.status_code == 503 and b"One moment" in answer.content


def test_a_fault_stays_a_fault(signed_in, monkeypatch):
    monkeypatch.setattr("learn.search.views.render", lambda *_, **__: 1 / 0)
    answer = signed_in.get("/search/?q=spf")
    assert answer.status_code == 500 and b"A fault of ours" in answer.content


def test_the_api_answers_with_a_problem():
    program = program_of(person("m"))
    with away():
        answer = program.get("/api/v1/watches/")
        posted = program.post("/api/v1/reports/", {"domain": "perfect.classroom.test"})
    for each in (answer, posted):
        problem(each, "unavailable")
        assert each["Retry-After"] == "5"


# --- streams ------------------------------------------------------------------------------------
def fails_at_first(monkeypatch, model, times=3):
    """The row cannot be read so many times."""
    read, failures = model.refresh_from_db, []

    def refresh_from_db(self, *arguments, **more):
        if len(failures) < times:
            failures.append(1)
            raise OperationalError("connection lost")
        return read(self, *arguments, **more)

    monkeypatch.setattr(model, "refresh_from_db", refresh_from_db)
    return failures


async def test_an_open_page_waits_for_the_database(classroom, monkeypatch):
    report = await Report.objects.acreate(domain="perfect.classroom.test")
    await sync_to_async(tasks.run_report)(report.id)
    await Report.objects.filter(id=report.id).aupdate(state="running")
    failures = fails_at_first(monkeypatch, Report)
    listening = asyncio.create_task(listen(report))
    while len(failures) < 3:
        assert not listening.done()
        await asyncio.sleep(0.01)
    await Report.objects.filter(id=report.id).aupdate(state="done")
    assert names(await asyncio.wait_for(listening, 10))[-1] == "done"


async def test_an_open_bulk_check_waits_too(monkeypatch):
    user = await sync_to_async(person)("m")
    bulk = await Bulk.objects.acreate(owner=user, name="list", state=Bulk.State.PAUSED)
    failures = fails_at_first(monkeypatch, Bulk)
    client = AsyncClient()
    await client.aforce_login(user)
    await Bulk.objects.filter(id=bulk.id).aupdate(state="running")
    answer = await client.get(f"/bulk/{bulk.token}/events/")

    async def told():
        text = ""
        async for chunk in answer.streaming_content:
            text += chunk.decode()
            if len(failures) == 3:
                await Bulk.objects.filter(id=bulk.id).aupdate(state="paused")
        return text

    assert "event: done" in await asyncio.wait_for(told(), 10)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="connections in memory stay open")
async def test_a_stream_keeps_no_connection():
    await outage.look(Report.objects.count)
    assert await sync_to_async(lambda: connection.connection)() is None


# --- workers ------------------------------------------------------------------------------------
def test_a_report_outlives_an_outage(classroom, monkeypatch):
    report = Report.objects.create(domain="perfect.classroom.test")
    store, failed = tasks._store, []

    def lose(report, *fields):
        if "started" not in fields and len(failed) < 4:
            failed.append(fields)
            raise OperationalError("connection lost")
        store(report, *fields)

    monkeypatch.setattr(tasks, "_store", lose)
    monkeypatch.setattr(tasks, "STORE_SECONDS", 0.0)
    tasks.run_report(report.id)
    report.refresh_from_db()
    assert len(failed) == 4 and (report.state, report.attempts) == ("done", 1)
    assert report.sections["mx"]["complete"]


def test_a_finished_report_is_held_until_it_is_stored(classroom, monkeypatch):
    report = Report.objects.create(domain="perfect.classroom.test")
    store, leased = tasks._store, []

    def lose(report, *fields):
        if "finished" in fields and len(leased) < 3:
            leased.append(stream.is_leased(report.id))
            stream.client().delete(f"report:{report.id}:lease")  # it ran out
            raise OperationalError("connection lost")
        store(report, *fields)

    monkeypatch.setattr(tasks, "_store", lose)
    tasks.run_report(report.id)
    report.refresh_from_db()
    assert leased == [True, True, True] and report.state == "done"


def test_a_report_that_could_not_be_stored_is_begun_anew(classroom, monkeypatch):
    report = Report.objects.create(domain="perfect.classroom.test")
    store = tasks._store

    def lose(report, *fields):
        if "finished" in fields:
            raise OperationalError("connection lost")
        store(report, *fields)

    monkeypatch.setattr(tasks, "INSIST_SECONDS", 0.05)
    monkeypatch.setattr(tasks, "_store", lose)
    with pytest.raises(OperationalError):
        tasks.run_report(report.id)
    report.refresh_from_db()
    assert report.state == "running" and not stream.is_leased(report.id)
    monkeypatch.setattr(tasks, "_store", store)
    tasks.run_report(report.id)
    report.refresh_from_db()
    assert (report.state, report.attempts) == ("done", 2)


def test_what_a_bulk_check_found_outlives_an_outage(classroom, monkeypatch):
    async def examine(domain, transport):
        await asyncio.sleep(0.01)
        return Outcome("good", 100, {"spf": "fail", "errors": [], "warnings": []})

    monkeypatch.setattr(running, "examine", examine)
    monkeypatch.setattr(running, "WRITE_SECONDS", 0.0)
    bulk = ledger.create("list", reading.read("a.example\nb.example\nc.example"), owner=person("m"))
    write, failed = ledger.write, []

    def lose(lease, results):
        if len(failed) < 2:
            failed.append(dict(results))
            raise OperationalError("connection lost")
        write(lease, results)

    monkeypatch.setattr(ledger, "write", lose)
    running.Session(hand_on=lambda: None).work()
    bulk.refresh_from_db()
    assert len(failed) == 2 and (bulk.state, bulk.done) == ("done", 3)
    assert set(bulk.items.values_list("attempts", flat=True)) == {1}


def test_a_fault_is_not_tried_again():
    calls = []

    def broken():
        calls.append(1)
        raise ValueError

    with pytest.raises(ValueError):
        outage.insist(broken, 10.0, meanwhile=lambda: None)
    assert calls == [1]


# --- Redis --------------------------------------------------------------------------------------
def test_a_redis_that_hangs_is_waited_for_once(monkeypatch):
    """It accepts connections and says nothing: as a machine does that is short of memory."""
    asked = []

    def hang(*arguments, **options):
        asked.append(arguments)
        raise redis.TimeoutError

    client = stream.client()
    monkeypatch.setattr(client, "hangs_until", 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(redis.Redis, "execute_command", hang)
        for _ in range(3):
            with pytest.raises(redis.TimeoutError):
                client.get("clock")
        with pytest.raises(redis.TimeoutError):
            tasks.enqueue(Report(id=1))
    assert len(asked) == 1
    monkeypatch.setattr(client, "hangs_until", 0.0)
    assert client.ping()
