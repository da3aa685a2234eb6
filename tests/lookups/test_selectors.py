"""DKIM selectors that a visitor names: from the form and the command line into the report."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookups.forms import InputError, read_selectors
from lookups.models import Report
from tests.lookups.test_lookup_command import lookup

LESSON = "dkim-life.classroom.test"


def ask(client, selectors: str, **more) -> Report:
    answer = client.post("/check/", {"domain": LESSON, "selectors": selectors, **more})
    assert answer.status_code == 302, answer.text[:500]
    return Report.objects.get(token=answer.url.split("/")[2])


@pytest.mark.parametrize(
    ("text", "selectors"),
    [
        ("", ()),
        (" , ; ", ()),
        ("S1", ("s1",)),
        ("k1, k2;k1  s1", ("k1", "k2", "s1")),
        ("k1、s2", ("k1", "s2")),  # noqa: RUF001
        ("k1._domainkey.example.com.", ("k1",)),
    ],
)
def test_what_people_write(text, selectors):
    assert read_selectors(text) == selectors


@given(st.text(max_size=3000))
def test_reading_never_raises(text):
    found = read_selectors(text)
    if isinstance(found, InputError):
        assert found.message and len(found.message) < 400
    else:
        assert len(found) <= 10 and len(" ".join(found)) <= 1100


@pytest.mark.django_db(transaction=True)
class TestForm:
    def test_they_reach_the_report(self, client, at_once):
        report = ask(client, "K1, k2")
        assert report.selectors == "k1 k2"
        shown = [s["selector"] for s in report.sections["dkim"]["records"]["selectors"]]
        assert shown == ["k1", "k2"]
        page = client.get(report.get_absolute_url()).text
        assert '<input type="hidden" name="selectors" value="k1 k2">' in page

    def test_only_the_same_selectors_share_a_report(self, client, at_once):
        assert ask(client, "k1") == ask(client, "k1")
        assert len({ask(client, "k1"), ask(client, "k2"), ask(client, "")}) == 3

    def test_a_copy_keeps_them(self, django_user_model):
        user = django_user_model.objects.create_user("m", "member@example.com")
        assert Report(domain=LESSON, selectors="k1 k2").copy_for(user).selectors == "k1 k2"

    @pytest.mark.parametrize("prefix", ["", "/ja"])
    def test_what_is_none_is_explained(self, client, prefix):
        typed = {"domain": LESSON, "selectors": "<b>"}
        answer = client.post(f"{prefix}/check/", typed)
        assert answer.status_code == 400 and not Report.objects.exists()
        assert "DKIM-Signature" in answer.text and "<b>" not in answer.text
        assert 'id="selectors-error"' in answer.text and f'value="{LESSON}"' in answer.text

    def test_a_link_prefills_the_form(self, client):
        page = client.get("/check/", {"domain": LESSON, "selectors": "k1"}).text
        assert 'value="k1"' in page and '<details class="domain-more" open>' in page
        assert '<details class="domain-more">' in client.get("/check/").text


def test_on_the_command_line():
    arguments = ("--only", "dkim", "--selector", "k1", "--selector", "nope", "--format", "json")
    done = lookup(LESSON, *arguments)
    assert done.returncode == 0, done.stderr
    selectors = json.loads(done.stdout)["sections"][0]["records"]["selectors"]
    assert {s["selector"] for s in selectors if s["named"]} == {"k1", "nope"}


def test_bad_selectors_on_the_command_line():
    done = lookup(LESSON, "--selector", "a b?", "--language", "ja")
    assert done.returncode == 2 and "DKIM-Signature" in done.stderr and "セレクター" in done.stderr
