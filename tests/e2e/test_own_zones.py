"""A zone of one's own, and an exercise, in a real browser against the whole site."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.e2e


def begin(visit, prefix: str = "", **options):
    page = visit(f"{prefix}/classroom/zone/", **options)
    page.locator("main form button").click()
    page.wait_for_url(re.compile(r"/classroom/zone/[a-z]{8}/$"))
    return page


def test_create_edit_check_and_watch_the_queries(visit):
    page = begin(visit)
    expect(page.locator(".own-list")).to_contain_text("Nobody has asked yet")
    rows = page.locator(".own-rows tbody tr")
    before = rows.count()
    page.get_by_role("button", name="Add rows").click()
    expect(rows).to_have_count(before + 1)
    page.keyboard.type("_dmarc")
    last = rows.last
    last.locator("select").select_option("TXT")
    last.locator('[name="data"]').fill("v=DMARC1; p=reject")
    page.get_by_role("button", name="Remove row 5").click()
    expect(rows).to_have_count(before)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".messages")).to_contain_text("Saved")

    other = page.context.new_page()
    other.goto(page.url)
    other.get_by_role("button", name="Save and check").click()
    other.wait_for_url(re.compile("/r/"))
    expect(other.locator(".postmark-large")).not_to_contain_text("Checking", timeout=30_000)
    expect(other.locator("#section-dmarc")).to_contain_text("p=reject")
    # The first page hears of the queries without being asked.
    expect(page.locator(".own-queries")).to_contain_text('TXT "v=DMARC1; p=reject"')
    expect(page.locator(".own-queries")).to_contain_text("this site")


def test_enter_saves_and_removes_no_row(visit):
    page = begin(visit)
    page.locator("#data-1").fill("10 mx1.")
    page.locator("#data-1").press("Enter")
    expect(page.locator(".messages")).to_contain_text("Saved")
    assert page.locator("#data-1").input_value() == "10 mx1."
    page.get_by_role("button", name="Undo the last save").click()
    assert page.locator("#data-1").input_value() == "10 mx1"


def test_without_javascript(visit):
    page = begin(visit, "/ja", javascript=False)
    address = page.url
    rows = page.locator(".own-rows tbody tr")
    before = rows.count()
    page.get_by_role("button", name="行を追加").click()
    expect(rows).to_have_count(before + 2)
    page.get_by_role("button", name="1行目を削除").click()
    page.get_by_role("button", name="ゾーンテキストで表示").click()
    page.locator("#zone-text").fill("@ MX mx1\n")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("1行6桁")
    expect(page.locator("mark")).to_have_text("mx1")
    page.locator("#zone-text").fill("@ MX 0 .\n")
    page.get_by_role("button", name="保存して検査").click()
    page.wait_for_url(re.compile("/ja/r/"))
    expect(page.locator('#section-mx a[href$="/findings/mx-null/"]')).to_have_count(
        1, timeout=20_000
    )
    page.goto(address)
    page.get_by_role("link", name="一覧を読み込み直す").click()
    expect(page.locator(".own-queries")).to_contain_text("MX 0 .")


def test_an_exercise_is_solved_with_the_keyboard(visit):
    page = visit("/classroom/exercises/mx-alias/")
    page.get_by_role("button", name="Start").press("Enter")
    page.wait_for_url(re.compile("/classroom/zone/"))
    page.get_by_role("button", name="Save and judge").press("Enter")
    expect(page.locator("#judgement")).to_contain_text("Not solved yet")
    page.locator("#data-1").fill("10 mailhost")
    page.locator("#data-1").press("Enter")
    expect(page.locator("#judgement")).to_contain_text("Solved.")
    page.goto(page.url.split("/classroom/")[0] + "/classroom/exercises/")
    expect(page.locator(".reading li").first).to_contain_text("solved")


@pytest.mark.parametrize("width", [360, 768])
def test_the_editor_does_not_scroll_sideways(visit, width):
    page = begin(visit, viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("button", name="Show as zone text").click()
    page.locator("#zone-text").fill(f'x TXT "{"a" * 256}"\n')
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
