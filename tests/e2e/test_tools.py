"""What all tools share, in a real browser: a live form, an address to share, no JavaScript."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.e2e


def test_the_record_follows_the_form(visit):
    page = visit("/tools/tls-rpt-generator/")
    page.locator("#id_domain").fill("example.org")
    value = page.locator("#record-1-name")
    expect(value).to_have_value("_smtp._tls.example.org")
    assert page.url.endswith("?domain=example.org")  # nothing that was not filled in
    page.locator("#id_rua").fill("nobody")
    expect(page.locator("#result .notice-error a")).to_have_text("Where reports go")
    page.locator("#id_rua").fill("reports@example.net")
    expect(page.locator("#record-1-value")).to_have_value(
        "v=TLSRPTv1; rua=mailto:reports@example.net"
    )
    page.reload()  # the address is the filled form
    expect(page.locator("#id_rua")).to_have_value("reports@example.net")


def test_copying_a_record(visit):
    page = visit("/tools/tls-rpt-generator/?domain=example.org")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    button = page.locator('[data-copy="record-1-line"]')
    button.click()
    expect(button).to_have_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("_smtp._tls.example.org. 3600 IN TXT")


def test_without_javascript(visit):
    page = visit("/ja/tools/", javascript=False)
    page.get_by_role("link", name="TLS-RPTレコードの作成").click()
    page.locator("#id_domain").fill("例え.jp")
    page.locator("#tool-go").click()
    expect(page.locator("#record-1-name")).to_have_value("_smtp._tls.xn--r8jz45g.jp")
    page.get_by_text("DNSサービスの入力欄に合わせて").click()
    page.get_by_text("お名前.com").click()
    expect(page.locator("#record-1-onamae-1")).to_have_value("_smtp._tls")
