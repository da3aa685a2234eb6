"""Records in fields: MX, SRV, CAA, addresses, names, DS, DNSKEY, SOA. Problems have columns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookups.engine.addresses import Scope
from lookups.engine.records import address, caa, dnskey, ds, mx, soa, srv, targets, txt_other

KEY = "3hl2f9JAeQ74n3ZXoy3T1+tcuNR47OYsvUYpv1UheVwyySdh33mKcKY7MZOlpJOHWaA+XN6CDOfuEafQ/wR+Qg=="
DIGEST = "9F82B79DBE4F2ECF00C18D30B0D6BD9E17036B8F75360E1B3957922B5CA64835"


def seen(problems) -> list[tuple[str, int]]:
    return [(problem.code, problem.column) for problem in problems]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10 mx1.example.com.", []),
        ("0 .", []),
        ("70000 mx.test.", [("number16", 1)]),
        ("ten mx.test.", [("number16", 1)]),
        ("10 mx.test. more", [("fields", 13)]),
        ("10", [("fields", 2)]),
        ("", [("fields", 1)]),
        ("mx.test.", [("mx-preference", 1)]),
        ("10 192.0.2.1", [("name-address", 4)]),
        ("10 mail_1.test.", [("name-underscore", 8)]),
        ("10 -a.test.", [("name-hyphen", 4)]),
        ("10 a-.test.", [("name-hyphen", 5)]),
        ("10 a..test.", [("label-empty", 6)]),
        ("10 bücher.test.", [("name-unicode", 5)]),
        (f"10 {'a' * 64}.test.", [("label-long", 4)]),
        (f"10 {'a.' * 130}test.", [("name-long", 4)]),
        ("10 https://mx.test/", [("name-url", 4)]),
    ],
)
def test_mx(text, expected):
    """RFC 1035 §3.3.9, §2.3.4; RFC 1123 §2.1; RFC 7505."""
    assert seen(mx.parse(text).problems) == expected
    assert mx.parse("0 .").is_null


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 1 587 mail.test.", []),
        ("0 0 0 .", []),
        ("0 1 mail.test.", [("fields", 14), ("number16", 5)]),
        ("0 1 99999 mail.test.", [("number16", 5)]),
        ("0 1 587 198.18.0.1", [("name-address", 9)]),
    ],
)
def test_srv(text, expected):
    """RFC 2782."""
    assert seen(srv.parse(text).problems) == expected
    assert srv.is_owner("_imaps._tcp.example.com.") and not srv.is_owner("imaps.example.com")


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ('0 issue "ca.example.net"', "ca.example.net", []),
        ("0 issue ca.example.net", "ca.example.net", []),
        ('128 issuewild ";"', ";", []),
        ('0 issue ""', "", []),
        ('0 issuemail "ca.example.net; accounturi=https://ca.example.net/1"', None, []),
        ('0 issuevmc "ca.example.net"', "ca.example.net", []),
        ('0 iodef "mailto:a@example.com"', None, []),
        ('0 iodef "https://example.com/iodef"', None, []),
        ('0 contactemail "a@example.com"', None, []),
        ('1 issue "ca.example.net"', None, [("caa-flags", 1)]),
        ('256 issue "ca.example.net"', None, [("number8", 1)]),
        ('0 is-sue "ca.example.net"', None, [("caa-tag", 3)]),
        ('0 isue "ca.example.net"', None, [("caa-unknown", 3)]),
        ("0 issue ca.example.net; a=b", None, [("caa-quotes", 9)]),
        ('0 issue "ca.example.net', None, [("quote-open", 9)]),
        ('0 issue "ca.example.net" x', None, [("fields", 26)]),
        ('0 issue "https://ca.example.net"', None, [("caa-issuer", 10)]),
        ('0 issue "Example CA"', None, [("caa-issuer", 17)]),
        ('0 issue "ca.example.net; a"', None, [("caa-parameter", 26)]),
        ('0 iodef "a@example.com"', None, [("caa-iodef", 10)]),
        ('0 contactemail "mailto:a"', None, [("caa-contactemail", 17)]),
        ("0 issue", None, [("fields", 7)]),
        ("0", None, [("fields", 1)]),
    ],
)
def test_caa(text, value, expected):
    """RFC 8659 §4.1, §4.2, §4.4; RFC 9495."""
    found = caa.parse(text)
    assert seen(found.problems) == expected
    assert value is None or found.value == value


def test_caa_parts():
    kinds = [part.kind for part in caa.parts('128 issue "; accounturi=x"') if part.kind]
    assert kinds == ["caa.flags-critical", "caa.issue", "caa.nobody", "caa.accounturi"]
    assert caa.parts('0 issue ""')[-1].kind == "caa.nobody"
    assert caa.parse("128 Issue x").tag == "issue", "tags are compared without case"


@pytest.mark.parametrize(
    ("family", "text", "code"),
    [
        (4, "192.0.2.1", ""),
        (6, "2001:db8::1", ""),
        (4, "192.0.2.256", "ipv4"),
        (4, "192.0.2", "ipv4"),
        (4, "192.0.02.1", "address-zero"),
        (4, "192.0.2.1:25", "address-port"),
        (4, "192.0.2.0/24", "address-network"),
        (4, "2001:db8::1", "address-ipv6"),
        (4, "[192.0.2.1]", "address-brackets"),
        (6, "192.0.2.1", "address-ipv4"),
        (6, "[2001:db8::1]", "address-brackets"),
        (6, "2001:db8:::1", "ipv6"),
        (6, "fe80::1%eth0", "ipv6"),
        (4, "192.0.2.1 192.0.2.2", "fields"),
        (4, "", "fields"),
    ],
)
def test_addresses(family, text, code):
    """RFC 1035 §3.4.1, RFC 3596 §2.2."""
    found = [problem.code for problem in address.parse(text, family).problems]
    assert found == ([code] if code else [])


def test_scopes_of_addresses():
    assert address.parse("10.0.0.1", 4).scope is Scope.PRIVATE
    assert address.parts("10.0.0.1", 4)[0].kind == "address.ipv4-private"
    assert address.parts("9.9.9.9", 4)[0].kind == "address.ipv4"
    assert address.parse("x", 4).scope is None


def test_names():
    assert targets.parse("_dmarc.other.test.", "cname").problems == ()
    assert seen(targets.parse("_dmarc.other.test.", "ns").problems) == [("name-underscore", 1)]
    assert targets.parse(".", "cname").problems == ()
    assert seen(targets.parse(".", "ptr").problems) == [("name-root", 1)]
    assert targets.parse(r"first\.last.test.", "cname").problems == ()
    assert seen(targets.parse("a.test. b", "ns").problems) == [("fields", 9)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"44642 13 2 {DIGEST}", []),
        (f"44642 ECDSAP256SHA256 2 {DIGEST[:30]} {DIGEST[30:]}", []),
        (f"70000 13 2 {DIGEST}", [("number16", 1)]),
        (f"44642 x 2 {DIGEST}", [("number8", 7)]),
        (f"44642 13 1 {DIGEST}", [("digest-length", 12)]),
        (f"44642 13 2 {DIGEST[:-1]}", [("digest-length", 12)]),
        ("44642 13 2 AB0G", [("hex", 15)]),
        ("44642 13", [("fields", 8)]),
    ],
)
def test_ds(text, expected):
    """RFC 4034 §5.3."""
    assert seen(ds.parse(text).problems) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"257 3 13 {KEY}", []),
        (f"257 3 13 {KEY[:40]} {KEY[40:]}", []),
        (f"1 3 13 {KEY}", [("dnskey-flags", 1)]),
        (f"257 2 13 {KEY}", [("dnskey-protocol", 5)]),
        (f"257 3 15 {KEY}", [("dnskey-size", 10)]),
        ("257 3 13 AB*D", [("base64", 12)]),
        ("257 3 13 ABC", [("base64-cut", 12)]),
        ("257 3 13", [("fields", 8)]),
    ],
)
def test_dnskey(text, expected):
    """RFC 4034 §2, RFC 6605 §4."""
    assert seen(dnskey.parse(text).problems) == expected


def test_what_a_dnskey_is():
    found = dnskey.parse(f"257 3 13 {KEY}")
    assert (found.role, found.tag, found.short_bits) == ("entry", 44642, 0)
    assert dnskey.parse(f"256 3 13 {KEY}").role == "zone"
    assert dnskey.parse(f"385 3 13 {KEY}").role == "revoked"
    assert dnskey.parse("256 3 8 AwEAAbqk").short_bits == 16


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ns.test. h.test. 1 86400 7200 3600000 3600", []),
        ("ns.test. h.test. 1 1d 2h 4w 1h", []),
        ("ns.test. h.test. x 86400 7200 3600000 3600", [("number32", 18)]),
        ("ns.test. h.test. 1 86400 7200 3600000", [("fields", 37)]),
        ("ns.test. h..test. 1 86400 7200 3600000 3600", [("label-empty", 12)]),
    ],
)
def test_soa(text, expected):
    """RFC 1035 §3.3.13."""
    found, problems = soa.read(text)
    assert seen(problems) == expected and (found is None) == bool(expected)


def test_other_texts():
    kinds = [part.kind for part in txt_other.parts("google-site-verification=abc")]
    assert kinds == ["txt.proof-name", "", "txt.proof-value"]
    assert txt_other.parts("hello there")[0].kind == "txt.text"


everything = [
    mx.parts,
    srv.parts,
    caa.parts,
    ds.parts,
    dnskey.parts,
    txt_other.parts,
    soa.parts,
    lambda text: address.parts(text, 4),
    lambda text: address.parts(text, 6),
    *((lambda text, type=type: targets.parts(text, type)) for type in ("ns", "cname", "ptr")),
]
letters = st.text(st.sampled_from('0123456789abf. ":;=\\_-/+é\t\n\0'), max_size=60)


@given(letters | st.text(max_size=60))
def test_parts_cover_any_text_and_nothing_raises(text):
    for parts in everything:
        assert "".join(part.text for part in parts(text)) == text
    assert soa.read(text)


@pytest.mark.parametrize("unit", ["1 ", '"', " ", "a.", "\\", "AA", "é", ";"])
def test_long_texts_are_bounded(unit):
    for parts in everything:
        assert parts(unit * 10_000)
