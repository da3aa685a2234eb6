"""Zones in memory: what each of them holds, what it delegates, and which of its names exist."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import dns.name
import dns.rrset
from dns.rdatatype import DS, NS, RdataType

RRsets = dict[RdataType, dns.rrset.RRset]


@dataclass(frozen=True, slots=True)
class Fault:
    """How a lesson's server misbehaves; faults.toml says what each `kind` does. `delay` in s."""

    kind: str
    rcode: str = ""
    ede_code: int | None = None
    ede_text: str = ""
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Node:
    """What a zone says of a name. `encloser` is the closest name around it that exists (itself,
    when it does); `wildcard` the one that stands in for it (RFC 4592 §3.3)."""

    types: RRsets
    encloser: dns.name.Name
    exists: bool
    wildcard: dns.name.Name | None = None


@dataclass(slots=True)
class Zone:
    """One zone. `existing` holds every name that exists, also those that only have names below
    them (empty non-terminals, RFC 8020); `cuts` the NS records by which zones below it are
    delegated, `glue` the addresses that go with them (RFC 1034 §4.2.1)."""

    origin: dns.name.Name
    rrsets: dict[dns.name.Name, RRsets] = field(default_factory=dict)
    existing: set[dns.name.Name] = field(default_factory=set)
    cuts: dict[dns.name.Name, dns.rrset.RRset] = field(default_factory=dict)
    glue: dict[dns.name.Name, list[dns.rrset.RRset]] = field(default_factory=dict)

    def add(self, rrset: dns.rrset.RRset) -> None:
        """Add records, joined with those of the same name and type."""
        types = self.rrsets.setdefault(rrset.name, {})
        if rrset.rdtype in types:
            types[rrset.rdtype].union_update(rrset)
        else:
            types[rrset.rdtype] = rrset
        self._exists(rrset.name)

    def delegate(self, servers: dns.rrset.RRset, glue: list[dns.rrset.RRset]) -> None:
        """Make `servers` the delegation of the zone whose name they have."""
        self.cuts[servers.name] = servers
        self.glue[servers.name] = glue
        self._exists(servers.name)

    def cut_above(self, name: dns.name.Name, rdtype: int) -> dns.name.Name | None:
        """The delegation that `name` lies behind. The DS records of a delegated zone do not:
        they belong to the zone that delegates (RFC 4035 §3.1.4.1)."""
        found = None
        for each in upwards(name, self.origin):
            if each in self.cuts and not (rdtype == DS and each == name):
                found = each
        return found

    def node(self, name: dns.name.Name) -> Node:
        """What there is at `name`, which lies in this zone and behind none of its cuts."""
        if name in self.existing:
            return Node(self.rrsets.get(name, {}), name, exists=True)
        encloser = next(n for n in upwards(name, self.origin) if n in self.existing)
        wildcard = dns.name.Name((b"*", *encloser.labels))
        if wildcard in self.rrsets:
            return Node(self.rrsets[wildcard], encloser, exists=True, wildcard=wildcard)
        return Node({}, encloser, exists=False)

    def types_at(self, name: dns.name.Name) -> set[RdataType]:
        """The types that NSEC and NSEC3 list for `name`, without those of DNSSEC itself."""
        types = set(self.rrsets.get(name, {}))
        return types | {NS} if name in self.cuts else types

    def _exists(self, name: dns.name.Name) -> None:
        self.existing.update(upwards(name, self.origin))


@dataclass(slots=True)
class ZoneData:
    """All that the server knows: its zones by their names, and the lessons that misbehave."""

    zones: dict[dns.name.Name, Zone] = field(default_factory=dict)
    faults: dict[dns.name.Name, Fault] = field(default_factory=dict)

    def zone_of(
        self, name: dns.name.Name, served: Collection[dns.name.Name] | None = None
    ) -> Zone | None:
        """The closest zone around `name`, of those in `served`; None where there is none."""
        for each in upwards(name):
            if each in self.zones and (served is None or each in served):
                return self.zones[each]
        return None

    def find(self, name: dns.name.Name, rdtype: RdataType) -> dns.rrset.RRset | None:
        """The records of a name, wherever they are; wildcards and aliases count for nothing."""
        zone = self.zone_of(name)
        return zone.rrsets.get(name, {}).get(rdtype) if zone else None

    def fault_of(self, name: dns.name.Name) -> Fault | None:
        """The fault of the lesson that `name` belongs to."""
        return next((self.faults[n] for n in upwards(name) if n in self.faults), None)


def upwards(name: dns.name.Name, origin: dns.name.Name = dns.name.root) -> Iterator[dns.name.Name]:
    """`name` and what is above it, up to `origin`; never the root."""
    while len(name) > 1 and len(name) >= len(origin):
        yield name
        name = name.parent()
