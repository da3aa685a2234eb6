"""The MTA-STS record and policy, read and written (RFC 8461 §3, §4.1)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookups.engine.records import mta_sts, txt

POLICY = "version: STSv1\nmode: enforce\nmx: mx1.a.test\nmx: *.b.test\nmax_age: 1209600\n"


@pytest.mark.parametrize(
    ("text", "id", "codes"),
    [
        ("v=STSv1; id=20160831085700Z;", "20160831085700Z", []),  # the RFC's own example
        ("v=STSv1;id=1", "1", []),
        ("v=STSv1;\tid=a1 ;", "a1", []),
        ("v=STSv1; id=a; id=b", "a", []),
        ("v=STSv1; x-new.thing_1=!; id=a", "a", []),
        ("v=STSv1; id=" + "a" * 32, "a" * 32, []),
        ("v=STSv1;", "", []),
        ("v=STSv1; id=" + "a" * 33, "", ["id"]),
        ("v=STSv1; id=", "", ["id"]),
        ("v=STSv1; id=2026-11-01", "", ["id"]),
        ("v=STSv1; id=é", "", ["id"]),
        ("v=STSv1;; id=a", "a", ["syntax"]),
        ("v=STSv1; id=a; mode:enforce", "a", ["syntax"]),
        ("v=STSv1; id=a; x=a b", "a", ["syntax"]),
        ("v=STSv1; id=a; x=", "a", ["syntax"]),
        ("v=STSv1; ID=a", "", []),
    ],
)
def test_records(text, id, codes):
    """RFC 8461 §3.1."""
    assert mta_sts.is_record(text)
    record = mta_sts.parse_record(text)
    assert (record.id, [code for code, _ in record.errors]) == (id, codes)
    assert record.is_valid is (bool(id) and not codes)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("v=STSv1 ; id=a", True),
        ("v=stsv1; id=a", True),
        ("v=STSv1", True),
        ("v=STS1; id=a", True),
        ("V=STSv1; id=a", True),
        ("v = STSv1; id=a", True),
        ("v=STSv2; id=a", True),
        ("v=spf1 -all", False),
        ("v=DMARC1; p=none", False),
        ("", False),
        ("id=a; v=STSv1;", False),
    ],
)
def test_what_is_discarded(text, meant):
    """RFC 8461 §3.1: what does not begin with v=STSv1; is no record, whatever it looks like."""
    assert not mta_sts.is_record(text)
    assert mta_sts.looks_like_record(text) is meant


def test_columns_of_errors():
    text = "v=STSv1;  id=2026-11; bad piece"
    (_, id), (_, piece) = mta_sts.parse_record(text).errors
    assert text[id.value_column - 1 :].startswith("2026-11")
    assert text[piece.column - 1 :].startswith("bad piece")


def test_a_policy():
    policy = mta_sts.parse_policy(POLICY.encode())
    assert (policy.version, policy.mode, policy.max_age) == ("STSv1", "enforce", 1209600)
    assert policy.mx == ("mx1.a.test", "*.b.test") and policy.is_valid and not policy.problems


@pytest.mark.parametrize(
    "text",
    [
        POLICY.replace("\n", "\r\n"),
        POLICY.rstrip("\n"),
        POLICY.replace(": ", ":"),
        POLICY.replace(": ", ": \t "),
        POLICY.replace("\n", "  \n"),
        POLICY + "\n\n",
        POLICY + "x-other: anything: at all, even ü\n",
        "".join(reversed(POLICY.splitlines(keepends=True))),
        POLICY.replace("mx1.a", "MX1.A"),
    ],
)
def test_forms_of_a_policy(text):
    """RFC 8461 §3.2."""
    policy = mta_sts.parse_policy(text.encode())
    assert policy.is_valid and not policy.problems and set(policy.mx) == {"mx1.a.test", "*.b.test"}


@pytest.mark.parametrize(
    ("old", "new", "problems"),
    [
        ("version: STSv1\n", "", [("missing", 0, "version")]),
        ("STSv1", "STSv2", [("value", 1, "version")]),
        ("mode: enforce\n", "", [("missing", 0, "mode")]),
        ("enforce", "Enforce", [("value", 2, "mode")]),
        ("mode: enforce", "Mode: enforce", [("missing", 0, "mode")]),
        ("max_age: 1209600\n", "", [("missing", 0, "max_age")]),
        ("1209600", "two weeks", [("value", 5, "max_age")]),
        ("1209600", "-1", [("value", 5, "max_age")]),
        ("1209600", "12345678901", [("value", 5, "max_age")]),
        ("1209600", "1٢", [("value", 5, "max_age")]),
        ("1209600", "31557601", [("age", 5, "max_age")]),
        ("mx: mx1.a.test\nmx: *.b.test\n", "", [("missing", 0, "mx")]),
        ("mx1.a.test", "mx1.a.test.", [("pattern", 3, "mx")]),
        ("mx1.a.test", "198.18.0.1x_", [("pattern", 3, "mx")]),
        ("mx1.a.test", "mx.*.test", [("pattern", 3, "mx")]),
        ("mx1.a.test", "*", [("pattern", 3, "mx")]),
        ("mx1.a.test", "日本.test", [("pattern", 3, "mx")]),
        ("mx: mx1.a.test", "mx mx1.a.test", [("line", 3, "")]),
        ("mx: mx1.a.test", "mx : mx1.a.test", [("line", 3, "")]),
        ("mx: mx1.a.test", "# mx1", [("line", 3, "")]),
        ("mx: mx1.a.test", "mx:", [("line", 3, "")]),
        ("version", "\ufeffversion", [("line", 1, ""), ("missing", 0, "version")]),
        ("mode: enforce", "mode: enforce\nmode: none", [("repeated", 3, "mode")]),
        ("mode: enforce", "\nmode: enforce", [("blank", 2, "")]),
    ],
)
def test_problems(old, new, problems):
    """RFC 8461 §3.2."""
    policy = mta_sts.parse_policy(POLICY.replace(old, new).encode())
    assert [(p.code, p.line, p.name) for p in policy.problems] == problems
    assert policy.is_valid is (problems[0][0] in ("repeated", "blank"))


def test_mode_none_needs_no_mx():
    policy = mta_sts.parse_policy(b"version: STSv1\nmode: none\nmax_age: 0\n")
    assert policy.is_valid and policy.max_age == 0


@pytest.mark.parametrize(
    ("pattern", "host", "does"),
    [
        ("mail.example.com", "MAIL.example.com.", True),
        ("*.example.com", "mail.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", "a.b.example.com", False),
        ("example.com", "mail.example.com", False),
        ("mail.example.com", "mail.example.com.evil.test", False),
    ],
)
def test_matching(pattern, host, does):
    """RFC 8461 §4.1, with its own examples."""
    assert mta_sts.matches(pattern, host) is does
    assert mta_sts.pattern_of(host, ["x.test", pattern]) == (pattern if does else "")


def test_writing():
    id = mta_sts.id_of(datetime(2026, 11, 24, 1, 2, 3, tzinfo=UTC))
    text = mta_sts.record_text(id)
    assert text == "v=STSv1; id=20261124010203;" and mta_sts.parse_record(text).is_valid
    policy = mta_sts.policy_text("testing", ["mx1.a.test", "*.b.test"], 86400)
    assert mta_sts.parse_policy(policy.encode()).mx == ("mx1.a.test", "*.b.test")
    for bad in (("on", ["a.test"], 1), ("enforce", [], 1), ("enforce", ["a.test"], 40_000_000)):
        with pytest.raises(ValueError):
            mta_sts.policy_text(*bad)
    with pytest.raises(ValueError):
        mta_sts.record_text("no-id")


def test_parts_name_what_they_are():
    kinds = [(p.text, p.kind, p.error) for p in mta_sts.parts("v=STSv1; id=a-b; x=1") if p.kind]
    assert kinds == [
        ("v=STSv1", "mta-sts.v", ""),
        ("id=a-b", "mta-sts.id", "id"),
        ("x=1", "mta-sts.extension", ""),
    ]
    lines = [p.kind for p in mta_sts.policy_parts(POLICY) if p.kind]
    assert lines[0] == "mta-sts.version" and lines[-1] == "mta-sts.max_age"
    wrong = POLICY.replace("enforce", "on")
    problems = mta_sts.parse_policy(wrong.encode()).problems
    parts = mta_sts.policy_parts(wrong, problems)
    assert [(part.text, part.error) for part in parts if part.error] == [("mode: on", "value")]


pieces = st.text("v=STSv1id;:. \t\r\nmodexa_*é\0\"'<", max_size=300) | st.text(max_size=300)


@given(pieces | pieces.map("v=STSv1;".__add__))
def test_hostile_records(text):
    record = mta_sts.parse_record(text)
    assert len(record.errors) <= 64
    assert "".join(part.text for part in mta_sts.parts(text)) == text
    mta_sts.looks_like_record(text)


@given(pieces | st.lists(st.sampled_from(POLICY.splitlines()) | pieces).map("\n".join))
def test_hostile_policies(text):
    policy = mta_sts.parse_policy(text.encode("utf-8", "replace"))
    assert len(policy.problems) <= mta_sts.MAX_PROBLEMS and len(policy.mx) <= mta_sts.MAX_PATTERNS
    assert all(len(problem.text) <= mta_sts.MAX_SHOWN for problem in policy.problems)
    assert "".join(part.text for part in mta_sts.policy_parts(text)) == text


@given(st.binary(max_size=500))
def test_any_octets(octets):
    mta_sts.parse_policy(octets)
    text = txt.text_of([octets])
    assert "".join(part.text for part in mta_sts.parts(text)) == text


def test_large_input_is_bounded():
    policy = mta_sts.parse_policy(b"mx: a.test\n\nbad\n" * 20_000)
    assert len(policy.mx) == mta_sts.MAX_PATTERNS and len(policy.problems) == mta_sts.MAX_PROBLEMS
    assert len(mta_sts.parse_record("v=STSv1;" + ";" * 50_000).errors) <= 64
    assert len(mta_sts.policy_parts("a\n" * 50_000)) < 2000
