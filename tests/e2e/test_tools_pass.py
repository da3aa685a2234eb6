"""“Would this mail pass?” in a browser: filled by hand, changed, shared, and on a phone."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.e2e

PAGE = "/tools/would-it-pass/"


def test_a_mail_is_judged_and_judged_again(visit):
    page = visit(PAGE)
    page.get_by_label("IP address of the sending server").fill("198.18.99.99")
    page.get_by_label("From", exact=True).fill("Alice <alice@perfect.classroom.test>")
    page.get_by_role("button", name="Judge the mail").press("Enter")
    verdict = page.locator("#pass-verdict")
    verdict.wait_for()
    assert verdict.inner_text() == "No: it is refused"
    assert "header_from=Alice" in page.url
    page.get_by_label("DKIM: signing domains").fill("perfect.classroom.test")
    page.get_by_label("Result of the signature").select_option("pass")
    page.get_by_role("button", name="Judge the mail").click()
    page.get_by_text("Yes: it passes DMARC").wait_for()
    assert page.locator(".pass-align svg .pass-good").count() == 1
    page.reload()
    assert page.locator("#pass-verdict").inner_text() == "Yes: it passes DMARC"


def test_what_is_wrong_is_told_beside_its_field(visit):
    page = visit(PAGE)
    page.get_by_label("From", exact=True).fill("alice")
    page.get_by_role("button", name="Judge the mail").click()
    page.get_by_role("alert").wait_for()
    page.get_by_role("alert").get_by_role("link", name="From").click()
    assert page.evaluate("document.activeElement.id || location.hash").endswith("id_header_from")


@pytest.mark.parametrize("language", ["", "/ja"])
def test_the_examples_on_a_phone_without_javascript(look, language):
    page = look(language + PAGE, javascript=False)
    chips = [chip.get_attribute("href") for chip in page.locator(".tool-examples a").all()]
    assert len(chips) == 10
    for href in chips:
        page.goto(page.url.partition("?")[0] + href)
        assert page.locator("#pass-verdict").count() == 1
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        assert page.locator(".pass-story > section").count() == 5
