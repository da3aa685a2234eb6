"""Records taken apart: which finding or sentence stands at which column."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from learn.anatomy_examples import BROKEN, SOUND
from lookups import catalog
from lookups.engine.anatomy import KINDS, read
from tests.lookups.engine.records.test_recognise import texts

LANGUAGES = ("en", "ja")


def marks(text: str, kind: str = "") -> list[tuple[int, str]]:
    (found,) = read(text, kind)
    return [(m.line or m.column, m.finding.id if m.finding else m.note) for m in found.marks]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("v=spf1 mx -all", []),
        ("v=spf1 ip4:192.0.2.256 -all", [(8, "spf-address-invalid")]),
        ("v=spf mx a:b/99 -all", [(1, "spf-version-misspelt"), (10, "spf-prefix-invalid")]),
        ("v=spf1 mx ptr +all", [(11, "spf-ptr"), (15, "spf-all-pass")]),
        ("v=spf1 mx", [(0, "spf-no-default")]),
        ("v=spf1 -all mx", [(13, "spf-term-after-all")]),
        ("v=DMARC1; p=rejct", [(11, "dmarc-policy-invalid")]),
        ("v=DMARC1; p=none; pct=20", [(19, "dmarc-pct-partial")]),
        ("v=DMARC1; p=none; ri=60", [(19, "dmarc-removed-tags")]),
        ("p=none", [(1, "dmarc-version-invalid")]),
        ("v=DKIM1; p=", [(10, "dkim-revoked")]),
        ("v=DKIM1; p=AB*D", [(14, "dkim-base64")]),
        ("s1._domainkey.a.test. TXT hello", [(1, "dkim-not-a-key")]),
        ("v=BIMI1; l=http://a.test/l.svg", [(12, "bimi-not-https")]),
        ("v=BIMI1; a=", [(11, "bimi-location-missing")]),
        ("v=STSv1; id=a-b", [(13, "mta-sts-id-invalid")]),
        ("v=STSv1;", [(8, "mta-sts-id-missing")]),
        ("v=STS1; id=1", [(1, "mta-sts-record-version")]),
        ("v=TLSRPTv1; rua=mailto:a@b.test,ftp://c.test", [(33, "tls-rpt-scheme")]),
        ("v=TLSRPTv1; rua=mailto:a b", [(17, "tls-rpt-uri")]),
        ("v=TLSRPTv1;", [(11, "tls-rpt-rua-missing")]),
        (
            "version: STSv1\nmode: off\nmx: a.test\nmax_age: 60",
            [(2, "mta-sts-policy-value"), (4, "mta-sts-max-age-short")],
        ),
        ("version: STSv1\nmode: none", [(0, "mta-sts-policy-field-missing")]),
        ("10 192.0.2.1", [(4, "mx-host-is-address")]),
        ("10 a_b.test.", [(5, "mx-host-name-invalid")]),
        ("10 .", [(1, "mx-null-preference"), (4, "mx-null")]),
        ("a.test. IN MX 10 mx.a.test", [(12, "problem.name-relative")]),
        ("a.test. IN MX", [(1, "mx.fields")]),
        ("5.2.0.192.in-addr.arpa. PTR a_b.test.", [(2, "reverse-name-invalid")]),
        ("www CNAME https://a.test", [(1, "problem.name-url")]),
        ("submission.a.test. SRV 0 1 587 mx.test.", [(0, "problem.srv-owner")]),
        ("0 isue \"a.test\"", [(3, "problem.caa-unknown")]),
        ("300.0.0.1", [(1, "problem.ipv4")]),
        ("ns.test. a@b.test. 1 86400 7200 3600000 3600", [(10, "delegation-soa-at-sign")]),
        ("ns.test. a.test. 1 86400 7200 3600000 604800", [(39, "delegation-soa-negative")]),
        ("1 1 1 " + "ab" * 32, [(1, "dane-usage-pkix")]),
        ("3 1 1 " + "ab" * 20, [(7, "dane-record-invalid")]),
        ("_25._tcp.a.test. TLSA 3 7 1 " + "ab" * 32, [(3, "dane-record-invalid")]),
        ("_25._tcp.a.test. TLSA 3 1 1 xyz", [(7, "problem.hex")]),
        ("3 0 1 " + "ab" * 32, [(3, "dane-certificate-bound")]),
        ("5 7 1 " + "AB" * 20, [(3, "dnssec-algorithm-retired"), (5, "dnssec-digest-sha1")]),
        ("256 3 8 AwEAAbqk", [(9, "dnssec-key-short")]),
        ("_dmarc IN TXT v=DMARC1; p=none", [(9, "problem.semicolon")]),
    ],
)  # fmt: skip
def test_marks(text, expected):
    assert marks(text) == expected


def test_columns_of_findings_are_those_of_the_marks():
    """Also where the version had to be guessed, which moves everything behind it."""
    (found,) = read("v=spf mx ip4:1.2.3 -all")
    place = next(m for m in found.marks if m.finding and m.finding.id == "spf-address-invalid")
    assert place.finding.parameters["column"] == place.column == 10


@pytest.mark.parametrize(("kind", "text"), [pair for _, group in SOUND for pair in group])
def test_sound_examples_are_sound(kind, text):
    (found,) = read(text)
    assert found.record.kind == kind and found.marks == ()
    assert not any(part.error for part in found.parts)


def test_an_example_of_every_kind():
    assert {kind for _, group in SOUND for kind, _ in group} == set(KINDS)


@pytest.mark.parametrize(("kind", "text"), BROKEN)
def test_broken_examples_are_broken(kind, text):
    (found,) = read(text)
    assert found.record.kind == kind and found.marks


# Kinds of parts that need no words, since what stands before them says it.
WORDLESS = {"", "dkim.key"}


@given(texts, st.sampled_from(["", *KINDS]))
def test_any_text(text, kind):
    """Nothing raises, the parts are the record, marks lie in it, and everything has its words."""
    for found in read(text, kind):
        value = found.record.value
        assert "".join(part.text for part in found.parts) == value
        assert {p.kind for p in found.parts if not has_words(p.kind)} <= WORDLESS
        for mark in found.marks:
            assert 0 <= mark.column <= len(value) + 1 and mark.line <= value.count("\n") + 1
            assert bool(mark.finding) != bool(mark.note)
            if mark.finding:
                for language in LANGUAGES:
                    assert catalog.sentences(mark.finding.id, mark.finding.parameters, language)
            else:
                assert has_words(mark.note), mark.note


def has_words(kind: str) -> bool:
    return all(catalog.part_note(kind, language) for language in LANGUAGES)


def test_sentences_without_a_finding_are_whole():
    """Each in both languages, and each reference an RFC."""
    for kind, notes in catalog._parts().items():
        assert notes["en"] and notes["ja"] and notes["en"] != notes["ja"], kind
        if reference := catalog.part_reference(kind):
            assert catalog.rfc_link(reference)
    assert catalog.part_reference("problem.ipv4") == "RFC 1035 §3.4.1"
    assert catalog.part_reference("no.such") == ""
