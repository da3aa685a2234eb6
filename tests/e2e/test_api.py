"""The way of a token: made in the browser, used by a program, revoked; and the pages about it."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from typing import Any

import pytest
from playwright.sync_api import expect

from .axe import inspect_both, violations
from .conftest import wait_until

pytestmark = pytest.mark.e2e
DOMAIN = "perfect.classroom.test"


def call(url: str, secret: str = "", body: Any = None, **headers: str) -> tuple[int, Any, Any]:
    """Status, JSON and headers of one call, as a program makes it."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    if secret:
        given["Authorization"] = f"Bearer {secret}"
    if body is not None:
        given["Content-Type"] = "application/json"
    data = None if body is None else json.dumps(body).encode()
    try:
        answer = urllib.request.urlopen(urllib.request.Request(url, data, given), timeout=20)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return answer.status, json.load(answer), answer.headers


def test_a_token_from_its_making_to_its_end(visit, site):
    page = visit("/domains/", member="program@example.com")
    page.goto(site.url + "/account/")
    page.get_by_role("link", name="Tokens for programs").click()
    expect(page.locator("main")).to_contain_text("You have no token yet")
    page.get_by_role("button", name="Make the token").click()
    expect(page.locator("#scopes-error")).to_be_visible()
    page.locator("#token-name").fill("nightly")
    for scope in ("reports:read", "reports:write", "watches:read"):
        page.locator(f'input[value="{scope}"]').check()
    page.get_by_role("button", name="Make the token").click()
    secret = page.locator("#secret").inner_text()
    assert re.fullmatch(r"mxp_[\w-]{43}", secret)

    base = site.url + "/api/v1"
    status, asked, headers = call(
        base + "/reports/", secret, {"domain": DOMAIN, "save": True}, Idempotency_Key="one"
    )
    assert status == 202 and headers["Location"] == asked["report"]
    again = call(
        base + "/reports/", secret, {"domain": DOMAIN, "save": True}, Idempotency_Key="one"
    )
    assert again[1] == asked and again[2]["Idempotency-Replayed"] == "true"
    told = events(asked["events"], secret)
    assert told[-1] == "done" and told.count("section") >= 5
    report = wait_until(lambda: finished(asked["report"], secret))
    assert report["score"] == 100
    assert [row["token"] for row in call(base + "/reports/", secret)[1]["items"]] == [
        report["token"]
    ]
    assert call(base + "/watches/", secret)[1]["items"][0]["domain"] == DOMAIN
    status, refused, _ = call(base + "/tools/spf?language=ja", secret)
    assert status == 403 and refused["scope"] == "tools" and "スコープ" in refused["detail"]

    page.goto(asked["url"])
    expect(page.locator(".postmark-large")).to_contain_text("In order")
    page.goto(site.url + "/account/tokens/")
    expect(page.locator("main")).not_to_contain_text(secret)
    page.get_by_role("link", name="Revoke").click()
    page.get_by_role("button", name="Revoke").click()
    expect(page.locator(".messages")).to_contain_text("is revoked")
    status, problem, headers = call(base + "/reports/", secret)
    assert status == 401 and "invalid_token" in headers["WWW-Authenticate"]
    page.goto(problem["type"])
    expect(page.locator("h1")).to_contain_text("A valid token is needed")


def finished(url: str, secret: str) -> Any:
    found = call(url, secret)[1]
    return found if found["state"] == "done" else None


def events(url: str, secret: str) -> list[str]:
    """The names of all events until the stream ends."""
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {secret}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    return [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]


def test_the_interactive_documentation(visit):
    errors: list[str] = []
    page = visit("/ja/api/v1/docs")
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.reload()
    page.get_by_text("/api/v1/findings/{id}").click()
    expect(page.locator("#findings_read")).to_contain_text("not needed")
    page.locator("#api-try button").click()
    operation = page.locator("#operations-Findings-findings_read")
    operation.locator("button").first.click()
    operation.get_by_placeholder("id").fill("mx-found")
    operation.locator("button.execute").click()
    expect(operation.locator(".live-responses-table")).to_contain_text("RFC", timeout=15_000)
    assert errors == []


def test_no_violations(visit, site):
    """With a token; the other pages about the API are among those that test_axe finds."""
    page = visit("/account/tokens/", member="axe-api@example.com")
    page.locator("#token-name").fill("nightly")
    page.locator('input[value="reports:read"]').check()
    page.get_by_role("button", name="Make the token").click()
    expect(page.locator("#secret")).to_be_visible()
    assert inspect_both(page) == []
    assert violations(page, [site.url + "/account/tokens/"]) == []


def test_without_javascript(visit, site):
    page = visit("/api/v1/docs", javascript=False, viewport={"width": 360, "height": 800})
    expect(page.locator("#api-try")).to_be_hidden()
    page.get_by_text("/api/v1/watches/{token}/difference").click()
    expect(page.locator("#watches_changed")).to_contain_text("watches:read")
