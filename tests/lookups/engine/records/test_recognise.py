"""Which record a text is, in whatever spelling it comes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookups.engine.records.recognise import (
    KINDS,
    MAX_RECORDS,
    TYPES,
    kind_of_value,
    recognise,
)

HEX = "ab" * 32
KEY = "A" * 88


def only(text: str, kind: str = ""):
    found = recognise(text, kind)
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("v=spf1 mx -all", "spf"),
        ("spf1 a mx -all", "spf"),
        ("v=DMARC1; p=none", "dmarc"),
        ("p=reject", "dmarc"),
        ("v=DKIM1; k=rsa; p=MIIB", "dkim"),
        ("k=rsa; p=MIIB", "dkim"),
        ("v=BIMI1; l=https://a.test/l.svg", "bimi"),
        ("v=STSv1; id=1;", "mta-sts"),
        ("v=TLSRPTv1; rua=mailto:a@b.test", "tls-rpt"),
        ("version: STSv1\nmode: none", "policy"),
        ("mode: enforce\nmx: a.test", "policy"),
        ("10 mx1.example.com.", "mx"),
        ("0 .", "mx"),
        ("192.0.2.25", "a"),
        ("300.0.2.25", "a"),
        ("2001:db8::25", "aaaa"),
        ("::1", "aaaa"),
        ("ns1.example.com.", "ns"),
        ("www.example.com.", "cname"),
        ("0 1 587 mail.example.com.", "srv"),
        ('0 issue "ca.example.net"', "caa"),
        ("128 issuewild ;", "caa"),
        ('0 other "x"', "caa"),
        ("ns1.example.com. admin.example.com. 1 1d 2h 4w 1h", "soa"),
        (f"3 1 1 {HEX}", "tlsa"),
        (f"12345 13 2 {HEX}", "ds"),
        (f"257 3 13 {KEY}", "dnskey"),
        ("google-site-verification=abc", "txt"),
        ("hello world", "txt"),
    ],
)
def test_bare_values(text, kind):
    found = only(text)
    assert (found.kind, found.value, found.guessed) == (kind, text, True)


@pytest.mark.parametrize(
    "text",
    [
        '"v=spf1 mx -all"',
        '"v=spf1 " "mx -all"',
        "example.com. 3600 IN TXT v=spf1 mx -all",
        'example.com.\t3600\tIN\tTXT\t"v=spf1 mx -all"',
        'example.com. IN 3600 TXT ( "v=spf1 "\n   "mx -all" ) ; a comment',
        '@ TXT "v=spf1 mx -all"',
        "TXT @ v=spf1 mx -all 3600",
        'TXT\t@\t"v=spf1 mx -all"\tAuto',
        'example.com descriptive text "v=spf1 mx -all"',
        'example.com\ttext = "v=spf1 mx -all"',
        "Type: TXT\nName: example.com\nValue: v=spf1 mx -all\nTTL: 3600",
        "種別:TXT\n名前:@\n値:v=spf1 mx -all",
        "v=spf1\r\nmx\r\n-all",
        "\ufeffv=spf1 mx -all\n\n",
        ';; ANSWER SECTION:\nexample.com. 60 IN TXT "v=spf1 mx -all"\n\n;; Query time: 1 msec',
    ],
)
def test_one_record_in_many_spellings(text):
    found = only(text)
    assert (found.kind, found.value) == ("spf", "v=spf1 mx -all")


def test_what_a_line_says_beside_the_value():
    found = only('_dmarc.example.com. 2h IN TXT "v=DMARC1; p=none"')
    assert (found.name, found.ttl, found.type) == ("_dmarc.example.com.", 7200, "TXT")
    assert found.zone and found.kind == "dmarc"


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("example.com mail is handled by 10 mx.test.", "mx", "10 mx.test."),
        ("example.com mail exchanger = 10 mx.test.", "mx", "10 mx.test."),
        ("mx.test has address 192.0.2.1", "a", "192.0.2.1"),
        ("mx.test has IPv6 address 2001:db8::1", "aaaa", "2001:db8::1"),
        ("1.2.0.192.in-addr.arpa domain name pointer mx.test.", "ptr", "mx.test."),
        ("1.2.0.192.in-addr.arpa\tname = mx.test.", "ptr", "mx.test."),
        ("www.test is an alias for web.test.", "cname", "web.test."),
        ("example.com\tnameserver = ns1.test.", "ns", "ns1.test."),
        ("MX 10 mail.example.com", "mx", "10 mail.example.com"),
        ("example.com IN MX", "mx", ""),
        ("example.com. IN MX 10 mx.test. ; the first", "mx", "10 mx.test."),
        (f"_25._tcp.mx.test. TLSA 3 1 1 ( {HEX[:32]}\n {HEX[32:]} )", "tlsa",
         f"3 1 1 {HEX[:32]} {HEX[32:]}"),
        ("a.test. 60 IN SOA ns.test. h.test. (\n 1 ; serial\n 2 ;x\n 3 4 5 )", "soa",
         "ns.test. h.test. 1 2 3 4 5"),
        ('a.test. CAA 0 issue ";"', "caa", '0 issue ";"'),
        ("_dmarc TXT anything", "dmarc", "anything"),
        ("s1._domainkey.a.test. TXT anything", "dkim", "anything"),
        ("default._bimi TXT anything", "bimi", "anything"),
        ("_mta-sts TXT anything", "mta-sts", "anything"),
        ("_smtp._tls TXT anything", "tls-rpt", "anything"),
        ("a.test TXT anything", "txt", "anything"),
    ],
)  # fmt: skip
def test_lines(text, kind, value):
    found = only(text)
    assert (found.kind, found.value) == (kind, value)


def test_several_records():
    text = 'a.test. 60 IN MX 10 b.test.\na.test. 60 IN MX 20 c.test.\n"v=spf1 -all"\n"other=1"'
    assert [(r.kind, r.value) for r in recognise(text)] == [
        ("mx", "10 b.test."), ("mx", "20 c.test."), ("spf", "v=spf1 -all"), ("txt", "other=1"),
    ]  # fmt: skip
    assert len(recognise("10 a.test.\n" * 99)) == MAX_RECORDS


def test_a_key_that_was_wrapped():
    assert only("v=DKIM1; p=AAAA\n  BBBB").value == "v=DKIM1; p=AAAA BBBB"
    assert only('"v=DKIM1; p=AAAA"\n"BBBB"').value == "v=DKIM1; p=AAAABBBB"


def test_nothing():
    assert recognise("") == recognise(" \n\t") == recognise("; a comment\n$TTL 60") == ()


@pytest.mark.parametrize(
    ("text", "slips"),
    [
        ('"v=spf1 -all', {("quote-open", 1)}),
        ('"v=spf1 " -all', {("quote-after", 8)}),
        (f'"{"a" * 256}"', {("string-long", 1)}),
        (f'"{"a" * 255}" "b"', set()),
        ("_dmarc IN TXT v=DMARC1; p=none", {("semicolon", 9)}),
        (r"_dmarc IN TXT v=DMARC1\; p=none", set()),
        ("_dmarc TXT v=DMARC1; p=none", set()),
    ],
)
def test_slips_around_the_value(text, slips):
    assert {(slip.code, slip.column) for slip in only(text).slips} == slips


def test_escapes_of_zone_files():
    assert only(r'"a \"b\" \\ \065\;"').value == 'a "b" \\ A;'
    assert only(r"v=DMARC1\; p=none").value == r"v=DMARC1\; p=none", "a form keeps them"


def test_whoever_knows_better_is_believed():
    assert only("192.0.2.1", "aaaa").kind == "aaaa"
    assert only("mx -all", "spf").kind == "spf"
    assert only("example.com. TXT x", "mx").value == "x"
    assert only("anything\nat all", "policy").value == "anything\nat all"


def test_every_kind_has_a_type():
    assert set(KINDS) == set(TYPES) and {"spf", "mx", "dnskey", "policy"} <= set(KINDS)


pieces = st.sampled_from(
    ["v=spf1 ", "v=DKIM1; p=", '"', "(", ")", ";", "\n", "IN ", "TXT ", "MX ", "3600 ", "@ ", "10 ",
     "a.test. ", "\\", "\t", "name: ", " has address ", "SOA ", "1 ", "::", "version: STSv1", "é"]
)  # fmt: skip
texts = st.text(max_size=200) | st.lists(pieces, max_size=40).map("".join)


@given(texts, st.sampled_from(["", *KINDS]))
def test_never_raises(text, kind):
    for found in recognise(text, kind):
        assert found.kind in KINDS and len(found.value) <= 8192
        assert not kind or found.kind == kind


@given(texts)
def test_values_have_some_kind(text):
    assert kind_of_value(text) in KINDS


@pytest.mark.parametrize("unit", ['"', "(", "a ", " ", "1 ", "a.", "\\", "a:", "x\n", '" ', "(\n"])
def test_long_texts_are_bounded(unit):
    """Nothing in it takes time that grows with the square of the text."""
    assert len(recognise(unit * 20_000)) <= MAX_RECORDS
