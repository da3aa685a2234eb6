"""The classroom's certificate authority: certificates for its web and mail servers, made on demand.

All keys are derived from a fixed seed and a name, so that every process of the site agrees on them
and TLSA records in zone files stay right. They protect nothing: the engine trusts this authority
for lessons alone.
"""

from __future__ import annotations

import hashlib
import os
import ssl
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SEED = b"MXplain classroom 1"
COMMON_NAME = "MXplain classroom authority"
LIFETIME = timedelta(days=90)  # of a server's certificate
BEGIN, END = datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)  # the authority's
MAX_CONTEXTS = 256  # that are kept
CURVE = ec.SECP256R1()
CURVE_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # FIPS 186-5


def default_folder() -> Path:
    """Where the site keeps what it makes, as portal.settings finds it."""
    root = Path(__file__).parents[2]
    return Path(os.environ.get("MXPLAIN_VAR") or root / "var") / "classroom"


def host_key(host: str) -> ec.EllipticCurvePrivateKey:
    """The key of a host's certificates (ECDSA P-256), always the same for the same name."""
    return _derived("host " + host.lower().removesuffix("."))


def tlsa_311(host: str) -> str:
    """The TLSA record that `host`'s certificates match: DANE-EE, SPKI, SHA-256 (RFC 7671 §5.1)."""
    spki = host_key(host).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"3 1 1 {hashlib.sha256(spki).hexdigest()}"


def tlsa_211() -> str:
    """The TLSA record for the authority itself: DANE-TA, SPKI, SHA-256 (RFC 7671 §5.2)."""
    spki = _derived("authority").public_key()
    octets = spki.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"2 1 1 {hashlib.sha256(octets).hexdigest()}"


class Authority:
    """Issues certificates. `path` is the PEM file with its own, for whoever shall trust it."""

    def __init__(self, folder: Path | None = None) -> None:
        self._key = _derived("authority")
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, COMMON_NAME)])
        self._certificate = self._own()
        self.path = _kept(folder or default_folder(), self._certificate)
        self._context = lru_cache(MAX_CONTEXTS)(self._make_context)

    def certificate(
        self,
        host: str,
        *,
        not_before: datetime | None = None,
        not_after: datetime | None = None,
        names: Sequence[str] | None = None,
        key: ec.EllipticCurvePrivateKey | None = None,
        self_signed: bool = False,
    ) -> tuple[bytes, bytes]:
        """A chain for `host` (or for `names` instead) and its key, both PEM.

        The chain holds the authority's own certificate as well, as DANE-TA needs it.
        """
        key = key or host_key(host)
        end = not_after or datetime.now(UTC) + LIFETIME
        begin = not_before or min(end, datetime.now(UTC) + LIFETIME) - LIFETIME - timedelta(days=1)
        names = list(names or [host.removesuffix(".")])
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if self_signed else self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(end)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        )
        issuer_key = key if self_signed else self._key
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
        leaf = builder.add_extension(issuer, False).sign(issuer_key, hashes.SHA256())
        chain = [leaf] if self_signed else [leaf, self._certificate]
        pem_key = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return b"".join(each.public_bytes(Encoding.PEM) for each in chain), pem_key

    def context(
        self,
        host: str,
        *,
        days_left: float | None = None,
        names: Sequence[str] | None = None,
        self_signed: bool = False,
    ) -> ssl.SSLContext:
        """TLS settings of a server that shows a certificate for `host`; kept for a day.

        `days_left` until it expires; negative for one that has expired.
        """
        today = datetime.now(UTC).toordinal()
        chosen = tuple(names) if names else None
        return self._context(host.lower(), days_left, chosen, self_signed, today)

    def _make_context(
        self,
        host: str,
        days_left: float | None,
        names: tuple[str, ...] | None,
        self_signed: bool,
        today: int,
    ) -> ssl.SSLContext:
        end = None if days_left is None else datetime.now(UTC) + timedelta(days=days_left)
        chain, key = self.certificate(host, not_after=end, names=names, self_signed=self_signed)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        with tempfile.NamedTemporaryFile() as file:  # OpenSSL reads chains from files alone
            file.write(key + chain)
            file.flush()
            context.load_cert_chain(file.name)
        return context

    def _own(self) -> x509.Certificate:
        public = self._key.public_key()
        usage = x509.KeyUsage(
            digital_signature=False,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        return (
            x509.CertificateBuilder()
            .subject_name(self._name)
            .issuer_name(self._name)
            .public_key(public)
            .serial_number(1)
            .not_valid_before(BEGIN)
            .not_valid_after(END)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
            .add_extension(usage, True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
            .sign(self._key, hashes.SHA256())
        )


def _derived(label: str) -> ec.EllipticCurvePrivateKey:
    digest = hashlib.sha512(SEED + b" " + label.encode()).digest()
    return ec.derive_private_key(int.from_bytes(digest, "big") % (CURVE_ORDER - 1) + 1, CURVE)


def _kept(folder: Path, certificate: x509.Certificate) -> Path:
    """The PEM file in `folder`. Which process wrote it makes no difference: all have one key."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "authority.pem"
    descriptor, temporary = tempfile.mkstemp(dir=folder)
    with os.fdopen(descriptor, "wb") as file:
        file.write(certificate.public_bytes(Encoding.PEM))
    os.chmod(temporary, 0o644)
    os.replace(temporary, path)
    return path
