"""Search: what is found, in which order, how it is marked; and that no query breaks it."""

from __future__ import annotations

import html
import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest
from django.conf import settings
from hypothesis import example, given
from hypothesis import strategies as st

from learn.glossary import hiragana
from learn.search import index, text
from learn.search.documents import KINDS, documents
from learn.search.index import MAX_PER_KIND, search

LANGUAGES = [code for code, _ in settings.LANGUAGES]


@pytest.fixture(scope="module", autouse=True)
def _index():
    """Made before the first query, which would else take longer than the others."""
    index.prepare()


def keys(query: str, language: str, kind: str) -> list[str]:
    return [hit.document.key for hit in search(query, language).hits.get(kind, [])]


# --- what is found -------------------------------------------------------------------------------
@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_is_found_by_its_title(language):
    for document in documents(language):
        if document.kind == "finding":
            continue  # several begin alike; their ids are unique, see below
        assert document.key in keys(document.title, language, document.kind)[:5], document.title


@pytest.mark.parametrize("id", ["mx-host-missing", "spf-none", "dns-servfail"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_finding_by_its_id(id, language):
    found = search(id, language)
    assert found.hits["finding"][0].document.key == id and found.hits["finding"][0].exact


@pytest.mark.parametrize(
    ("query", "kind", "key"),
    [
        ("void lookup", "term", "void-lookup"),
        ("greylist", "term", "greylisting"),
        ("delegati", "article", "ns-record"),
        ("forwarded", "article", "forwarding"),
        ("policies", "article", "dmarc-policy"),
        ("RFC 9989", "article", "dmarc-rfc-9989"),
        ("what is a mail server", "article", "mail-server"),
        ("null-mx.classroom.test", "lesson", "special#null-mx"),
        ("ＳＰＦ", "article", "spf"),
    ],
)
def test_english_queries(query, kind, key):
    assert key in keys(query, "en", kind)[:5]


@pytest.mark.parametrize(
    ("query", "kind", "key"),
    [
        ("鍵", "article", "dkim"),
        ("署名", "article", "dkim"),
        ("信頼の連鎖", "term", "chain-of-trust"),
        ("りぞるばー", "term", "resolver"),
        ("ﾘｿﾞﾙﾊﾞｰ", "term", "resolver"),
        ("フルリゾルバ", "term", "resolver"),
        ("ＤＫＩＭ", "term", "dkim"),
        ("ぎゃくびき", "term", "reverse-lookup"),
        ("SPFとは", "article", "spf"),
        ("転送するとSPFが失敗する", "article", "forwarding"),
        ("MX", "article", "mx-record"),
    ],
)
def test_japanese_queries(query, kind, key):
    assert key in keys(query, "ja", kind)[:5]


def test_japanese_finds_the_same_whether_or_not_a_long_vowel_is_written():
    assert keys("サーバー", "ja", "article") == keys("サーバ", "ja", "article")


@pytest.mark.parametrize("language", LANGUAGES)
def test_title_before_head_before_text(language):
    pattern = re.compile("dkim")
    ranks = []
    for hit in search("dkim", language).hits["article"]:
        folded = [text.fold(part) for part in (hit.document.title, hit.document.head)]
        ranks.append(next((at for at, part in enumerate(folded) if pattern.search(part)), 2))
    assert ranks == sorted(ranks) and len(set(ranks)) == 3


def test_all_words_else_some_and_it_is_said():
    assert not search("dkim selector", "en").loose
    loose = search("dkim platypus", "en")
    assert loose.loose and loose.total
    assert search("platypus", "en").total == 0


def test_results_are_bounded_but_counted():
    found = search("dns", "en")
    assert found.counts["finding"] > MAX_PER_KIND == len(found.hits["finding"])
    assert found.total == sum(found.counts.values())


def test_an_unknown_language_gets_the_first():
    assert search("spf", "fr").counts == search("spf", "en").counts


# --- no query breaks it --------------------------------------------------------------------------
hostile = st.text(max_size=300) | st.text(
    alphabet=st.sampled_from("ab\"'*^:()-+{}NEARANDORNOT \x00\n署名ーガﾞ゙ß|%_[]\\é.="), max_size=60
)


@given(hostile, st.sampled_from(LANGUAGES))
@example('"', "en")
@example("NEAR(a b)", "en")
@example("title : x", "en")
@example("\x00", "ja")
@example("ーーー", "ja")
@example("\ud800", "en")
@example("a" * 300, "en")
def test_any_query_is_answered(query, language):
    found = search(query, language)
    assert all(len(hits) <= MAX_PER_KIND for hits in found.hits.values())
    assert set(found.hits) == set(found.counts) <= set(KINDS)
    pattern = text.pattern_of(found.words)
    for hits in found.hits.values():
        text.marked(hits[0].document.title, pattern)


@given(st.text(max_size=200))
def test_folding_keeps_the_length_and_settles(said):
    folded = text.fold(said)
    assert len(folded) == len(said)
    assert text.fold(folded) == folded


@given(st.text(max_size=120), st.text(alphabet="ab署名ー&<> .", max_size=12))
def test_marking_escapes_and_loses_nothing(said, query):
    pattern = text.pattern_of(text.words_of(query))
    marked = text.marked(said, pattern)
    assert html.unescape(re.sub(r"</?mark>", "", marked)) == html.unescape(html.escape(said))
    assert not re.search(r"<(?!/?mark>)", marked)


@given(st.text(max_size=600), st.text(alphabet="ab署名 .", max_size=12), st.sampled_from(LANGUAGES))
def test_snippets_are_short(said, query, language):
    pattern = text.pattern_of(text.words_of(query))
    shown = html.unescape(re.sub(r"</?mark>", "", text.snippet(said, pattern, language)))
    assert len(shown) <= text.SNIPPET_OTHERWISE + 4


@pytest.mark.parametrize(
    ("said", "query", "expected"),
    [
        ("Forwarding, forwarded", "forwarding", "<mark>Forwarding</mark>, <mark>forwarded</mark>"),
        ("mx1 and mx and smtpmx", "mx", "<mark>mx1</mark> and <mark>mx</mark> and smtpmx"),
        ("メールサーバーとサーバ", "サーバー", "メール<mark>サーバー</mark>と<mark>サーバ</mark>"),
        ("DKIM署名と署名", "署名", "DKIM<mark>署名</mark>と<mark>署名</mark>"),
        ("SPFは", "ｓｐｆ", "<mark>SPF</mark>は"),
        ("p=reject; p=none", "p=reject", "<mark>p=reject</mark>; p=none"),
        ("<b>b</b>", "b", "&lt;<mark>b</mark>&gt;<mark>b</mark>&lt;/<mark>b</mark>&gt;"),
    ],
)
def test_marks(said, query, expected):
    assert text.marked(said, text.pattern_of(text.words_of(query))) == expected


def test_a_snippet_is_where_the_words_are():
    said = "Nothing here. " * 40 + "But here are selector and key. " + "And nothing after. " * 40
    shown = text.snippet(said, text.pattern_of(text.words_of("selector key")), "en")
    assert "<mark>selector</mark> and <mark>key</mark>" in shown
    assert shown.startswith("… ") and shown.endswith(" …")


def test_katakana_becomes_hiragana():
    assert hiragana("ゾーンとヴ、A") == "ぞーんとゔ、A"


# --- the file ------------------------------------------------------------------------------------
def test_the_index_is_one_file_that_is_made_once(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    old = tmp_path / "search-0123456789abcdef.sqlite3"
    old.touch()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: search("spf", "en").counts, range(8)))
    assert all(counts == found[0] for counts in found) and found[0]["article"] > 5
    assert [path.name for path in tmp_path.glob("search-*")] == [index.prepare().name]
    made = index.prepare().stat().st_mtime_ns
    assert search("dkim", "ja").total and index.prepare().stat().st_mtime_ns == made


def test_the_index_is_only_read():
    search("spf", "en")
    with pytest.raises(sqlite3.OperationalError):
        index._connection().execute("DELETE FROM documents")


# --- the page ------------------------------------------------------------------------------------
PAGES = [("", "Search"), ("/ja", "検索")]


@pytest.mark.parametrize(("prefix", "title"), PAGES)
def test_the_page_without_a_query(client, prefix, title):
    page = client.get(f"{prefix}/search/")
    assert page.status_code == 200 and f"<h1>{title}</h1>" in page.text
    assert '<meta name="robots" content="noindex">' in page.text


@pytest.mark.parametrize("prefix", ["", "/ja"])
@pytest.mark.parametrize("query", ["spf", "DNS", "署名", "null MX", "perfect.classroom.test"])
def test_every_link_of_the_results_works(client, classroom, prefix, query):
    page = client.get(f"{prefix}/search/?q={quote(query)}")
    assert page.status_code == 200
    main = html.unescape(page.text[page.text.index("<main") : page.text.index("</main>")])
    for link in set(re.findall(r'href="(/[^"]*)', main)):
        address, _, anchor = link.partition("#")
        answer = client.get(address)
        assert answer.status_code == 200 and link.startswith(prefix + "/"), link
        assert not anchor or f'id="{anchor}"' in answer.text, link


def test_results_by_kind_with_marks_and_counts(client):
    page = client.get("/search/?q=selector").text
    assert "<mark>selector</mark>" in page or "<mark>Selector</mark>" in page
    headings = re.findall(r'<h2 id="results-([a-z]+)">', page)
    assert headings[0] == "article" and "finding" in headings
    findings = client.get("/search/?q=selector&kind=finding").text
    assert re.findall(r'<h2 id="results-([a-z]+)">', findings) == ["finding"]
    assert findings.count('class="result-title"') > 5
    assert client.get("/search/?q=selector&kind=<b>").status_code == 200


def test_the_definition_of_a_term_that_is_sought(client):
    page = client.get("/search/?q=Null+MX").text
    assert 'class="short-title">null MX' in page and 'href="/learn/glossary/#null-mx"' in page


@pytest.mark.parametrize(
    ("query", "offered"),
    [
        ("example.com", "example.com"),
        ("https://例え.jp/x", "例え.jp"),
        ("alice@example.com", "example.com"),
        ("_dmarc.example.com", "example.com"),
        ("perfect.classroom.test", "perfect.classroom.test"),
    ],
)
def test_a_domain_can_be_checked(client, query, offered):
    page = client.get("/search/", {"q": query}).text
    assert f'name="domain" value="{offered}"' in page
    assert "csrfmiddlewaretoken" in page


def test_an_address_can_be_looked_up_and_other_words_are_no_domains(client):
    assert "/tools/reverse/?address=192.0.2.1" in client.get("/search/?q=192.0.2.1").text
    for query in ("spf", "p=reject", "RFC 9989", "v=spf1 include:_spf.example.com -all"):
        assert "search-offer" not in client.get("/search/", {"q": query}).text


@pytest.mark.parametrize(("query", "meant"), [("dmark", "DMARC"), ("delgation", "delegation")])
def test_nothing_found_suggests_what_is_alike(client, query, meant):
    page = client.get("/search/", {"q": query}).text
    assert f'<a href="/search/?q={quote(meant)}">{meant}</a>' in page
    assert 'class="empty"' in page and 'href="/learn/glossary/"' in page


@pytest.mark.parametrize(("prefix", "says"), [("", "At most 200"), ("/ja", "200文字まで")])
def test_a_query_that_is_too_long(client, prefix, says):
    page = client.get(f"{prefix}/search/", {"q": "x" * 201})
    assert page.status_code == 400 and says in page.text and 'aria-invalid="true"' in page.text
    assert client.get(f"{prefix}/search/", {"q": "x" * 200}).status_code == 200


@pytest.mark.parametrize("query", ["<script>alert(1)</script>", '"><img src=x>', "\x00", "%", "'"])
def test_hostile_queries_are_shown_as_they_are(client, query):
    page = client.get("/search/", {"q": query})
    assert page.status_code == 200
    assert "<script>alert" not in page.text and "<img" not in page.text


def test_htmx_gets_the_results_and_the_count_alone(client):
    part = client.get("/search/?q=spf", headers={"hx-request": "true"})
    assert "<html" not in part.text and 'hx-swap-oob="innerHTML"' in part.text
    assert "HX-Request" in part["Vary"]
    back = {"hx-request": "true", "hx-history-restore-request": "true"}
    assert "<html" in client.get("/search/?q=spf", headers=back).text


def test_only_reading(client):
    assert client.post("/search/", {"q": "spf"}).status_code == 405


@pytest.mark.parametrize("path", ["/learn/", "/findings/", "/nope", "/ja/learn/", "/ja/nope"])
def test_fields_elsewhere_lead_here(client, path):
    prefix = "/ja" if path.startswith("/ja/") else ""
    page = client.get(path).text
    assert f'class="search-form" action="{prefix}/search/"' in page
    assert f'class="search-link" href="{prefix}/search/"' in page
