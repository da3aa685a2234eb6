"""TLSA records: which certificate or key a server will show (RFC 6698 §2, RFC 7671, RFC 7672)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from .rows import parts as _parts
from .txt import Part

KINDS = ("dane.usage", "dane.selector", "dane.matching-type", "dane.data")
MAX_TEXT = 16_384  # characters of one record: a whole certificate in hexadecimal fits
MAX_DATA = 8192  # octets

# Certificate usages (RFC 6698 §2.1.1, named by RFC 7218 §2.1)
PKIX_TA, PKIX_EE, DANE_TA, DANE_EE = range(4)
USAGES = ("PKIX-TA", "PKIX-EE", "DANE-TA", "DANE-EE")
CERT, SPKI = range(2)  # selectors
FULL, SHA256, SHA512 = range(3)  # matching types
SIZES = {SHA256: 32, SHA512: 64}  # octets of data
PORT = 25

_NUMBER = re.compile(r"[0-9]{1,3}")
_HEX = re.compile(r"[0-9A-Fa-f]+")
_FIELD = re.compile(r"\S+")
_SEQUENCE = 0x30
_VERSION = 0xA0


class TlsaError(ValueError):
    """Text that is no TLSA record: `code` is "fields", "number" or "data", at `column` (from 1)."""

    def __init__(self, code: str, column: int) -> None:
        super().__init__(f"{code} at {column}")
        self.code, self.column = code, column


@dataclass(frozen=True, slots=True)
class Tlsa:
    """One record. `problem` says why senders of mail cannot use it."""

    usage: int
    selector: int
    matching: int
    data: bytes

    @property
    def problem(self) -> str:
        """ "usage" (RFC 7672 §3.1.3), "parameters", "length", or nothing.

        A record with a problem is unusable: it is as if it were not there (RFC 6698 §4.1).
        """
        if self.usage in (PKIX_TA, PKIX_EE):
            return "usage"
        if self.usage > DANE_EE or self.selector > SPKI or self.matching > SHA512:
            return "parameters"
        size = SIZES.get(self.matching)
        wrong = len(self.data) != size if size else not self.data
        return "length" if wrong else ""

    @property
    def parameters(self) -> str:
        """The three numbers: "3 1 1"."""
        return f"{self.usage} {self.selector} {self.matching}"

    @property
    def text(self) -> str:
        return f"{self.parameters} {self.data.hex()}"

    def matches(self, certificate: bytes) -> bool:
        """Whether the certificate (DER) is the one described; its place in the chain aside."""
        octets = certificate if self.selector == CERT else public_key_info(certificate)
        return bool(octets) and self.data == _digest(octets, self.matching)


def parse(text: str) -> Tlsa:
    """The record in presentation form (RFC 6698 §2.2). Raises TlsaError."""
    fields = list(_FIELD.finditer(text[:MAX_TEXT]))
    if len(fields) < 4 or len(text) > MAX_TEXT:
        raise TlsaError("fields", len(text[:MAX_TEXT]) + 1)
    numbers = []
    for field in fields[:3]:
        if not _NUMBER.fullmatch(field[0]) or int(field[0]) > 255:
            raise TlsaError("number", field.start() + 1)
        numbers.append(int(field[0]))
    for field in fields[3:]:
        if not _HEX.fullmatch(field[0]):
            raise TlsaError("data", field.start() + 1)
    digits = "".join(field[0] for field in fields[3:])
    if len(digits) % 2:
        raise TlsaError("data", fields[-1].end() + 1)
    usage, selector, matching = numbers
    return Tlsa(usage, selector, matching, bytes.fromhex(digits)[:MAX_DATA])


def of_wire(octets: bytes) -> Tlsa | None:
    """The record in the octets of its rdata (RFC 6698 §2.1); None where it is cut off.

    dnspython refuses digests of a wrong length, which somebody may well have published.
    """
    if len(octets) < 3:
        return None
    return Tlsa(octets[0], octets[1], octets[2], octets[3 : 3 + MAX_DATA])


def for_certificate(
    certificate: bytes, usage: int = DANE_EE, selector: int = SPKI, matching: int = SHA256
) -> Tlsa | None:
    """The record for a certificate (DER), "3 1 1" as RFC 7672 §3.1.1 recommends; None where the
    certificate cannot be read."""
    octets = certificate if selector == CERT else public_key_info(certificate)
    return Tlsa(usage, selector, matching, _digest(octets, matching)) if octets else None


def owner(host: str, port: int = PORT) -> str:
    """Where the records of a server stand (RFC 6698 §3)."""
    return f"_{port}._tcp.{host}"


def parts(text: str) -> list[Part]:
    """The parts of a record's text."""
    return _parts(text, KINDS)


def fits(record: Tlsa, chain: Sequence[bytes]) -> bool:
    """Whether a server that shows `chain` (leaf first) shows what the record describes.

    DANE-EE is about the leaf alone, DANE-TA about an authority that it came with (RFC 7671 §5).
    """
    candidates = chain[:1] if record.usage == DANE_EE else chain[1:]
    return any(record.matches(certificate) for certificate in candidates)


def public_key_info(certificate: bytes) -> bytes:
    """The SubjectPublicKeyInfo, octet for octet as it stands in the certificate (RFC 5280 §4.1);
    nothing where it cannot be read."""
    try:
        _, start, _ = _element(certificate, 0)  # Certificate
        _, at, end = _element(certificate, start)  # TBSCertificate
        tag, _, after = _element(certificate, at)
        if tag == _VERSION:
            at = after
        for _ in range(5):  # serial number, algorithm, issuer, validity, subject
            _, _, at = _element(certificate, at)
        tag, _, after = _element(certificate, at)
    except IndexError:
        return b""
    return certificate[at:after] if tag == _SEQUENCE and after <= end else b""


def _element(octets: bytes, at: int) -> tuple[int, int, int]:
    """Tag, start and end of the contents of the DER element at `at`; raises IndexError."""
    tag, length, start = octets[at], octets[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        length = int.from_bytes(octets[start : start + size], "big")
        start += size
    if start + length > len(octets):
        raise IndexError
    return tag, start, start + length


def _digest(octets: bytes, matching: int) -> bytes:
    if matching == SHA256:
        return hashlib.sha256(octets).digest()
    if matching == SHA512:
        return hashlib.sha512(octets).digest()
    return octets
