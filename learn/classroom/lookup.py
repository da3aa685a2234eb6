"""What the zones say to one question: the algorithm of RFC 1034 §4.3.2.

With wildcards (RFC 4592), referrals, negative answers (RFC 2308), and for those who ask for them
signatures and proofs (RFC 4035 §3.1). Nothing here knows of octets.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import dns.name
import dns.rcode
import dns.rrset
from dns.rdatatype import ANY, CNAME, DS, NSEC, RRSIG, SOA

from learn.classroom.denial import Chain
from learn.classroom.playing import Change
from learn.classroom.signing import PERIOD
from learn.classroom.zone_data import Node, RRsets, Zone
from learn.classroom.zone_files import School

Name = dns.name.Name


@dataclass(slots=True)
class Said:
    """The sections of a response. `authoritative` is AA."""

    rcode: dns.rcode.Rcode = dns.rcode.NOERROR
    authoritative: bool = True
    answer: list[dns.rrset.RRset] = field(default_factory=list)
    authority: list[dns.rrset.RRset] = field(default_factory=list)
    additional: list[dns.rrset.RRset] = field(default_factory=list)


@dataclass(slots=True)
class Inquiry:
    """One question to the zones in `served` (None: to all). `follow`: aliases are followed.

    `dnssec`: signatures are wanted. `now` decides which ones, in seconds since 1970.
    """

    school: School
    name: Name
    rdtype: int
    dnssec: bool = False
    follow: bool = True
    served: Collection[Name] | None = None
    changes: Mapping[Name, Change] = field(default_factory=dict)
    now: float = 0.0
    said: Said = field(default_factory=Said)

    def answer(self) -> Said | None:
        """None where no served zone is around the name."""
        name, seen = self.name, set[Name]()
        zone = self._zone(name)
        if zone is None:
            return None
        while zone is not None and name not in seen:
            seen.add(name)
            if cut := zone.cut_above(name, self.rdtype):
                self._refer(zone, cut)
                break
            target = self._look(zone, name, zone.node(name))
            if target is None or not self.follow:
                break
            name, zone = target, self._zone(target)
        return self.said

    def _zone(self, name: Name) -> Zone | None:
        """The closest served zone; for DS the one that delegates, where that is served."""
        data = self.school.data
        zone = data.zone_of(name, self.served)
        if zone and self.rdtype == DS and zone.origin == name:
            return data.zone_of(name.parent(), self.served) or zone
        return zone

    def _look(self, zone: Zone, name: Name, node: Node) -> Name | None:
        """Puts what `node` has into the response; the target where that is an alias."""
        types = self._types(zone, name, node)
        if self.rdtype == ANY and types:  # one RRset will do, RFC 8482 §4.1
            self._add_answer(zone, name, node, next(iter(types.values())))
        elif self.rdtype == RRSIG and zone.origin in self.school.signers:
            self._add_signatures(zone, name, types)
        elif self.rdtype in types:
            self._add_answer(zone, name, node, types[self.rdtype])
        elif CNAME in types:
            self._add_answer(zone, name, node, types[CNAME])
            target: Name = types[CNAME][0].target
            return target
        else:
            self._add_absence(zone, name, node)
        return None

    def _types(self, zone: Zone, name: Name, node: Node) -> RRsets:
        types = node.types
        if name == zone.origin and name in self.changes:
            types = types | self.changes[name].rrsets
        if self.rdtype == NSEC and zone.origin in self.school.signers:
            chain = self.school.chain(zone)
            if chain and (record := chain.at(name)):
                types = types | {NSEC: record}
        return types

    def _add_answer(self, zone: Zone, name: Name, node: Node, rrset: dns.rrset.RRset) -> None:
        section = self.said.answer
        self._add(section, zone, rrset, owner=name)
        if node.wildcard and (chain := self._chain(zone)):
            self._prove(zone, chain.expanded(name, node.encloser))

    def _add_signatures(self, zone: Zone, name: Name, types: RRsets) -> None:
        for rrset in types.values():
            signature = self._signature(zone, rrset)
            self.said.answer.append(_renamed(signature, name))

    def _add_absence(self, zone: Zone, name: Name, node: Node) -> None:
        """The SOA record says how long it may be kept (RFC 2308 §3); NSEC proves it."""
        if not node.exists:
            self.said.rcode = dns.rcode.NXDOMAIN
        apex = zone.rrsets[zone.origin]
        soa = self.changes[zone.origin].rrsets.get(SOA) if zone.origin in self.changes else None
        soa = soa or apex[SOA]
        self._add(self.said.authority, zone, soa, ttl=min(soa.ttl, soa[0].minimum))
        chain = self._chain(zone)
        if chain is None:
            return
        if node.wildcard:
            self._prove(zone, chain.no_type_expanded(name, node.encloser))
        elif node.exists:
            self._prove(zone, chain.no_type(name))
        else:
            self._prove(zone, chain.no_name(name, node.encloser))

    def _refer(self, zone: Zone, cut: Name) -> None:
        """To the servers of the zone that begins at `cut`; it is signed, or proven not to be."""
        if not self.said.answer:
            self.said.authoritative = False
        self.said.authority.append(zone.cuts[cut])
        self.said.additional += zone.glue[cut]
        signers = zone.rrsets.get(cut, {}).get(DS)
        if signers and self._is_signed(zone):
            self._add(self.said.authority, zone, signers)
        elif chain := self._chain(zone):
            self._prove(zone, chain.no_type(cut))

    def _prove(self, zone: Zone, records: list[dns.rrset.RRset]) -> None:
        for record in records:
            if not any(record.name == r.name and record == r for r in self.said.authority):
                self._add(self.said.authority, zone, record)

    def _add(
        self,
        section: list[dns.rrset.RRset],
        zone: Zone,
        rrset: dns.rrset.RRset,
        owner: Name | None = None,
        ttl: int | None = None,
    ) -> None:
        """`rrset`, and its signature where one is wanted, under another name or TTL."""
        section.append(_renamed(rrset, owner, ttl))
        if self._is_signed(zone) and self.school.signers[zone.origin].signs(rrset):
            section.append(_renamed(self._signature(zone, rrset), owner, ttl))

    def _signature(self, zone: Zone, rrset: dns.rrset.RRset) -> dns.rrset.RRset:
        return self.school.signers[zone.origin].signature(rrset, int(self.now) // PERIOD)

    def _is_signed(self, zone: Zone) -> bool:
        return self.dnssec and zone.origin in self.school.signers

    def _chain(self, zone: Zone) -> Chain | None:
        return self.school.chain(zone) if self._is_signed(zone) else None


def _renamed(
    rrset: dns.rrset.RRset, owner: Name | None = None, ttl: int | None = None
) -> dns.rrset.RRset:
    if (owner is None or owner == rrset.name) and ttl is None:
        return rrset
    changed = rrset.copy()
    changed.name = owner or rrset.name
    changed.ttl = rrset.ttl if ttl is None else ttl
    return changed
