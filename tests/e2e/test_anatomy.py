"""Record anatomy in a browser: pointing at parts, with the mouse and with the keyboard alone."""

from __future__ import annotations

from urllib.parse import quote

import pytest

pytestmark = pytest.mark.e2e

BROKEN = "v=spf1 mx ip4:192.0.2.256 -all"


def test_a_record_is_read_with_the_keyboard_alone(visit):
    page = visit("/learn/anatomy/")
    page.get_by_label("A record").fill(BROKEN)
    page.get_by_role("button", name="Take it apart").press("Enter")
    page.wait_for_url("**/learn/anatomy/?record=*")
    parts = page.locator(".anatomy-part")
    assert parts.evaluate_all("parts => parts.map((part) => part.tabIndex)") == [0, -1, -1, -1]
    parts.first.focus()
    page.keyboard.press("ArrowRight")
    assert parts.nth(1).evaluate("part => part === document.activeElement")
    lit = page.locator(".anatomy-notes .is-pointed")
    assert lit.count() == 1 and "addresses of the hosts" in lit.inner_text()
    assert "addresses" in parts.nth(1).get_attribute("aria-description")
    page.keyboard.press("Escape")
    assert lit.count() == 0
    page.locator("a.anatomy-mark").press("Enter")
    assert page.url.endswith("#mark-1-1")
    assert "spf-address-invalid" in page.locator("#mark-1-1 a").first.get_attribute("href")


def test_with_the_notes_closed_a_part_speaks_beside_itself(visit):
    page = visit(f"/ja/learn/anatomy/?record={quote(BROKEN)}")
    page.locator(".anatomy-explained summary").click()
    page.locator(".anatomy-part").first.hover()
    assert "SPFレコード" in page.locator(".anatomy-say").inner_text()
    page.mouse.move(2, 2)
    page.locator("h1").hover()
    assert page.locator(".anatomy-say").count() == 0


@pytest.mark.parametrize("language", ["", "/ja"])
def test_a_phone_without_javascript(look, language):
    path = f"{language}/learn/anatomy/"
    page = look(path, javascript=False)
    chips = page.locator(".anatomy-examples a").all()
    for query in [chip.get_attribute("href") for chip in chips]:
        look(path + query, javascript=False)
        assert page.locator(".anatomy-notes dd").count() > 0
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
