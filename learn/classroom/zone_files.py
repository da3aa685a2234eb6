"""The data of the classroom: zone files, reverse zones made from them, and declared faults.

Each `zones/<lesson>.zone` describes `<lesson>.classroom.test`. A lesson without a SOA record (one
whose name is an alias, RFC 1034 §3.6.2) is served as a part of the zone classroom.test.
Delegations below a lesson and wildcards do not occur and are not supported.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import dns.name
import dns.rdtypes.ANY.PTR
import dns.reversename
import dns.rrset
import dns.zone
from dns.rdataclass import IN
from dns.rdatatype import AAAA, NS, PTR, SOA, A, RdataType

HERE = Path(__file__).parent
APEX = dns.name.from_text("classroom.test.")
# The benchmarking ranges 198.18.0.0/15 (RFC 2544) and 2001:2::/48 (RFC 5180).
REVERSE_ORIGINS = tuple(
    dns.name.from_text(text)
    for text in (
        "18.198.in-addr.arpa.",
        "19.198.in-addr.arpa.",
        "0.0.0.0.2.0.0.0.1.0.0.2.ip6.arpa.",
    )
)
PTR_TTL = 3600  # seconds

RRsets = dict[RdataType, dns.rrset.RRset]


@dataclass(frozen=True, slots=True)
class Fault:
    """How a lesson's server misbehaves; faults.toml says what each `kind` does. `delay` in s."""

    kind: str
    rcode: str = ""
    ede_code: int | None = None
    ede_text: str = ""
    delay: float = 0.0


@dataclass(slots=True)
class ZoneData:
    """All that the server knows. `origins` are the names of the zones; `existing` holds every name
    that exists, also those that only have names below them (empty non-terminals, RFC 8020)."""

    origins: set[dns.name.Name] = field(default_factory=set)
    rrsets: dict[dns.name.Name, RRsets] = field(default_factory=dict)
    existing: set[dns.name.Name] = field(default_factory=set)
    faults: dict[dns.name.Name, Fault] = field(default_factory=dict)

    def zone_of(self, name: dns.name.Name) -> dns.name.Name | None:
        """The origin of the closest served zone around `name`; None where none is served."""
        return next((n for n in _upwards(name) if n in self.origins), None)

    def fault_of(self, name: dns.name.Name) -> Fault | None:
        """The fault of the lesson that `name` belongs to."""
        return next((self.faults[n] for n in _upwards(name) if n in self.faults), None)

    def add(self, rrset: dns.rrset.RRset) -> None:
        """Add records, joined with those of the same name and type."""
        types = self.rrsets.setdefault(rrset.name, {})
        if rrset.rdtype in types:
            types[rrset.rdtype].union_update(rrset)
        else:
            types[rrset.rdtype] = rrset
        self.existing.update(_upwards(rrset.name))


def lesson_name(lesson: str) -> dns.name.Name:
    """The domain of a lesson, absolute."""
    return dns.name.from_text(lesson, APEX)


def zone_text(lesson: str) -> str:
    """The zone file of a lesson as it was written; FileNotFoundError where there is none."""
    return (HERE / "zones" / f"{lesson}.zone").read_text("utf-8")


def zone_lessons() -> list[str]:
    """Every lesson that has a zone file."""
    return sorted(path.stem for path in (HERE / "zones").glob("*.zone"))


@cache
def load() -> ZoneData:
    """Read everything, once per process. Raises dnspython's exceptions where a file is wrong."""
    data = ZoneData()
    _add_zone(data, APEX, (HERE / "apex.zone").read_text("utf-8"))
    lessons = zone_lessons()
    for lesson in lessons:
        _add_zone(data, lesson_name(lesson), zone_text(lesson))
    _add_reverse_zones(data, tomllib.loads((HERE / "reverse.toml").read_text("utf-8")))
    faults = tomllib.loads((HERE / "faults.toml").read_text("utf-8"))
    data.faults = {lesson_name(lesson): Fault(**table) for lesson, table in faults.items()}
    return data


def _upwards(name: dns.name.Name) -> Iterator[dns.name.Name]:
    """`name` and its parents, without the root."""
    while len(name) > 1:
        yield name
        name = name.parent()


def _add_zone(data: ZoneData, origin: dns.name.Name, text: str) -> None:
    zone = dns.zone.from_text(text, origin=origin, relativize=False, check_origin=False)
    for name, rdataset in zone.iterate_rdatasets():
        data.add(dns.rrset.from_rdata_list(name, rdataset.ttl, list(rdataset)))
    if SOA in data.rrsets[origin]:
        data.origins.add(origin)


def _add_reverse_zones(data: ZoneData, exceptions: dict[str, Any]) -> None:
    """A PTR record for every address of the lessons that lies in REVERSE_ORIGINS."""
    pointers = _pointers(data, exceptions["unnamed"])
    for address, names in exceptions["ptr"].items():
        pointers[dns.reversename.from_address(address)] = [dns.name.from_text(n) for n in names]
    for origin in REVERSE_ORIGINS:
        for rdtype in (SOA, NS):
            rdata = list(data.rrsets[APEX][rdtype])
            data.add(dns.rrset.from_rdata_list(origin, PTR_TTL, rdata))
        data.origins.add(origin)
    for reverse_name, targets in pointers.items():
        if targets and any(reverse_name.is_subdomain(origin) for origin in REVERSE_ORIGINS):
            data.add(_ptr_rrset(reverse_name, targets))


def _pointers(data: ZoneData, unnamed: list[str]) -> dict[dns.name.Name, list[dns.name.Name]]:
    """Reverse name -> the names that have the address, without those that match `unnamed`."""
    pointers: dict[dns.name.Name, list[dns.name.Name]] = {}
    for name, types in data.rrsets.items():
        if any(fnmatchcase(name.to_text(omit_final_dot=True), pattern) for pattern in unnamed):
            continue
        for rdtype in (A, AAAA):
            for rdata in types.get(rdtype, ()):
                reverse_name = dns.reversename.from_address(rdata.address)
                pointers.setdefault(reverse_name, []).append(name)
    return pointers


def _ptr_rrset(name: dns.name.Name, targets: Iterable[dns.name.Name]) -> dns.rrset.RRset:
    rdatas = [dns.rdtypes.ANY.PTR.PTR(IN, PTR, target) for target in targets]
    return dns.rrset.from_rdata_list(name, PTR_TTL, rdatas)
