"""axe-core on every kind of page: both languages, light and dark, phone and desk."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator

import pytest
from django.urls import NoReverseMatch, URLPattern, get_resolver, reverse
from playwright.sync_api import Browser, BrowserContext, Page

from .conftest import ROOT, Site
from .crawl import Client, Crawl, kind_of
from .test_check import sign_up
from .test_phone import MOVED, SHIFTS, STEADY

pytestmark = pytest.mark.e2e
AXE = ROOT / "tests/node_modules/axe-core/axe.min.js"
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice")
# What may differ when only the colours do.
COLOURS = ("color-contrast", "link-in-text-block")
PHONE, DESK = {"width": 360, "height": 800}, {"width": 1280, "height": 900}
REPORTS = ("perfect", "no-mail", "strange-names")
ERRORS = ("/no-such-page/", "/tools/reverse/?address=nonsense")
RUN = """async (rules) => {
  const runOnly = rules.colours
    ? { type: "rule", values: rules.colours } : { type: "tag", values: rules.tags };
  const { violations } = await axe.run(document, { runOnly, resultTypes: ["violations"] });
  return violations.map(({ id, nodes }) =>
    `${id}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 150)).join(" | ")}`);
}"""
UNFOLD = "() => document.querySelectorAll('details').forEach((e) => (e.open = true))"
SIDEWAYS = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def contexts(browser: Browser, site: Site) -> Iterator[dict[str, BrowserContext]]:
    """A stranger's browser and that of somebody signed in, both with axe in every page."""
    assert AXE.exists(), "axe-core is missing: run bin/test, or `npm ci` in tests/"
    opened = {}
    for who in ("stranger", "reader"):
        opened[who] = browser.new_context(viewport=DESK, reduced_motion="reduce")
        opened[who].set_default_timeout(15_000)
        opened[who].add_init_script(path=AXE)
        opened[who].add_init_script(SHIFTS)
    page = opened["reader"].new_page()
    page.goto(f"{site.url}/accounts/signup/")
    sign_up(page, site, "axe@example.com")
    page.close()
    yield opened
    for context in opened.values():
        context.close()


def test_no_violations(contexts, crawled: Crawl, reports, site: Site):
    """Pages are found, not named: a new one is looked at without a change here."""
    troubles = []
    plans = [
        ("stranger", [*kinds(crawled), *(reports[name] for name in REPORTS), *ERRORS]),
        ("reader", list(pages_of_a_reader(contexts["reader"], site, reports))),
    ]
    for who, paths in plans:
        page = contexts[who].new_page()
        assert len(paths) > 3
        for path in paths:
            for prefix in ("", "/ja"):
                troubles += visit_and_inspect(page, site.url + prefix + path)
        page.close()
    assert troubles == []


@pytest.mark.parametrize("path", ["/check/", "/ja/check/"])
def test_no_violations_where_input_is_refused(contexts, site: Site, path):
    page = contexts["stranger"].new_page()
    page.goto(site.url + path)
    page.locator("#domain").fill("192.0.2.1")
    page.locator(".domain-form .button").first.click()
    page.wait_for_selector("#domain-error")
    assert inspect(page) == []
    page.close()


def visit_and_inspect(page: Page, url: str) -> list[str]:
    """What is wrong with a page, and whether it moves as it loads."""
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(DESK)
    page.goto(url)
    moved = page.evaluate(MOVED)
    loading = [f"{url} moves by {moved:.3f} as it loads"] if moved > STEADY else []
    return loading + inspect(page)


def inspect(page: Page) -> list[str]:
    """What axe finds, and where it must be scrolled sideways. On the phone all is unfolded."""
    troubles, url = [], page.url
    for size in (DESK, PHONE):
        page.set_viewport_size(size)
        if size is PHONE:
            page.evaluate(UNFOLD)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            colours = COLOURS if scheme == "dark" else None
            found = page.evaluate(RUN, {"tags": TAGS, "colours": colours})
            troubles += [f"{url} {size['width']} {scheme} {trouble}" for trouble in found]
        if page.evaluate(SIDEWAYS):
            troubles.append(f"{url} {size['width']} scrolls sideways")
    return troubles


def kinds(crawled: Crawl) -> list[str]:
    """English paths: one page of each pattern; articles one of each group."""
    chosen: dict[object, str] = {}
    for page in crawled.html():
        if page.language == "en" and "?" not in page.url and page.kind != "report":
            chosen.setdefault(_sort_of(page.path), page.path)
    for path in plain_paths():
        chosen.setdefault(kind_of(path), path)
    client = Client(crawled.base)
    return [path for path in chosen.values() if _is_page(client, crawled.base + path)]


def _sort_of(path: str) -> object:
    kind = kind_of(path)
    if kind == "article":
        from learn.articles import article

        found = article(path.rstrip("/").rpartition("/")[2], "en")
        return kind, found and found.group
    if kind == "tool":  # each has a form and a result of its own
        return kind, path
    return kind


def plain_paths() -> Iterator[str]:
    """The paths of all patterns that take no argument."""
    for pattern in _patterns(get_resolver().url_patterns):
        try:
            yield reverse(pattern.name)
        except NoReverseMatch:
            continue


def _patterns(patterns) -> Iterator[URLPattern]:
    for pattern in patterns:
        if not isinstance(pattern, URLPattern):
            yield from _patterns(pattern.url_patterns)
        elif pattern.name:
            yield pattern


def _is_page(client: Client, url: str) -> bool:
    page = client.get(url)
    return page.is_html and page.status == 200 and not page.moved


def pages_of_a_reader(context: BrowserContext, site: Site, reports) -> Iterator[str]:
    """What only somebody signed in is shown: a saved report, the list, the account."""
    page = context.new_page()
    page.goto(site.url + reports["no-mail"])
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_selector(".messages")
    yield urllib.parse.urlsplit(page.url).path
    for path in plain_paths():
        answer = context.request.get(site.url + path, max_redirects=0)
        kind = answer.headers.get("content-type", "")
        stranger = Client(site.url).get(site.url + path)
        if answer.status == 200 and kind.startswith("text/html") and stranger.moved:
            yield path
    page.close()
