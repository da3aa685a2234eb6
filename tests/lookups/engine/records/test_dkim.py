"""Key records of DKIM as RFC 6376 §3.6.1 writes them, and what becomes of them on their way."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import example, given
from hypothesis import strategies as st

from lookups.engine.records import dkim
from lookups.engine.records.der import DerError, rsa_key
from lookups.engine.records.dkim_selectors import (
    COMMON,
    MAX_SELECTORS,
    OTHERS,
    SelectorError,
    read_selector,
    read_selectors,
)

RSA = rsa.generate_private_key(65537, 2048)
ED25519 = ed25519.Ed25519PrivateKey.generate().public_key()
SPKI = RSA.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
PKCS1 = RSA.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
KEY = base64.b64encode(SPKI).decode()
TEXT = f"v=DKIM1; k=rsa; p={KEY}"


def codes(text: str) -> list[str]:
    return [problem.code for problem in dkim.parse(text).problems]


def test_the_usual_record():
    record = dkim.parse(TEXT)
    assert record.is_usable and not record.problems and not record.revoked
    assert record.key == dkim.PublicKey("rsa", 2048, SPKI)
    assert (record.hashes, record.services, record.flags) == (None, ("*",), ())


def test_every_tag():
    record = dkim.parse(f"v=DKIM1; h=sha1 : sha256; k=rsa; n=a note; s=email; t=y:s; x=1; p={KEY};")
    assert record.hashes == ("sha1", "sha256") and record.services == ("email",)
    assert record.is_testing and record.is_strict and record.notes == "a note"
    assert record.is_usable


@pytest.mark.parametrize("octets", [SPKI, PKCS1])
def test_both_forms_of_rsa_keys(octets):
    key = rsa_key(octets)
    numbers = RSA.public_key().public_numbers()
    assert (key.modulus, key.exponent, key.bits) == (numbers.n, numbers.e, 2048)
    assert key.wrapped == (octets == SPKI)


def test_white_space_in_the_key_is_allowed():
    """RFC 6376 §3.2 and §3.6.1: FWS between the characters of base64string."""
    assert dkim.parse(f"v=DKIM1;p={KEY[:100]} \t{KEY[100:]}\r\n ").is_usable
    assert dkim.parse(f" p = {KEY} ").is_usable


def test_ed25519():
    """RFC 8463 §4.2: the bare key; the ASN.1 around it is one of the usual faults."""
    raw = ED25519.public_bytes(Encoding.Raw, PublicFormat.Raw)
    wrapped = ED25519.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    text = "v=DKIM1; k=ed25519; p="
    assert dkim.parse(text + base64.b64encode(raw).decode()).key == dkim.PublicKey(
        "ed25519", 256, raw
    )
    record = dkim.parse(text + base64.b64encode(wrapped).decode())
    assert [p.code for p in record.problems] == ["wrapped"]
    assert record.mended == text + base64.b64encode(raw).decode()
    assert codes(text + base64.b64encode(raw[:31]).decode()) == ["unreadable"]


def test_revoked():
    for text in ("v=DKIM1; p=", "p= ;", "v=DKIM1; k=rsa; p=\t"):
        record = dkim.parse(text)
        assert record.revoked and record.key is None and not record.problems


@pytest.mark.parametrize(
    ("text", "code", "column"),
    [
        (f"k=rsa; v=DKIM1; p={KEY}", "version-place", 8),  # §3.6.1: the first tag
        (f"v=dkim1; p={KEY}", "version", 1),
        (f"v=DKIM1 ; k=rsa; k=rsa; p={KEY}", "duplicate", 18),  # §3.2
        (f"v=DKIM1; k rsa; p={KEY}", "syntax", 10),
        (f"v=DKIM1;; p={KEY}", "syntax", 9),
        ("v=DKIM1; k=rsa", "no-key", 14),
        (f"v=DKIM1; k=RSA; p={KEY}", "key-type", 10),
        (f"v=DKIM1; h=sha1; p={KEY}", "hash", 10),  # RFC 8301 §3.1
        (f"v=DKIM1; s=tlsrpt; p={KEY}", "service", 10),
        (f"v=DKIM1; p={KEY[:9]}~{KEY[10:]}", "base64", 21),
        (f"v=DKIM1; p={KEY[:8]}=={KEY[8:]}", "base64", 20),
        (f"v=DKIM1\\; p={KEY}", "backslash", 8),
        (f'"v=DKIM1; p={KEY}"', "quote", 1),
        (f"v=DKIM1; p={KEY[:200]}", "cut", 12),
        (f"v=DKIM1; p={KEY[:201]}", "cut", 12),
        ("v=DKIM1; p=" + base64.b64encode(b"no key").decode(), "unreadable", 12),
        ("v=DKIM1; p=" + base64.b64encode(SPKI + b"x").decode(), "unreadable", 12),
    ],
)
def test_mistakes_and_their_place(text, code, column):
    [problem] = dkim.parse(text).problems
    assert (problem.code, problem.column) == (code, column)
    assert not dkim.parse(text).is_usable
    assert any(part.error == code for part in dkim.parts(text)) or code == "no-key"


def test_a_cut_key_tells_how_much_is_missing():
    [problem] = dkim.parse(TEXT[:255]).problems
    assert problem.code == "cut" and problem.need == len(SPKI) and 150 < problem.have < 190


@pytest.mark.parametrize("form", [PrivateFormat.TraditionalOpenSSL, PrivateFormat.PKCS8])
def test_private_keys_are_recognised(form):
    octets = RSA.private_bytes(Encoding.DER, form, NoEncryption())
    assert codes("v=DKIM1; p=" + base64.b64encode(octets).decode()) == ["private"]
    with pytest.raises(DerError, match="private"):
        rsa_key(octets)


def test_missing_padding():
    key = rsa.generate_private_key(65537, 2056).public_key()
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    text = "v=DKIM1; k=rsa; p=" + base64.b64encode(der).decode()
    assert text.endswith("=") and codes(text) == []
    assert codes(text.rstrip("=")) == ["padding"] and dkim.parse(text.rstrip("=")).mended == text


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("; ", "\\; "),
        f'"{TEXT[:200]}" "{TEXT[200:]}"',
        "v=DKIM1; k=rsa; p="
        + RSA.public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        .decode()
        .replace("\n", " "),
        f"k=rsa; p={KEY}; v=DKIM1",
        f"v=DKIM2; k=rsa; p={KEY}",
        f"v=DKIM1; h=sha1; k=rsa; p={KEY}",
    ],
)
def test_faulty_records_are_mended(text):
    """What the generator makes the parser accepts without complaint."""
    assert codes(text) and dkim.parse(text).mended == TEXT
    assert codes(TEXT) == [] and dkim.parse(TEXT).mended == ""


def test_flags_stay_when_a_record_is_mended():
    assert dkim.parse(f"k=rsa; t=s; v=DKIM1; p={KEY}").mended == f"v=DKIM1; k=rsa; t=s; p={KEY}"
    assert dkim.parse(f"v=DKIM1; s=tlsrpt; p={KEY}").mended == ""


def test_records_are_made_of_keys():
    pem = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    assert dkim.make(pem) == dkim.make(KEY) == TEXT
    assert dkim.make(pem, flags=("s",)) == f"v=DKIM1; k=rsa; t=s; p={KEY}"
    ed = ED25519.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    raw = base64.b64encode(ED25519.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
    assert dkim.make(ed) == dkim.make(raw) == f"v=DKIM1; k=ed25519; p={raw}"
    private = RSA.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    for given_key, code in [(private, "private"), ("!", "base64"), (KEY[:80], "cut")]:
        with pytest.raises(dkim.KeyFormatError, match=code):
            dkim.make(given_key)


@pytest.mark.parametrize(
    ("text", "is_key"),
    [
        (TEXT, True),
        ("p=", True),
        ("v=DKIM1;", True),
        ("k=rsa; p=abc", True),
        ('"v=DKIM1\\; k=rsa', True),
        ("v=spf1 mx -all", False),
        ("v=spf1 p=1", False),
        ("o=~; r=postmaster@example.com", False),
        ("", False),
        ("v=DMARC1; p=none", False),
    ],
)
def test_what_is_meant_as_a_key(text, is_key):
    assert dkim.looks_like_key(text) is is_key


pieces = st.sampled_from(
    ["v=DKIM1", "p=", ";", " ", "k=rsa", "k=ed25519", "t=y:s", "h=sha1", "=", '"', "\\", ":"]
    + ["-----BEGIN PUBLIC KEY-----", KEY, KEY[:60], "MAA=", "MIIB", "\0", "ä", "n=x"]
)


@given(st.text(max_size=300) | st.lists(pieces, max_size=30).map("".join))
@example("p=" + "A" * 9000)
@example(";a=" * 3000)
@example("-----BEGIN " * 900)
def test_parsing_never_raises_and_is_bounded(text):
    record = dkim.parse(text)
    assert len(record.problems) <= dkim.MAX_PROBLEMS + 1
    assert all(len(problem.text) <= dkim.MAX_EXCERPT for problem in record.problems)
    assert all(1 <= problem.column <= len(text) + 1 for problem in record.problems)
    parts = dkim.parts(text)
    assert "".join(part.text for part in parts) == record.text == text[:8192]
    assert record.is_usable == (record.key is not None and not record.problems)
    dkim.looks_like_key(text)
    if record.mended:
        assert dkim.parse(record.mended).is_usable


@given(st.binary(max_size=400) | st.binary(max_size=80).map(lambda b: b"\x30\x82\x01\x0a" + b))
def test_der_raises_nothing_but_its_own_error(octets):
    try:
        assert rsa_key(octets).bits > 1
    except DerError as error:
        assert error.code in ("cut", "private", "unreadable")


def test_well_known_selectors_are_spelled_as_selectors_are():
    assert 50 <= len(COMMON | OTHERS) <= 60 and not set(COMMON) & set(OTHERS)
    for selector in COMMON | OTHERS:
        assert read_selector(selector) == selector


def test_selectors_as_people_write_them():
    names = ["S1", "mail2026._domainkey.example.com.", " a.b ", "s1"]
    assert read_selectors(names) == ("s1", "mail2026", "a.b")
    for text in ("", "-a", "a..b", "a b", "ü", "a" * 64, "<script>", "a/../b", "a;b"):
        with pytest.raises(SelectorError):
            read_selector(text)
    with pytest.raises(SelectorError, match="too-many"):
        read_selectors([f"s{number}" for number in range(MAX_SELECTORS + 1)])


@given(st.text(max_size=200))
def test_selectors_never_raise_anything_else(text):
    try:
        assert len(read_selector(text)) <= 100
    except SelectorError as error:
        assert len(error.selector) <= 200
