"""DS records: the fingerprint of a zone's key, kept by the zone above (RFC 4034 §5)."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

import dns.dnssec
import dns.name

from ..dnssec.algorithms import NAMES
from . import rows
from .rows import Problem
from .txt import Part

KINDS = ("dnssec.tag", "dnssec.algorithm", "dnssec.digest-type", "dnssec.digest")
SHA256 = 2  # the digest type that everybody must know (RFC 8624 §3.3)

SIZES = {1: 20, 2: 32, 3: 32, 4: 48, 5: 32, 6: 32}  # octets of a digest, by its type

_HEX = re.compile(r"[0-9A-Fa-f]+")
_BY_NAME = {name: number for number, name in NAMES.items()}


@dataclass(frozen=True, slots=True)
class DS:
    """A record as it is written; numbers are None where they are none."""

    text: str
    tag: int | None = None
    algorithm: int | None = None
    digest_type: int | None = None
    digest: bytes = b""
    problems: tuple[Problem, ...] = ()


def parse(text: str) -> DS:
    """The record in presentation form (RFC 4034 §5.3). Never raises."""
    problems: list[Problem] = []
    found = rows.fields(text)
    if len(found) < 4:
        rows.count(found, 4, text, problems)
    tag = rows.number(found[0], 16, problems) if found else None
    number = algorithm(found[1], problems) if len(found) > 1 else None
    digest_type = rows.number(found[2], 8, problems) if len(found) > 2 else None
    digest = _digest(found[3:], digest_type, problems) if len(found) > 3 else b""
    return DS(text, tag, number, digest_type, digest, tuple(problems))


def algorithm(field: rows.Field, problems: list[Problem]) -> int | None:
    """A number, or the mnemonic of one (RFC 4034 §2.2, §5.3)."""
    named = _BY_NAME.get(field.text.upper())
    return rows.number(field, 8, problems) if named is None else named


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
    """The parts of a DS record's text, with what is wrong."""
    return rows.marked(rows.parts(text, KINDS), parse(text).problems)


def _digest(pieces: list[rows.Field], digest_type: int | None, problems: list[Problem]) -> bytes:
    """Hexadecimal digits, perhaps with spaces between, of the length that the type has."""
    for piece in pieces:
        if not _HEX.fullmatch(piece.text):
            at = next(i for i, c in enumerate(piece.text) if not _HEX.fullmatch(c))
            problems.append(Problem("hex", piece.column + at, piece.text[: rows.MAX_SHOWN]))
            return b""
    digits = "".join(piece.text for piece in pieces)
    size = SIZES.get(digest_type or 0)
    if len(digits) % 2 or (size and len(digits) != 2 * size):
        problems.append(Problem("digest-length", pieces[0].column, digits[: rows.MAX_SHOWN]))
    return bytes.fromhex(digits[: len(digits) // 2 * 2])
