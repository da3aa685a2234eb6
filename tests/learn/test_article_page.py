"""What an article's page carries beside its text: contents, data for machines, picture, weight."""

from __future__ import annotations

import gzip
import json
import re
from datetime import date
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from django.contrib.staticfiles import finders

from learn import cards, structured
from learn.articles import article, articles
from lookups import paper

SLUGS = [found.slug for found in articles("en")]
ATOM = {"a": "http://www.w3.org/2005/Atom"}
PREFIXES = pytest.mark.parametrize("prefix", ["", "/ja"])


def graph(page: str) -> list[dict]:
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    return json.loads(found[1])["@graph"]


@PREFIXES
@pytest.mark.parametrize("slug", SLUGS)
def test_contents_for_long_articles(client, prefix, slug):
    page = client.get(f"{prefix}/learn/{slug}/").text
    headings = article(slug, "en").headings
    assert ('class="contents"' in page) == (len(headings) > 4)
    if len(headings) > 4:
        listed = re.findall(
            r'href="#([^"]+)"', page.split('class="contents"')[1].split("</nav>")[0]
        )
        assert listed == [*(heading.id for heading in headings), "quiz"]
        assert all(f'id="{id}"' in page for id in listed)


@PREFIXES
def test_data_for_search_engines(client, prefix):
    found = article("spf", prefix.strip("/") or "en")
    text, crumbs = graph(client.get(f"{prefix}/learn/spf/?track=protect").text)
    assert text["@type"] == "TechArticle" and text["headline"] == found.title
    assert text["inLanguage"] == found.language
    assert date.fromisoformat(text["dateModified"]) == found.reviewed
    assert text["url"] == f"http://localhost:8000{prefix}/learn/spf/"
    assert crumbs["@type"] == "BreadcrumbList"
    assert [c["position"] for c in crumbs["itemListElement"]] == [1, 2, 3]
    for step in crumbs["itemListElement"]:
        assert client.get(step["item"].removeprefix("http://localhost:8000")).status_code == 200


def test_no_text_ends_the_script():
    found = article("spf", "en")
    html = structured.of_article(found, "</script><!-- & -->")
    assert not set("<>&") & set(html)
    assert json.loads(html)["@graph"][1]["itemListElement"][1]["name"] == "</script><!-- & -->"


@PREFIXES
def test_the_picture_for_previews(client, prefix):
    page = client.get(f"{prefix}/learn/spf/").text
    image = re.search(r'og:image" content="http://localhost:8000([^"]+)"', page)[1]
    assert image == f"{prefix}/learn/spf/card.png"
    answer = client.get(image)
    assert answer["Content-Type"] == "image/png" and answer.content.startswith(b"\x89PNG")
    assert client.get(f"{prefix}/learn/none-such/card.png").status_code == 404


@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_title_fits_its_picture(language):
    for found in articles(language):
        assert paper.can_draw(found.title.replace(" ", ""))
        limits = (cards.TITLE_SIZES, cards.TITLE_WIDTH, cards.TITLE_LINES)
        lines, size = paper.wrapped(found.title, *limits)
        assert "".join(lines).replace(" ", "") == found.title.replace(" ", "")
        assert all(paper.width_of(line, size) <= cards.TITLE_WIDTH for line in lines)


def test_lines_break_where_a_reader_expects_it():
    lines, _ = paper.wrapped("主なDNSサービスでのレコードの書き方", (64,), 500, 9)
    assert not any(line[0] in "ー、。」" for line in lines)
    assert any("サービス" in line for line in lines), "a word in katakana stays whole"
    lines, size = paper.wrapped("w" * 400 + " and more", (64, 40), 500, 2)
    assert len(lines) == 2 and lines[-1].endswith("…") and size == 40


@PREFIXES
def test_sharing_needs_no_one_else(client, prefix):
    page = client.get(f"{prefix}/learn/spf/?track=protect").text
    section = page.split('class="share"')[1].split("</section>")[0]
    address = f"http://localhost:8000{prefix}/learn/spf/"
    mail = unquote(re.search(r'href="mailto:\?([^"]+)"', section)[1])
    assert article("spf", prefix.strip("/") or "en").title in mail and address in mail
    assert f'value="{address}" readonly' in section and f'data-share="{address}"' in section
    assert not re.search(r'href="https?:', section)


@PREFIXES
def test_the_feed(client, prefix):
    answer = client.get(f"{prefix}/learn/feed/")
    assert answer["Content-Type"].startswith("application/atom+xml")
    feed = ElementTree.fromstring(answer.content)
    language = prefix.strip("/") or "en"
    assert feed.get("{http://www.w3.org/XML/1998/namespace}lang") == language
    entries = feed.findall("a:entry", ATOM)
    assert len(entries) == len(SLUGS)
    dates = [entry.find("a:updated", ATOM).text[:10] for entry in entries]
    assert dates == sorted(dates, reverse=True)
    for entry in entries:
        link = entry.find("a:link", ATOM).get("href")
        assert link.startswith(f"http://localhost:8000{prefix}/learn/")
        found = article(link.split("/")[-2], language)
        assert entry.find("a:title", ATOM).text == found.title
        assert entry.find("a:updated", ATOM).text[:10] == found.reviewed.isoformat()
        assert entry.find("a:id", ATOM).text == link
    for path in ("/learn/", "/learn/spf/", "/learn/tracks/start/"):
        page = client.get(prefix + path).text
        head = page.split("</head>")[0]
        assert 'type="application/atom+xml"' in head
        assert f'href="http://localhost:8000{prefix}/learn/feed/"' in head


@PREFIXES
def test_weight(client, prefix):
    """HTML as it is, scripts and style compressed as they are served: under 100 kB."""
    packed: dict[str, int] = {}
    for slug in SLUGS:
        page = client.get(f"{prefix}/learn/{slug}/")
        head = page.text.split("</head>")[0]
        files = set(re.findall(r'(?:script src|rel="stylesheet" href)="/static/([^"]+)"', head))
        assert "css/site.css" in files and len(files) >= 5
        for name in files - set(packed):
            content = Path(finders.find(name)).read_bytes()
            packed[name] = len(gzip.compress(content, 9))
        weight = len(page.content) + sum(packed[name] for name in files)
        assert weight < 100_000, f"{slug}: {weight}"
