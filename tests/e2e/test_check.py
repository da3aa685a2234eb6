"""From the home page to a shared report, in a real browser against the whole site."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from .conftest import fetch

pytestmark = pytest.mark.e2e
PASSWORD = "a letter on good paper"


def check(page, domain: str) -> None:
    page.get_by_label("A domain, or an address or URL with it").fill(domain)
    page.locator(".domain-form").get_by_role("button", name="Check").click()


def sign_up(page, site, email: str) -> None:
    """From the sign-up page, through the code sent by mail, to signed in."""
    page.locator("input[type=email]").fill(email)
    page.locator("input[type=password]").fill(PASSWORD)
    page.get_by_role("button", name="Create the account").click()
    expect(page.get_by_label("Six-digit code")).to_be_visible()
    code = re.search(r"^(\d{6})$", site.newest_mail(), re.MULTILINE)[1]
    page.get_by_label("Six-digit code").fill(code)
    page.get_by_role("button", name="Confirm").click()
    page.wait_for_url(lambda url: "/accounts/" not in url)


def test_check_sign_up_save_and_share(visit, site):
    page = visit("/")
    streamed = []
    page.on("response", lambda response: streamed.append(response.url))
    check(page, "Someone@Perfect.Classroom.test")
    page.wait_for_url(re.compile(r"/r/[\w-]{22}/$"))
    row = page.locator(".mx-hosts tbody tr").first
    expect(row).to_contain_text("mx1.perfect.classroom.test")
    expect(row).to_contain_text("confirmed")
    expect(page.locator(".postmark-large")).to_contain_text("In order")
    assert any(url.endswith("/events/") for url in streamed), "rows must come by SSE"
    link = page.url

    page.get_by_role("link", name="Sign in to save it").click()
    page.get_by_role("link", name="Create an account").click()
    sign_up(page, site, "reader@example.com")
    expect(page).to_have_url(link)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".messages")).to_contain_text("Saved")
    expect(page).to_have_url(link)
    page.goto(site.url + "/saved/")
    expect(page.locator(".saved-list")).to_contain_text("perfect.classroom.test")

    stranger = visit(link.removeprefix(site.url))
    expect(stranger.locator("h1")).to_have_text("perfect.classroom.test")
    expect(stranger.locator(".mx-hosts tbody tr")).to_have_count(2)
    expect(stranger.locator("time").first).to_be_visible()


def test_slow_sections_arrive_while_watching(visit):
    """The list of hosts is there before the hosts are looked up."""
    page = visit("/check/")
    check(page, "crowded.classroom.test")
    expect(page.locator(".mx-hosts tbody tr")).to_have_count(20)
    expect(page.locator(".postmark-large")).to_contain_text("Broken", timeout=15_000)


def test_without_javascript_the_page_refreshes_until_done(visit):
    page = visit("/", javascript=False)
    check(page, "silent.classroom.test")
    assert (
        page.locator('noscript meta[http-equiv="refresh"]').count()
        or page.locator('meta[http-equiv="refresh"]').count()
    )
    expect(page.locator(".postmark-large")).to_contain_text("Broken", timeout=15_000)
    assert 'http-equiv="refresh"' not in page.content()


def test_two_viewers_share_one_report(visit):
    first, second = visit("/"), visit("/")
    check(first, "slow.classroom.test")
    first.wait_for_url(re.compile("/r/"))
    check(second, "slow.classroom.test")
    second.wait_for_url(re.compile("/r/"))
    assert first.url == second.url
    expect(second.locator(".envelope")).to_contain_text("ago")
    for page in (first, second):
        expect(page.locator(".postmark-large")).not_to_contain_text("Checking", timeout=30_000)
    again = second.get_by_role("button", name="Check again")
    again.click()
    second.wait_for_url(lambda url: "/r/" in url and url != first.url)


def test_html_in_names_is_text(visit):
    page = visit("/")
    page.on("dialog", lambda dialog: pytest.fail("a script in a name ran"))
    check(page, "strange-names.classroom.test")
    expect(page.locator(".postmark-large")).to_contain_text("Broken")
    expect(page.locator(".mx-hosts")).to_contain_text("<script>")
    assert page.locator("main script").count() == 0
    assert page.locator(".mx-hosts b").count() == 0


def test_bad_input_is_explained_in_the_visitors_language(visit):
    page = visit("/ja/")
    page.locator("#domain").fill("192.0.2.1")
    page.locator(".domain-form").get_by_role("button").click()
    expect(page.get_by_role("alert")).to_contain_text("IPアドレス")
    expect(page.locator("#domain")).to_have_attribute("aria-invalid", "true")
    page.get_by_role("link", name="192.0.2.1").click()
    expect(page.locator("h1")).to_have_text("逆引き")


def test_language_switch_stays_on_the_report(visit, site):
    page = visit("/")
    check(page, "日本語.classroom.test")
    expect(page.locator("h1")).to_have_text("日本語.classroom.test")
    expect(page.locator(".postmark-large")).to_contain_text("Note")
    page.locator(".site-header .languages").get_by_role("link", name="日本語").click()
    expect(page.locator(".postmark-large")).to_contain_text("参考")
    assert "/ja/r/" in page.url


def test_live_lookup_inside_an_article(visit):
    page = visit("/learn/mail-server/")
    live = page.locator(".live").first
    live.get_by_role("button").click()
    expect(live.locator(".mx-hosts tbody tr")).to_have_count(2)
    expect(live.locator(".finding-lines")).to_contain_text("lead")
    assert page.url.endswith("/learn/mail-server/")


def test_record_parts_explain_themselves_by_keyboard(visit):
    page = visit("/learn/mx-record/")
    part = page.locator(".anatomy-part").nth(4)
    part.focus()
    note = page.locator(".anatomy-notes [data-part='5']")
    lit = note.evaluate("e => getComputedStyle(e).backgroundColor")
    other = page.locator(".anatomy-notes [data-part='4']").evaluate(
        "e => getComputedStyle(e).backgroundColor"
    )
    assert lit != other


def test_theme_is_kept(visit):
    page = visit("/")
    button = page.locator("[data-theme-switch]")
    button.click()
    button.click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


@pytest.mark.parametrize("path", ["/", "/ja/", "/learn/mx-record/", "/classroom/", "/findings/"])
@pytest.mark.parametrize("width", [360, 768])
def test_no_page_scrolls_sideways(look, path, width):
    page = look(path, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_headers(site):
    import urllib.request

    with urllib.request.urlopen(site.url + "/") as answer:
        policy = answer.headers["Content-Security-Policy"]
    assert "unsafe-inline" not in policy and "default-src 'none'" in policy


def test_preview_picture(visit, site):
    page = visit("/")
    check(page, "null-mx.classroom.test")
    expect(page.locator(".postmark-large")).to_contain_text("Broken")
    _, html = fetch(page.url)
    image = re.search(r'og:image" content="([^"]+)"', html)[1]
    import urllib.request

    with urllib.request.urlopen(image) as answer:
        assert answer.headers["Content-Type"] == "image/png"
        assert answer.read().startswith(b"\x89PNG")
