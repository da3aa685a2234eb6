"""Keys for DKIM: pairs that belong together, and public keys in every form."""

from __future__ import annotations

import base64
from datetime import date

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from hypothesis import given
from hypothesis import strategies as st

from lookups.engine.records import dkim, dkim_keys
from lookups.engine.records.dkim import KeyFormatError

PAIRS = {algorithm: dkim_keys.make_pair(algorithm) for algorithm in ("rsa-2048", "ed25519")}
RSA = rsa.generate_private_key(65537, 1024).public_key()
PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER
SPKI = serialization.PublicFormat.SubjectPublicKeyInfo
PKCS1 = serialization.PublicFormat.PKCS1


def verify(private_pem: str, record: str) -> None:
    """Raises unless what the private key signs is verified with the key in `record`."""
    private = serialization.load_pem_private_key(private_pem.encode(), None)
    found = dkim.parse(record)
    assert found.is_usable and found.key, found.problems
    if isinstance(private, ed25519.Ed25519PrivateKey):
        public = ed25519.Ed25519PublicKey.from_public_bytes(found.key.octets)
        public.verify(private.sign(b"letter"), b"letter")
        return
    known = serialization.load_der_public_key(found.key.octets)
    signed = private.sign(b"letter", padding.PKCS1v15(), hashes.SHA256())
    known.verify(signed, b"letter", padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize("algorithm", PAIRS)
def test_a_pair_belongs_together(algorithm):
    pair = PAIRS[algorithm]
    assert pair.private_pem.startswith("-----BEGIN PRIVATE KEY-----\n")
    verify(pair.private_pem, dkim.make(pair.public))
    assert dkim_keys.read_public(pair.public).octets == base64.b64decode(pair.public)


def test_the_longest_key_that_all_verifiers_take():
    pair = dkim_keys.make_pair("rsa-4096")
    assert dkim.parse(dkim.make(pair.public)).key.bits == 4096


@pytest.mark.parametrize("algorithm", PAIRS)
def test_a_key_is_new_each_time(algorithm):
    assert dkim_keys.make_pair(algorithm).public != PAIRS[algorithm].public


@pytest.mark.parametrize(
    "text",
    [
        RSA.public_bytes(PEM, SPKI).decode(),
        RSA.public_bytes(PEM, PKCS1).decode(),
        base64.b64encode(RSA.public_bytes(DER, SPKI)).decode(),
        base64.b64encode(RSA.public_bytes(DER, PKCS1)).decode().rstrip("="),
        "v=DKIM1; k=rsa; p=" + base64.b64encode(RSA.public_bytes(DER, SPKI)).decode(),
        's1._domainkey IN TXT ( "v=DKIM1; k=rsa; p=" "'
        + base64.b64encode(RSA.public_bytes(DER, SPKI)).decode()
        + '" )',
    ],
    ids=["pem", "pem-rsa", "base64", "base64-rsa", "record", "zone"],
)
def test_a_public_key_in_every_form(text):
    """A bare RSAPublicKey is wrapped: that is what verifiers expect in p=."""
    found = dkim_keys.read_public(text)
    assert (found.algorithm, found.bits) == ("rsa", 1024)
    assert found.octets == RSA.public_bytes(DER, SPKI)


def test_ed25519_with_and_without_its_wrapping():
    private = ed25519.Ed25519PrivateKey.generate()
    raw = private.public_key().public_bytes(serialization.Encoding.Raw, SPKI.Raw)
    for text in (
        base64.b64encode(raw).decode(),
        private.public_key().public_bytes(PEM, SPKI).decode(),
        f"k=ed25519; p={base64.b64encode(raw).decode()}",
    ):
        found = dkim_keys.read_public(text)
        assert (found.algorithm, found.octets) == ("ed25519", raw)  # RFC 8463 §4.2


@pytest.mark.parametrize("algorithm", PAIRS)
def test_private_keys_are_told_apart(algorithm):
    pem = PAIRS[algorithm].private_pem
    bare = "".join(pem.splitlines()[1:-1])
    secret = base64.b64encode(bytes(range(64))).decode()
    for text in (pem, bare, pem.replace("\n", " "), f"v=DKIM1; p={bare}", secret):
        with pytest.raises(KeyFormatError) as error:
            dkim_keys.read_public(text)
        assert error.value.code == "private"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "none"),
        ("v=DKIM1; p=", "none"),
        ("not base64!", "base64"),
        ("aGVsbG8=", "unreadable"),
        (PAIRS["rsa-2048"].public[:200], "cut"),
    ],
)
def test_what_is_no_key(text, code):
    with pytest.raises(KeyFormatError) as error:
        dkim_keys.read_public(text)
    assert error.value.code == code


def test_notes_cannot_end_their_tag():
    """RFC 6376 §3.6.1: n= is quoted-printable."""
    text = dkim.make(PAIRS["ed25519"].public, ("s",), ("sha256",), "key; for = 例")
    assert text.startswith("v=DKIM1; k=ed25519; h=sha256; t=s; n=key=3B for =3D =E4=BE=8B; p=")
    found = dkim.parse(text)
    assert found.problems == [] and found.hashes == ("sha256",) and found.is_strict


def test_selectors_tell_the_month():
    assert dkim_keys.default_selector(date(2026, 11, 24)) == "s202611"


@given(st.text(max_size=300) | st.binary(max_size=300).map(lambda o: base64.b64encode(o).decode()))
def test_any_text_is_read_or_refused(text):
    try:
        found = dkim_keys.read_public(text)
    except KeyFormatError:
        return
    assert dkim.parse(dkim.make(base64.b64encode(found.octets).decode())).key == found


@given(st.text(max_size=200))
def test_any_notes_are_sound(notes):
    text = dkim.make(PAIRS["ed25519"].public, notes=notes)
    assert dkim.parse(text).problems == [] and text.isascii()
