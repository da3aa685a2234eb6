"""Passkeys with Chromium's virtual authenticator, codes of an app, and recovery codes."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.portal import totp

from .test_check import PASSWORD, sign_up

pytestmark = pytest.mark.e2e


def new_account(visit, site, email: str) -> Page:
    page = visit("/accounts/signup/")
    sign_up(page, site, email)
    return page


def authenticator(page: Page) -> None:
    """A device that keeps passkeys and always knows its owner."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    kind = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True}
    kind |= {"hasUserVerification": True, "isUserVerified": True}
    devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {"options": kind | {"automaticPresenceSimulation": True}},
    )


def prove(page: Page) -> None:
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()


def sign_out(page: Page, site) -> None:
    page.goto(site.url + "/accounts/logout/")
    page.locator("main").get_by_role("button", name="Sign out").click()


def sign_in(page: Page, site, email: str) -> None:
    page.goto(site.url + "/accounts/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def type_code(page: Page, code: str) -> None:
    page.get_by_label("Code", exact=True).fill(code)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_a_passkey_signs_in_alone_and_as_second_factor(visit, site):
    email = "passkey@example.com"
    page = new_account(visit, site, email)
    authenticator(page)
    page.goto(site.url + "/accounts/second-factor/webauthn/add/")
    prove(page)
    page.get_by_label("Name").fill("My <b>phone</b>")
    page.get_by_role("button", name="Add the passkey").click()
    expect(page.locator(".recovery-codes li")).to_have_count(10)

    page.goto(site.url + "/accounts/second-factor/webauthn/")
    expect(page.locator(".factor-list")).to_contain_text("My <b>phone</b>")
    expect(page.locator(".factor-list")).to_contain_text("without the password")

    sign_out(page, site)
    page.goto(site.url + "/accounts/login/?next=/account/activity/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(site.url + "/account/activity/")
    expect(page.locator(".activity-table")).to_contain_text("with a passkey")

    sign_out(page, site)
    sign_in(page, site, email)
    page.get_by_role("button", name="Use the passkey").click()
    page.wait_for_url(site.url + "/domains/")


def test_a_browser_without_its_passkey_is_told(visit, site):
    page = visit("/accounts/login/")
    authenticator(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.locator("[data-passkey-trouble]")).to_contain_text("gave no answer", timeout=15_000)
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_enabled()


def test_codes_of_an_app_and_recovery_codes(visit, site):
    email = "app@example.com"
    page = new_account(visit, site, email)
    page.goto(site.url + "/accounts/second-factor/totp/activate/")
    prove(page)
    shown = page.locator("img.qr").evaluate("image => image.complete && image.naturalWidth")
    assert shown, "the policy must let the QR code through"
    secret = page.locator("code.secret").inner_text()
    page.get_by_label("six digits").fill(totp.code(secret))
    page.get_by_role("button", name="Set up").click()
    expect(page.locator(".recovery-codes li")).to_have_count(10)
    codes = page.locator(".recovery-codes li").all_inner_texts()
    with page.expect_download() as saved:
        page.get_by_role("link", name="Download as text").click()
    text = saved.value.path().read_text()
    assert text.split("\n")[1:-1] == codes and email in text
    page.reload()
    expect(page.locator(".recovery-codes")).to_have_count(0)

    sign_out(page, site)
    sign_in(page, site, email)
    type_code(page, "000000" if totp.code(secret) != "000000" else "111111")
    expect(page.locator("main")).to_contain_text("That code is wrong")
    type_code(page, totp.code(secret))
    page.wait_for_url(site.url + "/domains/")

    sign_out(page, site)
    sign_in(page, site, email)
    type_code(page, codes[0])
    page.wait_for_url(site.url + "/domains/")
    sign_out(page, site)
    sign_in(page, site, email)
    type_code(page, codes[0])
    expect(page.locator("main")).to_contain_text("That code is wrong")
    type_code(page, codes[1])
    page.wait_for_url(site.url + "/domains/")

    page.goto(site.url + "/account/activity/?kind=code-used")
    expect(page.locator(".activity-table tbody tr")).to_have_count(2)


def test_passwords_can_be_looked_at(visit):
    page = visit("/accounts/signup/")
    field = page.locator("#id_password1")
    field.fill("three quiet herons")
    assert field.get_attribute("type") == "password"
    page.get_by_role("button", name=re.compile("^Show")).click()
    assert field.get_attribute("type") == "text"
    page.get_by_role("button", name=re.compile("^Hide")).click()
    assert field.get_attribute("type") == "password"
