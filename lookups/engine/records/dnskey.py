"""DNSKEY records: the public keys that sign a zone (RFC 4034 §2)."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import Any

import dns.dnssec
from dns.rdataclass import IN
from dns.rdatatype import DNSKEY as TYPE
from dns.rdtypes.ANY.DNSKEY import DNSKEY as Rdata

from ..dnssec.algorithms import RSA, SHORT_RSA_BITS, key_bits
from . import ds, rows
from .rows import Problem
from .txt import Part

ZONE, REVOKE, ENTRY = 256, 128, 1  # RFC 4034 §2.1.1, RFC 5011 §7
PROTOCOL = 3  # RFC 4034 §2.1.2
SIZES = {13: 64, 14: 96, 15: 32, 16: 57}  # octets: RFC 6605 §4, RFC 8080 §3

_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_NO_BASE64 = re.compile(r"[^A-Za-z0-9+/=\s]")


@dataclass(frozen=True, slots=True)
class DNSKEY:
    """Numbers are None where they are none; `key` is empty where it cannot be read."""

    text: str
    flags: int | None = None
    protocol: int | None = None
    algorithm: int | None = None
    key: bytes = b""
    problems: tuple[Problem, ...] = ()

    @property
    def tag(self) -> int:
        """The key's number (RFC 4034 Appendix B)."""
        return int(dns.dnssec.key_id(self._rdata))

    @property
    def short_bits(self) -> int:
        """The size of an RSA key that is too short for today (RFC 6781 §3.4.2), otherwise 0."""
        if not self.key or self.algorithm not in RSA:
            return 0
        bits = key_bits(self._rdata) or 0
        return bits if bits < SHORT_RSA_BITS else 0

    @property
    def _rdata(self) -> Any:
        numbers = (self.flags or 0, self.protocol or 0, self.algorithm or 0)
        return Rdata(IN, TYPE, *numbers, self.key)  # type: ignore[no-untyped-call]

    @property
    def role(self) -> str:
        """ "entry" (key signing key), "zone", "revoked", or "" for a key that signs no zone."""
        if self.flags is None or not self.flags & ZONE:
            return ""
        if self.flags & REVOKE:
            return "revoked"
        return "entry" if self.flags & ENTRY else "zone"


def parse(text: str) -> DNSKEY:
    """The record in presentation form (RFC 4034 §2.2). Never raises."""
    problems: list[Problem] = []
    found = rows.fields(text)
    if len(found) < 4:
        rows.count(found, 4, text, problems)
    flags = rows.number(found[0], 16, problems) if found else None
    if found and flags is not None and not flags & ZONE:
        problems.append(Problem("dnskey-flags", found[0].column, found[0].text))
    protocol = rows.number(found[1], 8, problems) if len(found) > 1 else None
    if protocol is not None and protocol != PROTOCOL:
        problems.append(Problem("dnskey-protocol", found[1].column, found[1].text))
    algorithm = ds.algorithm(found[2], problems) if len(found) > 2 else None
    key = _key(text, found[3:], algorithm, problems) if len(found) > 3 else b""
    return DNSKEY(text, flags, protocol, algorithm, key, tuple(problems))


def parts(text: str) -> list[Part]:
    """The parts of the record's text, with what is wrong."""
    record = parse(text)
    flags = f"dnssec.flags-{record.role}" if record.role else "dnssec.flags"
    kinds = (flags, "dnssec.protocol", "dnssec.algorithm", "dnssec.key")
    return rows.marked(rows.parts(text, kinds), record.problems)


def _key(
    text: str, pieces: list[rows.Field], algorithm: int | None, problems: list[Problem]
) -> bytes:
    start = pieces[0].column
    if wrong := _NO_BASE64.search(text, start - 1):
        problems.append(Problem("base64", wrong.start() + 1, wrong[0]))
        return b""
    compact = "".join(piece.text for piece in pieces)
    if not _BASE64.fullmatch(compact) or len(compact) % 4:
        problems.append(Problem("base64-cut", pieces[-1].end - 1, compact[-8:]))
        return b""
    octets = base64.b64decode(compact)
    size = SIZES.get(algorithm or 0)
    if size and len(octets) != size:
        problems.append(Problem("dnskey-size", start, compact[: rows.MAX_SHOWN]))
    return octets
