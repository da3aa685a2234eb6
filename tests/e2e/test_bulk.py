"""A bulk check in a real browser: paste, watch, sort, filter, export, publish, read signed out."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from .axe import inspect_both

pytestmark = pytest.mark.e2e
LESSONS = (
    "perfect", "null-mx", "dmarc-none", "no-mail", "single-mx", "dmarc-monitoring", "mx-is-cname",
    "dangling-mx", "spf-loop", "implicit-mx", "ipv4-only", "nothing",
)  # fmt: skip


def begin(page, name: str, *labels: str):
    page.goto(re.sub(r"(localhost:\d+)/.*", r"\1/bulk/", page.url))
    page.locator("#bulk-name").fill(name)
    page.locator("#bulk-domains").fill("\n".join(f"{label}.classroom.test" for label in labels))
    page.get_by_role("button", name="Check them all").click()
    page.wait_for_url(re.compile(r"/bulk/[\w-]{22}/$"))


def domains(page) -> list[str]:
    return page.locator(".bulk-table tbody th bdi").all_inner_texts()


def test_from_the_list_to_the_public_page(visit, site):
    page = visit("/bulk/", member="bulk@example.com", reduced_motion="reduce")
    begin(page, "Twelve lessons", *LESSONS)
    # Nobody reloads: the page hears of each step and of the end.
    expect(page.get_by_role("heading", name="All together")).to_be_visible(timeout=40_000)
    expect(page.locator(".tag-good").first).to_have_text("done")
    assert len(domains(page)) == len(LESSONS)
    assert page.evaluate("document.querySelectorAll('#bulk').length") == 1

    page.locator(".bulk-table thead").get_by_role("link", name="Score", exact=True).click()
    page.wait_for_url(re.compile("sort=score"))
    scores = [int(s) for s in page.locator(".bulk-table td.number").all_inner_texts() if s != "–"]
    assert scores == sorted(scores)
    page.locator("#filter-feature").select_option("enforced")
    page.get_by_role("button", name="Show", exact=True).click()
    page.wait_for_url(re.compile("feature=enforced"))
    assert "perfect.classroom.test" in domains(page) and len(domains(page)) < len(LESSONS)

    with page.expect_download() as download:
        page.get_by_role("link", name="CSV", exact=True).click()
    lines = download.value.path().read_text("utf-8-sig").splitlines()
    assert len(lines) == len(domains(page)) + 1 and lines[0].startswith("domain,")

    page.get_by_role("button", name="Publish", exact=True).click()
    public = page.get_by_role("link", name="The public page").get_attribute("href")
    stranger = visit(public, reduced_motion="reduce")
    expect(stranger.get_by_role("heading", name="Twelve lessons")).to_be_visible()
    expect(stranger.locator("main")).to_contain_text("12 domains")
    expect(stranger.locator("main")).not_to_contain_text("perfect.classroom")
    address = page.url
    for looked_at in (page, stranger):
        assert inspect_both(looked_at) == []
    page.goto(f"{site.url}/bulk/")
    assert inspect_both(page) == []
    assert stranger.goto(address).url.startswith(f"{site.url}/accounts/login/")


def test_pause_go_on_and_end(visit):
    page = visit("/bulk/", member="pause@example.com")
    # Silent servers keep it busy long enough to be stopped.
    begin(page, "Slow", "silent", "slow", "perfect")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".messages")).to_contain_text("Paused")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.get_by_role("button", name="End it here").click()
    expect(page.locator(".messages")).to_contain_text("Ended")
    page.get_by_role("link", name="Delete…").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.locator(".messages")).to_contain_text("is deleted")


def test_on_a_phone_without_javascript(visit):
    phone = {"width": 360, "height": 740}
    page = visit("/bulk/", member="phone@example.com", viewport=phone, javascript=False)
    begin(page, "On a phone", *LESSONS[:3])
    expect(page.get_by_role("heading", name="All together")).to_be_visible(timeout=40_000)
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not page.evaluate(wide)
    expect(page.locator(".bulk-table")).to_contain_text("reject")
