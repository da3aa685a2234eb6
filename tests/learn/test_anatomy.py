"""The page that takes a record apart, in both languages."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest

from learn.anatomy_examples import BROKEN, SOUND
from lookups.anatomy import EXCERPT, MAX_OCTETS, anatomy_views
from lookups.templatetags.lookups_tags import MAX_NOTES

EXAMPLES = [text for _, group in SOUND for _, text in group] + [text for _, text in BROKEN]
LANGUAGES = [("", "Record anatomy", "Take it apart"), ("/ja", "レコードの読み方", "読み解く")]


def page(client, text: str, prefix: str = "", **query: str):
    return client.get(f"{prefix}/learn/anatomy/", {"record": text, **query})


@pytest.mark.parametrize(("prefix", "title", "button"), LANGUAGES)
def test_the_empty_page_has_examples_that_work(client, prefix, title, button):
    found = client.get(f"{prefix}/learn/anatomy/")
    assert found.status_code == 200 and f"<h1>{title}</h1>" in found.text and button in found.text
    links = re.findall(r'class="chip" href="(\?record=[^"]+)"', found.text)
    assert len(links) == len(EXAMPLES)
    for link in links:
        assert client.get(f"{prefix}/learn/anatomy/{link}").status_code == 200


@pytest.mark.parametrize(("prefix", "place"), [("", "column 8:"), ("/ja", "8文字目:")])
def test_a_mistake_at_its_column(client, prefix, place):
    found = page(client, "v=spf1 ip4:192.0.2.256 -all", prefix)
    assert found.status_code == 200 and place in found.text
    assert f'href="{prefix}/findings/spf-address-invalid/"' in found.text
    assert 'href="#mark-1-1"' in found.text and 'id="mark-1-1"' in found.text
    assert f'href="{prefix}/learn/spf/"' in found.text


@pytest.mark.parametrize("prefix", ["", "/ja"])
def test_a_sentence_where_no_finding_tells(client, prefix):
    found = page(client, "300.1.2.3", prefix)
    assert "rfc1035#section-3.4.1" in found.text and "192.0.2.25" in found.text


def test_lines_of_a_policy(client):
    text = "version: STSv1\nmode: off\n\nmx: a.test\nmax_age: 604800"
    found = page(client, text)
    assert "line 2:" in found.text and "mta-sts-policy-value" in found.text
    parts = anatomy_views(text, "", "en")[0].record["parts"]
    places = [(p["text"], mark.line) for p in parts for mark in p["marks"]]
    assert places == [("mode: off", 2), ("\n", 3)]


def test_the_type_may_be_chosen(client):
    found = page(client, "192.0.2.25", type="aaaa")
    assert '<option value="aaaa" selected>' in found.text and "AAAA" in found.text
    assert "This is an IPv4 address" in found.text


def test_a_sound_record(client):
    assert "The text has no mistake" in page(client, "v=spf1 mx -all").text
    assert "書き方に誤りはありません" in page(client, "v=spf1 mx -all", "/ja").text


def test_several_records(client):
    text = "a.test. 60 IN MX 10 b.test.\na.test. 60 IN MX 20 c.test."
    found = page(client, text)
    assert 'id="anatomy-2"' in found.text and "60 seconds" in found.text


@pytest.mark.parametrize(
    ("query", "says", "ja"),
    [
        ({"record": "x" * (MAX_OCTETS + 1)}, "too long", "長すぎます"),
        ({"record": "あ" * (MAX_OCTETS // 3 + 1)}, "too long", "長すぎます"),
        ({"record": "; a comment"}, "no record in it", "レコードがありません"),
        ({"record": "x", "type": "<script>"}, "no such type", "種類のレコードはありません"),
    ],
)
def test_refusals(client, query, says, ja):
    for prefix, words in (("", says), ("/ja", ja)):
        found = client.get(f"{prefix}/learn/anatomy/", query)
        assert found.status_code == 400 and words in found.text
        assert 'role="alert"' in found.text and "<script>" not in found.text


def test_hostile_texts_are_escaped(client):
    attack = '"><script>alert(1)</script>'
    for text in (f"v=spf1 include:{attack} -all", f"10 {attack}", f'0 issue "{attack}', attack):
        found = page(client, text)
        assert found.status_code == 200 and "<script>alert" not in found.text
    assert page(client, "v=spf1 \0\u202e -all").status_code == 200
    assert client.get("/learn/anatomy/?record=%ff%fe%00").status_code == 200
    assert client.post("/learn/anatomy/", {"record": "x"}).status_code == 405


def test_a_long_record_that_still_fits(client):
    """The page stays bounded, however many parts there are."""
    for text in ("v=spf1 " + "ip4:x " * 1300, "v=spf1" + "".join(f" a:{n}" for n in range(1300))):
        found = page(client, text[:MAX_OCTETS])
        assert found.status_code == 200 and found.text.count("<dd>") <= MAX_NOTES
        assert len(found.content) < 600_000


def test_excerpts_point_at_the_column():
    """However long the record, and whatever the width of its characters."""
    for text in ("v=spf1 " + "ip4:192.0.2.1 " * 9 + "includ:a -all", "v=spf1 日本語 ip4:1 -all"):
        for view in anatomy_views(text, "", "en"):
            for mark in view.marks:
                at = len(mark.caret) - 1
                assert len(mark.excerpt) <= EXCERPT + 2
                assert mark.excerpt[at] == view.record["value"][mark.column - 1]
                assert mark.caret.endswith("^")


def test_it_is_found(client):
    assert 'href="/learn/anatomy/"' in client.get("/learn/").text
    assert 'href="/ja/learn/anatomy/"' in client.get("/ja/learn/").text
    assert "/ja/learn/anatomy/" in client.get("/sitemap.xml").text
    text = quote("v=spf1 -all")
    assert f'/ja/learn/anatomy/?record={text}"' in page(client, "v=spf1 -all").text.replace(
        "+", "%20"
    ), "the language switch keeps the record"
