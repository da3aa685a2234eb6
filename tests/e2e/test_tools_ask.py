"""The tools that ask DNS, as a visitor uses them."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from .axe import violations

pytestmark = pytest.mark.e2e
PAGES = (
    "lookup/?name=perfect.classroom.test&type=TXT&dnssec=on",
    "lookup/?name=delegation-dead.classroom.test&type=MX&at=zone",
    "trace/?name=delegation-dead.classroom.test&type=MX",
    "compare/?name=delegation-moved.classroom.test&type=NS",
    "reverse/?address=198.18.27.1",
)


def test_a_question_and_the_next_one(visit):
    page = visit("/tools/lookup/")
    page.locator("#id_name").fill("perfect.classroom.test")
    page.locator("#id_type").fill("mx")
    page.locator("#tool-go").click()
    expect(page.locator("#result .dig")).to_contain_text("10 mx1.perfect.classroom.test.")
    expect(page.locator("#result h2")).to_contain_text("MX")
    page.locator(".ask-type", has_text="TXT").click()
    expect(page.locator("#result .anatomy-record").first).to_contain_text("v=spf1")
    page.get_by_role("button", name="Compare servers and resolvers").click()
    expect(page.locator(".ask-verdict")).to_contain_text("agree")
    assert "type=TXT" in page.url


def test_whom_to_ask(visit):
    page = visit("/tools/lookup/?name=perfect.classroom.test&type=MX")
    page.get_by_label("Who is asked").select_option("zone")
    page.locator("#tool-go").click()
    expect(page.locator("#result table").first).to_contain_text("ns1.perfect.classroom.test")
    page.get_by_text("More settings").click()
    page.get_by_label("Another server").fill("10.0.0.1")
    page.locator("#tool-go").click()
    expect(page.locator("#result .notice-error")).to_contain_text("not a public address")


def test_a_trace_is_read_with_the_keyboard(visit):
    page = visit("/tools/trace/")
    page.locator("#id_name").fill("perfect.classroom.test")
    page.locator("#id_name").press("Enter")
    expect(page.locator(".trace-steps > li")).to_have_count(2)
    summary = page.locator("#step-2 summary")
    summary.focus()
    summary.press("Enter")
    expect(page.locator("#step-2 .dig")).to_contain_text("ANSWER SECTION")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "dig"


def test_from_a_reverse_name_to_the_report(visit):
    page = visit("/tools/reverse/")
    page.get_by_label("An IPv4 or IPv6 address").fill("198.18.1.1")
    page.locator("#tool-go").click()
    expect(page.locator("#result")).to_contain_text("iprev=pass")
    page.get_by_role("button", name="Check this domain").click()
    page.wait_for_url("**/r/**")


@pytest.mark.parametrize("language", ["", "/ja"])
@pytest.mark.parametrize("address", PAGES)
def test_a_phone_without_javascript(look, language, address):
    page = look(f"{language}/tools/{address}", javascript=False)
    assert page.locator("#result .ask-verdict").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_no_violations(visit, site):
    page = visit("/tools/")
    assert violations(page, [f"{site.url}/tools/{address}" for address in PAGES]) == []
