"""The data of the classroom: zone files, reverse zones made from them, and declared deviations.

Each `zones/<lesson>.zone` describes `<lesson>.classroom.test`. A lesson without a SOA record (one
whose name is an alias, RFC 1034 §3.6.2) is served as a part of the zone around it; every other one
is a zone of its own, which the zone around it delegates.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import dns.name
import dns.rdtypes.ANY.PTR
import dns.reversename
import dns.rrset
import dns.tokenizer
import dns.zonefile
from dns.rdataclass import IN
from dns.rdatatype import AAAA, NS, PTR, SOA, A

from learn.classroom import playing, signing
from learn.classroom.denial import Chain, chain_of
from learn.classroom.zone_data import Fault, Zone, ZoneData

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


@dataclass(slots=True)
class School:
    """All that the server needs: the zones, how they are signed, and the servers it plays."""

    data: ZoneData = field(default_factory=ZoneData)
    signers: dict[dns.name.Name, signing.Signer] = field(default_factory=dict)
    chains: dict[dns.name.Name, Chain] = field(default_factory=dict)
    cast: playing.Cast = field(default_factory=dict)

    def chain(self, zone: Zone) -> Chain | None:
        """The proofs of a signed zone, made when they are first asked for; None for `no-denial`."""
        signer = self.signers[zone.origin]
        if signer.plan.kind == "no-denial":
            return None
        if zone.origin not in self.chains:
            self.chains[zone.origin] = chain_of(zone, signer.plan)
        return self.chains[zone.origin]


def lesson_name(lesson: str) -> dns.name.Name:
    """The domain of a lesson, absolute; "@" is the domain above them all."""
    return dns.name.from_text(lesson, APEX)


def zone_text(lesson: str) -> str:
    """The zone file of a lesson as it was written; FileNotFoundError where there is none."""
    return (HERE / "zones" / f"{lesson}.zone").read_text("utf-8")


def zone_lessons() -> list[str]:
    """Every lesson that has a zone file."""
    return sorted(path.stem for path in (HERE / "zones").glob("*.zone"))


@cache
def load() -> School:
    """Read everything, once per process. Raises dnspython's exceptions where a file is wrong."""
    files = {"@": (HERE / "apex.zone").read_text("utf-8")}
    files["zone"] = (HERE / "own.zone").read_text("utf-8")
    files.update({lesson: zone_text(lesson) for lesson in zone_lessons()})
    return build(
        files,
        plans=signing.load_plans(),
        servers=playing.load_tables(),
        faults=tomllib.loads((HERE / "faults.toml").read_text("utf-8")),
        reverse=tomllib.loads((HERE / "reverse.toml").read_text("utf-8")),
    )


def build(
    files: Mapping[str, str],
    *,
    plans: Mapping[str, signing.Plan],
    servers: Mapping[str, Any],
    faults: Mapping[str, Any],
    reverse: Mapping[str, Any],
) -> School:
    """The classroom that these zone files and tables describe, all by the names of lessons."""
    school = School()
    data = school.data
    _add_zones(data, {lesson_name(lesson): text for lesson, text in files.items()})
    _add_reverse_zones(data, reverse)
    data.faults = {lesson_name(lesson): Fault(**table) for lesson, table in faults.items()}
    _delegate(data, {lesson_name(lesson): table for lesson, table in servers.items()})
    school.cast = playing.cast(data, servers, APEX)
    _sign(school, {lesson_name(lesson): plan for lesson, plan in plans.items()})
    return school


def _add_zones(data: ZoneData, files: dict[dns.name.Name, str]) -> None:
    """Zones first; then the records of lessons that are part of one."""
    parts = []
    for origin, text in files.items():
        rrsets = read_rrsets(text, origin)
        if any(rrset.rdtype == SOA and rrset.name == origin for rrset in rrsets):
            zone = data.zones[origin] = Zone(origin)
            for rrset in rrsets:
                zone.add(rrset)
        else:
            parts += rrsets
    for rrset in parts:
        around = data.zone_of(rrset.name)
        assert around is not None
        around.add(rrset)


class _AsWritten(dns.zonefile.RRsetsReaderTransaction):  # type: ignore[misc]
    """Takes what the file says, also what no zone may say: lessons show such mistakes."""

    def check_put_rdataset(self, check: Any) -> None:
        """CNAME beside other records is let through."""


def read_rrsets(text: str, origin: dns.name.Name) -> list[dns.rrset.RRset]:
    """The records of a zone file. Raises dnspython's exceptions."""
    manager = dns.zonefile.RRSetsReaderManager(origin)
    with _AsWritten(manager, True, False) as transaction:
        tokenizer = dns.tokenizer.Tokenizer(text, str(origin))
        dns.zonefile.Reader(tokenizer, IN, transaction).read()
    return list(manager.rrsets)


def _delegate(data: ZoneData, tables: dict[dns.name.Name, Any]) -> None:
    for zone in data.zones.values():
        if parent := data.zone_of(zone.origin.parent()):
            playing.delegate(data, zone, parent, tables.get(zone.origin, {}))


def _sign(school: School, plans: dict[dns.name.Name, signing.Plan]) -> None:
    """Keys and DS records for the zones that are signed, which the reverse zones always are."""
    data = school.data
    plans = plans | {origin: signing.Plan() for origin in REVERSE_ORIGINS}
    for origin, plan in plans.items():
        zone = data.zones[origin]
        parent = data.zone_of(origin.parent())
        if parent and (rrset := signing.delegation_signers(origin, plan)):
            parent.add(rrset)
        if plan.kind != "unsigned-child":
            school.signers[origin] = signing.Signer(zone, plan)


def _add_reverse_zones(data: ZoneData, exceptions: Mapping[str, Any]) -> None:
    """A PTR record for every address of the lessons that lies in REVERSE_ORIGINS."""
    pointers = _pointers(data, exceptions["unnamed"])
    for address, names in exceptions["ptr"].items():
        pointers[dns.reversename.from_address(address)] = [dns.name.from_text(n) for n in names]
    for origin in REVERSE_ORIGINS:
        zone = data.zones[origin] = Zone(origin)
        for rdtype in (SOA, NS):
            rdata = list(data.zones[APEX].rrsets[APEX][rdtype])
            zone.add(dns.rrset.from_rdata_list(origin, PTR_TTL, rdata))
    for reverse_name, targets in pointers.items():
        around = data.zone_of(reverse_name)
        if targets and around:
            around.add(_ptr_rrset(reverse_name, targets))


def _pointers(data: ZoneData, unnamed: list[str]) -> dict[dns.name.Name, list[dns.name.Name]]:
    """Reverse name -> the names that have the address, without those that match `unnamed`."""
    pointers: dict[dns.name.Name, list[dns.name.Name]] = {}
    for zone in data.zones.values():
        for name, types in zone.rrsets.items():
            text = name.to_text(omit_final_dot=True)
            if name.is_wild() or any(fnmatchcase(text, pattern) for pattern in unnamed):
                continue
            for rdtype in (A, AAAA):
                for rdata in types.get(rdtype, ()):
                    reverse_name = dns.reversename.from_address(rdata.address)
                    pointers.setdefault(reverse_name, []).append(name)
    return pointers


def _ptr_rrset(name: dns.name.Name, targets: Iterable[dns.name.Name]) -> dns.rrset.RRset:
    rdatas = [dns.rdtypes.ANY.PTR.PTR(IN, PTR, target) for target in targets]
    return dns.rrset.from_rdata_list(name, PTR_TTL, rdatas)
