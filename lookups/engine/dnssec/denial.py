"""Proofs that something does not exist, from NSEC and NSEC3 records whose signatures hold.

RFC 4035 §5.4 and RFC 6840 §4 (NSEC), RFC 5155 §8 (NSEC3), RFC 9276 §3.2 (its limits), RFC 9824
(compact denial of existence).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import dns.name
from dns.rdatatype import CNAME, DNAME, DS, NS, NSEC3, SOA

Name = dns.name.Name
NXNAME = 128  # the type that compact denial lists for a name that does not exist (RFC 9824)
OPT_OUT = 0x01  # RFC 5155 §3.1.2.1
SHA1 = 1  # the one hash algorithm of NSEC3
# More make validators give up on the zone; theirs lie between 50 and 150 (RFC 9276 §3.2).
MAX_ITERATIONS = 100


class Denial(StrEnum):
    """What records prove."""

    PROVEN = "proven"
    OPT_OUT = "opt-out"  # an unsigned delegation may be there (RFC 5155 §6)
    COSTLY = "costly"  # too many iterations to look: as if the zone were unsigned
    NOTHING = "nothing"


class Cut(StrEnum):
    """What records prove of a name that has no DS record."""

    UNSIGNED = "unsigned"  # a delegation, and what is below it is not signed
    NONE = "none"  # no delegation: the zone goes on
    UNKNOWN = "unknown"


class Proofs:
    """What NSEC records and NSEC3 records have in common. `records` are (owner, rdata)."""

    def __init__(self, zone: Name, records: Sequence[tuple[Name, Any]]) -> None:
        self.zone = zone
        self.records = records

    def no_type(self, name: Name, rdtype: int) -> Denial:
        """`name` exists but has no `rdtype`, or a wildcard stands in for it that has none."""
        raise NotImplementedError

    def no_name(self, name: Name) -> Denial:
        """`name` does not exist, and no wildcard stands in for it."""
        raise NotImplementedError

    def no_closer(self, name: Name, labels: int) -> Denial:
        """`name` does not exist: a wildcard below its last `labels` labels stood in for it."""
        raise NotImplementedError

    def match(self, name: Name) -> Any | None:
        """The record at `name`."""
        raise NotImplementedError

    def cut(self, name: Name) -> Cut:
        """Whether the zone delegates `name`, which has no DS record (RFC 4035 §5.2)."""
        record = self.match(name)
        if record is not None:
            if not lacks(record, DS, name):
                return Cut.UNKNOWN
            return Cut.UNSIGNED if has(record, NS) else Cut.NONE
        for denial in (self.no_type(name, DS), self.no_name(name)):
            if denial is Denial.PROVEN:
                return Cut.NONE
            if denial is not Denial.NOTHING:
                return Cut.UNSIGNED
        return Cut.UNKNOWN


def proofs_of(zone: Name, records: Sequence[tuple[Name, Any]]) -> Proofs:
    """The proofs in `records`, all NSEC or all NSEC3; where both kinds are there, the NSEC3."""
    hashed = [(owner, rdata) for owner, rdata in records if rdata.rdtype == NSEC3]
    return Nsec3Proofs(zone, hashed) if hashed else NsecProofs(zone, records)


def has(record: Any, rdtype: int) -> bool:
    """Whether the type bit map lists `rdtype` (RFC 4034 §4.1.2)."""
    window, position = rdtype >> 8, rdtype & 0xFF
    for number, bitmap in record.windows:
        if number == window:
            octet = position >> 3
            return bool(octet < len(bitmap) and bitmap[octet] & (0x80 >> (position & 7)))
    return False


def lacks(record: Any, rdtype: int, name: Name) -> bool:
    """Whether the record at `name` proves that it has no `rdtype`.

    A CNAME would have been the answer. The two sides of a delegation speak each for themselves
    only: the parent for DS, the child for everything else (RFC 4035 §5.4, RFC 6840 §4.1).
    """
    if has(record, rdtype) or has(record, CNAME):
        return False
    if rdtype == DS:
        return not has(record, SOA) or name == dns.name.root
    return not _is_parent_side(record)


def _is_parent_side(record: Any) -> bool:
    return has(record, NS) and not has(record, SOA)


def _wildcard(encloser: Name) -> Name:
    return Name((b"*", *encloser.labels))


class NsecProofs(Proofs):
    def match(self, name: Name) -> Any | None:
        return next((record for owner, record in self.records if owner == name), None)

    def _cover(self, name: Name) -> tuple[Name, Any] | None:
        """The record whose gap `name` falls into; the zone's last one points to its apex."""
        if not name.is_subdomain(self.zone):
            return None
        for owner, record in self.records:
            if not owner < name or not (name < record.next or record.next == self.zone):
                continue
            # A parent knows nothing of what its child has (RFC 6840 §4.1); DNAME likewise.
            if name.is_subdomain(owner) and (_is_parent_side(record) or has(record, DNAME)):
                continue
            return owner, record
        return None

    def _encloser(self, name: Name, cover: tuple[Name, Any]) -> Name:
        """The closest name above `name` that exists: both ends of the gap exist."""
        common = max(name.fullcompare(end)[2] for end in (cover[0], cover[1].next))
        return Name(name.labels[-common:])

    def no_type(self, name: Name, rdtype: int) -> Denial:
        record = self.match(name)
        if record is not None:
            return Denial.PROVEN if lacks(record, rdtype, name) else Denial.NOTHING
        cover = self._cover(name)
        if cover is None:
            return Denial.NOTHING
        if cover[1].next.is_subdomain(name):
            return Denial.PROVEN  # an empty non-terminal: only names below it exist
        wildcard = _wildcard(self._encloser(name, cover))
        record = self.match(wildcard)
        proven = record is not None and lacks(record, rdtype, wildcard)
        return Denial.PROVEN if proven else Denial.NOTHING

    def no_name(self, name: Name) -> Denial:
        record = self.match(name)
        if record is not None:
            return Denial.PROVEN if has(record, NXNAME) else Denial.NOTHING
        cover = self._cover(name)
        if cover is None or cover[1].next.is_subdomain(name):
            return Denial.NOTHING
        wildcard = _wildcard(self._encloser(name, cover))
        return Denial.PROVEN if self._cover(wildcard) else Denial.NOTHING

    def no_closer(self, name: Name, labels: int) -> Denial:
        cover = self._cover(name)
        if cover is None or cover[1].next.is_subdomain(name):
            return Denial.NOTHING
        right = len(self._encloser(name, cover)) == labels + 1
        return Denial.PROVEN if right else Denial.NOTHING


class Nsec3Proofs(Proofs):
    def __init__(self, zone: Name, records: Sequence[tuple[Name, Any]]) -> None:
        # RFC 5155 §8.1 and §8.2: unknown algorithms and flags are ignored, parameters must agree.
        known = [
            (owner, record)
            for owner, record in records
            if record.algorithm == SHA1 and record.flags & ~OPT_OUT == 0
            if owner.parent() == zone
        ]
        first = known[0][1] if known else None
        self.iterations = first.iterations if first else 0
        self._salt: bytes = first.salt if first else b""
        super().__init__(
            zone,
            [
                (owner, record)
                for owner, record in known
                if record.iterations == self.iterations and record.salt == self._salt
            ],
        )
        self._hashes: dict[Name, bytes] = {}
        self._owners = [_hash_of(owner) for owner, _ in self.records]

    @property
    def _is_costly(self) -> bool:
        return self.iterations > MAX_ITERATIONS

    def _hash(self, name: Name) -> bytes:
        """RFC 5155 §5."""
        found = self._hashes.get(name)
        if found is None:
            found = hashlib.sha1((name.canonicalize().to_wire() or b"") + self._salt).digest()
            for _ in range(self.iterations):
                found = hashlib.sha1(found + self._salt).digest()
            self._hashes[name] = found
        return found

    def match(self, name: Name) -> Any | None:
        if self._is_costly:
            return None
        wanted = self._hash(name)
        pairs = zip(self._owners, self.records, strict=True)
        return next((record for owner, (_, record) in pairs if owner == wanted), None)

    def _cover(self, name: Name) -> Any | None:
        wanted = self._hash(name)
        for owner, (_, record) in zip(self._owners, self.records, strict=True):
            if owner is None:
                continue
            if owner < record.next:
                inside = owner < wanted < record.next
            else:  # the last one, or the only one
                inside = wanted > owner or wanted < record.next
            if inside:
                return record
        return None

    def _encloser(self, name: Name) -> tuple[Name, Any] | None:
        """The closest encloser, and the record that covers the next closer name (RFC 5155 §8.3)."""
        if not name.is_subdomain(self.zone):
            return None
        for depth in range(len(name) - 1, len(self.zone) - 1, -1):
            encloser = Name(name.labels[-depth:])
            record = self.match(encloser)
            if record is None:
                continue
            if has(record, DNAME) or _is_parent_side(record):
                return None
            cover = self._cover(Name(name.labels[-depth - 1 :]))
            return (encloser, cover) if cover is not None else None
        return None

    def no_type(self, name: Name, rdtype: int) -> Denial:
        if self._is_costly:
            return Denial.COSTLY
        record = self.match(name)
        if record is not None:
            return Denial.PROVEN if lacks(record, rdtype, name) else Denial.NOTHING
        found = self._encloser(name)
        if found is None:
            return Denial.NOTHING
        encloser, cover = found
        wildcard = _wildcard(encloser)
        record = self.match(wildcard)
        if record is not None and not lacks(record, rdtype, wildcard):  # RFC 5155 §8.7
            return Denial.NOTHING
        if cover.flags & OPT_OUT:  # RFC 5155 §8.6 and §9.2
            return Denial.OPT_OUT
        return Denial.PROVEN if record is not None else Denial.NOTHING

    def no_name(self, name: Name) -> Denial:
        if self._is_costly:
            return Denial.COSTLY
        found = self._encloser(name)
        if found is None or self._cover(_wildcard(found[0])) is None:  # RFC 5155 §8.4
            return Denial.NOTHING
        return Denial.OPT_OUT if found[1].flags & OPT_OUT else Denial.PROVEN

    def no_closer(self, name: Name, labels: int) -> Denial:
        if self._is_costly:
            return Denial.COSTLY
        cover = self._cover(Name(name.labels[-(labels + 2) :]))  # RFC 5155 §8.8
        if cover is None:
            return Denial.NOTHING
        return Denial.OPT_OUT if cover.flags & OPT_OUT else Denial.PROVEN


def _hash_of(owner: Name) -> bytes | None:
    """The hash in the first label of an NSEC3 record's name (RFC 5155 §3); None for none."""
    try:
        return base64.b32hexdecode(owner.labels[0].upper())
    except ValueError:
        return None
