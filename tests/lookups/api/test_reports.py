"""/reports/: asking, reading, listing, deleting, and the events."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import redis
from django.test import AsyncClient
from django.utils import timezone

from lookups import stream, tasks
from lookups.models import Report
from lookups.watching.models import Watch

from .conftest import finished_report, person, problem, program_of

DOMAIN = "perfect.classroom.test"


@pytest.fixture
def queue(monkeypatch):
    """The reports that were handed to a worker."""
    handed: list[int] = []
    monkeypatch.setattr(tasks, "enqueue", lambda report, queue="": handed.append(report.id))
    return handed


def test_anybody_asks_for_a_report_and_reads_it(anybody, at_once):
    asked = anybody.post("/reports/", {"domain": DOMAIN})
    assert asked.status_code == 202
    found = asked.json()
    assert asked["Location"] == found["report"]
    assert found["report"].endswith(f"/api/v1/reports/{found['token']}")
    read = anybody.get(f"/reports/{found['token']}")
    assert read.status_code == 200
    report = read.json()
    assert report["schema"] == 1 and report["state"] == "done" and report["score"] == 100
    assert {section["topic"] for section in report["sections"]} >= {"mx", "spf"}
    assert Report.objects.get().owner is None


def test_topics_choose_what_is_shown(anybody, at_once):
    found = anybody.post("/reports/", {"domain": DOMAIN, "topics": ["mx", "spf"]}).json()
    assert found["report"].endswith("?topics=mx,spf")
    shown = anybody.get(f"/reports/{found['token']}?topics=spf").json()
    assert [section["topic"] for section in shown["sections"]] == ["spf"]
    refused = problem(anybody.get(f"/reports/{found['token']}?topics=weather"), "invalid")
    assert refused["errors"][0]["field"] == "topics"


def test_a_young_report_is_given_again(anybody, queue):
    first = anybody.post("/reports/", {"domain": DOMAIN})
    second = anybody.post("/reports/", {"domain": f" https://{DOMAIN.upper()}/ "})
    assert (first.status_code, second.status_code) == (202, 200)
    assert first.json()["token"] == second.json()["token"]
    assert Report.objects.get().asked == 2
    anew = anybody.post("/reports/", {"domain": DOMAIN, "again": True})
    other = anybody.post("/reports/", {"domain": DOMAIN, "selectors": ["s1"]})
    assert (anew.status_code, other.status_code) == (202, 202)
    assert len(queue) == 3


def test_with_a_token_a_report_is_ones_own(anybody, mine, user, queue):
    anybody.post("/reports/", {"domain": DOMAIN})
    asked = mine.post("/reports/", {"domain": DOMAIN})
    assert asked.status_code == 202
    report = Report.objects.get(token=asked.json()["token"])
    assert report.owner == user and report.saved_at is None
    assert mine.post("/reports/", {"domain": DOMAIN}).status_code == 200
    assert anybody.post("/reports/", {"domain": DOMAIN}).json()["token"] != report.token


def test_a_report_can_be_saved_into_the_history(anybody, mine, user, queue):
    asked = mine.post("/reports/", {"domain": DOMAIN, "save": True})
    report = Report.objects.get(token=asked.json()["token"])
    assert report.saved_at and report.watch == Watch.objects.get(owner=user, domain=DOMAIN)
    problem(anybody.post("/reports/", {"domain": DOMAIN, "save": True}), "unauthorized")
    assert Report.objects.count() == 1


@pytest.mark.parametrize(
    "body, field",
    [
        ({}, "domain"),
        ({"domain": ""}, "domain"),
        ({"domain": "a b.example"}, "domain"),
        ({"domain": "x" * 3000}, "domain"),
        ({"domain": 7}, "domain"),
        ({"domain": DOMAIN, "selectors": ["a b!"]}, "selectors"),
        ({"domain": DOMAIN, "selectors": "s1"}, "selectors"),
        ({"domain": DOMAIN, "topics": ["weather"]}, "topics.0"),
        ({"domain": DOMAIN, "color": "red"}, "color"),
        ({"domain": "nul\0.example"}, "domain"),
    ],
)
def test_what_is_wrong_is_told_by_field(anybody, queue, body, field):
    refused = problem(anybody.post("/reports/", body), "invalid")
    assert refused["errors"][0]["field"] == field
    assert refused["errors"][0]["message"]
    assert queue == [] and not Report.objects.exists()


def test_without_a_queue_nothing_is_left_behind(anybody, monkeypatch):
    def lost(*args, **kwargs):
        raise redis.ConnectionError

    monkeypatch.setattr(tasks, "enqueue", lost)
    answer = anybody.post("/reports/", {"domain": DOMAIN})
    problem(answer, "unavailable")
    assert answer["Retry-After"]
    assert not Report.objects.exists()


# --- reading -----------------------------------------------------------------------------------
def test_a_report_that_is_being_made_says_when_to_come_back(anybody):
    report = Report.objects.create(domain="example.com")
    answer = anybody.get(f"/reports/{report.token}")
    assert answer.json()["state"] == "waiting" and answer["Retry-After"] == "1"


def test_links_that_no_longer_work(anybody, mine, user):
    problem(anybody.get("/reports/nothing"), "not-found")
    problem(anybody.get("/reports/%00"), "not-found")
    revoked = finished_report(owner=user, saved_at=timezone.now(), revoked_at=timezone.now())
    problem(anybody.get(f"/reports/{revoked.token}"), "gone")
    assert mine.get(f"/reports/{revoked.token}").status_code == 200
    deleted = finished_report(owner=user, deleted_at=timezone.now())
    problem(mine.get(f"/reports/{deleted.token}"), "gone")


def test_a_session_opens_nothing(client, user):
    """Cookies count for nothing, so that nobody can be made to send a request."""
    client.force_login(user)
    revoked = finished_report(owner=user, saved_at=timezone.now(), revoked_at=timezone.now())
    assert client.get(f"/api/v1/reports/{revoked.token}").status_code == 410
    assert client.get("/api/v1/reports/").status_code == 401


# --- the list ----------------------------------------------------------------------------------
def test_the_list_has_ones_own_in_pages(mine, user, stranger, django_assert_max_num_queries):
    made = [finished_report(owner=user, name="n") for _ in range(5)]
    finished_report(owner=person("other"))
    finished_report(owner=user, deleted_at=timezone.now())
    with django_assert_max_num_queries(4):
        first = mine.get("/reports/?limit=2")
    page = first.json()
    assert [row["token"] for row in page["items"]] == [made[4].token, made[3].token]
    assert page["items"][0]["name"] == "n"
    assert first["Link"] == f'<{page["next"]}>; rel="next"'
    seen = [row["token"] for row in page["items"]]
    while page["next"]:
        page = mine.get(page["next"].removeprefix("http://localhost:8000")).json()
        seen += [row["token"] for row in page["items"]]
    assert seen == [report.token for report in reversed(made)]
    assert stranger.get("/reports/").json() == {"items": [], "next": None}


def test_the_list_is_narrowed(mine, user):
    old = finished_report(owner=user, created=timezone.now() - timedelta(days=3))
    new = finished_report(owner=user, domain="xn--wgv71a119e.example")

    def tokens(query):
        return [row["token"] for row in mine.get(f"/reports/?{query}").json()["items"]]

    assert tokens("domain=日本語.example") == [new.token]
    assert tokens("domain=example.com") == [old.token]
    since = (timezone.now() - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert tokens(f"since={since}") == [new.token]
    for wrong in ("domain=a%20b", "since=yesterday", "since=2026-01-01T00:00:00",
                  "since=0001-01-01T00:00:00%2B14:00", "limit=0", "limit=101", "cursor=%20",
                  "cursor=ééé", "cursor=" + "9" * 40, "limit=x"):  # fmt: skip
        problem(mine.get(f"/reports/?{wrong}"), "invalid")


# --- deleting ----------------------------------------------------------------------------------
def test_only_the_owner_deletes(anybody, mine, user, stranger):
    report = finished_report(owner=user)
    shared = finished_report()
    problem(anybody.delete(f"/reports/{report.token}"), "unauthorized")
    problem(stranger.delete(f"/reports/{report.token}"), "not-found")
    problem(mine.delete(f"/reports/{shared.token}"), "not-found")
    answer = mine.delete(f"/reports/{report.token}")
    assert answer.status_code == 204 and answer.content == b""
    report.refresh_from_db()
    assert report.deleted_at
    problem(mine.delete(f"/reports/{report.token}"), "not-found")


# --- events ------------------------------------------------------------------------------------
async def events_of(token, secret="", **headers):
    if secret:
        headers["Authorization"] = f"Bearer {secret}"
    answer = await AsyncClient().get(f"/api/v1/reports/{token}/events", headers=headers)
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"] == "text/event-stream"
    text = b"".join([chunk async for chunk in answer.streaming_content]).decode()
    blocks = [block.splitlines() for block in text.split("\n\n") if "event: " in block]
    return [{line.split(": ", 1)[0]: line.split(": ", 1)[1] for line in block} for block in blocks]


@pytest.mark.django_db(transaction=True)
async def test_the_events_of_a_finished_report():
    sections = {"mx": {"topic": "mx", "complete": True, "records": {"a": "\u2028"}, "findings": []}}
    report = await Report.objects.acreate(
        domain="example.com", state="done", status="info", score=50, sections=sections
    )
    told = await events_of(report.token)
    assert [event["event"] for event in told][-1] == "done"
    first = json.loads(told[0]["data"])
    assert first["topic"] == "mx" and first["records"] == {"a": "\u2028"}
    assert json.loads(told[-1]["data"]) == {"state": "done", "status": "info", "score": 50}


@pytest.mark.django_db(transaction=True)
async def test_the_events_of_a_growing_report():
    report = await Report.objects.acreate(domain="example.com", state="running")
    section = {"topic": "mx", "complete": True, "records": {}, "findings": []}
    stream.publish(report.id, "section-mx", section)
    stream.publish(report.id, "section-spf", section | {"topic": "spf"})
    finished = dict(state="done", status="good", sections={"mx": section})
    await Report.objects.filter(id=report.id).aupdate(**finished)
    told = await events_of(report.token)
    assert told[-1]["event"] == "done"


@pytest.mark.django_db(transaction=True)
async def test_a_program_that_comes_back_is_told_only_what_is_new(monkeypatch):
    monkeypatch.setattr("lookups.broadcast.HEARTBEAT_SECONDS", 0.3)
    report = await Report.objects.acreate(domain="example.com", state="running")
    section = {"topic": "mx", "complete": False, "records": {}, "findings": []}
    stream.publish(report.id, "section-mx", section)
    seen = stream.client().xrange(f"report:{report.id}")[-1][0]
    stream.publish(report.id, "section-spf", section | {"topic": "spf"})
    answer = await AsyncClient().get(
        f"/api/v1/reports/{report.token}/events", headers={"Last-Event-ID": seen}
    )
    chunks = answer.streaming_content
    assert (await anext(chunks)).startswith(b"retry:")
    told = await anext(chunks)
    assert b"event: section" in told and b'"topic": "spf"' in told
    assert await anext(chunks) == b": still here\n\n"  # a heartbeat while nothing happens
    await chunks.aclose()


def test_scopes(user, queue):
    report = finished_report(owner=user)
    none = program_of(user, "tools")
    for method, path, body, scope in (
        ("POST", "/reports/", {"domain": DOMAIN}, "reports:write"),
        ("GET", "/reports/", None, "reports:read"),
        ("GET", f"/reports/{report.token}", None, "reports:read"),
        ("GET", f"/reports/{report.token}/events", None, "reports:read"),
        ("DELETE", f"/reports/{report.token}", None, "reports:write"),
    ):
        answer = none.call(method, path, body)
        assert problem(answer, "missing-scope")["scope"] == scope
        assert f'scope="{scope}"' in answer["WWW-Authenticate"]
    assert queue == []
