"""Certificates of mail servers: names by RFC 9525 §6.3, chains by RFC 5280 §6."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import Store
from hypothesis import given
from hypothesis import strategies as st

from lookups.engine.smtp.certificates import facts, is_for, parse, trust_error

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOST = "mx.example"


@pytest.mark.parametrize(
    ("host", "names", "expected"),
    [
        ("mx.example.com", ("mx.example.com",), True),
        ("MX.Example.com.", ("mx.example.COM",), True),
        ("mx.example.com", ("example.com", "www.example.com"), False),
        ("mx.example.com", ("*.example.com",), True),
        ("a.mx.example.com", ("*.example.com",), False),  # "*" is one label
        ("example.com", ("*.example.com",), False),
        ("mx.com", ("*.com",), False),  # too wide to mean anybody
        ("mx1.example.com", ("mx*.example.com",), False),  # "*" is the whole label
        ("mx.example.com", ("*.*.com",), False),
        ("mx.example.com", (), False),
    ],
)
def test_names(host, names, expected):
    assert is_for(host, names) is expected


def named(name):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def make(name, key, issuer, issuer_key, *, ca=False, names=(HOST,), days=(-10, 80), usage=None):
    builder = x509.CertificateBuilder(named(issuer), named(name), key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(NOW + timedelta(days=days[0]))
    builder = builder.not_valid_after(NOW + timedelta(days=days[1]))
    builder = builder.add_extension(x509.BasicConstraints(ca, None), ca)
    ski, aki = x509.SubjectKeyIdentifier, x509.AuthorityKeyIdentifier
    builder = builder.add_extension(ski.from_public_key(key.public_key()), False)
    issuer_public = issuer_key.public_key()
    builder = builder.add_extension(aki.from_issuer_public_key(issuer_public), False)
    if ca:
        flags = dict.fromkeys(
            ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False
        )
        flags |= {"encipher_only": False, "decipher_only": False, "digital_signature": False}
        usages = x509.KeyUsage(key_cert_sign=True, crl_sign=True, **flags)
        builder = builder.add_extension(usages, True)
    elif names:
        alternatives = x509.SubjectAlternativeName([x509.DNSName(n) for n in names])
        builder = builder.add_extension(alternatives, False)
    if usage:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), False)
    return builder.sign(issuer_key, hashes.SHA256())


class Authorities:
    """A root, an intermediate authority, and a server."""

    def __init__(self) -> None:
        self.keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(3)]
        root, middle, _ = self.keys
        years = (-1000, 1000)
        self.root = make("root", root, "root", root, ca=True, days=years)
        self.middle = make("middle", middle, "root", root, ca=True, days=years)
        self.store = Store([self.root])

    def chain(self, *, middle=True, **options):
        leaf = make(HOST, self.keys[2], "middle", self.keys[1], **options)
        sent = [leaf, self.middle] if middle else [leaf]
        return tuple(certificate.public_bytes(Encoding.DER) for certificate in sent)


@pytest.fixture(scope="module")
def authorities():
    return Authorities()


def test_a_chain_to_the_root(authorities):
    assert trust_error(authorities.chain(), authorities.store, NOW) == ""
    found = facts(authorities.chain()[0])
    assert found.names == (HOST,) and found.issuer == "middle" and not found.self_signed
    assert found.key == "ECDSA secp256r1" and not found.weak


def test_the_intermediate_is_missing(authorities):
    assert trust_error(authorities.chain(middle=False), authorities.store, NOW)


def test_another_root(authorities):
    assert trust_error(authorities.chain(), Authorities().store, NOW)


def test_an_expired_certificate_is_trusted_as_on_its_last_day(authorities):
    """Its date is one finding; that nobody vouches for it would be another."""
    chain = authorities.chain(days=(-90, -3))
    assert trust_error(chain, authorities.store, NOW) == ""
    assert facts(chain[0]).not_after < NOW


def test_without_names_or_for_clients_only(authorities):
    assert trust_error(authorities.chain(names=()), authorities.store, NOW)
    client = authorities.chain(usage=ExtendedKeyUsageOID.CLIENT_AUTH)
    assert trust_error(client, authorities.store, NOW)
    server = authorities.chain(usage=ExtendedKeyUsageOID.SERVER_AUTH)
    assert trust_error(server, authorities.store, NOW) == ""


def test_a_wildcard_certificate_is_trusted(authorities):
    chain = authorities.chain(names=("*.mail.example",))
    assert trust_error(chain, authorities.store, NOW) == ""


@pytest.mark.parametrize(
    ("days", "expiring"),
    [((-76, 13), True), ((-60, 30), False), ((-3, 3), False), ((-5, 1), True), ((-90, -1), False)],
)
def test_expiring(authorities, days, expiring):
    """Two weeks before the end; certificates of a week only when little of that is left."""
    assert facts(authorities.chain(days=days)[0]).expiring(NOW) is expiring


@given(st.binary(max_size=400))
def test_any_octets_are_no_certificate(octets):
    assert parse(octets) is None and facts(octets) is None
    assert trust_error((octets,), Store([EXAMPLE.root]), NOW)


EXAMPLE = Authorities()
LEAF = EXAMPLE.chain()[0]


@given(st.integers(0, len(LEAF) - 1), st.integers(1, 255))
def test_a_certificate_with_a_flipped_octet(position, flip):
    """It may still be read, but nobody vouches for it, and nothing is raised."""
    changed = bytearray(LEAF)
    changed[position] ^= flip
    found = facts(bytes(changed))
    assert found is None or len(found.issuer) <= 300
    trust_error((bytes(changed), EXAMPLE.chain()[1]), EXAMPLE.store, NOW)
