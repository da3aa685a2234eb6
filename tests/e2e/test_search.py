"""Terms that explain themselves, the glossary’s filter, and search while one types."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.e2e

OPEN = ".term-note:popover-open"


@pytest.mark.parametrize("prefix", ["", "/ja"])
def test_a_term_explains_itself_to_pointer_and_keyboard(visit, prefix):
    page = visit(f"{prefix}/learn/spf-limit/")
    link = page.locator("a.term").first
    note = page.locator("#" + link.get_attribute("aria-describedby"))
    expect(note).to_be_hidden()

    link.hover()
    expect(note).to_be_visible()
    note.hover()  # the pointer may rest on the note itself
    page.wait_for_timeout(600)
    expect(note).to_be_visible()
    page.keyboard.press("Escape")
    expect(note).to_be_hidden()

    page.mouse.move(2, 2)
    link.focus()  # Escape was the last thing pressed, so this is the keyboard's focus
    expect(link).to_be_focused()
    expect(note).to_be_visible()
    box, screen = note.bounding_box(), page.viewport_size
    assert box["x"] >= 0 and box["x"] + box["width"] <= screen["width"]
    page.keyboard.press("Escape")
    expect(note).to_be_hidden()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{prefix}/learn/glossary/#*")


def test_a_tap_shows_the_note_and_a_second_follows_the_link(visit):
    page = visit("/learn/spf-limit/", has_touch=True, viewport={"width": 360, "height": 740})
    link = page.locator("a.term").first
    link.tap()
    note = page.locator(OPEN)
    expect(note).to_be_visible()
    box = note.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 360
    link.tap()
    page.wait_for_url("**/learn/glossary/#*")


def test_without_javascript_a_term_is_a_link(visit):
    page = visit("/learn/spf-limit/", javascript=False)
    expect(page.locator(".term-note").first).to_be_hidden()
    page.locator("a.term").first.click()
    page.wait_for_url("**/learn/glossary/#*")
    expect(page.locator("#glossary-filter")).to_be_hidden()


@pytest.mark.parametrize(
    ("prefix", "typed", "shown"), [("", "tree w", "tree-walk"), ("/ja", "ぞーんかっと", "zone-cut")]
)
def test_the_glossary_is_filtered(visit, prefix, typed, shown):
    page = visit(f"{prefix}/learn/glossary/")
    page.fill("#glossary-filter", typed)
    expect(page.locator(f"#{shown}")).to_be_visible()
    expect(page.locator("#a-record")).to_be_hidden()
    page.evaluate("location.hash = 'a-record'")
    expect(page.locator("#a-record")).to_be_in_viewport()


@pytest.mark.parametrize(("prefix", "query"), [("", "null MX"), ("/ja", "署名")])
def test_results_come_while_one_types(visit, prefix, query):
    page = visit(f"{prefix}/search/")
    field = page.locator("#search-q")
    field.press_sequentially(query)
    expect(page.locator(".results mark").first).to_be_visible()
    expect(page.locator("#search-count")).to_have_text(re.compile(r"\d"))
    page.wait_for_function("query => new URL(location).searchParams.get('q') === query", arg=query)
    expect(field).to_be_focused()
    page.locator(".results a").first.click()
    page.go_back()
    expect(page.locator("#search-q")).to_have_value(query)
    expect(page.locator(".results mark").first).to_be_visible()


def test_search_without_javascript(visit):
    page = visit("/ja/learn/", javascript=False)
    page.fill("#search-q", "リゾルバー")
    page.keyboard.press("Enter")
    expect(page.locator(".results mark").first).to_have_text("リゾルバー")


def test_a_domain_in_the_search_is_checked(visit):
    page = visit("/search/?q=perfect.classroom.test")
    page.locator(".search-offer button").click()
    page.wait_for_url("**/r/*/")
