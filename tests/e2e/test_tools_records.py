"""The generators of DKIM, DMARC, BIMI and MTA-STS as visitors use them."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from lookups.engine.records import dkim_keys
from tests.lookups.engine.records.test_dkim_keys import verify

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("algorithm", ["rsa-2048", "ed25519"])
def test_a_key_made_in_the_browser_never_leaves_it(visit, algorithm):
    page = visit("/tools/dkim-generator/?domain=example.org&selector=s1")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.url} {request.post_data or ''}"))
    page.locator(f'#tool-form [name="algorithm"][value="{algorithm}"]').check()
    expect(page.locator("[data-make-key]")).to_be_visible()
    page.get_by_role("button", name="Make the key here").click()
    value = page.locator("#record-1-value")
    expect(value).to_have_value(re.compile("^v=DKIM1; "))
    pem = page.locator("#private-key").input_value()
    verify(pem, value.input_value())
    secret = "".join(pem.split()[3:-3])
    assert sent and not any(secret[20:40] in request for request in sent)
    assert "key=" in page.url
    kept = page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")
    assert secret[20:40] not in kept and "PRIVATE" not in kept
    # Another selector: a new record with the same key, which stays in sight.
    page.locator("#id_selector").fill("s2")
    expect(page.locator("#record-1-name")).to_have_value("s2._domainkey.example.org")
    assert page.locator("#private-key").input_value() == pem
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as a file").click()
    assert download.value.suggested_filename == "example.org.s1.pem"
    assert download.value.path().read_text() == pem
    # The address is shared without the private key.
    other = page.context.new_page()
    other.goto(page.url)
    assert other.locator("#record-1-value").input_value() == value.input_value()
    assert other.locator("#private-key").count() == 0


def test_a_key_made_on_the_server_stays_in_sight(visit):
    page = visit("/tools/dkim-generator/?domain=example.org&selector=s1")
    page.get_by_role("button", name="Make it on the server").click()
    pem = page.locator("#private-key").input_value()
    verify(pem, page.locator("#record-1-value").input_value())
    page.locator("#id_selector").fill("s2")
    expect(page.locator("#record-1-name")).to_have_value("s2._domainkey.example.org")
    verify(
        page.locator("#private-key").input_value(), page.locator("#record-1-value").input_value()
    )


def test_the_server_makes_a_key_without_javascript(visit):
    page = visit("/ja/tools/dkim-generator/", javascript=False)
    page.get_by_role("button", name="サーバーで作る").click()
    verify(
        page.locator("#private-key").input_value(), page.locator("#record-1-value").input_value()
    )


def test_a_private_key_is_not_sent(visit):
    page = visit("/tools/dkim-generator/")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    pem = dkim_keys.make_pair("ed25519").private_pem
    for text in (pem, "".join(pem.splitlines()[1:-1])):
        page.locator("#id_key").fill(text)
        expect(page.locator("#private-key-refused")).to_be_visible()
        expect(page.locator("#id_key")).to_have_value("")
    page.wait_for_timeout(500)
    assert not any("key=" in url for url in sent)


def test_a_dmarc_record_is_brought_a_step_further(visit):
    page = visit("/tools/dmarc-generator/")
    page.get_by_label("Start from what a domain publishes").fill("dmarc-monitoring.classroom.test")
    page.get_by_role("button", name="Fill the form").click()
    expect(page.locator(".stages [aria-current]")).to_contain_text("Watch")
    page.get_by_label("quarantine: treat as suspicious").check()
    expect(page.locator(".stages [aria-current]")).to_contain_text("Quarantine")
    page.get_by_label("Only testing (t=y)").check()
    expect(page.locator(".stages [aria-current]")).to_contain_text("Test")
    expect(page.locator("#record-1-value")).to_have_value(re.compile("p=quarantine; t=y; "))


def test_an_mta_sts_policy_from_the_mx_records(visit):
    page = visit("/tools/mta-sts-generator/")
    page.get_by_label("Start from what a domain publishes").fill("single-mx.classroom.test")
    page.get_by_role("button", name="Fill the form").click()
    page.get_by_label("enforce: no delivery without verified TLS").check()
    expect(page.locator("#policy-text")).to_have_value(re.compile("mode: enforce\nmx: "))
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as a file").click()
    assert download.value.suggested_filename == "mta-sts.txt"


def test_a_logo_is_checked_before_it_is_on_the_web(visit):
    page = visit("/tools/bimi-logo/")
    page.get_by_label("Or its text").fill('<svg xmlns="http://www.w3.org/2000/svg"><a/></svg>')
    page.get_by_role("button", name="Check the logo").click()
    expect(page.locator(".bimi-problems")).to_contain_text("<a> is not allowed")


@pytest.mark.parametrize("language", ["", "/ja"])
@pytest.mark.parametrize(
    "path",
    [
        "dkim-generator/?domain=perfect.classroom.test",
        "dmarc-generator/?from=dmarc-reports.classroom.test",
        "mta-sts-generator/?domain=perfect.classroom.test",
        "bimi-generator/?domain=bimi-svg.classroom.test"
        "&logo=https%3A%2F%2Flogo.bimi-svg.classroom.test%2Flogo.svg",
        "tls-rpt-generator/",
        "bimi-logo/",
    ],
)
def test_on_a_phone(look, language, path):
    page = look(f"{language}/tools/{path}")
    for details in page.locator("#result details:not([open]) > summary").all():
        if details.is_visible():
            details.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
