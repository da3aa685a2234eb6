"""What every answer of the API has: problems, languages, limits, idempotency, CORS, pages."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import redis
from django.test import Client
from django.utils import timezone

from lookups import tasks
from lookups.api import problems
from lookups.api.models import IdempotencyKey
from lookups.api.tasks import forget_api_rows
from lookups.limits import counting
from lookups.models import Report
from portal.body_limit import BodyLimit

from .conftest import finished_report, problem

DOMAIN = "perfect.classroom.test"


@pytest.fixture(autouse=True)
def queue(monkeypatch):
    handed: list[int] = []
    monkeypatch.setattr(tasks, "enqueue", lambda report, queue="": handed.append(report.id))
    return handed


# --- problems ----------------------------------------------------------------------------------
def test_every_error_is_a_problem(anybody, monkeypatch):
    for path in ("/nothing", "/reports", "/tools/nothing", "/findings/nothing", "/problem"):
        problem(anybody.get(path), "not-found")
    answer = anybody.delete("/findings/")
    problem(answer, "method-not-allowed")
    assert "GET" in answer["Allow"]
    problem(anybody.post("/reports/"), "invalid")
    broken = Client().post("/api/v1/reports/", data="{", content_type="application/json")
    problem(broken, "bad-request")
    plain = Client().post("/api/v1/reports/", data="x", content_type="text/plain")
    problem(plain, "unsupported-media-type")
    large = Client().post(
        "/api/v1/reports/", data=b" " * 1_000_001, content_type="application/json"
    )
    problem(large, "too-large")
    monkeypatch.setattr("lookups.catalog.ids", lambda: 1 / 0)
    problem(anybody.get("/findings/"), "server-error")


def test_what_breaks_on_the_way_in_is_a_problem_too(anybody, monkeypatch):
    monkeypatch.setattr("lookups.api.middleware.identify", lambda request: 1 / 0)
    problem(anybody.get("/findings/"), "server-error")


async def test_monstrous_bodies_are_refused_in_the_same_words():
    sent = []

    async def send(message):
        sent.append(message)

    length = [(b"content-length", b"99999999999")]
    scope = {"type": "http", "path": "/api/v1/tools/headers", "headers": length}
    await BodyLimit(None)(scope, None, send)
    assert sent[0]["status"] == 413
    assert (b"content-type", b"application/problem+json") in sent[0]["headers"]
    assert json.loads(sent[1]["body"])["status"] == 413


def test_a_crash_frees_the_idempotency_key(anybody, monkeypatch):
    monkeypatch.setattr("lookups.api.report_rows.ask", lambda *a, **k: 1 / 0)
    sent = {"body": {"domain": DOMAIN}, "Idempotency_Key": "k"}
    problem(anybody.post("/reports/", **sent), "server-error")
    assert not IdempotencyKey.objects.exists()


def test_problems_speak_the_language_asked_for(anybody):
    for ask in ({"Accept_Language": "ja,en;q=0.5"}, {"path": "/nothing?language=ja"}):
        answer = anybody.get(**{"path": "/nothing"} | ask)
        assert answer["Content-Language"] == "ja"
        assert problem(answer, "not-found")["title"] == "このアドレスには何もありません"
    english = anybody.get("/nothing?language=en", Accept_Language="ja")
    assert english["Content-Language"] == "en"
    assert anybody.get("/nothing", Accept_Language="xx,\x00;q=9")["Content-Language"] == "en"
    refused = problem(anybody.post("/reports/?language=ja", {"domain": ""}), "invalid")
    assert refused["errors"][0]["message"] == "example.comのように、ドメイン名を入力してください。"
    missing = problem(anybody.post("/reports/?language=ja", {}), "invalid")
    assert missing["errors"] == [{"field": "domain", "message": "この項目がありません。"}]
    finding = anybody.get("/findings/mx-found", Accept_Language="ja").json()
    assert finding["url"].startswith("http://localhost:8000/ja/findings/")


@pytest.mark.parametrize("code", problems.CODES)
@pytest.mark.parametrize("prefix", ["", "/ja"])
def test_each_problem_has_its_page(client, db, code, prefix):
    page = client.get(f"{prefix}/api/v1/problems/{code}")
    assert page.status_code == 200 and page["Content-Type"].startswith("text/html")
    assert client.get(f"{prefix}/api/v1/problems/nothing").status_code == 404


# --- limits ------------------------------------------------------------------------------------
def test_limits_are_told_and_kept(anybody, mine, settings):
    settings.API_LIMITS = {
        "token": {"requests": "3/minute", "checks": "2/hour"},
        "anonymous": {"requests": "2/minute", "checks": "1/hour"},
    }
    first = anybody.post("/reports/", {"domain": DOMAIN})
    assert first["RateLimit-Policy"] == '"requests";q=2;w=60, "checks";q=1;w=3600'
    requests, checks = first["RateLimit"].split(", ")
    assert requests.startswith('"requests";r=1;t=') and checks.startswith('"checks";r=0;t=')
    refused = anybody.post("/reports/", {"domain": DOMAIN, "again": True})
    problem(refused, "too-many-requests")
    assert 60 < int(refused["Retry-After"]) <= 3600
    answer = anybody.get("/findings/")
    problem(answer, "too-many-requests")
    assert 0 < int(answer["Retry-After"]) <= 60
    assert answer["RateLimit"].startswith('"requests";r=0;t=')
    assert mine.get("/findings/")["RateLimit"].startswith('"requests";r=2;t=')
    assert anybody.call("GET", "/findings/").status_code == 429
    other = Client(REMOTE_ADDR="2001:db8::1").get("/api/v1/findings/")
    assert other.status_code == 200
    same = Client(REMOTE_ADDR="2001:db8::ffff:2").get("/api/v1/findings/")
    assert same["RateLimit"].startswith('"requests";r=0;')


def test_wrong_tokens_are_counted_for_the_network(anybody, settings):
    settings.API_LIMITS = settings.API_LIMITS | {
        "anonymous": {"requests": "2/minute", "checks": "1/hour"}
    }
    wrong = {"Authorization": "Bearer mxp_guess"}
    assert [anybody.get("/findings/", **wrong).status_code for _ in range(3)] == [401, 401, 429]


def test_without_redis_everybody_is_let_in(anybody, monkeypatch):
    def away(*args, **kwargs):
        raise redis.ConnectionError

    monkeypatch.setattr(counting, "_script", lambda: away)
    answer = anybody.get("/findings/")
    assert answer.status_code == 200 and "RateLimit" not in answer


# --- idempotency -------------------------------------------------------------------------------
def test_a_request_sent_twice_is_done_once(mine, anybody, queue):
    sent = {"body": {"domain": DOMAIN, "again": True}, "Idempotency_Key": "night-1"}
    first, second = mine.post("/reports/", **sent), mine.post("/reports/", **sent)
    assert first.status_code == second.status_code == 202
    assert first.json() == second.json() and first["Location"] == second["Location"]
    assert "Idempotency-Replayed" not in first and second["Idempotency-Replayed"] == "true"
    assert second["Content-Type"] == first["Content-Type"]
    assert len(queue) == 1
    # Somebody else's key of the same name is another key.
    assert anybody.post("/reports/", **sent).json()["token"] != first.json()["token"]
    other = mine.post("/reports/", {"domain": "null-mx.classroom.test"}, Idempotency_Key="night-1")
    problem(other, "key-reused")


def test_refusals_are_repeated_too(mine):
    sent = {"body": {"domain": ""}, "Idempotency_Key": "k"}
    first, second = mine.post("/reports/", **sent), mine.post("/reports/", **sent)
    assert problem(first, "invalid") == problem(second, "invalid")


def test_while_the_first_is_running(mine):
    sent = {"body": {"domain": DOMAIN}, "Idempotency_Key": "k"}
    mine.post("/reports/", **sent)
    IdempotencyKey.objects.update(status=None)
    answer = mine.post("/reports/", **sent)
    problem(answer, "still-running")
    assert answer["Retry-After"] == "1"
    IdempotencyKey.objects.update(created=timezone.now() - timedelta(minutes=5))
    assert mine.post("/reports/", **sent).status_code == 200  # its process died: done anew


def test_keys_are_forgotten_after_a_day(mine):
    sent = {"body": {"domain": DOMAIN, "again": True}, "Idempotency_Key": "k"}
    first = mine.post("/reports/", **sent).json()["token"]
    IdempotencyKey.objects.update(created=timezone.now() - timedelta(hours=25))
    assert mine.post("/reports/", **sent).json()["token"] != first
    assert forget_api_rows() == 0
    IdempotencyKey.objects.update(created=timezone.now() - timedelta(hours=25))
    assert forget_api_rows() == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "schlüssel", "a\tb"])
def test_keys_that_are_none(mine, key):
    answer = mine.post("/reports/", {"domain": DOMAIN}, Idempotency_Key=key)
    problem(answer, "bad-request")
    assert not Report.objects.exists()


# --- for other sites' scripts, and HEAD --------------------------------------------------------
def test_scripts_of_other_sites_read_what_is_public(anybody, mine):
    assert anybody.get("/findings/")["Access-Control-Allow-Origin"] == "*"
    assert anybody.get("/openapi.json")["Access-Control-Allow-Origin"] == "*"
    for answer in (mine.get("/findings/"), anybody.post("/reports/", {"domain": DOMAIN})):
        assert "Access-Control-Allow-Origin" not in answer
    asked = anybody.call(
        "OPTIONS", "/findings/", Origin="https://example.com", Access_Control_Request_Method="GET"
    )
    assert asked.status_code == 204 and asked["Access-Control-Allow-Methods"] == "GET, HEAD"
    assert "Authorization" not in asked["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in asked


def test_head_is_get_without_its_body(anybody):
    report = finished_report()
    for path in ("/findings/", f"/reports/{report.token}", f"/reports/{report.token}/events"):
        answer = anybody.call("HEAD", path)
        assert answer.status_code == 200 and answer.content == b"", path
    assert anybody.call("HEAD", "/nothing").status_code == 404


# --- pages -------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", ["/api/", "/ja/api/", "/api/v1/docs", "/ja/api/v1/docs"])
def test_pages_for_people(client, db, path):
    page = client.get(path).content.decode()
    assert "/api/v1" in page
    assert ("トークン" in page) == path.startswith("/ja")


def test_the_way_in(anybody):
    found = anybody.get("/").json()
    assert found["reports"] == "http://localhost:8000/api/v1/reports/"
    assert found["docs"] == "http://localhost:8000/api/v1/docs"
    known = anybody.get("/openapi.json").json()
    assert known["openapi"] == "3.1.0"
    assert known["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    for path, operations in known["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"] and "429" in operation["responses"], (method, path)
            unknown = operation["responses"]["429"]["content"]
            assert list(unknown) == ["application/problem+json"]
