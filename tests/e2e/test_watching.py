"""A watched domain from the first check to the difference between two, in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from .axe import PHONE, violations
from .conftest import wait_until

pytestmark = pytest.mark.e2e


def publish(page: Page, row: Locator, record: str) -> None:
    """Writes the record of a row of the own zone and leaves when it is saved."""
    row.locator('[name="data"]').fill(record)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".messages")).to_contain_text("Saved")


def until_done(page: Page) -> None:
    page.wait_for_url(re.compile(r"/r/[\w-]{22}/$"))
    expect(page.locator(".postmark-large")).not_to_contain_text("Checking", timeout=30_000)


def test_watch_a_domain_and_see_what_changed(visit, site):
    page = visit("/domains/", member="watcher@example.com")
    expect(page.locator("main")).to_contain_text("No domain is watched yet")

    zone = page.context.new_page()
    zone.goto(site.url + "/classroom/zone/")
    zone.locator("main form button").click()
    zone.wait_for_url(re.compile(r"/classroom/zone/[a-z]{8}/$"))
    domain = re.search(r"zone/([a-z]{8})/", zone.url)[1] + ".zone.classroom.test"
    zone.get_by_role("button", name="Add rows").click()
    zone.keyboard.type("_dmarc")
    rows = zone.locator(".own-rows tbody tr")
    rows.last.locator("select").select_option("TXT")
    publish(zone, rows.last, "v=DMARC1; p=none")

    page.locator("#add-domain").fill(f"https://{domain}/")
    page.locator("#add-interval").select_option("daily")
    page.get_by_role("button", name="Add and check").click()
    until_done(page)
    page.get_by_role("link", name=f"In the history of {domain}").click()
    expect(page.locator(".timeline-row")).to_have_count(1)
    expect(page.locator("main")).to_contain_text("Every day · Next check")

    written = rows.filter(has=zone.locator('input[value="_dmarc"]'))
    publish(zone, written, "v=DMARC1; p=reject")
    page.get_by_role("button", name="Check now").click()
    until_done(page)
    page.reload()
    page.get_by_role("link", name="Changes since the report before").click()
    change = page.locator("#topic-dmarc .record-change").filter(has_text="_dmarc")
    expect(change.locator("ins")).to_have_text("reject")
    expect(change.locator("del")).to_have_text("none")
    expect(page.locator("#topic-dmarc")).to_contain_text("Findings that are gone")

    page.goto(site.url + "/domains/")
    page.get_by_role("link", name=domain).click()
    expect(page.locator(".score-chart svg").first).to_be_visible()
    expect(page.locator(".timeline-row").first).to_contain_text("change")
    page.get_by_role("link", name="Stop watching…").click()
    page.get_by_role("button", name="Stop watching").click()
    expect(page.locator(".messages")).to_contain_text("no longer watched")
    page.goto(site.url + "/saved/")
    expect(page.locator(".saved-row")).to_have_count(2)


def test_on_a_phone_without_javascript_in_japanese(visit, site):
    page = visit("/ja/accounts/signup/", viewport=PHONE, javascript=False)
    page.locator("input[type=email]").fill("watching-phone@example.com")
    page.locator("input[type=password]").fill("a letter on good paper")
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url(re.compile("confirm|verify|code"))
    code = wait_until(lambda: re.search(r"^(\d{6})$", site.newest_mail(), re.MULTILINE))[1]
    page.locator("main input:not([type=hidden])").first.fill(code)
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url(site.url + "/ja/domains/")
    page.locator("#add-domain").fill("nonsense")
    page.locator(".watch-add button").click()
    expect(page.locator(".form-error")).to_be_visible()
    page.locator("#add-domain").fill("perfect.classroom.test")
    page.locator(".watch-add button").click()
    page.wait_for_url(re.compile(r"/ja/r/[\w-]{22}/$"))
    page.goto(site.url + "/ja/domains/?q=perfect")
    page.locator(".watch-about a").click()
    page.wait_for_url(re.compile(r"/ja/domains/[\w-]{22}/$"))
    expect(page.locator(".timeline-row")).to_have_count(1)


def test_no_violations(visit, site):
    page = visit("/domains/", member="axe-watching@example.com")
    for domain in ("dmarc-none.classroom.test", "perfect.classroom.test"):
        page.goto(site.url + "/domains/")
        page.locator("#add-domain").fill(domain)
        page.get_by_role("button", name="Add and check").click()
        until_done(page)
    page.get_by_role("link", name="In the history of").click()
    page.get_by_role("button", name="Check now").click()
    until_done(page)
    page.get_by_role("link", name="In the history of").click()
    paths = [page.url + path for path in ("", "compare/", "settings/", "delete/")]
    assert violations(page, [*paths, site.url + "/domains/"]) == []
