"""Phones: no page is wider than the screen, and nothing moves while a report streams in."""

from __future__ import annotations

import re

import pytest

from .axe import MOVED, SHIFTS, STEADY
from .crawl import Crawl

pytestmark = pytest.mark.e2e

# Puts the content of each page into the one that is open, with the styles that it asks for: the
# same layout without a navigation.
MEASURE = """async (pages) => {
  const wide = [], styles = new Set();
  for (const [url, sheets, main] of pages) {
    for (const href of sheets) {
      if (styles.has(href)) continue;
      styles.add(href);
      const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href });
      await new Promise((loaded) => { link.onload = loaded; document.head.append(link); });
    }
    document.querySelector("main").outerHTML = main;
    for (const details of document.querySelectorAll("main details")) details.open = true;
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth > clientWidth) wide.push(`${url}: ${scrollWidth} in ${clientWidth}`);
  }
  return wide;
}"""
SHEET = re.compile(r'<link rel="stylesheet" href="([^"]+)">')
MAIN = re.compile(r"<main.*</main>", re.DOTALL)
BATCH = 60


@pytest.mark.parametrize("prefix", ["/", "/ja/"])
def test_no_page_scrolls_sideways(visit, crawled: Crawl, prefix):
    """At 320 pixels, with everything unfolded (WCAG 1.4.10)."""
    language = "ja" if prefix == "/ja/" else "en"
    pages = [
        (page.url, SHEET.findall(page.body), MAIN.search(page.body)[0])
        for page in crawled.html()
        if page.language == language
    ]
    page = visit(prefix, viewport={"width": 320, "height": 700})
    wide = []
    for start in range(0, len(pages), BATCH):
        wide += page.evaluate(MEASURE, pages[start : start + BATCH])
    assert wide == []


@pytest.mark.parametrize("prefix", ["/", "/ja/"])
@pytest.mark.parametrize("size", [(360, 740), (1280, 900)])
def test_nothing_moves_while_a_report_streams_in(visit, prefix, size):
    """A report that is made while it is watched."""
    page = visit(prefix + "check/", viewport={"width": size[0], "height": size[1]})
    page.context.add_init_script(SHIFTS)
    page.locator("#domain").fill("crowded.classroom.test")
    page.locator(".domain-form .button").first.click()
    page.wait_for_selector(".postmark-large:not(.is-running)", timeout=30_000)
    assert page.evaluate(MOVED) < STEADY
