"""Every page that links lead to, read by a plain client: what stands in it, and where it points."""

from __future__ import annotations

import gzip
import http.client
import http.cookiejar
import re
import threading
import time
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from html.parser import HTMLParser

from django.urls import Resolver404, resolve

MAX_PAGES = 6000  # more than the site has: beyond it links multiply by themselves
MAX_REDIRECTS = 3
# Addresses that differ in nothing but the values of their query, such as the page after signing
# in, come from one view and one template: so many of each sort are read.
ALIKE = 4
CONNECTIONS = 3  # the site makes the next pages while one is parsed here
ASSETS = {"link": "href", "script": "src", "img": "src", "source": "src", "use": "href"}
ASSET_RELATIONS = {"stylesheet", "icon", "apple-touch-icon", "manifest", "preload", "modulepreload"}


@dataclass(frozen=True, slots=True)
class Link:
    """A link as written. `switch`: it says itself that it leads to another language."""

    href: str
    switch: bool = False


@dataclass(slots=True)
class Page:
    """One page. `moved`: the addresses that were asked for before it, if it redirected."""

    url: str
    status: int
    type: str
    wire: int = 0  # bytes of the body as they were sent
    body: str = ""
    moved: list[str] = field(default_factory=list)
    language: str = ""
    title: str = ""
    canonical: str = ""
    headings: int = 0
    noindex: bool = False
    ids: list[str] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    assets: set[str] = field(default_factory=set)
    posts: set[str] = field(default_factory=set)
    alternates: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return urllib.parse.urlsplit(self.url).path

    @property
    def is_html(self) -> bool:
        return self.type.startswith("text/html")

    @property
    def kind(self) -> str:
        """The name of the address pattern: pages of one kind come from one template."""
        return kind_of(self.path)


def kind_of(path: str) -> str:
    """The name of the pattern that serves `path` in whichever language; "" where none does."""
    try:
        return resolve("/" + path.lstrip("/").removeprefix("ja/")).url_name or ""
    except Resolver404:
        return ""


class Parser(HTMLParser):
    """Fills a Page from its HTML."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page = page
        self.in_title = self.in_svg = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        a = {name: value or "" for name, value in attrs}
        page = self.page
        self.in_svg = self.in_svg or tag == "svg"
        self.in_title = tag == "title" and not self.in_svg
        if "id" in a:
            page.ids.append(a["id"])
        if tag == "html":
            page.language = a.get("lang", "")
        elif tag == "h1":
            page.headings += 1
        elif tag == "a" and "href" in a:
            page.links.append(Link(a["href"], "hreflang" in a))
        elif tag == "form":
            self._form(a)
        elif tag == "meta":
            self._meta(a)
        elif tag == "link" and not ASSET_RELATIONS & set(a.get("rel", "").split()):
            self._relation(a)
        if tag in ASSETS and a.get(ASSETS[tag]) and (tag != "link" or self._is_asset(a)):
            page.assets.add(a[ASSETS[tag]])

    def _is_asset(self, a: dict[str, str]) -> bool:
        return bool(ASSET_RELATIONS & set(a.get("rel", "").split()))

    def _form(self, a: dict[str, str]) -> None:
        if a.get("method", "get").lower() == "post":
            self.page.posts.add(a.get("action", ""))
        elif a.get("action"):
            # What it jumps to may be there only once the form was filled in.
            self.page.links.append(Link(urllib.parse.urldefrag(a["action"]).url))

    def _meta(self, a: dict[str, str]) -> None:
        if a.get("name") == "robots":
            self.page.noindex = "noindex" in a.get("content", "")
        if a.get("property") == "og:image":
            self.page.assets.add(a.get("content", ""))

    def _relation(self, a: dict[str, str]) -> None:
        if a.get("rel") == "canonical":
            self.page.canonical = a.get("href", "")
        elif a.get("rel") == "alternate" and "hreflang" in a:
            self.page.alternates[a["hreflang"]] = a.get("href", "")

    def handle_endtag(self, tag: str) -> None:
        self.in_svg = self.in_svg and tag != "svg"
        self.in_title = self.in_title and tag != "title"

    def handle_data(self, data: str) -> None:
        if self.in_title:
            self.page.title += data


class Client:
    """Asks one site, over one connection that is kept open."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.connection = http.client.HTTPConnection(urllib.parse.urlsplit(base).netloc, timeout=20)

    def get(self, url: str) -> Page:
        """The page, after its redirects. Raises AssertionError for those that run in circles."""
        moved: list[str] = []
        while True:
            parts = urllib.parse.urlsplit(url)
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            self.connection.request("GET", target, headers={"Accept-Encoding": "gzip"})
            answer = self.connection.getresponse()
            body = answer.read()
            where = answer.headers.get("Location")
            if not where or not 300 <= answer.status < 400:
                break
            moved.append(url)
            url = urllib.parse.urljoin(url, where)
            assert len(moved) <= MAX_REDIRECTS and url not in moved, (
                f"redirects in circles: {moved}"
            )
            assert url.startswith(self.base + "/"), f"{moved} redirects off the site: {url}"
        page = Page(url, answer.status, answer.headers.get("Content-Type", ""), len(body))
        page.moved = moved
        if page.is_html:
            packed = answer.headers.get("Content-Encoding") == "gzip"
            page.body = (gzip.decompress(body) if packed else body).decode()
            Parser(page).feed(page.body)
        return page


@dataclass(slots=True)
class Crawl:
    """All pages by the address that links name, and the addresses of all assets.

    `alike`: the addresses that were not read, since enough of their sort were; each with the
    address of the page that names it.
    """

    base: str
    pages: dict[str, Page] = field(default_factory=dict)
    assets: dict[str, Page] = field(default_factory=dict)
    alike: dict[str, str] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    sorts: Counter[object] = field(default_factory=Counter)

    def html(self) -> Iterable[Page]:
        """The pages that are there."""
        return (page for page in self.pages.values() if page.is_html and page.status == 200)

    def wants(self, url: str, source: str, whole: bool) -> bool:
        """Whether `url` is to be read, and is not yet. `whole`: it is, whatever its sort."""
        if url in self.seen:
            return False
        sort = None if whole else sort_of(url)
        if sort is not None and url not in self.alike:
            self.sorts[sort] += 1
            if self.sorts[sort] > ALIKE:
                self.alike[url] = source
        if sort is not None and url in self.alike:
            return False
        self.alike.pop(url, None)
        self.seen.add(url)
        return True


def sort_of(url: str) -> object:
    """What is equal for addresses with a query that one template answers; None without a query."""
    parts = urllib.parse.urlsplit(url)
    if not parts.query:
        return None
    kind = kind_of(parts.path)
    names = frozenset(urllib.parse.parse_qs(parts.query, keep_blank_values=True))
    # Each tool has a template of its own.
    return parts.path if kind == "tool" else (kind, parts.path.startswith("/ja/")), names


def internal(base: str, page_url: str, href: str) -> str | None:
    """The address on this site, without fragment; None for what lies elsewhere."""
    if href[:1] == "/" and href[:2] != "//" and "/." not in href:  # most, and joining is slow
        return base + href.partition("#")[0]
    url = urllib.parse.urldefrag(urllib.parse.urljoin(page_url, href)).url
    return url if url == base or url.startswith(base + "/") else None


def crawl(base: str, starts: Iterable[str]) -> Crawl:
    """Follows every link from `starts`, all that are as many clicks away at a time.

    Forms are not sent.
    """
    found, own = Crawl(base), threading.local()

    def get(url: str) -> Page:
        if not hasattr(own, "client"):
            own.client = Client(base)
        return own.client.get(url)

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        waiting = [urllib.parse.urljoin(base, start) for start in starts]
        found.seen |= set(waiting)
        while waiting:
            read = dict(zip(waiting, pool.map(get, waiting), strict=True))
            found.pages |= read
            assert len(found.pages) <= MAX_PAGES, "the links do not come to an end"
            waiting = list(_linked(found, read.values()))
            assets = _assets(found, read.values())
            found.assets |= zip(assets, pool.map(get, assets), strict=True)
    return found


def _linked(found: Crawl, pages: Iterable[Page]) -> Iterable[str]:
    """The addresses that `pages` link to and that are to be read next."""
    for page in pages:
        for link in page.links:
            target = internal(found.base, page.url, link.href)
            # The other language of a page that is read, and where a link names a place in it.
            whole = link.switch or "#" in link.href
            if target and found.wants(target, page.url, whole):
                yield target


def _assets(found: Crawl, pages: Iterable[Page]) -> list[str]:
    targets = {internal(found.base, page.url, href) for page in pages for href in page.assets}
    return sorted(target for target in targets if target and target not in found.assets)


def make_report(base: str, domain: str, seconds: float = 40) -> str:
    """Checks `domain` as a visitor without JavaScript does; the path of the finished report."""
    jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    opener = urllib.request.build_opener(jar)
    form = opener.open(f"{base}/check/").read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
    assert token
    fields = urllib.parse.urlencode({"csrfmiddlewaretoken": token[1], "domain": domain})
    url = opener.open(f"{base}/check/", fields.encode()).url
    end = time.monotonic() + seconds
    while b"sse-connect" in opener.open(url).read():
        assert time.monotonic() < end, f"the report on {domain} does not end"
        time.sleep(0.1)
    return urllib.parse.urlsplit(url).path
