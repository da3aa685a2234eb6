"""Every link of the whole site, followed without JavaScript; and what each page says of itself."""

from __future__ import annotations

import re
import urllib.parse
from collections import defaultdict
from xml.etree import ElementTree

import pytest
from django.http import QueryDict
from django.urls import Resolver404, resolve

from lookups.tools import registry

from .conftest import fetch
from .crawl import Crawl, Page, internal, kind_of

pytestmark = pytest.mark.e2e
SPACES = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}
# Addresses that are the same in every language.
WITHOUT_LANGUAGE = re.compile(
    r"/(static/|sitemap\.xml$|robots\.txt$|healthz$|api/v1/openapi\.json$)"
)
PRIVATE = re.compile(r"(/ja)?/(r|saved|account|accounts)/")
MAX_BYTES = 100_000  # of a page over the wire, without pictures and fonts
EXTERNAL = re.compile(r"https://[a-z0-9-]+(\.[a-z0-9-]+)+(/[!-~]*)?")


def test_links_lead_somewhere(crawled: Crawl):
    broken = [
        f"{page.status} {url} from {_source(crawled, url)}"
        for url, page in crawled.pages.items()
        if page.status != 200
    ]
    assert broken == []
    assert len(list(crawled.html())) > 900


def test_links_like_others_lead_somewhere(crawled: Crawl):
    """Those that were not read since many of their sort were. Without their query all were."""
    broken = []
    for url, source in crawled.alike.items():
        parts = urllib.parse.urlsplit(url)
        query = QueryDict(parts.query)
        page = crawled.pages.get(url.partition("?")[0])
        sound = page is not None and page.status == 200
        if kind_of(parts.path) == "tool":
            tool = registry.tool(parts.path.rstrip("/").rpartition("/")[2])
            sound &= tool is not None and tool.form(tool.form.completed(query)).is_valid()
        if "next" in query:
            sound &= kind_of(query["next"].partition("?")[0]) != ""
        if not sound:
            broken.append(f"{url} from {source}")
    assert broken == []
    assert len(crawled.alike) > 500


def test_links_do_not_redirect(crawled: Crawl):
    """Only what a visitor must sign in for may send them elsewhere first."""
    moved = {
        url: page.url
        for url, page in crawled.pages.items()
        if page.moved and "/accounts/login/" not in page.url
    }
    assert moved == {}


def test_fragments_exist(crawled: Crawl):
    missing = set()
    for page in crawled.html():
        for link in page.links:
            href, fragment = urllib.parse.urldefrag(link.href)
            url = internal(crawled.base, page.url, href) if href else page.url
            if not fragment or url is None:
                continue
            target = crawled.pages.get(url, page) if href else page
            if href and url in crawled.alike:
                missing.add((page.path, link.href))  # to be read in whole: see crawl.sort_of
            elif (
                target.status == 200
                and target.is_html
                and urllib.parse.unquote(fragment) not in target.ids
            ):
                missing.add((page.path, link.href))
    assert missing == set()


def test_assets_are_there(crawled: Crawl):
    assert {url for url, asset in crawled.assets.items() if asset.status != 200} == set()
    kinds = {asset.type.split(";")[0] for asset in crawled.assets.values()}
    assert {"text/css", "text/javascript", "font/woff2", "image/png"} <= kinds


def test_pages_are_light(crawled: Crawl):
    """Each page with all its scripts and styles."""
    for page in crawled.html():
        urls = {internal(crawled.base, page.url, href) for href in page.assets}
        parts = [crawled.assets[url] for url in urls if url]
        texts = [part for part in parts if re.match(r"text/(css|javascript)", part.type)]
        assert page.wire + sum(part.wire for part in texts) < MAX_BYTES, page.url


def test_no_link_leaves_the_language(crawled: Crawl):
    strays = set()
    for page in crawled.html():
        japanese = page.language == "ja"
        for link in page.links:
            url = internal(crawled.base, page.url, link.href)
            path = urllib.parse.urlsplit(url).path if url else ""
            if not url or link.switch or WITHOUT_LANGUAGE.match(path):
                continue
            if _is_japanese(path) != japanese:
                strays.add((page.path, link.href))
        for action in page.posts:
            path = urllib.parse.urlsplit(urllib.parse.urljoin(page.url, action)).path
            if _is_japanese(path) != japanese:
                strays.add((page.path, action))
    assert strays == set()


def test_forms_post_to_addresses_of_the_site(crawled: Crawl):
    lost = set()
    for page in crawled.html():
        for action in page.posts:
            url = internal(crawled.base, page.url, action)
            try:
                resolve("/" + urllib.parse.urlsplit(url or "").path.lstrip("/").removeprefix("ja/"))
            except Resolver404:
                lost.add((page.path, action))
    assert lost == set()


def test_links_to_elsewhere_are_https(crawled: Crawl):
    odd = {
        (page.path, link.href)
        for page in crawled.html()
        for link in page.links
        if internal(crawled.base, page.url, link.href) is None
        and not EXTERNAL.fullmatch(link.href)
        and not link.href.startswith("mailto:")
    }
    assert odd == set()


def test_languages_point_at_each_other(crawled: Crawl):
    for page in crawled.html():
        assert set(page.alternates) == {"en", "ja", "x-default"}, page.url
        assert page.alternates["x-default"] == page.alternates["en"], page.url
        assert page.alternates[page.language].split("?")[0] == page.url.split("?")[0], page.url
        for code in ("en", "ja"):
            other = crawled.pages.get(page.alternates[code])
            if PRIVATE.match(page.path) and other is None:
                continue  # a report is crawled in the language in which it was linked
            assert other is not None, f"{page.url}: {page.alternates[code]} is linked from nowhere"
            assert other.language == code, page.url
            assert other.alternates == page.alternates, page.url


def test_each_page_says_what_it_is(crawled: Crawl):
    for page in crawled.html():
        assert page.language == ("ja" if _is_japanese(page.path) else "en"), page.url
        assert page.headings == 1, page.url
        assert page.title.strip(" ·"), page.url
        assert page.canonical, page.url
        if not PRIVATE.match(page.path):
            assert page.canonical == page.url.split("?")[0], page.url
        twice = {name for name in page.ids if page.ids.count(name) > 1}
        assert not twice, f"{page.url}: {twice}"


def test_titles_are_unique(crawled: Crawl):
    by_title: dict[str, set[str]] = defaultdict(set)
    for page in _public(crawled):
        by_title[page.title.strip()].add(page.path)
    assert {title: paths for title, paths in by_title.items() if len(paths) > 1} == {}


def test_the_sitemap_is_the_site(crawled: Crawl, site):
    """All that visitors reach is in it, and all that is in it is reached by links."""
    tree = ElementTree.fromstring(fetch(f"{site.url}/sitemap.xml")[1])
    listed = {element.text for element in tree.findall("s:url/s:loc", SPACES)}
    reached = {page.url for page in _public(crawled) if not page.noindex}
    assert listed == reached


def _source(crawled: Crawl, url: str) -> str:
    """A page that links to `url`, for the message."""
    for page in crawled.html():
        if any(internal(crawled.base, page.url, link.href) == url for link in page.links):
            return page.url
    return "the start"


def _public(crawled: Crawl) -> list[Page]:
    """Pages for everybody, each once."""
    pages = {page.url: page for page in crawled.html()}
    return [page for url, page in pages.items() if "?" not in url and not PRIVATE.match(page.path)]


def _is_japanese(path: str) -> bool:
    return path == "/ja" or path.startswith("/ja/")
