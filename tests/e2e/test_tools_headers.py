"""The header analyser in a browser: pasted, chosen, dropped, and without JavaScript."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

SAMPLES = Path(__file__).parents[2] / "lookups/tools/headers/samples"
GOOD = SAMPLES / "good.eml"


def test_a_sample_tells_its_way_with_a_picture_and_a_table(visit):
    page = visit("/tools/headers/")
    page.get_by_role("link", name="Passed on by a list").click()
    page.wait_for_url("**/tools/headers/?sample=forwarded")
    assert page.locator("figure svg[role=img] title").count() == 1
    assert page.locator(".headers-hops tbody tr").count() == 4
    assert "7 min 24 s" in page.locator(".headers-hops").inner_text()
    assert "ARC" in page.locator("#verdict-title").inner_text()
    page.get_by_role("link", name="Try it with another address or sender").click()
    assert "load-sharing.classroom.test" in page.get_by_label("MAIL FROM").input_value()


def test_a_header_is_pasted_with_the_keyboard_alone(visit):
    page = visit("/ja/tools/headers/")
    head = GOOD.read_text().partition("\n\n")[0]
    page.locator("#id_headers").focus()
    page.keyboard.insert_text(head)
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#verdict-title")
    assert page.url.endswith("/ja/tools/headers/#result")  # what was pasted stands in no address
    assert "perfect.classroom.test" in page.locator("#verdict-title").inner_text()


@pytest.mark.parametrize("javascript", [True, False])
def test_a_file_is_chosen_on_a_phone(visit, javascript):
    size = {"width": 360, "height": 740}
    page = visit("/tools/headers/", javascript=javascript, viewport=size)
    page.locator("#id_file").set_input_files(GOOD)
    page.get_by_role("button", name="Read it").click()
    page.wait_for_selector("#verdict-title")
    assert "proven to come from perfect" in page.locator("#verdict-title").inner_text()
    assert page.evaluate(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )


def test_a_file_is_dropped(visit):
    page = visit("/tools/headers/")
    data = page.evaluate_handle(
        """(text) => {
          const data = new DataTransfer();
          data.items.add(new File([text], "forged.eml"));
          return data;
        }""",
        (SAMPLES / "forged.eml").read_text(),
    )
    page.dispatch_event("[data-drop-file]", "drop", {"dataTransfer": data})
    page.get_by_role("button", name="Read it").click()
    page.wait_for_selector("#verdict-title")
    assert page.locator(".headers-verdict .is-error").count() == 1


def test_a_refusal_leads_to_the_field(visit):
    page = visit("/tools/headers/")
    page.locator("#id_headers").fill("<html>no</html>")
    page.get_by_role("button", name="Read it").click()
    assert "a web page" in page.locator(".notice-error").inner_text()
    assert page.locator("#id_headers").input_value() == "<html>no</html>"
