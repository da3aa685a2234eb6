"""The tracks: whole in both languages, their pages, and the way through them."""

from __future__ import annotations

import re
import tomllib

import pytest
from django.conf import settings
from django.contrib.auth.models import User

from learn import tracks as module
from learn.articles import articles
from learn.models import Progress
from learn.tracks import track, tracks, way

LANGUAGES = [code for code, _ in settings.LANGUAGES]
IDS = [found.id for found in tracks("en")]
HREF = re.compile(r'href="([^"]+)" rel="(prev|next)"')


def test_the_three_tracks():
    assert [found.title for found in tracks("en")] == [
        "Start here", "Protect my domain", "Run my own mail server",
    ]  # fmt: skip
    tables = tomllib.loads(module._FILE.read_text("utf-8"))["track"]
    for table in tables:
        assert set(LANGUAGES) <= set(table), "a translation is missing"
        assert len(table["articles"]) == len(set(table["articles"])) >= 10
        for language in LANGUAGES:
            assert table[language]["title"] and len(table[language]["description"]) > 20


def test_no_article_is_called_like_another_page_of_learn():
    assert not {"feed", "tracks", "progress"} & {article.slug for article in articles("en")}


def test_the_way():
    start = track("start", "en")
    assert track("none-such", "en") is None
    fresh = way(start, frozenset())
    assert (fresh.done, fresh.total, fresh.next) == (0, 12, start.articles[0])
    begun = way(start, frozenset({"mail-server", "dns-record", "bimi"}))
    assert (begun.done, begun.next.slug) == (2, "dns-server")
    assert way(start, frozenset(start.slugs)).next is None


@pytest.mark.parametrize("prefix", ["", "/ja"])
@pytest.mark.parametrize("id", IDS)
def test_pages_and_the_way_through(client, prefix, id):
    """From the track's page along every rel=next to the end, then back to the track."""
    found = track(id, prefix.strip("/") or "en")
    page = client.get(f"{prefix}/learn/tracks/{id}/")
    assert page.status_code == 200 and f"<h1>{found.title}</h1>" in page.text
    address = f"{prefix}/learn/{found.slugs[0]}/?track={id}"
    assert page.text.count(f'href="{address}"') == 2, "in the list, and to begin with"
    visited = []
    while address:
        page = client.get(address)
        assert page.status_code == 200
        assert f'<li><a href="{prefix}/learn/tracks/{id}/">{found.title}</a></li>' in page.text
        visited.append(address.split("/learn/")[1].split("/")[0])
        links = {rel: href for href, rel in HREF.findall(page.text)}
        assert ("prev" in links) == (len(visited) > 1)
        address = links.get("next")
    assert visited == found.slugs


def test_a_track_that_is_none_or_lacks_the_article_is_let_go(client):
    for id in ("none-such", "%00", "protect"):
        page = client.get(f"/learn/mail-server/?track={id}")
        assert page.status_code == 200
        assert "?track=" not in page.text.split("<main")[1].split("</main>")[0]
        assert 'href="/learn/#basics"' in page.text
    assert client.get("/learn/tracks/none-such/").status_code == 404
    assert client.get("/learn/tracks/").status_code == 404


def test_the_language_switch_keeps_the_track(client):
    assert 'href="/ja/learn/spf/?track=protect"' in client.get("/learn/spf/?track=protect").text


@pytest.mark.parametrize("prefix", ["", "/ja"])
def test_the_list_shows_every_track(client, prefix):
    page = client.get(f"{prefix}/learn/").text
    for found in tracks(prefix.strip("/") or "en"):
        assert f'href="{prefix}/learn/tracks/{found.id}/"' in page
        assert found.title in page and found.description in page


@pytest.mark.django_db
def test_how_far_a_reader_is(client, django_assert_max_num_queries):
    anna = User.objects.create_user("anna")
    client.force_login(anna)
    for slug in ("mail-server", "dns-server", "gone-by-now"):
        Progress.objects.create(user=anna, slug=slug)
    with django_assert_max_num_queries(4):
        page = client.get("/learn/tracks/start/").text
    assert 'max="12" value="2"' in page and "<span data-way-count>2</span> of 12 done" in page
    assert "/learn/dns-record/?track=start" in page.split("data-track-next")[1].split("</a>")[0]
    assert page.count('data-done-slug="dns-server">') == 1
    assert page.count('data-done-slug="dns-record" hidden>') == 1
    with django_assert_max_num_queries(4):
        page = client.get("/ja/learn/").text
    assert "12本中<span data-way-count>2</span>本読了" in page
    assert page.count("data-done-slug=") - page.count('" hidden>読了') == 2
