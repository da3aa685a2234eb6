"""The catalog is whole: every finding in every language, with a page and a lesson that shows it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from learn.articles import article
from learn.classroom.lessons import lessons
from lookups import catalog
from tests.lookups.engine.lessons import whole_report

ROOT = Path(__file__).parents[2]
LANGUAGES = [code for code, _ in settings.LANGUAGES]
PLACEHOLDER = re.compile(r"\{[a-z_]+\}")


def ids_in_engine() -> set[str]:
    """Every finding id that the engine's source names."""
    source = "\n".join(p.read_text() for p in (ROOT / "lookups/engine").rglob("*.py"))
    topics = "|".join(sorted(catalog.topics(), key=len, reverse=True))
    plain = set(re.findall(rf'Finding\(\s*"((?:{topics})-[a-z0-9-]+)"', source))
    plain |= set(re.findall(rf'"((?:{topics})-[a-z0-9-]+)"', source)) & set(catalog.ids())
    scopes = {f"mx-address-{s}" for s in ("private", "loopback", "documentation", "reserved")}
    outcomes = {"servfail", "refused", "other-rcode", "timeout", "lame", "malformed"}
    outcomes |= {"tcp-failed", "loop"}
    return plain | scopes | {f"dns-{outcome}" for outcome in outcomes}


def test_every_finding_of_the_engine_is_in_the_catalog_and_no_other():
    assert set(catalog.ids()) == ids_in_engine()


@pytest.mark.parametrize("id", catalog.ids())
def test_entries_are_whole(id):
    entry = catalog.entry(id)
    assert set(entry.texts) == set(LANGUAGES)
    texts = [entry.texts[language] for language in LANGUAGES]
    for field in ("name", "title", "meaning", "why", "remedy"):
        values = [getattr(text, field) for text in texts]
        assert all(values) and len(set(values)) == len(values), field
        used = [set(PLACEHOLDER.findall(value)) for value in values]
        assert set().union(*used) <= {f"{{{name}}}" for name in entry.example}
        if field == "title":
            assert used[0] == used[1], "both titles must name the same things"
    assert entry.rfc and all(catalog.rfc_link(reference) for reference in entry.rfc)
    for language in LANGUAGES:
        assert article(entry.article, language)


@pytest.mark.parametrize("id", catalog.ids())
def test_a_lesson_shows_it(id):
    zones = {lesson.zone for group in lessons("en") for lesson in group.lessons}
    assert catalog.entry(id).classroom in zones


QUICK = {
    "silent": {"query_timeout": 0.2},
    "slow": {"report_timeout": 0.5},
    "mta-sts-slow": {"report_timeout": 2},
}
QUICK |= dict.fromkeys(("smtp-silent", "smtp-blocked"), {"report_timeout": 2.0})


@pytest.mark.parametrize("zone", sorted({catalog.entry(id).classroom for id in catalog.ids()}))
async def test_the_lesson_of_a_finding_really_shows_it(zone):
    """The whole report, as a visitor gets it: every topic, every server of the classroom."""
    sections = await whole_report(zone, **QUICK.get(zone, {}))
    shown = {finding.id for section in sections.values() for finding in section.findings}
    assert not [s.topic for s in sections.values() if s.failed == "crash"]
    assert {id for id in catalog.ids() if catalog.entry(id).classroom == zone} <= shown


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("id", catalog.ids())
def test_its_page(client, id, language):
    prefix = "" if language == "en" else f"/{language}"
    page = client.get(f"{prefix}/findings/{id}/")
    assert page.status_code == 200
    assert catalog.entry(id).texts[language].name in page.text.replace("&#x27;", "'")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=400),
    lambda inner: st.lists(inner, max_size=12) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=20,
)
names = st.sampled_from(["host", "address", "names", "hosts", "ede", "ttl", "count", "name"])


@given(
    st.sampled_from(catalog.ids()),
    st.dictionaries(names, json_values),
    st.sampled_from(["en", "ja", "fr", ""]),
)
def test_sentences_never_raise_and_are_bounded(id, parameters, language):
    words = catalog.sentences(id, parameters, language)
    for text in (words.title, words.meaning, words.why, words.remedy):
        assert 0 < len(text) < 12_000
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", text)


def test_braces_in_a_parameter_stay_what_they_are():
    words = catalog.sentences("mx-host-missing", {"host": "{host}.{0!r:>99999999}.test"}, "en")
    assert "{host}.{0!r:>99999999}.test" in words.title


def test_unknown_ids():
    with pytest.raises(KeyError):
        catalog.entry("no-such-finding")
    with pytest.raises(KeyError):
        catalog.sentences("no-such-finding", {}, "en")


def test_index_by_severity(client):
    page = client.get("/findings/?severity=error").text
    assert "mx-host-missing" in page and "mx-found" not in page
    assert "mx-found" in client.get("/findings/?severity=<script>").text
    assert client.get("/findings/no-such-finding/").status_code == 404
