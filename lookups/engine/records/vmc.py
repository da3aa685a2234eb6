"""Mark Certificates: who vouches that a logo belongs to a domain (BIMI's evidence documents).

draft-fetch-validation-vmc-wchuang; certificates by RFC 5280, with the logo inside as a logotype
(RFC 9399). A Verified Mark Certificate (VMC) is for registered and government marks, a Common Mark
Certificate (CMC) for marks in prior use. No root of these authorities is kept on this machine, so
the chain is followed as far as it goes, and an issuer is known by its name alone.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509.oid import ExtensionOID, NameOID

from .svg_tiny_ps import GZIP, inflate

MAX_OCTETS = 128 * 1024  # of the PEM file: a chain with a logo of 32 KiB takes about 50
MAX_CERTIFICATES = 8
MAX_NAMES = 100  # of the certificate that are looked at
MAX_TEXT = 200  # characters of a name
MAX_DEPTH = 12  # of ASN.1 elements inside each other; a logotype needs 8
MAX_ELEMENTS = 400

PURPOSE = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.31")  # BrandIndicatorforMessageIdentification
LOGOTYPE = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.12")  # RFC 9399 §4.1
MARK_TYPE = x509.ObjectIdentifier("1.3.6.1.4.1.53087.1.13")
VERIFIED = ("Registered Mark", "Government Mark")
COMMON = ("Prior Use Mark", "Modified Registered Mark", "Provisional Mark")
# Authorities that issue or issued mark certificates, by the beginning of their organization's name.
KNOWN_ISSUERS = ("DigiCert", "Entrust", "GlobalSign", "SSL Corp", "SSL.com", "Sectigo")
EXPIRING = timedelta(days=30)

_BEGIN = b"-----BEGIN CERTIFICATE-----"
_DATA_URI = re.compile(rb"data:image/svg\+xml(?:\+gzip)?(?:;[a-z0-9=-]{1,40}){0,3};base64,", re.I)
_IA5_STRING, _CONSTRUCTED = 0x16, 0x20


class UnreadableError(ValueError):
    """No certificate could be read. `code`: "too-large", "not-pem", "too-many" or "damaged"."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class MarkCertificate:
    """The certificate for the mark, and how it hangs together with the rest of its file.

    `kind` is "vmc", "cmc" or "" (no known mark type); `logo` the SVG inside, decompressed. `chain`
    tells the subjects in the order of the file; `is_ordered` that each is signed by the next.
    All texts are hostile and bounded.
    """

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    has_purpose: bool
    has_logotype: bool
    mark_type: str
    kind: str
    logo: bytes | None
    chain: tuple[str, ...]
    is_ordered: bool

    def validity(self, now: datetime) -> str:
        """ "future", "expired", "expiring" (within 30 days) or "valid" (RFC 5280 §4.1.2.5)."""
        if now < self.not_before:
            return "future"
        if now > self.not_after:
            return "expired"
        return "expiring" if self.not_after - now <= EXPIRING else "valid"


def parse(data: bytes) -> MarkCertificate:
    """The mark certificate in a PEM file (RFC 7468 §5). Raises UnreadableError."""
    if len(data) > MAX_OCTETS:
        raise UnreadableError("too-large")
    count = data.count(_BEGIN)
    if not count:
        raise UnreadableError("not-pem")
    if count > MAX_CERTIFICATES:
        raise UnreadableError("too-many")
    try:
        return _described(x509.load_pem_x509_certificates(data))
    except Exception as error:  # the library has a dozen words for damaged DER, not all ValueErrors
        raise UnreadableError("damaged") from error


def matches(names: Collection[str], domains: Sequence[str], selector: str = "default") -> bool:
    """Whether one of `names` is a domain of `domains`, or the BIMI name of one."""
    wanted = {domain.lower() for domain in domains if domain}
    wanted |= {f"{selector}._bimi.{domain}" for domain in wanted}
    return any(name in wanted for name in names)


def is_known(issuer: str, known: Sequence[str] = KNOWN_ISSUERS) -> bool:
    """Whether `issuer` bears the name of an authority for marks; a name is no proof."""
    return issuer.lower().startswith(tuple(name.lower() for name in known))


def _described(chain: list[x509.Certificate]) -> MarkCertificate:
    mark = _mark(chain)
    mark_type = _attribute(mark.subject, MARK_TYPE)
    return MarkCertificate(
        subject=_named(mark.subject),
        issuer=_named(mark.issuer),
        names=_dns_names(mark),
        not_before=mark.not_valid_before_utc,
        not_after=mark.not_valid_after_utc,
        has_purpose=_has_purpose(mark),
        has_logotype=_extension(mark, LOGOTYPE) is not None,
        mark_type=mark_type,
        kind="vmc" if mark_type in VERIFIED else "cmc" if mark_type in COMMON else "",
        logo=_logo(mark),
        chain=tuple(_named(each.subject) for each in chain),
        is_ordered=mark is chain[0] and _is_ordered(chain),
    )


def _mark(chain: list[x509.Certificate]) -> x509.Certificate:
    """The one with a logo; without any, the first that is no authority's."""
    ends = [each for each in chain if not _is_authority(each)]
    with_logo = [each for each in chain if _extension(each, LOGOTYPE)]
    return next(iter([*with_logo, *ends, *chain]))


def _is_authority(certificate: x509.Certificate) -> bool:
    found = _extension(certificate, ExtensionOID.BASIC_CONSTRAINTS)
    return isinstance(found, x509.BasicConstraints) and found.ca


def _extension(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> object | None:
    try:
        return certificate.extensions.get_extension_for_oid(oid).value
    except x509.ExtensionNotFound:
        return None


def _attribute(name: x509.Name, oid: x509.ObjectIdentifier) -> str:
    found = name.get_attributes_for_oid(oid)
    return _text(found[0].value) if found else ""


def _text(value: str | bytes) -> str:
    text = value if isinstance(value, str) else value.decode("utf-8", "replace")
    return text[:MAX_TEXT].replace("\0", "\ufffd")


def _named(name: x509.Name) -> str:
    """The organization, which means more to a reader than the common name does."""
    return _attribute(name, NameOID.ORGANIZATION_NAME) or _attribute(name, NameOID.COMMON_NAME)


def _dns_names(certificate: x509.Certificate) -> tuple[str, ...]:
    """RFC 5280 §4.2.1.6, in small letters."""
    found = _extension(certificate, ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
    if not isinstance(found, x509.SubjectAlternativeName):
        return ()
    names = found.get_values_for_type(x509.DNSName)
    return tuple(_text(name).lower().removesuffix(".") for name in names[:MAX_NAMES])


def _has_purpose(certificate: x509.Certificate) -> bool:
    """The extended key usage that makes it a certificate for BIMI (RFC 5280 §4.2.1.12)."""
    found = _extension(certificate, ExtensionOID.EXTENDED_KEY_USAGE)
    return isinstance(found, x509.ExtendedKeyUsage) and PURPOSE in found


def _is_ordered(chain: list[x509.Certificate]) -> bool:
    """Whether each certificate is signed by the one after it, and the first by any."""
    if len(chain) < 2:
        return False
    try:
        for certificate, issuer in zip(chain, chain[1:], strict=False):
            certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _logo(certificate: x509.Certificate) -> bytes | None:
    """The SVG in the logotype extension, as a data URI that is often compressed (RFC 9399 §4.3)."""
    found = _extension(certificate, LOGOTYPE)
    if not isinstance(found, x509.UnrecognizedExtension):
        return None
    for value in _strings(found.value):
        match = _DATA_URI.match(value)
        if match:
            return _decoded(value[match.end() :])
    return None


def _decoded(text: bytes) -> bytes | None:
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error:
        return None
    return inflate(data) if data.startswith(GZIP) else data


def _strings(octets: bytes) -> Iterator[bytes]:
    """Every IA5String in DER (ITU-T X.690), however deep; damaged elements end the search."""
    open_ends = [(0, len(octets))]
    for _ in range(MAX_ELEMENTS):
        while open_ends and open_ends[-1][0] >= open_ends[-1][1]:
            open_ends.pop()
        if not open_ends:
            return
        at, end = open_ends.pop()
        tag, start, stop = _element(octets, at)
        if stop > end:
            return
        open_ends.append((stop, end))
        if tag == _IA5_STRING:
            yield octets[start:stop]
        elif tag & _CONSTRUCTED and len(open_ends) < MAX_DEPTH:
            open_ends.append((start, stop))


def _element(octets: bytes, at: int) -> tuple[int, int, int]:
    """Tag, start and end of an element; an end beyond all octets where it is cut off."""
    tag, length = octets[at], octets[at + 1] if at + 1 < len(octets) else 0
    start = at + 2
    if length & 0x80:
        size = length & 0x7F
        length = int.from_bytes(octets[start : start + size], "big") if size <= 4 else len(octets)
        start += size
    return tag, start, start + length
