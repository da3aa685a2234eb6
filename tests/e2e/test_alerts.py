"""From a change in DNS to a mail about it, and the pages around, in a real browser."""

from __future__ import annotations

import email
import email.policy
import re
import time

import pytest
from playwright.sync_api import expect

from .axe import violations
from .conftest import wait_until
from .test_watching import publish, until_done

pytestmark = pytest.mark.e2e


def mails_to(site, address: str) -> list[email.message.EmailMessage]:
    """Mails in var/mail, without those with a code."""
    found = []
    for path in sorted((site.var / "mail").glob("*"), key=lambda path: path.stat().st_mtime_ns):
        for text in re.split(r"^-{79}$", path.read_text(), flags=re.MULTILINE):
            mail = email.message_from_string(text.lstrip("\n"), policy=email.policy.default)
            if mail["To"] == address and mail["List-Unsubscribe"]:
                found.append(mail)
    return found


def test_a_change_is_told_in_japanese(visit, site):
    address = "alerted@example.com"
    page = visit("/ja/domains/", member=address)
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

    page.locator("#add-domain").fill(domain)
    page.locator("#add-interval").select_option("daily")
    page.locator(".watch-add button").click()
    page.wait_for_url(re.compile(r"/ja/r/[\w-]{22}/$"))
    expect(page.locator(".postmark-large")).not_to_contain_text("検査中", timeout=30_000)
    written = rows.filter(has=zone.locator('input[value="_dmarc"]'))
    publish(zone, written, "v=DMARC1; p=reject")
    page.goto(site.url + "/ja/domains/")
    page.locator(".watch-about a").first.click()
    page.locator(".toolbar form button").first.click()
    page.wait_for_url(re.compile(r"/ja/r/[\w-]{22}/$"))

    mail = wait_until(lambda: mails_to(site, address), 40)[0]
    subject = mail["Subject"].strip()  # folded
    assert subject == f"{domain}: _dmarc.{domain}のTXTレコードが変更されました"
    text = mail.get_body(("plain",)).get_content()
    assert "- v=DMARC1; p=none" in text and "+ v=DMARC1; p=reject" in text
    assert f"{site.url}/ja/domains/" in text

    page.goto(site.url + "/ja/alerts/")
    expect(page.locator(".alert-row")).to_have_count(1)
    expect(page.locator(".alert-deliveries")).to_contain_text("送信済み")
    page.locator(".alert-row summary").click()
    expect(page.locator(".alert-row ins")).to_have_text("reject")

    stop = re.search(r"<(.+)>", mail["List-Unsubscribe"])[1]
    stranger = visit(stop.removeprefix(site.url))
    stranger.locator("main form button").click()
    expect(stranger.locator("h1")).to_contain_text("停止しました")
    page.goto(site.url + "/ja/account/alerts/")
    expect(page.locator('[name="email"]')).not_to_be_checked()


def test_settings_and_webhooks_without_violations(visit, site):
    page = visit("/domains/", member="hooks@example.com")
    page.goto(site.url + "/account/alerts/")
    page.get_by_label("When").select_option("daily")
    page.get_by_label("Time zone").select_option("Asia/Tokyo")
    page.get_by_label("Quiet from").fill("22:00")
    page.get_by_label("Quiet until").fill("07:00")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".messages")).to_contain_text("saved")
    page.get_by_role("button", name="Send a test mail").click()
    expect(page.locator(".messages")).to_contain_text("on its way")
    assert mails_to(site, "hooks@example.com")
    may_test_again = time.monotonic() + 10  # seconds between two tests of one person
    troubles = violations(page, [site.url + path for path in PATHS])

    page.goto(site.url + "/account/webhooks/")
    page.get_by_label("Address (URL)").fill("https://10.0.0.1/")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(".form-error")).to_contain_text("not public")
    page.get_by_label("Address (URL)").fill("https://mx1.perfect.classroom.test/told")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("main")).to_contain_text("whsec_")
    hook = page.url
    page.wait_for_timeout(max(0.0, may_test_again - time.monotonic()) * 1000)
    page.get_by_role("button", name="Send a test", exact=True).click()
    expect(page.locator(".messages")).to_contain_text("404")
    expect(page.locator(".delivery-row")).to_contain_text("HTTP 404")
    urls = [hook, hook + "delete/", site.url + "/account/webhooks/"]
    assert troubles + violations(page, urls) == []
    page.goto(hook)
    page.get_by_role("link", name="Delete…").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.locator("main")).to_contain_text("There is no webhook yet")


PATHS = ("/account/alerts/", "/alerts/")


def test_a_checked_domain_alone_tells_nothing(visit, site):
    page = visit("/domains/", member="calm@example.com")
    page.locator("#add-domain").fill("perfect.classroom.test")
    page.get_by_role("button", name="Add and check").click()
    until_done(page)
    page.goto(site.url + "/alerts/")
    expect(page.locator("main")).to_contain_text("No alert yet")
