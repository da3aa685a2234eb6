"""SPF records: the grammar of RFC 7208 §12, mistakes and what was meant, and writing records."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookups.engine.records import spf
from lookups.engine.records.spf import Mechanism, Modifier, SPFError, TermError
from lookups.engine.records.spf_macros import (
    Macro,
    MacroError,
    parse_domain_spec,
    parse_macro_string,
)


def problems(text: str) -> list[tuple[str, int, str]]:
    return [(p.code, p.column, p.suggestion) for p in spf.audit(text).problems]


# --- §4.5: which texts are records ------------------------------------------------------------
@pytest.mark.parametrize("text", ["v=spf1", "v=spf1 -all", "V=SPF1 -all", "v=spf1  mx"])
def test_is_a_record(text):
    assert spf.is_spf(text) and spf.meant_version(text) == ""


@pytest.mark.parametrize("text", ["v=spf10", "v=spf1-all", " v=spf1", "v=spf2", "spf2.0/pra -all"])
def test_is_none(text):
    assert not spf.is_spf(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("v=spf mx -all", "v=spf1 mx -all"),
        ("spf1 mx -all", "v=spf1 mx -all"),
        ("v=spf1; mx -all", "v=spf1 mx -all"),
        ("v=spf1;mx", "v=spf1 mx"),
        ('"v=spf1 mx -all"', "v=spf1 mx -all"),
        (" v=spf1 mx", "v=spf1 mx"),
        ("v=spf1mx -all", "v=spf1 mx -all"),
        ("v=spf1-all", "v=spf1 -all"),
        ("v=spfl -all", "v=spf1 -all"),
        ("v=sfp1 a -all", "v=spf1 a -all"),
        ("v:spf1 mx", "v=spf1 mx"),
        ("v = spf1 mx", "v=spf1 mx"),
        ("v=spf", "v=spf1"),
        ("v=spf10", ""),
        ("v=spf2 -all", ""),
        ("spf2.0/pra -all", ""),
        ("v=DMARC1; p=none", ""),
        ("spf is all we need", ""),
        ("google-site-verification=spf1", ""),
        ("", ""),
    ],
)
def test_a_misspelt_version(text, meant):
    assert spf.meant_version(text) == meant


# --- §4.6.1, §5, §6: terms ----------------------------------------------------------------------
def test_terms_with_all_that_belongs_to_them():
    text = "v=spf1 +a -mx:mail.test/24//64 ~ip4:192.0.2.0/24 ?ip6:2001:db8::/32 exists:%{i}.a.test"
    a, mx, ip4, ip6, exists = spf.parse(text).terms
    assert isinstance(a, Mechanism) and (a.name, a.result, a.domain) == ("a", "pass", None)
    assert (mx.qualifier, mx.domain.text, mx.cidr4, mx.cidr6) == ("-", "mail.test", 24, 64)
    assert ip4.network == ipaddress.ip_network("192.0.2.0/24") and ip4.result == "softfail"
    assert ip6.network == ipaddress.ip_network("2001:db8::/32") and ip6.result == "neutral"
    assert exists.domain.pieces == (Macro("i"), ".a.test") and exists.domain.literal is None
    assert [term.column for term in (a, mx, ip4, ip6, exists)] == [8, 11, 32, 50, 69]
    assert all(text[t.column - 1 :].startswith(t.text) for t in spf.parse(text).terms)


def test_names_are_read_whatever_their_case():
    include, redirect = spf.parse("v=spf1 InClUdE:A.test ReDirect=b.test").terms
    assert include.name == "include" and redirect.name == "redirect"


def test_modifiers_and_what_takes_effect():
    record = spf.parse("v=spf1 redirect=a.test x.y-z_1=%{d}/: mx -all exp=b.test a")
    assert [t.name for t in record.terms if isinstance(t, Modifier)] == [
        "redirect",
        "x.y-z_1",
        "exp",
    ]
    assert [m.name for m in record.effective] == ["mx", "all"]  # §5.1
    assert record.redirect is None  # §6.1
    assert spf.parse("v=spf1 redirect=a.test mx").redirect.value.text == "a.test"


@pytest.mark.parametrize(
    ("term", "code", "offset"),
    [
        ("moo", "unknown", 0),
        ("-moo:a.test", "unknown", 1),
        ("redirect:a.test", "unknown", 0),
        ("=all", "unknown", 0),
        ("1up=foo", "unknown", 0),
        ("-redirect=a.test", "unknown", 1),
        ("all.", "unknown", 0),
        ("all:a.test", "argument", 3),
        ("all/8", "argument", 3),
        ("ptr/24", "argument", 3),
        ("ip4/24", "argument", 3),
        ("include", "missing", 7),
        ("include:", "missing", 8),
        ("exists:", "missing", 7),
        ("a:", "missing", 2),
        ("ip4", "missing", 3),
        ("ip4:", "missing", 4),
        ("redirect=", "missing", 9),
        ("include:a.test/24", "domain", 8),
        ("a:museum", "domain", 2),
        ("a:museum.", "domain", 2),
        ("a:192.0.2.1", "domain", 2),
        ("a:a.-test", "domain", 2),
        ("exp=-all", "domain", 4),
        ("a/24/64", "prefix", 4),
        ("a/33", "prefix", 1),
        ("a//129", "prefix", 1),
        ("mx/032", "prefix", 2),
        ("ip4:192.0.2.1/33", "prefix", 13),
        ("ip4:192.0.2.0/024", "prefix", 13),
        ("ip4:192.0.2.1//32", "prefix", 13),
        ("ip4:192.0.2", "address", 4),
        ("ip4:192.0.2.01", "address", 4),
        ("ip4:192.0.2.1:25", "address", 4),
        ("ip4:2001:db8::1", "address", 4),
        ("ip6:192.0.2.1", "address", 4),
        ("ip6:fe80::1%eth0", "address", 4),
        ("exists:%", "macro", 7),
        ("exists:a.%(i).test", "macro", 9),
        ("exists:%{x}.test", "macro", 7),
        ("exists:%{c}.test", "macro", 7),
        ("exists:%{d0}.test", "macro", 7),
        ("a:b.test\x07", "character", 8),
        ("–all", "character", 0),
    ],
)
def test_terms_that_are_none(term, code, offset):
    with pytest.raises(TermError) as caught:
        spf.parse_term(term)
    assert (caught.value.code, caught.value.offset) == (code, offset)
    with pytest.raises(SPFError):  # §4.6: anywhere in the record
        spf.parse(f"v=spf1 -all {term}")


@pytest.mark.parametrize(
    "term",
    ["a:foo:bar/baz.a.test", "a:a.xn--zckzah", "a:%{d}", "a:a.test.", "include:%%", "all", "a//0"],
)
def test_terms_that_look_odd_but_are_right(term):
    assert spf.parse_term(term)


@pytest.mark.parametrize("name", ["redirect", "exp"])
def test_known_modifiers_stand_once(name):
    text = f"v=spf1 {name}=a.test {name}=b.test"
    with pytest.raises(SPFError) as caught:
        spf.parse(text)
    assert caught.value.problem.code == "repeated"
    assert [code for code, _, _ in problems(text)] == ["repeated"]
    assert spf.parse("v=spf1 x=1 x=2")


# --- §7: macro-strings ---------------------------------------------------------------------------
def test_macros():
    spec = parse_macro_string("%{D2r.-}a%%b%_c%-")
    assert spec.pieces == (Macro("d", 2, True, ".-", True), "a%b c%20")
    assert parse_macro_string("%{i}").letters == {"i"}
    assert parse_domain_spec("%{d999999999999999999999999}").macros[0].parts == 128
    assert parse_macro_string("a b %{c}", explanation=True).letters == {"c"}
    with pytest.raises(MacroError):
        parse_macro_string("a b")


# --- mistakes -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ("ipv4:192.0.2.1", [("unknown", 8, "ip4:192.0.2.1")]),
        ("ip:192.0.2.0/24", [("unknown", 8, "ip4:192.0.2.0/24")]),
        ("ipv6:2001:db8::/32", [("unknown", 8, "ip6:2001:db8::/32")]),
        (
            "192.0.2.1 2001:db8::1",
            [("unknown", 8, "ip4:192.0.2.1"), ("unknown", 18, "ip6:2001:db8::1")],
        ),
        ("ip4:2001:db8::1", [("address", 8, "ip6:2001:db8::1")]),
        ("ip6:192.0.2.1", [("address", 8, "ip4:192.0.2.1")]),
        ("ip4:192.0.2", [("address", 8, "ip4:192.0.2.0/24")]),
        ("ip4:192.0.2.*", [("address", 8, "ip4:192.0.2.0/24")]),
        ("ip4:192.0.2.1:25", [("address", 8, "ip4:192.0.2.1")]),
        ("ip4:192.0.2.0/255.255.255.0", [("prefix", 8, "ip4:192.0.2.0/24")]),
        ("ip4:192.0.2.0/024", [("prefix", 8, "ip4:192.0.2.0/24")]),
        ("ip4:192.0.2.1/33", [("prefix", 8, "")]),
        ("ip4:mail.test.test", [("address", 8, "a:mail.test.test")]),
        (
            "a:192.0.2.1 mx:2001:db8::1",
            [("domain", 8, "ip4:192.0.2.1"), ("domain", 20, "ip6:2001:db8::1")],
        ),
        ("include:192.0.2.0/24", [("domain", 8, "ip4:192.0.2.0/24")]),
        ("ip4:192.0.2.1ip4:192.0.2.2", [("joined", 8, "ip4:192.0.2.1 ip4:192.0.2.2")]),
        ("include:a.testinclude:b.test", [("joined", 8, "include:a.test include:b.test")]),
        ("include:a.test-all", [("joined", 8, "include:a.test -all")]),
        ("mx~all", [("joined", 8, "mx ~all")]),
        ("ip4:192.0.2.1,192.0.2.2", [("joined", 8, "ip4:192.0.2.1 ip4:192.0.2.2")]),
        ("+mx,+a,-all", [("joined", 8, "+mx +a -all")]),
        ("mx\t-all", [("joined", 8, "mx -all")]),
        ("ip4:192.0.2.1; -all", [("address", 8, "ip4:192.0.2.1")]),
        ('"include:a.test"', [("unknown", 8, "include:a.test")]),
        ("include=a.test", [("equals", 8, "include:a.test")]),
        ("ip4=192.0.2.1", [("equals", 8, "ip4:192.0.2.1")]),
        ("all=", [("equals", 8, "all")]),
        ("redirect:a.test", [("unknown", 8, "redirect=a.test")]),
        ("-redirect=a.test", [("unknown", 8, "redirect=a.test")]),
        ("exp:a.test", [("unknown", 8, "exp=a.test")]),
        ("inlcude:a.test", [("unknown", 8, "include:a.test")]),
        ("include:https://a.test/", [("domain", 8, "include:a.test")]),
        ("include: a.test", [("missing", 8, "include:a.test")]),
        ("ip4: 192.0.2.1", [("missing", 8, "ip4:192.0.2.1")]),
        ("~ all", [("missing", 8, "~all")]),
        ("-al", [("unknown", 8, "-all")]),
        ("--all", [("unknown", 8, "-all")]),
        ("-all.", [("unknown", 8, "-all")]),
        ("–all", [("character", 8, "-all")]),
        ("ptr/24", [("argument", 8, "ptr")]),
        ("mx/24/64", [("prefix", 8, "mx/24//64")]),
        ("exists:%(i).a.test", [("macro", 15, "exists:%{i}.a.test")]),
        ("aaaa:mail.a.test", [("unknown", 8, "a:mail.a.test")]),
        ("moo", [("unknown", 8, "")]),
        ("a:foo", [("domain", 8, "")]),
        ("a:a..test", [("label", 8, "")]),
        (f"a:{'x' * 64}.test", [("label", 8, "")]),
        ("mx v=spf1 a", [("version", 11, "")]),
        ("include:_spf.a.test. a/24//64 foo=bar ?all", []),
    ],
)
def test_mistakes_and_what_was_meant(terms, expected):
    assert problems(f"v=spf1 {terms}") == expected


def test_every_mistake_is_found():
    text = "v=spf1 ipv4:192.0.2.1 moo include a:foo -all"
    assert [code for code, _, _ in problems(text)] == ["unknown", "unknown", "missing", "domain"]


def test_a_mended_record():
    record = spf.audit("v=spf1 mx,ip4:192.0.2.1 include=a.test v=spf1 -all")
    assert spf.build(spf.mended(record)) == "v=spf1 mx ip4:192.0.2.1 include:a.test -all"
    assert spf.mended(spf.audit("v=spf1 moo -all")) is None


# --- parts, and writing --------------------------------------------------------------------------
def test_parts():
    found = spf.parts("v=spf1 -ip4:192.0.2.1 moo  ~all")
    assert [(p.text, p.kind, p.error) for p in found] == [
        ("v=spf1", "spf.version", ""),
        (" ", "", ""),
        ("-", "spf.fail", ""),
        ("ip4:192.0.2.1", "spf.ip4", ""),
        (" ", "", ""),
        ("moo", "spf.unknown", "unknown"),
        ("  ", "", ""),
        ("~all", "spf.all-softfail", ""),
    ]


def test_build_puts_all_last_and_leaves_out_what_it_makes_pointless():
    terms = [
        Mechanism("all", "-"),
        Mechanism("mx"),
        Mechanism("all", "~"),
        Modifier("redirect", spf.domain_spec("a.test")),
        Modifier("exp", spf.domain_spec("b.test")),
        Mechanism("ip4", network=ipaddress.ip_network("192.0.2.0/24")),
        Mechanism("ip6", "?", network=ipaddress.ip_network("2001:db8::1/128")),
        Mechanism("a", domain=spf.domain_spec("c.test"), cidr4=24, cidr6=64),
        Mechanism("mx"),
    ]
    assert (
        spf.build(terms)
        == "v=spf1 mx ip4:192.0.2.0/24 ?ip6:2001:db8::1 a:c.test/24//64 -all exp=b.test"
    )
    assert spf.build([]) == "v=spf1"


# --- whatever DNS holds ---------------------------------------------------------------------
words = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            "ip4:",
            "192.0.2.1",
            "include:",
            "a.test",
            "%{",
            "%{d2r}",
            "-all",
            "all",
            "redirect=",
            "/",
            ",",
        ]
        + [
            "mx",
            "a",
            "ptr",
            "exp=",
            "::",
            "255.255",
            "~",
            "=",
            ":",
            '"',
            "–",
            "\x00",
            "ip6:2001:db8::/",
        ]
    ),
)
texts = st.lists(st.one_of(words, st.just(" ")), max_size=30).map("".join)


@given(texts)
def test_any_text_is_audited_as_strictly_as_it_is_parsed(rest):
    text = f"v=spf1 {rest}"
    record = spf.audit(text)
    try:
        strict = spf.parse(text)
    except SPFError:
        assert not record.is_valid
    else:
        assert record.is_valid and strict.terms == record.terms
    assert len(record.problems) <= spf.MAX_PROBLEMS
    for problem in record.problems:
        assert 8 <= problem.column <= len(text) and len(problem.text) <= 200
        assert not problem.suggestion or spf.parse(f"v=spf1 {problem.suggestion}")
    assert "".join(part.text for part in spf.parts(text, record.problems)) == text
    mended = spf.mended(record)
    if mended is not None:
        assert spf.audit(spf.build(mended)).is_valid


@given(st.text(max_size=300))
def test_any_text_may_be_asked_whether_it_was_meant(text):
    meant = spf.meant_version(text)
    assert not meant or spf.is_spf(meant)
    assert "".join(part.text for part in spf.parts(text)) == text


@given(texts)
def test_what_is_built_reads_the_same(rest):
    record = spf.audit(f"v=spf1 {rest}")
    written = spf.build(record.terms)
    assert spf.build(spf.audit(written).terms) == written
    once = {t.name for t in record.terms if isinstance(t, Modifier) and t.is_known}
    twice = [t for t in record.terms if isinstance(t, Modifier) and t.name in once]
    if len(twice) == len(once):
        assert spf.parse(written)
