"""The SPF, MX and no-mail generators in a browser: the count follows, forms fill, phones fit."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.e2e


def test_lookups_are_counted_while_the_form_is_filled_in(visit):
    page = visit("/tools/spf-generator/")
    page.get_by_label("Domain", exact=True).fill("perfect.classroom.test")
    page.get_by_text("Its mail servers (MX) send too").click()
    page.get_by_text("1 of 10 lookups").wait_for()
    page.get_by_label("Other services").fill("spf-lookups.classroom.test")
    page.get_by_text("14 of 10 lookups").wait_for()
    assert "includes=spf-lookups" in page.url
    assert page.get_by_role("textbox", name="TXT").input_value() == (
        "v=spf1 mx include:spf-lookups.classroom.test ~all"
    )
    page.get_by_role("link", name="Write out the includes").click()
    page.get_by_role("heading", name="Before and after").wait_for()
    assert "ip4:198.18.142.0/25" in page.get_by_role("textbox", name="TXT").input_value()


def test_a_published_record_fills_the_form_without_javascript(visit):
    page = visit("/tools/spf-generator/", javascript=False)
    page.get_by_label("Start from what a domain publishes").fill("spf-softfail.classroom.test")
    page.get_by_role("button", name="Fill the form").click()
    assert "The form holds the record of" in page.inner_text(".tool-begin")
    networks = page.get_by_label("Addresses and networks that send").input_value()
    assert networks.split() == ["198.18.141.7", "2001:2::141:7"]
    assert "Exactly this record." in page.inner_text("#result")


def test_a_private_network_is_refused_at_its_field(visit):
    page = visit("/ja/tools/spf-generator/?domain=example.com&networks=10.0.0.1")
    assert "プライベートネットワーク" in page.get_by_role("alert").inner_text()
    assert page.locator("#id_networks").get_attribute("aria-invalid") == "true"


def test_mx_of_a_service_follows_the_choice(visit):
    page = visit("/tools/mx-generator/")
    page.get_by_label("Domain", exact=True).fill("example.com")
    page.get_by_label("Who takes the mail").select_option("google-five")
    lines = page.get_by_label("Lines of the zone file")
    lines.wait_for()
    assert lines.input_value().count("\n") == 4
    page.get_by_label("Who takes the mail").select_option("microsoft-365")
    page.get_by_text("console of Microsoft 365").first.wait_for()
    page.get_by_role("link", name="a record that lets Microsoft 365 send").click()
    page.wait_for_url("**/tools/spf-generator/?domain=example.com&services=microsoft-365")
    assert page.get_by_label("Microsoft 365").is_checked()


PAGES = (
    "spf-generator/?domain=perfect.classroom.test&mx=on&includes=spf-lookups.classroom.test",
    "spf-flattener/?domain=spf-lookups.classroom.test&limit=100",
    "mx-generator/?domain=perfect.classroom.test&provider=google-five",
    "no-mail/?domain=perfect.classroom.test&below=on",
)


@pytest.mark.parametrize("language", ["", "/ja"])
@pytest.mark.parametrize("path", PAGES)
def test_a_phone_without_javascript(look, language, path):
    page = look(f"{language}/tools/{path}", javascript=False)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.locator(".publish").count() > 0
