"""Stored reports are shown whatever is in them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.template.loader import render_to_string
from hypothesis import given
from hypothesis import strategies as st

from lookups import cards
from lookups.plain_text import printable
from lookups.presentation import query_views, section_view, section_views, status_of

FINDING = {"id": "mx-host-missing", "parameters": {"host": "a.test"}, "evidence": []}


def section(**more):
    return {"topic": "mx", "complete": True, "records": {}, "findings": [], **more}


def test_the_worst_finding_is_the_status():
    found = [{"id": "mx-found", "parameters": {"count": 1}}, FINDING, {"id": "mx-ipv4-only"}]
    view = section_view(section(findings=found), "en")
    assert view.status == "error"
    assert [f.severity for f in view.findings] == ["error", "info", "good"]
    assert status_of([section(findings=found)]) == "error"


def test_incomplete_is_running_until_the_report_has_ended():
    partial = section(complete=False)
    assert section_view(partial, "en").status == "running"
    [ended] = section_views({"mx": partial}, ["mx"], "en", ended=True)
    assert ended.complete


def test_a_topic_not_begun_holds_its_place():
    [waiting] = section_views({}, ["mx"], "ja")
    assert not waiting.complete and waiting.title == "メールサーバー(MX)"


def test_findings_of_another_version_are_left_out():
    view = section_view(section(findings=[{"id": "from-the-future"}, FINDING]), "en")
    assert [f.id for f in view.findings] == ["mx-host-missing"]


def test_queries_come_in_order_with_what_explains_them():
    log = [{"number": 2, "outcome": "servfail"}, {"number": 1, "outcome": "answer"}]
    assert [(q["number"], q["finding"]) for q in query_views(log)] == [(1, ""), (2, "dns-servfail")]


@given(st.text(max_size=80))
def test_hostile_names_are_escaped_in_every_template(name):
    host = {
        "preference": 10, "exchange": name, "unicode": name, "state": "ok", "outcome": None,
        "alias": name, "addresses": [{
            "address": "198.18.0.1", "family": 4, "scope": "public", "ttl": 1,
            "reverse": "confirmed", "names": [name],
        }],
    }  # fmt: skip
    marked = {**host, "exchange": f"<script>{name}</script>"}
    records = {"kind": "mx", "ttl": 5, "alias": name, "hosts": [host, marked]}
    finding = {"id": "mx-host-missing", "parameters": {"host": f"<img src=x>{name}"}}
    view = section_view(section(records=records, findings=[finding]), "en")
    for template in ("lookups/_section.html", "lookups/_section_compact.html"):
        html = render_to_string(template, {"section": view, "view": None})
        assert "<script" not in html and "<img" not in html


@given(st.text(max_size=60))
def test_terminals_get_no_control_characters(text):
    assert "\x1b" not in printable(text) and "\n" not in printable(text)


@pytest.mark.parametrize("status", ["good", "info", "warning", "error", "running", "unheard-of"])
@pytest.mark.parametrize("language", ["en", "ja"])
def test_preview_pictures(status, language):
    made = datetime(2026, 11, 24, tzinfo=UTC)
    for name in ("example.com", "日本語.jp", "a" * 63 + "." + "b" * 63 + ".example", "ا.example"):
        picture = cards.draw("example.com", name, status, made, language)
        assert picture.startswith(b"\x89PNG") and len(picture) < 80_000


def test_what_is_in_order_folds_on_a_phone_except_where_mail_goes():
    good = {"id": "mx-found", "parameters": {"count": 1}}
    assert section_view(section(topic="spf", findings=[good]), "en").folds
    assert not section_view(section(findings=[good]), "en").folds
    assert not section_view(section(topic="spf", findings=[good, FINDING]), "en").folds
