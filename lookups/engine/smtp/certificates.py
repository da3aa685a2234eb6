"""Certificates of mail servers: what stands in them, and whether a sender that looks would trust.

The handshake itself accepts any certificate, so that a bad one can be shown. It is judged here:
for whom it is (RFC 9525 §6.3), whether it is valid today, and whether an authority of this
machine vouches for it (RFC 5280 §6).
"""

from __future__ import annotations

import ssl
import warnings
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from .dialogue import clean

MAX_NAMES = 50  # of one certificate that are looked at
MAX_CHAIN = 10  # certificates of one server
MIN_RSA_BITS = 2048  # NIST SP 800-131A; the CA/Browser Forum requires it
MIN_EC_BITS = 224
EXPIRING = timedelta(days=14)

Certificate = x509.Certificate
# What cryptography raises on certificates that are none, or hold what it does not know.
_BROKEN = (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension, OverflowError)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a certificate says. `key` reads like "RSA 2048"; times are UTC."""

    names: tuple[str, ...]
    subject: str
    issuer: str
    not_before: datetime
    not_after: datetime
    key: str
    weak: bool
    self_signed: bool

    def expiring(self, now: datetime) -> bool:
        """Soon, and late for its lifetime: certificates that live for a week are renewed daily."""
        left, lifetime = self.not_after - now, self.not_after - self.not_before
        return timedelta(0) <= left < min(EXPIRING, lifetime / 3)


def parse(der: bytes) -> Certificate | None:
    """The certificate in `der`; None where it is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # serial numbers of old roots
            return x509.load_der_x509_certificate(der)
    except _BROKEN:
        return None


def facts(der: bytes) -> Facts | None:
    """What stands in the certificate; None where it cannot be read."""
    certificate = parse(der)
    if certificate is None:
        return None
    try:
        key, weak = _key(certificate)
        return Facts(
            names=_names(certificate),
            subject=clean(certificate.subject.rfc4514_string()),
            issuer=_issuer(certificate),
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
            key=key,
            weak=weak,
            self_signed=_is_self_signed(certificate),
        )
    except _BROKEN:
        return None


def is_for(host: str, names: tuple[str, ...]) -> bool:
    """Whether one of `names` means `host`; "*" stands for its first label (RFC 9525 §6.3)."""
    host = host.lower().rstrip(".")
    _, _, parent = host.partition(".")
    for name in names:
        name = name.lower().rstrip(".")
        if name == host or (parent and name == f"*.{parent}" and "." in parent):
            return True
    return False


def trust_error(chain: tuple[bytes, ...], authorities: Store, now: datetime) -> str:
    """Why no authority vouches for the first of `chain`; empty where one does.

    Its own validity is another matter: an expired certificate is judged by its last day.
    """
    return _trust_error(chain[:MAX_CHAIN], authorities, int(now.timestamp()) // 3600)


@lru_cache(maxsize=256)
def _trust_error(chain: tuple[bytes, ...], authorities: Store, hour: int) -> str:
    parsed = [certificate for der in chain if (certificate := parse(der))]
    if not parsed or len(parsed) != len(chain):
        return "unreadable certificate"
    leaf = parsed[0]
    try:
        first, last = leaf.not_valid_before_utc, leaf.not_valid_after_utc
        moment = min(max(datetime.fromtimestamp(hour * 3600, UTC), first), last)
        return _verify(leaf, parsed[1:], authorities, moment)
    except _BROKEN as error:
        return clean(str(error))


def _verify(leaf: Certificate, others: list[Certificate], store: Store, moment: datetime) -> str:
    subject = _any_subject(_names(leaf))
    if subject is None:
        return "no name in subjectAltName"
    builder = PolicyBuilder().store(store).time(moment).max_chain_depth(MAX_CHAIN)
    builder = builder.extension_policies(
        ee_policy=_server_policy(), ca_policy=ExtensionPolicy.webpki_defaults_ca()
    )
    try:
        builder.build_server_verifier(subject).verify(leaf, others)
    except VerificationError as error:
        return clean(str(error))
    return ""


def _server_policy() -> ExtensionPolicy:
    """As OpenSSL judges, which senders use: less strict than browsers."""
    return (
        ExtensionPolicy.permit_all()
        .require_present(x509.SubjectAlternativeName, Criticality.AGNOSTIC, None)
        .may_be_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _check_usage)
    )


def _check_usage(policy: Policy, certificate: Certificate, usage: Any) -> None:
    """RFC 5280 §4.2.1.12: a server's certificate must not be meant for something else only."""
    meant = {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
    if usage is not None and not meant & set(usage):
        raise ValueError("not meant for servers")


def _any_subject(names: tuple[str, ...]) -> x509.DNSName | None:
    """A name that the certificate is for: whether it is the right one is judged by `is_for`."""
    for name in names:
        with suppress(*_BROKEN):
            return x509.DNSName(name.replace("*", "mail", 1))
    return None


@lru_cache(maxsize=8)
def authorities(context: ssl.SSLContext) -> Store:
    """The certificate authorities that `context` trusts. Kept: reading them takes its time."""
    found = [parse(der) for der in context.get_ca_certs(binary_form=True)]
    return Store([certificate for certificate in found if certificate])


def chain_of(tls: ssl.SSLObject | None) -> tuple[bytes, ...]:
    """The certificates that the server sent, in DER, its own first."""
    leaf = tls.getpeercert(True) if tls else None
    if not leaf:
        return ()
    with suppress(Exception):  # a private name of the standard library: public only from 3.13 on
        chain = tls._sslobj.get_unverified_chain()  # type: ignore[union-attr]
        sent = [bytes(c if isinstance(c, bytes) else c.public_bytes(2)) for c in chain]
        if sent and sent[0] == leaf:
            return tuple(sent[:MAX_CHAIN])
    return (leaf,)


def _names(certificate: Certificate) -> tuple[str, ...]:
    """The DNS names of subjectAltName; the common name is no name of a server (RFC 9525 §2)."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    found = extension.value.get_values_for_type(x509.DNSName)
    return tuple(clean(name, 253) for name in found[:MAX_NAMES])


def _issuer(certificate: Certificate) -> str:
    """The issuer by its common name, else by its whole name."""
    common = certificate.issuer.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return clean(str(common[0].value) if common else certificate.issuer.rfc4514_string())


def _is_self_signed(certificate: Certificate) -> bool:
    if certificate.subject != certificate.issuer:
        return False
    try:
        certificate.verify_directly_issued_by(certificate)
    except (*_BROKEN, InvalidSignature):
        return False
    return True


def _key(certificate: Certificate) -> tuple[str, bool]:
    """Kind and size of the key, and whether it is too short to rely on."""
    try:
        key = certificate.public_key()
    except _BROKEN:
        return "?", False
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}", key.key_size < MIN_RSA_BITS
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"ECDSA {clean(key.curve.name, 30)}", key.key_size < MIN_EC_BITS
    if isinstance(key, ed25519.Ed25519PublicKey):
        return "Ed25519", False
    if isinstance(key, ed448.Ed448PublicKey):
        return "Ed448", False
    return ("DSA", True) if isinstance(key, dsa.DSAPublicKey) else ("?", False)
