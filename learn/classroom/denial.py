"""Proofs that something is not there: NSEC (RFC 4034 §4) and NSEC3 (RFC 5155).

Both chains answer the same four questions, so that whoever asks need not know which one it is.
"""

from __future__ import annotations

import base64
import bisect
from typing import Protocol

import dns.dnssec
import dns.name
import dns.rrset
from dns.rdataclass import IN
from dns.rdatatype import NS, NSEC, NSEC3, RRSIG, SOA, RdataType
from dns.rdtypes.ANY.NSEC import NSEC as Nsec
from dns.rdtypes.ANY.NSEC import Bitmap as NsecBitmap
from dns.rdtypes.ANY.NSEC3 import NSEC3 as Nsec3
from dns.rdtypes.ANY.NSEC3 import Bitmap as Nsec3Bitmap

from learn.classroom.signing import Plan
from learn.classroom.zone_data import Zone

OPT_OUT = 0x01  # flag of an NSEC3 record, RFC 5155 §3.1.2.1
Name = dns.name.Name
Proof = list[dns.rrset.RRset]


class Chain(Protocol):
    """What a signed zone says of what it does not have (RFC 4035 §3.1.3)."""

    def at(self, name: Name) -> dns.rrset.RRset | None:
        """The record at `name` itself."""

    def no_type(self, name: Name) -> Proof:
        """`name` exists, but has not the type."""

    def no_name(self, name: Name, encloser: Name) -> Proof:
        """Neither `name` exists nor a wildcard in `encloser`, the closest name that exists."""

    def expanded(self, name: Name, encloser: Name) -> Proof:
        """`name` does not exist: rightly a wildcard stood in for it."""

    def no_type_expanded(self, name: Name, encloser: Name) -> Proof:
        """A wildcard stands in for `name`, but has not the type."""


def chain_of(zone: Zone, plan: Plan) -> Chain:
    if plan.iterations is None:
        return NsecChain(zone)
    salt = bytes.fromhex(plan.salt)
    return Nsec3Chain(zone, plan.iterations, salt, OPT_OUT if plan.opt_out else 0)


def _ttl(zone: Zone) -> int:
    """That of negative answers (RFC 9077 §3)."""
    soa = zone.rrsets[zone.origin][SOA]
    return int(min(soa.ttl, soa[0].minimum))


def _wildcard(encloser: Name) -> Name:
    return Name((b"*", *encloser.labels))


def _together(*records: dns.rrset.RRset | None) -> Proof:
    """Each once, though it may prove two things."""
    found: Proof = []
    for record in records:
        if record is not None and not any(each is record for each in found):
            found.append(record)
    return found


class NsecChain:
    """The names that have records, in canonical order (RFC 4034 §6.1), each naming the next."""

    def __init__(self, zone: Zone) -> None:
        self._zone = zone
        self._names = sorted({*zone.rrsets, *zone.cuts})
        self._kept: dict[int, dns.rrset.RRset] = {}

    def at(self, name: Name) -> dns.rrset.RRset | None:
        place = bisect.bisect_left(self._names, name)
        found = place < len(self._names) and self._names[place] == name
        return self._record(place) if found else None

    def no_type(self, name: Name) -> Proof:
        return [self._covering(name)]  # an empty non-terminal has no record of its own

    def no_name(self, name: Name, encloser: Name) -> Proof:
        return _together(self._covering(name), self._covering(_wildcard(encloser)))

    def expanded(self, name: Name, encloser: Name) -> Proof:
        return [self._covering(name)]

    def no_type_expanded(self, name: Name, encloser: Name) -> Proof:
        return _together(self._covering(name), self.at(_wildcard(encloser)))

    def _covering(self, name: Name) -> dns.rrset.RRset:
        """The record at `name` or the last one before it."""
        return self._record(bisect.bisect_right(self._names, name) - 1)

    def _record(self, place: int) -> dns.rrset.RRset:
        found = self._kept.get(place)
        if found is None:
            name = self._names[place]
            following = self._names[(place + 1) % len(self._names)]
            types = list(self._zone.types_at(name) | {RRSIG, NSEC})
            windows = NsecBitmap.from_rdtypes(types)
            rdata = Nsec(IN, NSEC, following, windows)
            found = self._kept[place] = dns.rrset.from_rdata(name, _ttl(self._zone), rdata)
        return found


class Nsec3Chain:
    """The hashes of all names that exist, in their order, each naming the next."""

    def __init__(self, zone: Zone, iterations: int, salt: bytes, flags: int = 0) -> None:
        self._zone = zone
        self._iterations, self._salt, self._flags = iterations, salt, flags
        hashed = {self._hash(name): name for name in zone.existing}
        self._hashes = sorted(hashed)
        self._names = hashed
        self._kept: dict[int, dns.rrset.RRset] = {}

    def at(self, name: Name) -> dns.rrset.RRset | None:
        return None  # NSEC3 records stand at hashed names only (RFC 5155 §7.2.8)

    def no_type(self, name: Name) -> Proof:
        return [self._covering(name)]

    def no_name(self, name: Name, encloser: Name) -> Proof:
        return _together(
            self._covering(encloser),
            self._covering(_next_closer(name, encloser)),
            self._covering(_wildcard(encloser)),
        )

    def expanded(self, name: Name, encloser: Name) -> Proof:
        return [self._covering(_next_closer(name, encloser))]

    def no_type_expanded(self, name: Name, encloser: Name) -> Proof:
        return self.no_name(name, encloser)  # here the record of the wildcard matches it

    def _hash(self, name: Name) -> str:
        return dns.dnssec.nsec3_hash(name, self._salt, self._iterations, "SHA1")

    def _covering(self, name: Name) -> dns.rrset.RRset:
        """The record that matches the hash of `name`, or the last one before it."""
        place = bisect.bisect_right(self._hashes, self._hash(name)) - 1
        return self._record(place % len(self._hashes))

    def _record(self, place: int) -> dns.rrset.RRset:
        found = self._kept.get(place)
        if found is None:
            digest = self._hashes[place]
            following = self._hashes[(place + 1) % len(self._hashes)]
            rdata = Nsec3(
                IN,
                NSEC3,
                1,
                self._flags,
                self._iterations,
                self._salt,
                base64.b32hexdecode(following),
                Nsec3Bitmap.from_rdtypes(self._types(self._names[digest])),
            )
            owner = Name((digest.lower().encode(), *self._zone.origin.labels))
            found = self._kept[place] = dns.rrset.from_rdata(owner, _ttl(self._zone), rdata)
        return found

    def _types(self, name: Name) -> list[RdataType]:
        """RFC 5155 §7.1: RRSIG is listed where something is signed, unlike a bare delegation."""
        types = self._zone.types_at(name)
        signed = types - {NS} if name in self._zone.cuts else types
        return list(types | {RRSIG} if signed else types)


def _next_closer(name: Name, encloser: Name) -> Name:
    """The name one label longer than `encloser` (RFC 5155 §1.3)."""
    return Name(name.labels[len(name) - len(encloser) - 1 :])


class MinimalChain:
    """NSEC records made for one question, which cover its name and nothing else (RFC 4470).

    For zones without wildcards that are not the same at every question.
    """

    def __init__(self, zone: Zone) -> None:
        self._zone = zone

    def at(self, name: Name) -> dns.rrset.RRset | None:
        return self._record(name, _below(name)) if self._zone.types_at(name) else None

    def no_type(self, name: Name) -> Proof:
        # A name that only has names below it gets a record as well, as in RFC 9824 §3.2.
        return [self._record(name, _below(name))]

    def no_name(self, name: Name, encloser: Name) -> Proof:
        closer, wildcard = _next_closer(name, encloser), _wildcard(encloser)
        return [self._around(closer), self._around(wildcard)]

    def expanded(self, name: Name, encloser: Name) -> Proof:
        return []

    def no_type_expanded(self, name: Name, encloser: Name) -> Proof:
        return []

    def _around(self, name: Name) -> dns.rrset.RRset:
        """The record from just before `name` to just behind all that is below it."""
        first, *others = name.labels
        before, behind = _label_before(first), _label_behind(first)
        owner = Name((before, *others)) if before else Name(others)
        return self._record(owner, Name((behind, *others)))

    def _record(self, name: Name, following: Name) -> dns.rrset.RRset:
        windows = NsecBitmap.from_rdtypes(list(self._zone.types_at(name) | {RRSIG, NSEC}))
        return dns.rrset.from_rdata(name, _ttl(self._zone), Nsec(IN, NSEC, following, windows))


def _below(name: Name) -> Name:
    """The first name that could stand below `name`, or behind it where that would be too long."""
    try:
        return Name((b"\0", *name.labels))
    except dns.name.NameTooLong:
        return Name((_label_behind(name.labels[0]), *name.labels[1:]))


def _label_before(label: bytes) -> bytes:
    """A label just before this one in canonical order, where capitals count as small letters."""
    last = label[-1] - 1 if label[-1] else -1
    if last < 0:
        return label[:-1]
    if 0x41 <= last <= 0x5A:
        last = 0x40
    return label[:-1] + bytes([last]) + (b"\xff" if len(label) < 60 else b"")


def _label_behind(label: bytes) -> bytes:
    """A label just behind this one and all names below it."""
    if len(label) < 60:
        return label + b"\0"
    return label[:-1] + bytes([min(label[-1] + 1, 0xFF)])
