"""The report reader in a browser: choosing and dropping files, and taking the result away."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from tests.lookups.reports.made import aggregate, dkim, gzipped, record, tls

pytestmark = pytest.mark.e2e

DROP = """async ([name, data]) => {
  const octets = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
  const transfer = new DataTransfer();
  for (const each of [name, "second.json"]) transfer.items.add(new File([octets], each));
  const zone = document.querySelector("[data-drop]");
  zone.dispatchEvent(new DragEvent("dragenter", { dataTransfer: transfer, bubbles: true }));
  const lit = zone.classList.contains("is-over");
  zone.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true }));
  return lit && !zone.classList.contains("is-over");
}"""


@pytest.fixture
def files(tmp_path) -> list[str]:
    rows = (
        record("192.0.2.1", 90, results=dkim("example.com")),
        record("192.0.2.2", 10, "fail", "fail", "quarantine"),
    )
    written = {"report.xml.gz": gzipped(aggregate(*rows)), "tls.json": tls(bad=2)}
    for name, data in written.items():
        (tmp_path / name).write_bytes(data)
    return [str(tmp_path / name) for name in written]


@pytest.mark.parametrize("javascript", [True, False])
def test_files_are_read_and_the_result_taken_away(visit, files, javascript):
    page = visit("/tools/reports/", javascript=javascript)
    page.set_input_files("input[type=file]", files)
    if javascript:
        assert page.locator("[data-chosen] li").count() == 2
    page.get_by_label("Do not look up").check()
    page.get_by_role("button", name="Read the reports").click()
    page.wait_for_selector("#reports-dmarc")
    assert page.locator("#group-neither").get_by_text("192.0.2.2").count() == 1
    assert page.locator(".reports-advice h4").first.inner_text().startswith("192.0.2.2")
    assert page.locator("#reports-tls").count() == 1
    with page.expect_download() as download:
        page.get_by_role("link", name="reports.json").click()
    told = json.loads(Path(download.value.path()).read_text())
    assert [part["kind"] for part in told["parts"]] == ["dmarc-aggregate", "tls"]


def test_files_are_dropped_onto_the_field(visit, files):
    page = visit("/ja/tools/reports/")
    data = base64.b64encode(Path(files[1]).read_bytes()).decode()
    assert page.evaluate(DROP, ["dropped.json", data])
    assert page.locator("input[type=file]").evaluate("input => input.files.length") == 2
    assert "dropped.json" in page.locator("[data-chosen]").inner_text()
    page.locator("#tool-go").click()
    page.wait_for_selector("#reports-tls")
    assert "second.json" in page.locator(".notice").inner_text()  # the same again


@pytest.mark.parametrize("language", ["", "/ja"])
def test_a_phone(visit, files, language):
    page = visit(f"{language}/tools/reports/", viewport={"width": 360, "height": 740})
    page.set_input_files("input[type=file]", files)
    page.locator("input[name=nameless]").check()
    page.locator("#tool-go").click()
    page.wait_for_selector("#reports-dmarc")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_what_cannot_be_read_is_said(visit, tmp_path):
    (tmp_path / "x.txt").write_text("nothing")
    page = visit("/tools/reports/")
    page.set_input_files("input[type=file]", str(tmp_path / "x.txt"))
    page.get_by_role("button", name="Read the reports").click()
    assert "x.txt: It is neither XML" in page.get_by_role("alert").inner_text()


def test_reports_are_kept_and_deleted(visit, site, files):
    page = visit("/tools/reports/", member="reports@example.com")
    page.set_input_files("input[type=file]", files)
    page.get_by_label("Do not look up").check()
    page.get_by_label("Keep what these reports say").check()
    page.get_by_role("button", name="Read the reports").click()
    page.locator(".notice-success").get_by_role("link", name="Your kept reports").click()
    page.wait_for_url("**/tools/reports/kept/")
    assert page.locator("#reports-dmarc").count() == 1
    rows = page.locator("table", has_text="Kind").locator("tbody tr")
    assert rows.count() == 2
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert "192.0.2.2" in Path(download.value.path()).read_text()
    page.get_by_label("First day").fill("2024-01-01")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**since=2024-01-01*")
    assert page.locator("#reports-dmarc").count() == 0 and rows.count() == 1
    rows.get_by_text("Delete…").click()
    rows.get_by_role("button", name="Delete this report").click()
    page.get_by_text("The report is deleted.").wait_for()
    assert "since=2024-01-01" in page.url
    assert page.get_by_text("None in this period.").count() == 1
    page.goto(site.url + "/tools/reports/kept/")
    page.get_by_text("Delete many…").click()
    page.get_by_role("button", name="Delete all kept reports").click()
    page.get_by_text("None yet").wait_for()
