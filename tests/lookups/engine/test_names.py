"""What visitors type, reduced to a domain or refused with the right code."""

from __future__ import annotations

import idna
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lookups.engine.names import MAX_NAME, DomainError, parse_domain, to_unicode


@pytest.mark.parametrize(
    "typed",
    [
        "example.com",
        "EXAMPLE.com",
        "  example.com  ",
        "example.com.",
        "example .com",
        "example. com",
        "ｅｘａｍｐｌｅ．ｃｏｍ",  # noqa: RUF001
        "example。com",
        "example．com",  # noqa: RUF001
        "someone@example.com",
        "Some One <someone@example.com>",
        "mailto:someone@example.com",
        "https://example.com",
        "https://user:word@example.com:8443/path/?q=a.b#part",
        "http://example.com?x=1",
        "//example.com/path",
        "example.com/path",
        "example.com:25",
        '"a@b"@example.com',
    ],
)
def test_accepted(typed):
    assert parse_domain(typed).ascii == "example.com"


@pytest.mark.parametrize(
    ("typed", "ascii"),
    [
        ("日本語.jp", "xn--wgv71a119e.jp"),
        ("日本語。ＪＰ", "xn--wgv71a119e.jp"),  # noqa: RUF001
        ("XN--WGV71A119E.JP", "xn--wgv71a119e.jp"),
        ("user@日本語.jp", "xn--wgv71a119e.jp"),
        ("faß.de", "xn--fa-hia.de"),  # IDNA 2008 keeps the sharp s (RFC 5894 §7.2)
        ("Bücher.example", "xn--bcher-kva.example"),
    ],
)
def test_internationalized(typed, ascii):
    domain = parse_domain(typed)
    assert domain.ascii == ascii
    assert domain.unicode == idna.decode(ascii)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "empty"),
        ("   ", "empty"),
        (".", "empty"),
        ("someone@", "empty"),
        ("com", "single-label"),
        ("localhost.", "single-label"),
        ("a..com", "empty-label"),
        (".example.com", "empty-label"),
        ("a" * 64 + ".com", "label-too-long"),
        ("日" * 60 + ".jp", "label-too-long"),
        (".".join(["a" * 60] * 5), "too-long"),
        ("a" * 2001, "too-long"),
        ("192.0.2.1", "address"),
        ("192.0.2.1.", "address"),
        ("http://192.0.2.1/", "address"),
        ("2001:db8::1", "address"),
        ("[2001:db8::1]", "address"),
        ("a@[192.0.2.1]", "address"),
        ("a@[IPv6:2001:db8::1]", "address"),
        ("_dmarc.example.com", "underscore"),
        ("a_b.example.com", "underscore"),
        ("exa mple.com", "space"),
        ("one.example two.example", "space"),
        ("exam\x00ple.com", "control"),
        ("example\x1b[31m.com", "control"),
        ("exa$mple.com", "characters"),
        ("<script>.com", "characters"),
        ("-example.com", "characters"),
        ("example-.com", "characters"),
        ("xn--zzzzzzzz99999.com", "characters"),
        ("example.123", "characters"),
        ("a☕.com", "characters"),
    ],
)
def test_refused(typed, code):
    with pytest.raises(DomainError) as refused:
        parse_domain(typed)
    assert refused.value.code == code


def test_what_may_have_been_meant():
    with pytest.raises(DomainError) as refused:
        parse_domain("selector._domainkey.example.com")
    assert refused.value.suggestion == "example.com"
    with pytest.raises(DomainError) as refused:
        parse_domain("[2001:DB8:0:0::1]")
    assert refused.value.address == "2001:db8::1"


@example("a" * 63 + "." + "b" * 63 + "." + "c" * 63 + "." + "d" * 61)
@given(st.text(max_size=300) | st.from_regex(r"[a-zäß日.@:/_\[\]-]{1,80}", fullmatch=True))
def test_any_text_is_a_domain_or_refused(text):
    try:
        domain = parse_domain(text)
    except DomainError as error:
        assert error.code in DomainError.CODES
        return
    assert 0 < len(domain.ascii) <= MAX_NAME and domain.ascii.isascii()
    assert all(0 < len(label) <= 63 for label in domain.ascii.split("."))
    assert parse_domain(domain.ascii) == domain
    assert parse_domain(domain.unicode) == domain


@given(st.text(max_size=100))
def test_to_unicode_never_raises(text):
    assert isinstance(to_unicode("xn--" + text), str)
