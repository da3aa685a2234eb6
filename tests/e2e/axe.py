"""axe-core on pages as they stand; and whether a page is too wide, or moves as it loads.

A page is looked at twice: in English at a desk in the light, and in Japanese on a phone in the
dark, each with everything unfolded. So each language, each size, each theme and each template is
seen. All eight combinations would find the same eight times: a rule about structure does not
depend on the theme, colours are the same in each language, and the stylesheet gives them to both
sizes. That no page is too wide is measured in all four of language and size.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterable
from functools import cache

from playwright.sync_api import Page

from .conftest import ROOT

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice")
PHONE, DESK = {"width": 360, "height": 800}, {"width": 1280, "height": 900}
RUN = """async (values) => {
  const options = { runOnly: { type: "tag", values }, resultTypes: ["violations"] };
  const { violations } = await axe.run(document, options);
  return violations.map(({ id, nodes }) =>
    `${id}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 150)).join(" | ")}`);
}"""
UNFOLD = "() => document.querySelectorAll('details').forEach((e) => (e.open = true))"
SIDEWAYS = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"
SHIFTS = """
if (!window.shifts) {
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) shifts.push(entry.value);
  }).observe({ type: "layout-shift", buffered: true });
}
"""
MOVED = "() => shifts.reduce((sum, shift) => sum + shift, 0)"
STEADY = 0.02  # CLS; good is below 0.1
LOADS = 3


def violations(page: Page, urls: Iterable[str]) -> list[str]:
    """What is wrong with pages in both looks, and whether they move as they load."""
    page.add_init_script(SHIFTS)
    page.add_init_script(_axe())
    troubles = []
    for url in urls:
        for address, size, scheme in ((url, DESK, "light"), (in_japanese(url), PHONE, "dark")):
            _wear(page, size, scheme)
            if (moved := _shift(page, address)) > STEADY:
                troubles.append(f"{address} moves by {moved:.3f} as it loads")
            troubles += inspect(page, size, scheme)
    return troubles


def inspect_both(page: Page) -> list[str]:
    """What is wrong with the page that is open, where its address does not bring it back."""
    return inspect(page, DESK, "light") + inspect(page, PHONE, "dark")


def inspect(page: Page, size: dict[str, int], scheme: str) -> list[str]:
    """What axe finds with everything unfolded, and at which sizes the page is too wide."""
    _wear(page, size, scheme)
    page.evaluate(UNFOLD)
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(_axe())
    found = page.evaluate(RUN, TAGS)
    troubles = [f"{page.url} {size['width']} {scheme} {trouble}" for trouble in found]
    for width in (size, PHONE if size == DESK else DESK):
        page.set_viewport_size(width)
        if page.evaluate(SIDEWAYS):
            troubles.append(f"{page.url} {width['width']} scrolls sideways")
    return troubles


def in_japanese(url: str) -> str:
    parts = urllib.parse.urlsplit(url)
    return parts._replace(path="/ja" + parts.path).geturl()


def _shift(page: Page, address: str) -> float:
    """By how much a page moves as it loads. What moves it moves it each time; a font that comes
    late once, as on a busy machine, does not."""
    moved = 1.0
    for _ in range(LOADS):
        page.goto(address)
        moved = min(moved, page.evaluate(MOVED))
        if moved <= STEADY:
            break
    return moved


def _wear(page: Page, size: dict[str, int], scheme: str) -> None:
    page.set_viewport_size(size)
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")


@cache
def _axe() -> str:
    path = ROOT / "tests/node_modules/axe-core/axe.min.js"
    assert path.exists(), "axe-core is missing: run bin/test, or `npm ci` in tests/"
    return path.read_text()
