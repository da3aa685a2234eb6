"""BIMI Assertion Records: the draft §4.3, in the tag-list syntax of RFC 6376 §3.2."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookups.engine.records import bimi

LOGO = "https://www.example.com/logo.svg"


def codes(text: str) -> list[str]:
    return [problem.code for problem in bimi.parse(text).problems]


@pytest.mark.parametrize(
    "text",
    [
        f"v=BIMI1; l={LOGO}",
        f"v=BIMI1;l={LOGO};a=;",
        f"v = BIMI1 ; a = https://example.com/mark.pem ; l = {LOGO}",
        f"v=BIMI1; l={LOGO}; a=; avp=personal; lps=news,billing-dept;",
        f"v=BIMI1; l={LOGO}; lps=true",
    ],
)
def test_good_records(text):
    found = bimi.parse(text)
    assert found.problems == () and found.is_valid and not found.is_declined
    assert found.location == LOGO


def test_declination():
    """The draft §4.3.1; a missing `a` is as good as an empty one (§4.3)."""
    assert bimi.parse("v=BIMI1; l=; a=;").is_declined
    assert bimi.parse("v=BIMI1; l=").is_declined
    assert not bimi.parse("v=BIMI1").is_declined


@pytest.mark.parametrize("text", ["v=bimi1; l=;", " v=BIMI1; l=;", "V=BIMI1;l=", "v=BIMI2; l="])
def test_version_to_the_letter(text):
    """The draft §4.3: it must match precisely and come first."""
    assert not bimi.is_assertion(text) and bimi.is_like_assertion(text)
    assert codes(text)[0] == "version"


def test_other_txt_records_are_not_meant():
    for text in ("v=spf1 -all", "", "google-site-verification=bimi", "l=; v=BIMI1"):
        assert not bimi.is_assertion(text) and not bimi.is_like_assertion(text)
    assert not bimi.is_assertion("v=BIMI12; l=")


@pytest.mark.parametrize(
    ("text", "code", "column"),
    [
        (f"v=BIMI1; l={LOGO}; verified", "tag-malformed", 46),
        (f"v=BIMI1; l={LOGO}; 1a=b", "tag-malformed", 46),
        (f"v=BIMI1; l={LOGO}; l=;", "tag-duplicate", 46),
        (f"v=BIMI1; l={LOGO}; logo=x", "tag-unknown", 46),
        (f"v=BIMI1; l={LOGO}; avp=brand2", "value-ignored", 50),
        (f"v=BIMI1; l={LOGO}; lps=a@b", "value-ignored", 50),
        ("v=BIMI1; l=http://example.com/logo.svg", "not-https", 12),
        ("v=BIMI1; l=ftp://example.com/logo.svg", "not-https", 12),
        ("v=BIMI1; l=/logo.svg", "uri-invalid", 12),
        ("v=BIMI1; l=https://localhost/logo.svg", "uri-invalid", 12),
        ("v=BIMI1; l=https://example.com/a,b.svg", "uri-invalid", 12),
        ("v=BIMI1; l=https://example.com/a b.svg", "uri-invalid", 12),
        ("v=BIMI1; l=https://[::1/logo.svg", "uri-invalid", 12),
        ("v=BIMI1; l=; a=https://example.com/m.pem", "location-missing", 40),
        ("v=BIMI1", "location-missing", 7),
    ],
)
def test_problems_and_their_columns(text, code, column):
    [problem] = bimi.parse(text).problems
    assert (problem.code, problem.column) == (code, column)


def test_what_is_wrong_is_not_used():
    found = bimi.parse(f"v=BIMI1; l={LOGO}; a=http://example.com/m.pem; avp=nobody")
    assert (found.location, found.evidence, found.avatar) == (LOGO, "", "brand")
    assert not found.is_valid


def test_suggestions():
    [problem] = bimi.parse(f"v=BIMI1; l={LOGO}; AVP=brand").problems
    assert problem.suggestion == "avp"
    [problem] = bimi.parse(f"v=BIMI1; l={LOGO}; avp=Personal").problems
    assert problem.suggestion == "personal"


def test_suffixes():
    """The draft §4.3.2: another picture format is a permanent error, no suffix is none."""
    assert bimi.image_suffix("https://example.com/a/Logo.PNG?v=2") == "png"
    for name in ("logo.svg", "logo.svgz", "logo", "logo.php", ""):
        assert bimi.image_suffix(f"https://example.com/{name}") == ""


def test_generate():
    assert bimi.generate("") == "v=BIMI1; l=; a=;"
    for avatar in ("", *bimi.AVATARS):
        found = bimi.parse(bimi.generate(LOGO, "https://example.com/m.pem", avatar))
        assert not found.problems and found.evidence and found.location == LOGO


def test_parts_mark_what_is_wrong():
    parts = bimi.parts(f"v=BIMI1; l={LOGO}; oops; logo=x; avp=?")
    wrong = [(part.kind, part.error) for part in parts if part.error]
    assert wrong == [
        ("bimi.malformed", "tag-malformed"),
        ("bimi.unknown", "tag-unknown"),
        ("bimi.avp", "value-ignored"),
    ]


pieces = st.sampled_from(
    ["v=BIMI1", ";", " ", "l=", "a=", "avp=", "lps=", "https://", "example.com", "/x.svg", "=", ","]
)


@given(st.one_of(st.text(), st.lists(pieces).map("".join)))
def test_any_text(text):
    """Never raises; parts cover the text; what is called valid has nothing to stop at."""
    found = bimi.parse(text)
    assert len(found.problems) <= 4 * bimi.MAX_TAGS
    assert all(1 <= problem.column <= len(text) + 1 for problem in found.problems)
    assert "".join(part.text for part in bimi.parts(text)) == text
    if found.is_valid and not found.is_declined:
        assert found.location.startswith("https://") and bimi.is_assertion(text)


def test_long_texts_are_bounded():
    for text in (";" * 100_000, "a=b;" * 50_000, "v=BIMI1;" + "x" * 100_000, "l=" * 50_000):
        assert len(bimi.parse(text).problems) <= 4 * bimi.MAX_TAGS
        assert "".join(part.text for part in bimi.parts(text)) == text
