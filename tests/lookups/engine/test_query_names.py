"""What may be asked for: names as DNS allows them, and types but no meta types."""

from __future__ import annotations

import dns.name
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookups.engine.names import DomainError
from lookups.engine.query_name import parse_name
from lookups.engine.query_type import META, TypeRefused, parse_type


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("example.com", "example.com"),
        ("Example.COM.", "example.com"),
        ("_dmarc.example.com", "_dmarc.example.com"),
        ("com", "com"),
        (".", "."),
        ("*.example.com", "*.example.com"),
        ("0/25.2.0.192.in-addr.arpa", "0/25.2.0.192.in-addr.arpa"),
        ("https://www.example.com/path?q", "www.example.com"),
        ("alice@example.com", "example.com"),
        ("alice\\.smith.example.com", "alice\\.smith.example.com"),
        ("例え.jp", "xn--r8jz45g.jp"),
        ("_dmarc.例え。ｊｐ", "_dmarc.xn--r8jz45g.jp"),  # noqa: RUF001
        ("192.0.2.25", "25.2.0.192.in-addr.arpa"),
        ("[2001:db8::1]", "1." + "0." * 23 + "8.b.d.0.1.0.0.2.ip6.arpa"),
        ("::ffff:192.0.2.25", "25.2.0.192.in-addr.arpa"),
    ],
)
def test_names(typed, name):
    assert parse_name(typed).text == name


def test_an_address_is_kept_beside_its_reverse_name():
    assert str(parse_name("192.0.2.25").address) == "192.0.2.25"
    assert parse_name("example.com").address is None


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("a b.example", "space"),
        ("a..example", "empty-label"),
        (".example", "empty-label"),
        ("a" * 64 + ".example", "label-too-long"),
        ("あ" * 60 + ".example", "label-too-long"),
        (".".join(["a" * 60] * 5), "too-long"),
        ("\x00.example", "control"),
        ("a\\999.example", "characters"),
        ("x" * 3000, "too-long"),
    ],
)
def test_what_is_no_name(typed, code):
    with pytest.raises(DomainError) as refused:
        parse_name(typed)
    assert refused.value.code == code and code in DomainError.CODES


@given(st.text(max_size=80))
def test_any_text_is_a_name_that_can_be_sent_or_refused(text):
    try:
        found = parse_name(text)
    except DomainError as error:
        assert error.code in DomainError.CODES
        return
    assert found.name.is_absolute() and len(found.name.to_wire()) <= 255
    assert dns.name.from_text(found.text) == found.name
    assert found.text.isascii() and found.text.isprintable()


@pytest.mark.parametrize(
    ("typed", "type"),
    [
        ("mx", "MX"),
        (" TXT ", "TXT"),
        ("TYPE15", "MX"),
        ("65280", "TYPE65280"),
        ("type65280", "TYPE65280"),
        ("nsec3param", "NSEC3PARAM"),
        ("ANY", "ANY"),
        ("SPF", "SPF"),
    ],
)
def test_types(typed, type):
    assert parse_type(typed) == type


@pytest.mark.parametrize("typed", ["AXFR", "IXFR", "TSIG", "TKEY", "OPT", "MAILB", "TYPE0", "252"])
def test_meta_types_are_refused(typed):
    """RFC 6895 §3.1."""
    with pytest.raises(TypeRefused) as refused:
        parse_type(typed)
    assert refused.value.code == "meta"


@given(st.one_of(st.text(max_size=20), st.integers(-5, 70000).map("TYPE{}".format)))
def test_any_text_is_a_type_or_refused(text):
    try:
        found = parse_type(text)
    except TypeRefused:
        return
    assert parse_type(found) == found
    number = int(dns.rdatatype.from_text(found))
    assert 0 < number < 65536 and number not in META
