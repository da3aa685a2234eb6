"""Servers and resolvers beside one another."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookups.engine.compare import Verdict
from lookups.engine.compare import compare as compared
from lookups.tools.look_up import compare_words
from lookups.tools.look_up.compare import TOOL
from tests.lookups.commands import manage
from tests.lookups.engine.test_compare import NAME, own, resolver, silent, voice
from tests.lookups.tools.tooling import form_of, result_of

PAGE = "/tools/compare/"
WHEN = datetime(2026, 11, 24, 23, 50, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("query", "verdict"),
    [
        ("name=perfect.classroom.test&type=MX", "agree"),
        ("name=nothing.classroom.test&type=MX", "agree"),
        ("name=delegation-moved.classroom.test&type=NS", "authorities-differ"),
        ("name=delegation-moved.classroom.test&type=SOA", "authorities-differ"),
        ("name=delegation-servers.classroom.test&type=MX", "authorities-fail"),
        ("name=delegation-dead.classroom.test&type=MX", "nobody"),
    ],
)
async def test_lessons(classroom, query, verdict):
    found = await result_of(TOOL, query)
    assert found.verdict == verdict and found.sentences
    assert found.authorities and found.resolvers
    assert all(view.said or view.voice.records for view in found.authorities)
    json.dumps(found.as_json())


async def test_servers_that_differ_have_signs_of_their_own(classroom):
    found = await result_of(TOOL, "name=delegation-moved.classroom.test&type=NS")
    assert {view.shape for view in found.authorities} == {1, 2}
    assert found.has_serials


async def test_servers_of_no_use_lead_to_their_findings(classroom):
    found = await result_of(TOOL, "name=delegation-servers.classroom.test&type=MX")
    findings = {view.finding for view in found.authorities}
    assert findings >= {
        "",
        "delegation-lame",
        "delegation-not-authoritative",
        "delegation-server-silent",
    }


async def test_an_alias_is_compared_where_it_leads(classroom):
    found = await result_of(TOOL, "name=alias.classroom.test&type=MX")
    assert found.compared == "perfect.classroom.test" and found.aliases
    itself = await result_of(TOOL, "name=alias.classroom.test&type=CNAME")
    assert itself.compared == "alias.classroom.test" and itself.verdict == "agree"


def test_old_copies_and_how_long_they_last():
    found = compared(NAME, "MX", [own("a"), resolver("a"), resolver("b", 900)])
    words = " ".join(compare_words.verdict(found, WHEN))
    assert "1 resolver says something else" in words and "2026-11-25 00:05 UTC" in words
    _, same, old = found.voices
    assert compare_words.copy(found, same, WHEN) == "fetched 23:06:40 UTC at the latest"
    assert compare_words.copy(found, old, WHEN) == "may last until 2026-11-25 00:05 UTC"


def test_a_copy_of_a_longer_ttl():
    found = compared(NAME, "MX", [own("a", 60), resolver("a", 3000)])
    assert "TTL was longer" in compare_words.copy(found, found.voices[1], WHEN)


@pytest.mark.parametrize("outcome", ["servfail", "refused", "other-rcode", "malformed", "lame"])
def test_whoever_fails_has_words(outcome):
    assert compare_words.said(voice(own("a").whom.kind, "", outcome=outcome, ttl=None))


def test_every_verdict_has_words_and_a_colour():
    cases = [
        [own("a"), resolver("a")],
        [own("a"), own("b")],
        [own("a"), resolver("b", None)],
        [own("a"), voice(resolver("a").whom.kind, "", outcome="servfail")],
        [own("a"), voice(own("a").whom.kind, "", outcome="refused")],
        [resolver("a"), resolver("b")],
        [silent(own("a").whom.kind)],
    ]
    found = [compared(NAME, "MX", case) for case in cases]
    assert {each.verdict for each in found} == set(Verdict) == set(compare_words.LEVELS)
    assert all(list(compare_words.verdict(each, WHEN)) for each in found)


def test_resolvers_are_few_and_addresses():
    assert form_of(TOOL, name="a.example", resolvers="1.1.1.1, 8.8.8.8").is_valid()
    for bad in ("nobody", "1.1.1.1 2.2.2.2 3.3.3.3 4.4.4.4 5.5.5.5 6.6.6.6"):
        assert list(form_of(TOOL, name="a.example", resolvers=bad).errors) == ["resolvers"]


def test_the_page(client, classroom):
    for prefix in ("", "/ja"):
        page = client.get(f"{prefix}{PAGE}?name=delegation-moved.classroom.test&type=NS").text
        assert "ask-sign-2" in page and f"{prefix}/findings/delegation-serials-differ/" in page


def test_the_command():
    done = manage("compare", "delegation-moved.classroom.test", "NS", "--format", "json")
    assert done.returncode == 0, done.stderr
    shape = json.loads(done.stdout)
    assert shape["verdict"] == "authorities-differ" and len(shape["groups"]) == 2
    assert manage("compare", "example.com", "--resolvers", "nobody").returncode == 2


@given(name=st.text(max_size=60), rdtype=st.text(max_size=12), resolvers=st.text(max_size=60))
def test_any_form_is_taken_or_refused(name, rdtype, resolvers):
    form = form_of(TOOL, name=name, type=rdtype, resolvers=resolvers)
    if form.is_valid():
        assert len(form.cleaned_data["resolvers"]) <= 5
