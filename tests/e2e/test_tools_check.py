"""The checkers as a visitor uses them: a domain, a record before it is published, a phone."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from lookups.tools.check.topics import TOPICS

pytestmark = pytest.mark.e2e

DOMAIN = "dmarc-monitoring.classroom.test"


def test_a_record_is_rehearsed_before_it_is_published(visit):
    page = visit("/tools/dmarc/")
    page.get_by_label("Domain").last.fill(DOMAIN)
    page.locator("#tool-go").click()
    expect(page.locator("#section-dmarc .section-head")).to_contain_text("Needs care")
    expect(page.locator("#staged")).to_have_count(0)
    page.get_by_label("Record before you publish it").fill(
        f"v=DMARC1; p=reject; rua=mailto:d@{DOMAIN}"
    )
    page.locator("#tool-go").press("Enter")
    expect(page.locator("#staged")).to_be_visible()
    expect(page.locator("#result")).to_be_focused()
    verdicts = page.locator(".check-verdict")
    expect(verdicts.first).to_contain_text("Needs care")
    expect(verdicts.last).to_contain_text("In order")
    page.reload()  # the address is the filled form
    expect(page.locator("#staged")).to_be_visible()
    page.get_by_role("button", name="Check the whole domain").click()
    page.wait_for_url("**/r/*/")


def test_a_record_of_another_kind_finds_its_tool(visit):
    page = visit("/tools/spf/")
    page.get_by_label("Record before you publish it").fill("v=DMARC1; p=none")
    page.locator("#tool-go").click()
    page.locator("#result").get_by_role("link", name="Check it with: DMARC check").click()
    expect(page.get_by_label("Record before you publish it")).to_have_value("v=DMARC1; p=none")
    expect(page.locator(".anatomy-view")).to_be_visible()
    page.get_by_role("link", name="Add a domain").click()
    expect(page.locator("#id_domain")).to_be_focused()


def test_from_the_anatomy_to_the_rehearsal(visit):
    text = f'_dmarc.{DOMAIN}. 300 IN TXT "v=DMARC1; p=reject"'
    page = visit(f"/learn/anatomy/?{urlencode({'record': text})}")
    page.get_by_role("link", name="Check it as if it were published").click()
    expect(page.locator("#staged")).to_be_visible()
    expect(page.locator("#id_domain")).to_have_value(DOMAIN)


@pytest.mark.parametrize("language", ["", "/ja"])
def test_a_phone_without_javascript(look, language):
    for topic in TOPICS:
        path = f"{language}/tools/{topic.slug}/"
        page = look(path, javascript=False)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        links = page.locator(".check-examples a").all()[-3:]
        for query in [link.get_attribute("href") for link in links]:
            look(path + query, javascript=False)
            expect(page.locator(f"#section-{topic.topic}")).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth") <= 360, page.url
