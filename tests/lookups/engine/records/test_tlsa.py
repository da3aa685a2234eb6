"""TLSA and DS records: reading, writing, and holding them against certificates (RFC 6698)."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import dns.dnssec
import dns.name
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from lookups.engine.records import ds as ds_record
from lookups.engine.records import tlsa
from lookups.engine.records.tlsa import Tlsa, TlsaError, fits, for_certificate, of_wire, parse

SHA256 = "ab" * 32


def certificate(key=None) -> tuple[bytes, bytes]:
    """A certificate and its SubjectPublicKeyInfo, both DER."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mx.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    info = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return made.public_bytes(Encoding.DER), info


LEAF, LEAF_KEY = certificate()
ISSUER, ISSUER_KEY = certificate(rsa.generate_private_key(65537, 2048))


def test_parse():
    record = parse(f"3 1 1 {SHA256[:20]} {SHA256[20:].upper()}")
    assert record == Tlsa(3, 1, 1, bytes.fromhex(SHA256)) and record.problem == ""
    assert record.text == f"3 1 1 {SHA256}" and record.parameters == "3 1 1"
    assert parse(record.text) == record


@pytest.mark.parametrize(
    ("text", "code", "column"),
    [
        ("", "fields", 1),
        ("3 1 1", "fields", 6),
        ("3 x 1 ab", "number", 3),
        ("256 1 1 ab", "number", 1),
        ("3 1 -1 ab", "number", 5),
        ("3 1 1 zz", "data", 7),
        ("3 1 1 abc", "data", 10),
        ("3 1 1 ab q", "data", 10),
        ("3 1 1 " + "ab" * 20000, "fields", tlsa.MAX_TEXT + 1),
    ],
)
def test_mistakes(text, code, column):
    with pytest.raises(TlsaError) as caught:
        parse(text)
    assert (caught.value.code, caught.value.column) == (code, column)


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        (Tlsa(3, 1, 1, b"x" * 32), ""),
        (Tlsa(2, 0, 2, b"x" * 64), ""),
        (Tlsa(3, 1, 0, b"x"), ""),
        (Tlsa(0, 1, 1, b"x" * 32), "usage"),  # RFC 7672 §3.1.3
        (Tlsa(1, 0, 1, b"x" * 32), "usage"),
        (Tlsa(4, 1, 1, b"x" * 32), "parameters"),
        (Tlsa(3, 2, 1, b"x" * 32), "parameters"),
        (Tlsa(3, 1, 3, b"x" * 32), "parameters"),
        (Tlsa(3, 1, 1, b"x" * 20), "length"),
        (Tlsa(3, 1, 2, b"x" * 32), "length"),
        (Tlsa(3, 0, 0, b""), "length"),
    ],
)
def test_problems(record, problem):
    assert record.problem == problem


def test_the_key_is_found_in_the_certificate():
    assert tlsa.public_key_info(LEAF) == LEAF_KEY
    assert tlsa.public_key_info(ISSUER) == ISSUER_KEY


@pytest.mark.parametrize("usage", [2, 3])
@pytest.mark.parametrize("selector", [0, 1])
@pytest.mark.parametrize("matching", [0, 1, 2])
def test_made_for_a_certificate(usage, selector, matching):
    """RFC 7671 §5: DANE-EE fits the leaf alone, DANE-TA what it came with alone."""
    subject, other = (LEAF, ISSUER) if usage == 3 else (ISSUER, LEAF)
    record = for_certificate(subject, usage, selector, matching)
    assert record.problem == "" and parse(record.text) == record
    assert fits(record, [LEAF, ISSUER])
    assert not fits(for_certificate(other, usage, selector, matching), [LEAF, ISSUER])
    assert not fits(record, [])


def test_the_recommended_form():
    assert for_certificate(LEAF).text == f"3 1 1 {hashlib.sha256(LEAF_KEY).hexdigest()}"
    assert tlsa.owner("mx.example.com") == "_25._tcp.mx.example.com"


def test_wire():
    assert of_wire(b"\x03\x01\x01" + b"x" * 20) == Tlsa(3, 1, 1, b"x" * 20)
    assert of_wire(b"\x03\x01") is None


@given(st.text(max_size=200) | st.from_regex(r"[0-9 ]{0,12}[0-9a-f ]{0,40}", fullmatch=True))
def test_whatever_is_read(text):
    parts = tlsa.parts(text)
    assert "".join(part.text for part in parts) == text
    assert "".join(part.text for part in ds_record.parts(text)) == text
    try:
        record = parse(text)
    except TlsaError as error:
        assert 1 <= error.column <= len(text) + 1
    else:
        assert parse(record.text) == record


@given(st.binary(max_size=400))
def test_certificates_of_any_octets(octets):
    assert tlsa.public_key_info(octets) in octets
    record = for_certificate(octets)
    assert record is None or fits(record, [octets])


@given(st.integers(0, len(LEAF) - 1), st.integers(0, 255))
def test_a_certificate_with_one_octet_changed(position, octet):
    changed = LEAF[:position] + bytes([octet]) + LEAF[position + 1 :]
    tlsa.public_key_info(changed)
    tlsa.public_key_info(LEAF[:position])


def test_ds_of_a_key():
    """RFC 4034 §5.4 in kind: what dnspython makes of the same key."""
    key = dns.dnssec.make_dnskey(ec.derive_private_key(7, ec.SECP256R1()).public_key(), 13, 257)
    owner = dns.name.from_text("Example.com.")
    text = ds_record.for_key(owner, key)
    expected = dns.dnssec.make_ds(owner, key, "SHA256")
    assert text == ds_record.text_of(expected)
    assert [p.kind for p in ds_record.parts(text) if p.kind] == list(ds_record.KINDS)
