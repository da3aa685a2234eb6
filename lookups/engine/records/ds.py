"""DS records: the fingerprint of a zone's key, kept by the zone above (RFC 4034 §5)."""

from __future__ import annotations

import hashlib
from typing import Any

import dns.dnssec
import dns.name

from .rows import parts as _parts
from .txt import Part

KINDS = ("dnssec.tag", "dnssec.algorithm", "dnssec.digest-type", "dnssec.digest")
SHA256 = 2  # the digest type that everybody must know (RFC 8624 §3.3)


def text_of(record: Any) -> str:
    """A DS record (dnspython's rdata) in presentation form, the digest in one piece."""
    digest = record.digest.hex().upper()
    return f"{record.key_tag} {record.algorithm} {record.digest_type} {digest}"


def for_key(owner: dns.name.Name, key: Any) -> str:
    """The DS record with SHA-256 for a DNSKEY record of the zone `owner` (RFC 4034 §5.1.4)."""
    octets = (owner.canonicalize().to_wire() or b"") + key.to_wire()
    digest = hashlib.sha256(octets).hexdigest().upper()
    return f"{dns.dnssec.key_id(key)} {int(key.algorithm)} {SHA256} {digest}"


def parts(text: str) -> list[Part]:
    """The parts of a DS record's text."""
    return _parts(text, KINDS)
