"""What search engines read, and the small pages at the edges."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

SPACES = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9", "x": "http://www.w3.org/1999/xhtml"}


def test_every_address_of_the_sitemap_works_and_knows_its_languages(client, classroom):
    tree = ElementTree.fromstring(client.get("/sitemap.xml").content)
    urls = tree.findall("s:url", SPACES)
    assert len(urls) > 100
    for url in urls:
        location = url.find("s:loc", SPACES).text
        assert location.startswith("http://localhost:8000/")
        path = location.removeprefix("http://localhost:8000")
        page = client.get(path)
        assert page.status_code == 200, path
        languages = {link.get("hreflang") for link in url.findall("x:link", SPACES)}
        assert languages == {"en", "ja", "x-default"}
        for code in languages:
            assert f'hreflang="{code}"' in page.text
        assert (
            page.text.count("<h1") == 1 and f'<link rel="canonical" href="{location}"' in page.text
        )
        assert ('lang="ja"' in page.text[:60]) == path.startswith("/ja/")
        assert len(page.content) < 250_000


def test_robots(client):
    text = client.get("/robots.txt").text
    assert "Disallow: /r/" in text and "Disallow: /ja/r/" in text
    assert "Sitemap: http://localhost:8000/sitemap.xml" in text


def test_healthz_asks_nothing_of_the_database(client):
    answer = client.get("/healthz")
    assert answer.status_code == 200 and answer.json() == {"status": "ok"}


@pytest.mark.parametrize(
    ("path", "says"), [("/nope", "no such page"), ("/ja/nope", "見つかりません")]
)
def test_a_404_of_our_own(client, path, says):
    page = client.get(path)
    assert page.status_code == 404 and says in page.text
    assert 'href="/ja/"' in page.text, "the language switch leads to a page that exists"


def test_a_500_of_our_own(client, monkeypatch):
    from learn import views

    monkeypatch.setattr(views.articles, "articles", lambda language: 1 / 0)
    client.raise_request_exception = False
    page = client.get("/learn/")
    assert page.status_code == 500 and "MXplain" in page.text


def test_a_host_that_is_not_ours(client):
    assert client.get("/", headers={"host": "evil.example"}).status_code == 400


def test_icons_of_every_page_exist(client, settings):
    import re
    from pathlib import Path

    page = client.get("/").text
    for name in re.findall(r'/static/([^"]+)', page):
        assert (Path(settings.BASE_DIR) / "static" / name).exists(), name


def test_the_icon_is_found_where_browsers_guess_it(client):
    answer = client.get("/favicon.ico")
    assert answer.status_code == 302 and answer.url.endswith(".ico")
    assert not answer.cookies
