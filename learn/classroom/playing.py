"""The name servers that the classroom's one server plays, as servers.toml describes them."""

from __future__ import annotations

import ipaddress
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dns.name
import dns.rrset
from dns.rdataclass import IN
from dns.rdatatype import AAAA, CNAME, NS, SOA, A

from learn.classroom.zone_data import Zone, ZoneData, upwards

HERE = Path(__file__).parent
GLUE_TTL = 3600


@dataclass(frozen=True, slots=True)
class Change:
    """What one server has otherwise than the zone says."""

    fault: str = ""
    rrsets: Mapping[int, dns.rrset.RRset] = field(default_factory=dict)


@dataclass(slots=True)
class Played:
    """One name server: the zones it serves, and how it differs by zone."""

    origins: set[dns.name.Name] = field(default_factory=set)
    changes: dict[dns.name.Name, Change] = field(default_factory=dict)
    recursion: bool = False

    def fault_of(self, name: dns.name.Name) -> str:
        """What is wrong with this server where it is asked for `name`; for a name of no zone at
        all, what is wrong with any of its zones when it has no others."""
        near = next((n for n in upwards(name) if n in self.changes), None)
        if near is None and len(self.origins) == len(self.changes) == 1:
            near = next(iter(self.changes))
        return self.changes[near].fault if near else ""

    def keeps_silent(self, name: dns.name.Name, tcp: bool) -> bool:
        fault = self.fault_of(name)
        return fault == "silent" or (not tcp and fault == "no-udp")

    def hangs_up(self, name: dns.name.Name) -> bool:
        return self.fault_of(name) == "no-tcp"


Cast = dict[bytes, Played]  # by the octets of the server's address


def load_tables() -> dict[str, Any]:
    """servers.toml: tables by lesson."""
    return tomllib.loads((HERE / "servers.toml").read_text("utf-8"))


def delegate(data: ZoneData, zone: Zone, parent: Zone, table: Mapping[str, Any]) -> None:
    """Put the delegation of `zone` into `parent`."""
    own = zone.rrsets[zone.origin].get(NS) or parent.rrsets[parent.origin][NS]
    hosts = [_name(text, zone.origin) for text in table.get("parent", ())]
    if hosts:
        texts = [host.to_text() for host in hosts]
        servers = dns.rrset.from_text_list(zone.origin, own.ttl, IN, NS, texts)
    else:
        servers = dns.rrset.from_rdata_list(zone.origin, own.ttl, list(own))
    changed = {
        _name(text, zone.origin): addresses for text, addresses in table.get("glue", {}).items()
    }
    glue = []
    for host in sorted(rdata.target for rdata in servers):
        if host in changed:
            glue += _addresses(host, changed[host])
        elif host.is_subdomain(parent.origin):
            glue += [found for t in (A, AAAA) if (found := data.find(host, t))]
    parent.delegate(servers, glue)


def cast(data: ZoneData, tables: Mapping[str, Any], apex: dns.name.Name) -> Cast:
    """Who serves what: every address of a host that a zone or its delegation names."""
    played: Cast = {}
    for zone in data.zones.values():
        parent = data.zone_of(zone.origin.parent())
        sets = [zone.rrsets[zone.origin].get(NS), parent.cuts[zone.origin] if parent else None]
        hosts = {rdata.target for servers in sets if servers for rdata in servers}
        addresses = {octets for host in hosts for octets in _octets(data, host)}
        if parent:
            addresses.update(
                ipaddress.ip_address(rdata.address).packed
                for rrset in parent.glue[zone.origin]
                if rrset.name in hosts
                for rdata in rrset
            )
        for octets in addresses:
            played.setdefault(octets, Played()).origins.add(zone.origin)
    for lesson, table in tables.items():
        origin = dns.name.from_text(lesson, apex)
        for server, changes in table.get("servers", {}).items():
            for octets in _whose(data, server, origin):
                _change(played.setdefault(octets, Played()), data.zones[origin], changes)
    return played


def _change(played: Played, zone: Zone, table: Mapping[str, Any]) -> None:
    types = zone.rrsets[zone.origin]
    rrsets: dict[int, dns.rrset.RRset] = {}
    if "serial" in table:
        soa = types[SOA][0].replace(serial=table["serial"])
        rrsets[SOA] = dns.rrset.from_rdata(zone.origin, types[SOA].ttl, soa)
    if "ns" in table:
        texts = [_name(text, zone.origin).to_text() for text in table["ns"]]
        rrsets[NS] = dns.rrset.from_text_list(zone.origin, types[NS].ttl, IN, NS, texts)
    played.changes[zone.origin] = Change(table.get("fault", ""), rrsets)
    played.recursion = played.recursion or table.get("recursion", False)


def _whose(data: ZoneData, server: str, origin: dns.name.Name) -> Iterable[bytes]:
    """The addresses of `server`, a host or itself an address."""
    try:
        return [ipaddress.ip_address(server).packed]
    except ValueError:
        return _octets(data, _name(server, origin))


def _octets(data: ZoneData, host: dns.name.Name) -> list[bytes]:
    alias = data.find(host, CNAME)
    return [
        ipaddress.ip_address(rdata.address).packed
        for rdtype in (A, AAAA)
        for rdata in data.find(alias[0].target if alias else host, rdtype) or ()
    ]


def _addresses(host: dns.name.Name, texts: Iterable[str]) -> list[dns.rrset.RRset]:
    """The address records of `host` with these addresses."""
    by_type: dict[Any, list[str]] = {}
    for text in texts:
        by_type.setdefault(AAAA if ":" in text else A, []).append(text)
    return [
        dns.rrset.from_text_list(host, GLUE_TTL, IN, rdtype, found)
        for rdtype, found in by_type.items()
    ]


def _name(text: str, origin: dns.name.Name) -> dns.name.Name:
    return dns.name.from_text(text, origin)
