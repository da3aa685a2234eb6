"""axe-core on every kind of page: both languages, light and dark, phone and desk."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator

import pytest
from django.urls import NoReverseMatch, URLPattern, get_resolver, reverse
from playwright.sync_api import Page

from .axe import DESK, PHONE, inspect, violations
from .conftest import Site
from .crawl import Client, Crawl, kind_of
from .test_check import sign_up

pytestmark = pytest.mark.e2e
REPORTS = ("perfect", "no-mail", "strange-names")
ERRORS = ("/no-such-page/", "/tools/reverse/?address=nonsense")


def test_no_violations(visit, crawled: Crawl, reports, site: Site):
    """Pages are found, not named: a new one is looked at without a change here."""
    stranger, reader = visit("/"), visit("/accounts/signup/")
    sign_up(reader, site, "axe@example.com")
    troubles = []
    plans = [
        (stranger, [*kinds(crawled), *(reports[name] for name in REPORTS), *ERRORS]),
        (reader, list(pages_of_a_reader(reader, site, reports))),
    ]
    for page, paths in plans:
        page.set_default_timeout(15_000)
        assert len(paths) > 3
        troubles += violations(page, [site.url + path for path in paths])
    assert troubles == []


@pytest.mark.parametrize(
    ("path", "size", "scheme"), [("/check/", DESK, "light"), ("/ja/check/", PHONE, "dark")]
)
def test_no_violations_where_input_is_refused(visit, path, size, scheme):
    page = visit(path)
    page.locator("#domain").fill("192.0.2.1")
    page.locator(".domain-form .button").first.click()
    page.wait_for_selector("#domain-error")
    assert inspect(page, size, scheme) == []


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


def pages_of_a_reader(page: Page, site: Site, reports) -> Iterator[str]:
    """What only somebody signed in is shown: a saved report, the list, the account."""
    page.goto(site.url + reports["no-mail"])
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_selector(".messages")
    yield urllib.parse.urlsplit(page.url).path
    stranger = Client(site.url)
    for path in plain_paths():
        answer = page.context.request.get(site.url + path, max_redirects=0)
        kind = answer.headers.get("content-type", "")
        if (
            answer.status == 200
            and kind.startswith("text/html")
            and stranger.get(site.url + path).moved
        ):
            yield path
