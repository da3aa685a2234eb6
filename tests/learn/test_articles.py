"""The articles: whole in both languages, with sources, pictures, live lookups and no dead link."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import frontmatter
import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from learn.articles import CONTENT, article, articles, grouped, picture
from learn.markdown import render
from learn.views import group_titles

LANGUAGES = [code for code, _ in settings.LANGUAGES]
SLUGS = [found.slug for found in articles("en")]
EVERY = [(slug, language) for slug in SLUGS for language in LANGUAGES]


def test_reading_begins_with_the_first_steps():
    assert SLUGS[:6] == [
        "mail-server", "dns-server", "dns-record", "mail-record", "mx-record", "mx-preference",
    ]  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_groups_hold_together_and_have_titles(language):
    names = [group for group, _ in grouped(language)]
    assert names == list(group_titles()), "a group comes twice, or has no title"
    orders = [found.order for found in articles(language)]
    assert len(orders) == len(set(orders))


@pytest.mark.parametrize(("slug", "language"), EVERY)
def test_whole_in_each_language(slug, language):
    found = article(slug, language)
    assert found.language == language, "there is no translation"
    assert found.title and found.summary and len(found.short) >= 3 and len(found.sources) >= 2
    kinds = [part.kind for part in found.parts]
    assert "live" in kinds
    assert all(source.url.startswith("https://") for source in found.sources)


@pytest.mark.parametrize("slug", SLUGS)
def test_the_languages_tell_the_same(slug):
    english, japanese = article(slug, "en"), article(slug, "ja")
    assert english.title != japanese.title
    assert [h.id for h in english.headings] == [h.id for h in japanese.headings]
    assert (english.group, english.order) == (japanese.group, japanese.order)
    shown = [[(p.kind, p.value) for p in a.parts if p.kind != "html"] for a in (english, japanese)]
    assert shown[0] == shown[1]
    assert [s.url for s in english.sources] == [s.url for s in japanese.sources]
    assert len(english.anatomy) == len(japanese.anatomy)


@pytest.mark.parametrize(("slug", "language"), EVERY)
def test_the_page_and_its_links(client, slug, language):
    prefix = "" if language == "en" else f"/{language}"
    page = client.get(f"{prefix}/learn/{slug}/")
    assert page.status_code == 200 and len(page.content) < 120_000
    main = page.text[page.text.index("<main") : page.text.index("</main>")]
    for link in set(re.findall(r'href="(/[^"#?]*)', main)):
        assert link.startswith(prefix + "/"), f"{link} leaves the language"
        assert client.get(link).status_code in (200, 302), link
    ids = re.findall(r'\bid="([^"]+)"', page.text)
    assert len(ids) == len(set(ids)), "an id twice"
    assert "**" not in main


@pytest.mark.parametrize(("slug", "language"), EVERY)
def test_emphasis_is_where_the_author_set_it(slug, language):
    """CommonMark closes ** beside Japanese punctuation later than its author may think."""
    body = frontmatter.loads((CONTENT / language / f"{slug}.md").read_text()).content
    meant = [
        re.sub(r"[`*]|\[([^]]*)\]\([^)]*\)", r"\1", t) for t in re.findall(r"\*\*(.+?)\*\*", body)
    ]
    html = "".join(p.value for p in render(body).parts if p.kind == "html")
    got = [re.sub(r"<[^>]+>", "", text) for text in re.findall(r"<strong>(.*?)</strong>", html)]
    assert got == meant


@pytest.mark.parametrize("path", sorted(CONTENT.glob("*/pictures/*.svg")), ids=lambda p: p.stem)
def test_pictures_are_safe_and_speak(path):
    tree = ElementTree.fromstring(path.read_text())
    tags = {element.tag.split("}")[1] for element in tree.iter()}
    assert not tags & {"script", "foreignObject", "image", "style", "a"}
    assert {"title", "desc"} <= tags
    assert not any(
        name.startswith("on") or name == "style" for e in tree.iter() for name in e.attrib
    )


def test_every_picture_is_in_both_languages_and_used():
    drawn = {
        language: {p.stem for p in (CONTENT / language / "pictures").glob("*.svg")}
        for language in LANGUAGES
    }
    used = {p.value for slug in SLUGS for p in article(slug, "en").parts if p.kind == "picture"}
    assert drawn["en"] == drawn["ja"] == used


@pytest.mark.parametrize("name", ["../../../settings", "a/b", "", "Ünicode", "none-such"])
def test_no_other_file_is_a_picture(name):
    with pytest.raises(FileNotFoundError):
        picture(name, "en")


@given(st.text(alphabet=st.sampled_from("ab<>&\"'`*_[]()#|:-!\\/\n é漢 "), max_size=200))
def test_whatever_an_article_says_it_holds_no_markup_of_its_own(text):
    rendered = render(text)
    html = "".join(part.value for part in rendered.parts if part.kind == "html")
    assert "<script" not in html and "<img" not in html and "javascript:" not in html.lower()


def test_unknown_article(client):
    assert client.get("/learn/no-such/").status_code == 404


def test_list(client):
    page = client.get("/ja/learn/").text
    assert all(f"/ja/learn/{slug}/" in page for slug in SLUGS)


def test_content_has_nothing_unknown():
    for folder in Path(CONTENT).iterdir():
        assert folder.name in LANGUAGES
        assert {path.stem for path in folder.glob("*.md")} == set(SLUGS)


def test_an_empty_corner_makes_heads_of_rows():
    html = render("| | A |\n|-|-|\n| x | 1 |\n").parts[0].value
    assert "<td></td>" in html and '<th scope="row">x</th>' in html
    assert '<th scope="col">A</th>' in html and '<td data-label="A">1</td>' in html


@pytest.mark.parametrize("slug", SLUGS)
def test_an_article_is_neither_a_note_nor_a_book(slug):
    words = len(frontmatter.loads((CONTENT / "en" / f"{slug}.md").read_text()).content.split())
    assert 600 <= words <= 1500
