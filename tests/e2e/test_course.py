"""Quiz, progress and sharing in a real browser: signed out, signed in, and on the way between."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from learn.articles import article

from .test_check import sign_up

pytestmark = pytest.mark.e2e
SLUG = "mx-preference"
RIGHT = [question.right for question in article(SLUG, "en").quiz]


def answer(page, choices) -> None:
    for number, choice in enumerate(choices, 1):
        page.locator(f"#q{number}-{choice}").check()


def kept(page) -> list[str]:
    return json.loads(page.evaluate("localStorage.getItem('progress')") or "[]")


def test_quiz_in_the_page_by_keyboard(visit):
    page = visit(f"/learn/{SLUG}/?track=start")
    wrong = [RIGHT[0], (RIGHT[1] + 1) % 3, RIGHT[2]]
    answer(page, wrong)
    page.get_by_role("button", name="Check my answers").press("Enter")
    result = page.locator(".quiz-result")
    expect(result).to_have_text("2 of 3 right.")
    expect(result).to_be_focused()
    expect(page.locator(".quiz-verdict")).to_have_count(3)
    expect(page.locator(".quiz-verdict.is-error")).to_contain_text("Not right.")
    assert page.url.endswith("?track=start"), "nothing was loaded anew"
    assert kept(page) == []
    # A person needs longer than htmx to make what it put in its own.
    page.wait_for_function("!document.querySelector('.htmx-added, .htmx-settling, .htmx-swapping')")
    page.get_by_role("button", name="Try again").press("Enter")
    expect(page.locator(".quiz-result")).to_have_count(0)
    expect(page.locator("#quiz-title")).to_be_focused()
    expect(page.locator("#quiz input:checked")).to_have_count(0)
    answer(page, RIGHT)
    page.get_by_role("button", name="Check my answers").press("Enter")
    expect(page.locator(".quiz-result")).to_contain_text("All answers are right.")
    expect(page.locator("[data-marked]")).to_be_visible()
    expect(page.locator("#progress [data-way-count]")).to_have_text("1")
    assert kept(page) == [SLUG]


def test_somebody_elses_right_answers_mark_nothing(visit):
    query = "&".join(f"q{number}={choice}" for number, choice in enumerate(RIGHT, 1))
    page = visit(f"/learn/{SLUG}/?{query}")
    expect(page.locator(".quiz-result")).to_contain_text("All answers are right.")
    expect(page.get_by_role("button", name="Mark as done")).to_be_visible()
    assert kept(page) == []


def test_without_a_script(visit):
    page = visit(f"/ja/learn/{SLUG}/?track=start", javascript=False)
    expect(page.locator("[data-mark]")).to_be_hidden()
    answer(page, RIGHT)
    page.get_by_role("button", name="答え合わせ").click()
    expect(page.locator(".quiz-result")).to_contain_text("全問正解です。")
    assert "track=start" in page.url and page.url.endswith("#quiz")
    page.get_by_role("button", name="もう一度挑戦").click()
    expect(page.locator(".quiz-result")).to_have_count(0)


def test_progress_in_the_browser_then_in_the_account(visit, site):
    page = visit("/learn/tracks/start/")
    page.get_by_role("link", name="Begin: What is a mail server?").click()
    page.wait_for_url("**/learn/mail-server/**", wait_until="load")  # with its scripts
    page.get_by_role("button", name="Mark as done").press("Enter")
    expect(page.get_by_role("button", name="Not done after all")).to_be_focused()
    page.locator(".pager").get_by_role("link", name="What is a DNS server?").click()
    page.wait_for_url("**/learn/dns-server/**", wait_until="load")
    expect(page.locator("#progress [data-way-count]")).to_have_text("1")
    page.get_by_role("button", name="Mark as done").click()
    page.locator(".breadcrumb").get_by_role("link", name="Start here").click()
    expect(page.locator(".way-done")).to_contain_text("2 of 12 done")
    expect(page.get_by_role("link", name="Go on: What is a DNS record?")).to_be_visible()
    expect(page.locator(".reading .done-mark:visible")).to_have_count(2)

    page.locator(".track-go").get_by_role("link", name="Sign in").click()
    page.get_by_role("link", name="Create an account").click()
    sign_up(page, site, "course@example.com")
    expect(page.locator(".messages")).to_contain_text("2 articles that you had done")
    expect(page.locator(".way-done")).to_contain_text("2 of 12 done")
    assert kept(page) == []

    page.locator(".messages").get_by_role("button", name="Undo").click()
    expect(page.locator(".messages")).to_contain_text("Your account is as it was before.")
    expect(page.locator(".way-done")).to_contain_text("0 of 12 done")
    assert sorted(kept(page)) == ["dns-server", "mail-server"], "they stay in the browser"

    page.goto(f"{site.url}/learn/{SLUG}/?track=start")
    expect(page.locator("#progress [data-way-count]")).to_have_text("0")
    page.get_by_role("button", name="Mark as done").press("Enter")
    expect(page.get_by_role("button", name="Not done after all")).to_be_focused()
    expect(page.locator("#progress [data-way-count]")).to_have_text("1")
    # The browser focuses the button on arrival; only then does htmx wire its form.
    expect(page.locator(".htmx-added")).to_have_count(0)
    page.get_by_role("button", name="Not done after all").press("Enter")
    expect(page.get_by_role("button", name="Mark as done")).to_be_focused()
    answer(page, RIGHT)
    page.get_by_role("button", name="Check my answers").press("Enter")
    expect(page.locator("#progress [data-way-count]")).to_have_text("1")
    page.goto(f"{site.url}/account/")
    expect(page.locator(".facts")).to_contain_text("1 article")


def test_sharing(visit):
    page = visit("/learn/spf/")
    expect(page.locator("[data-share]")).to_be_visible(
        visible=page.evaluate("Boolean(navigator.share)")
    )
    page.context.add_init_script("""
        navigator.share = (data) => {
          window.shared = data;
          return Promise.reject(new DOMException("", "AbortError"));
        };
    """)
    page.reload()
    page.get_by_role("button", name="Share…").click()
    shared = page.evaluate("window.shared")
    assert shared["title"] == "SPF, part by part" and shared["url"].endswith("/learn/spf/")


def test_print_shows_the_text_alone(visit):
    page = visit("/learn/spf/?track=protect")
    page.emulate_media(media="print")
    for part in (".quiz", ".share", ".pager", ".live", ".contents", ".site-header", "#progress"):
        expect(page.locator(part).first).to_be_hidden()
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator("#sources")).to_be_visible()


@pytest.mark.parametrize("width", [360, 768])
@pytest.mark.parametrize("path", ["/ja/learn/", "/learn/tracks/run/", "/learn/spf/?q1=0&q2=0&q3=0"])
def test_no_page_of_the_course_scrolls_sideways(look, path, width):
    page = look(path, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
