"""The glossary: whole in both languages, found in articles as words of their own, and its page."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from learn import glossary
from learn.articles import article, articles
from learn.markdown import MAX_TERMS, render

LANGUAGES = [code for code, _ in settings.LANGUAGES]
SLUGS = [found.slug for found in articles("en")]
IDS = [term.id for term in glossary.terms("en")]


def found_in(text: str, language: str, slug: str = "dns-server") -> list[tuple[str, str]]:
    finder = glossary.finder(language, slug, text)
    return [(text[at.start : at.end], at.id) for at in finder.find(text)]


@pytest.mark.parametrize("id", IDS)
def test_terms_are_whole(id):
    english, japanese = glossary.term(id, "en"), glossary.term(id, "ja")
    assert english.text != japanese.text and english.article == japanese.article
    assert re.search(r"[ぁ-ん]", japanese.text), "the Japanese text is not Japanese"
    assert re.fullmatch(r"[a-z0-9-]+", id)
    assert english.article in SLUGS and set(english.within) <= set(SLUGS)
    for term in (english, japanese):
        assert term.text.endswith((".", "。")) and len(term.text) < 220
        assert not re.search(r"`|\*\*|\]\(", term.text), "there is no markup in it"
    assert re.fullmatch(r"[A-Za-z0-9ぁ-んー() -]+", japanese.reading), "the reading is not in kana"


def test_there_is_a_glossary():
    assert 90 <= len(IDS) <= 150
    assert set(IDS) == {term.id for term in glossary.terms("ja")}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_means_two_terms(language):
    written = [form for term in glossary.terms(language) for form in term.written]
    assert len(written) == len(set(written))


def test_an_unknown_language_gets_english():
    assert glossary.terms("fr") == glossary.terms("en")
    with pytest.raises(KeyError):
        glossary.term("no-such-term", "en")


# --- order ---------------------------------------------------------------------------------------
def test_english_in_the_order_of_the_alphabet():
    heads = [head for head, _ in glossary.grouped("en")]
    assert heads == sorted(heads) and "Z" in heads


def test_japanese_by_latin_letters_then_by_rows_of_kana():
    groups = dict(glossary.grouped("ja"))
    heads = list(groups)
    kana = [head for head in heads if head >= "あ"]
    assert kana == [head for head in "あかさたなはまやらわ" if head in kana]
    assert heads == sorted(heads[: -len(kana)]) + kana
    assert "グルー" in [term.term for term in groups["か"]], "voiced kana stand with plain ones"
    readings = [term.reading for term in groups["さ"]]
    assert readings.index("ぞーん") < readings.index("ぞーんかっと")


# --- in text -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A null MX is no MX record.", [("null MX", "null-mx"), ("MX record", "mx")]),
        ("Zones and a zone cut", [("Zones", "zone"), ("zone cut", "zone-cut")]),
        ("MTA-STS is no MTA.", [("MTA-STS", "mta-sts"), ("MTA", "mta")]),
        ("mx.example.com and SPF.example and timezone and Zoned", []),
        ("the TTL.", [("TTL", "ttl")]),
        ("spf in small letters", []),
    ],
)
def test_english_words(text, expected):
    assert found_in(text, "en") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("このSPFレコードは", [("SPFレコード", "spf")]),
        ("MXとNull MXの違い", [("MX", "mx"), ("Null MX", "null-mx")]),
        ("ゾーンファイルのゾーン", [("ゾーンファイル", "zone-file"), ("ゾーン", "zone")]),
        ("タイムゾーンとゾーニング", []),
        ("再委任される委任先", []),
        ("委任の応答と委任", [("委任の応答", "referral"), ("委任", "delegation")]),
        ("DNSSECとDS", [("DNSSEC", "dnssec"), ("DS", "ds")]),
    ],
)
def test_japanese_words_that_no_space_divides(text, expected):
    assert found_in(text, "ja") == expected


def test_an_ambiguous_word_only_where_it_is_the_term():
    assert found_in("The mechanisms of it.", "en", "spf") == [("mechanisms", "mechanism")]
    assert found_in("The mechanisms of it.", "en", "dmarc") == []


def test_an_article_does_not_explain_its_own_subject():
    assert found_in("The MX record", "en", "mx-record") == []
    assert found_in("SPF and DKIM", "en", "spf") == [("DKIM", "dkim")]


def linked(text: str, prefix: str = "", language: str = "en") -> str:
    finder = glossary.finder(language, "mail-server", text)
    return "".join(part.value for part in render(text, prefix, finder=finder).parts)


def test_the_first_mention_becomes_a_link_with_a_description():
    html = linked("A resolver asks. The *resolver* waits.", "/ja")
    assert html == (
        '<p>A <a class="term" href="/ja/learn/glossary/#resolver" '
        'aria-describedby="term-resolver">resolver</a> asks. The <em>resolver</em> waits.</p>\n'
    )


@pytest.mark.parametrize(
    "text",
    [
        "## A resolver",
        "`resolver`",
        "    resolver",
        "[resolver](/learn/dns-server/) and [**a resolver**](/x/)",
        "| resolver |\n| --- |\n| x |",
    ],
)
def test_no_links_in_headings_code_links_or_heads_of_tables(text):
    assert "term" not in linked(text)


def test_directives_stay_directives():
    text = "::live perfect.classroom.test spf\n\nA zone."
    finder = glossary.finder("en", "mail-server", text)
    rendered = render(text, finder=finder)
    assert [part.kind for part in rendered.parts] == ["live", "html"]
    assert rendered.terms == ("zone",)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("slug", SLUGS)
def test_articles_link_to_some_terms_each_once(slug, language):
    found = article(slug, language)
    html = "".join(part.value for part in found.parts if part.kind == "html")
    ids = re.findall(r'class="term" href="[^"#]*/learn/glossary/#([a-z0-9-]+)"', html)
    assert 0 < len(ids) <= MAX_TERMS
    assert ids == [term.id for term in found.terms] and len(ids) == len(set(ids))
    assert not re.search(r"<a [^>]*>(?:(?!</a>).)*<a ", html), "a link in a link"


@given(st.text(alphabet=st.sampled_from("MX SPFzone ゾーン委任<>&\"'`*_[]()#|\n"), max_size=200))
def test_whatever_a_text_says_no_letter_is_lost(text):
    def seen(html: str) -> str:
        return re.sub(r"<[^>]+>", "", html)

    plain = "".join(part.value for part in render(text).parts)
    assert seen(linked(text, language="ja")) == seen(plain)


# --- pages ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(("prefix", "language"), [("", "en"), ("/ja", "ja")])
def test_the_page_has_every_term_and_no_dead_link(client, prefix, language):
    page = client.get(f"{prefix}/learn/glossary/")
    assert page.status_code == 200
    ids = re.findall(r'\bid="([^"]+)"', page.text)
    assert len(ids) == len(set(ids)) and set(IDS) <= set(ids)
    main = page.text[page.text.index("<main") : page.text.index("</main>")]
    for link in set(re.findall(r'href="(/[^"#?]*)', main)):
        assert link.startswith(prefix + "/") and client.get(link).status_code == 200, link
    for anchor in re.findall(r'href="#([^"]+)"', main):
        assert anchor in ids
    assert all(term.term.replace("'", "&#x27;") in page.text for term in glossary.terms(language))


@pytest.mark.parametrize(("prefix", "language"), [("", "en"), ("/ja", "ja")])
def test_an_article_holds_the_notes_that_its_links_name(client, prefix, language):
    page = client.get(f"{prefix}/learn/spf/").text
    notes = re.findall(r'<div class="term-note" id="(term-[a-z0-9-]+)" role="tooltip"', page)
    assert notes == re.findall(r'class="term" href="[^"]+" aria-describedby="([^"]+)"', page)
    assert glossary.term("txt", language).text.split("、")[0] in page
