"""Mark certificates for lessons on BIMI, made when they are asked for, so that none ever ages.

marks.toml says what each is like, by the "<host>/<path>" that https://<host>/<path> gives. They
are signed by an authority of the classroom that vouches for nothing outside it.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from learn.classroom.authority import host_key

HERE = Path(__file__).parent
AUTHORITY = "MXplain classroom marks"
LIFETIME = timedelta(days=365)
MAX_KEPT = 64  # certificates
PURPOSE = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.31")  # BrandIndicatorforMessageIdentification
LOGOTYPE = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.12")  # RFC 9399 §4.1
MARK_TYPE = x509.ObjectIdentifier("1.3.6.1.4.1.53087.1.13")
SHA256 = bytes.fromhex("0609608648016503040201")  # the OBJECT IDENTIFIER in DER
SEQUENCE, OCTET_STRING, IA5_STRING = 0x30, 0x04, 0x16


@dataclass(frozen=True, slots=True)
class Mark:
    """A certificate for `names`. `logo` is the file in web/ that it holds, "" for none.

    `days_left` until it ends, negative when it has; `days_until` it begins. `mark` is its type,
    `purpose` whether it is one for BIMI, `ordered` whether its issuer comes with it.
    """

    names: tuple[str, ...]
    organization: str = "MXplain classroom"
    logo: str = ""
    days_left: int = 300
    days_until: int = 0
    mark: str = "Registered Mark"
    purpose: bool = True
    ordered: bool = True
    issuer: str = AUTHORITY


@cache
def marks() -> dict[str, Mark]:
    """By "<host>/<path>"."""
    tables = tomllib.loads((HERE / "marks.toml").read_text("utf-8"))
    return {key: _mark(table) for key, table in tables.items()}


def _mark(table: dict[str, Any]) -> Mark:
    return Mark(**table | {"names": tuple(table["names"])})


def minted(key: str) -> bytes | None:
    """The PEM file at "<host>/<path>"; None where there is no certificate. A new one every day."""
    mark = marks().get(key)
    return certificate(mark, datetime.now(UTC).toordinal()) if mark else None


@lru_cache(MAX_KEPT)
def certificate(mark: Mark, today: int) -> bytes:
    """A chain in PEM; `today` is the day it is made for (a proleptic ordinal)."""
    noon = datetime.fromordinal(today).replace(hour=12, tzinfo=UTC)
    begin = noon + timedelta(days=mark.days_until) if mark.days_until else None
    end = (begin or noon) + timedelta(days=mark.days_left)
    name = _name(mark.issuer)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(mark.organization, mark.mark))
        .issuer_name(name)
        .public_key(host_key(f"mark.{mark.names[0]}").public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin or end - LIFETIME)
        .not_valid_after(end)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in mark.names]), False)
        .add_extension(x509.ExtendedKeyUsage([_purpose(mark)]), False)
    )
    if mark.logo:
        svg = (HERE / "web" / mark.logo).read_bytes()
        extension = x509.UnrecognizedExtension(LOGOTYPE, logotype(svg))
        builder = builder.add_extension(extension, False)
    key = host_key(mark.issuer)
    leaf = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    root = _root(name, mark.issuer, noon)
    return leaf + root if mark.ordered else root + leaf


def _purpose(mark: Mark) -> x509.ObjectIdentifier:
    return PURPOSE if mark.purpose else ExtendedKeyUsageOID.SERVER_AUTH


def logotype(svg: bytes) -> bytes:
    """The value of the extension: the picture, compressed, in a data URI (RFC 9399 §4.1, §4.3)."""
    packed = gzip.compress(svg, mtime=0)
    uri = b"data:image/svg+xml;base64," + base64.b64encode(packed)
    digest = _der(OCTET_STRING, hashlib.sha256(packed).digest())
    details = _der(
        SEQUENCE,
        _der(IA5_STRING, b"image/svg+xml+gzip"),
        _der(SEQUENCE, _der(SEQUENCE, _der(SEQUENCE, SHA256), digest)),
        _der(SEQUENCE, _der(IA5_STRING, uri)),
    )
    direct = _der(0xA0, _der(SEQUENCE, _der(SEQUENCE, details)))
    return _der(SEQUENCE, _der(0xA2, direct))


def _der(tag: int, *contents: bytes) -> bytes:
    """An element in DER (ITU-T X.690 §8.1)."""
    value = b"".join(contents)
    size = len(value)
    if size < 0x80:
        return bytes([tag, size]) + value
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + value


def _name(organization: str, mark: str = "") -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization)]
    if mark:
        attributes.append(x509.NameAttribute(MARK_TYPE, mark))
    return x509.Name(attributes)


def _root(name: x509.Name, issuer: str, noon: datetime) -> bytes:
    """The authority's own certificate."""
    key = host_key(issuer)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(noon - 10 * LIFETIME)
        .not_valid_after(noon + 10 * LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(Encoding.PEM)
