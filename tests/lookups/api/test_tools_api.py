"""/tools/ and /findings/."""

from __future__ import annotations

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from lookups import catalog
from lookups.api.models import IdempotencyKey
from lookups.tools import registry

from .conftest import problem, program_of

DOMAIN = "perfect.classroom.test"


def test_all_tools_are_there_with_their_parameters(anybody):
    found = {tool["slug"]: tool for tool in anybody.get("/tools/").json()["items"]}
    assert set(found) == {tool.slug for tool in registry.TOOLS}
    spf = found["spf"]
    assert spf["methods"] == ["GET"] and spf["href"].endswith("/api/v1/tools/spf")
    assert spf["parameters"]["properties"]["domain"]["type"] == "string"
    assert found["headers"]["methods"] == ["POST"]
    assert found["headers"]["parameters"]["properties"]["file"]["format"] == "binary"
    assert found["dkim-generator"]["methods"] == ["GET", "POST"]
    ja = {t["slug"]: t for t in anybody.get("/tools/?language=ja").json()["items"]}
    assert ja["spf"]["title"] != spf["title"] or ja["trace"]["title"] != found["trace"]["title"]


def test_a_tool_that_asks_dns(anybody, classroom):
    found = anybody.get(f"/tools/lookup?name={DOMAIN}&type=MX")
    assert found.status_code == 200 and found.json()["outcome"] == "answer"
    checked = anybody.get(f"/tools/spf?domain={DOMAIN}").json()
    assert checked["section"]["topic"] == "spf" and checked["section"]["status"] == "good"


def test_a_tool_that_asks_nothing(anybody):
    made = anybody.get("/tools/tls-rpt-generator?domain=example.com&rua=tls@example.com")
    assert made.status_code == 200
    assert "v=TLSRPTv1" in made.content.decode()


def test_refusals_are_told_by_field(anybody):
    refused = problem(anybody.get("/tools/spf?domain=a%20b"), "invalid")
    assert refused["errors"][0]["field"] == "domain"
    refused = problem(anybody.get("/tools/spf?domian=example.com"), "invalid")
    assert refused["errors"][0]["field"] == "domian"
    # On the page this message has a link.
    refused = problem(anybody.get("/tools/spf?domain=192.0.2.1"), "invalid")
    assert "<" not in refused["errors"][0]["message"]
    assert "&" not in refused["errors"][0]["message"]
    problem(anybody.get("/tools/spf?language=ja&domain="), "invalid")


def test_a_header_is_posted_as_json_or_as_a_file(anybody, classroom):
    problem(anybody.get("/tools/headers"), "method-not-allowed")
    text = "From: a@example.com\r\nTo: b@example.com\r\nSubject: x\r\n\r\n"
    said = anybody.post("/tools/headers", {"headers": text})
    assert said.status_code == 200 and said["Cache-Control"] == "no-store"
    file = SimpleUploadedFile("a.eml", text.encode())
    sent = Client().post("/api/v1/tools/headers", {"file": file})
    assert sent.status_code == 200, sent.content
    for body, field in (
        ({}, "headers"),
        ({"headers": True}, "headers"),
        ({"file": "x"}, "file"),
        ({"sample": "no"}, "sample"),
        ({"color": "x"}, "color"),
    ):
        refused = problem(anybody.post("/tools/headers", body), "invalid")
        assert refused["errors"][0]["field"] == field, body
    for raw in (b"[]", b"7", b'"x"'):
        answer = Client().post("/api/v1/tools/headers", raw, content_type="application/json")
        problem(answer, "invalid")
    for raw in (b"{", b"\xff", b"[" * 100_000, b'{"headers": "\\ud800"}'):
        answer = Client().post("/api/v1/tools/headers", raw, content_type="application/json")
        problem(answer, "bad-request")
    text = Client().post("/api/v1/tools/headers", "x", content_type="text/plain")
    problem(text, "unsupported-media-type")


def test_too_large_for_the_tool(anybody):
    tool = registry.tool("bimi-logo")
    body = json.dumps({"text": "x" * (tool.max_bytes + 1)})
    answer = Client().post("/api/v1/tools/bimi-logo", body, content_type="application/json")
    problem(answer, "too-large")


def test_a_private_key_is_made_by_post_alone_and_kept_nowhere(anybody):
    path = "/tools/dkim-generator"
    assert "private_key" not in anybody.get(f"{path}?algorithm=ed25519").json()
    body = {"domain": "example.com", "algorithm": "ed25519"}
    made = anybody.post(path, body, Idempotency_Key="k")
    assert made.status_code == 200 and made["Cache-Control"] == "no-store"
    assert "BEGIN PRIVATE KEY" in made.json()["private_key"]
    assert not IdempotencyKey.objects.exists()
    second = anybody.post(path, body, Idempotency_Key="k").json()["private_key"]
    assert second != made.json()["private_key"]


def test_scopes(user):
    program = program_of(user, "reports:read")
    assert problem(program.get("/tools/spf"), "missing-scope")["scope"] == "tools"
    assert problem(program.post("/tools/headers", {}), "missing-scope")["scope"] == "tools"
    assert program.get("/tools/").status_code == 200
    assert program.get("/findings/").status_code == 200


# --- findings ----------------------------------------------------------------------------------
def test_findings(anybody):
    everything = anybody.get("/findings/").json()["items"]
    assert [row["id"] for row in everything] == catalog.ids()
    some = anybody.get("/findings/?topic=mx&severity=error").json()["items"]
    assert {(row["topic"], row["severity"]) for row in some} == {("mx", "error")}
    assert anybody.get("/findings/?topic=weather").json()["items"] == []
    problem(anybody.get("/findings/?severity=bad"), "invalid")


@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_finding_can_be_read(anybody, language, settings):
    settings.API_LIMITS = settings.API_LIMITS | {
        "anonymous": {"requests": "100000/minute", "checks": "1/hour"}
    }
    for id in catalog.ids()[::7]:
        found = anybody.get(f"/findings/{id}?language={language}")
        assert found.status_code == 200 and found.json()["title"], id
        assert found["Content-Language"] == language
