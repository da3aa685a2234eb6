"""A letter's journey in a real browser: step by step, by keyboard, and without JavaScript."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.e2e
PERFECT = "/learn/journey/?domain=perfect.classroom.test"


def test_steps_by_button_keyboard_and_link(visit, site):
    page = visit("/learn/")
    page.get_by_role("link", name="Follow a letter").click()
    page.get_by_label("To a mailbox at").fill("perfect.classroom.test")
    page.get_by_role("button", name="Send it off").click()
    shown = page.locator(".journey-step:visible")
    expect(shown).to_have_count(1)
    expect(shown.locator("h3")).to_contain_text("A letter is written")
    back, ahead = page.get_by_role("button", name="Back"), page.get_by_role("button", name="Next")
    expect(back).to_have_attribute("aria-disabled", "true")
    ahead.click()
    expect(page.locator("[data-journey-status]")).to_have_text(
        "Step 2 of 11: The mail server asks its resolver"
    )
    expect(ahead).to_be_focused()
    page.keyboard.press("ArrowRight")
    assert page.url.endswith("#step-3")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert page.url.endswith("#step-1")
    page.go_back()
    expect(shown.locator("h3")).to_contain_text("The mail server asks its resolver")
    page.locator(".journey-track a").nth(6).click()
    expect(shown.locator("h3")).to_be_focused()
    expect(shown).to_contain_text("mx1.perfect.classroom.test answers and takes the letter")


def test_what_if_the_first_host_is_down_and_the_letter_forged(visit):
    page = visit(f"{PERFECT}#step-7")
    shown = page.locator(".journey-step:visible")
    expect(shown).to_have_attribute("id", "step-7")
    page.get_by_label("the first is down").check()
    expect(shown.locator(".if-first").first).to_be_visible()
    expect(shown.locator(".if-up").first).to_be_hidden()
    expect(page.locator("[data-journey-status]")).to_contain_text("the next in order gets")
    page.keyboard.press("ArrowRight")  # among the radio buttons, not among the steps
    expect(page.get_by_label("are all down")).to_be_checked()
    expect(shown).to_have_attribute("id", "step-7")
    page.get_by_label("are all up").check()
    page.get_by_label("is forged").check()
    page.locator(".journey-track a").last.click()
    expect(shown.get_by_text("refuses the letter")).to_be_visible()
    expect(shown.get_by_text("goes to Bob’s inbox")).to_be_hidden()


def test_without_javascript_all_steps_are_a_list(visit):
    page = visit(f"/ja{PERFECT}", javascript=False)
    expect(page.locator(".journey-step:visible")).to_have_count(11)
    expect(page.locator(".journey-controls")).to_be_hidden()
    page.get_by_label("偽物").check()
    last = page.locator(".journey-step").last
    expect(last.locator("p.if-forged")).to_be_visible()
    expect(last.locator("p.if-genuine")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_step_fits_a_phone(look, scheme):
    page = look(PERFECT, javascript=False, scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    for box in page.locator(".journey-track a").all():
        assert box.bounding_box()["width"] >= 24
