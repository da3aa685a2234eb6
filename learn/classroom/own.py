"""Learners' own zones: `<label>.zone.classroom.test`, answered beside the lessons.

They live elsewhere, where they may change between two queries; a `Source` brings them. So nothing
here is kept but what a zone's version vouches for: the zone above them is made for each query, with
the delegations that it needs, and its proofs cover nothing but the name that was asked for.
Every zone has a block of addresses; their reverse names lead to whichever name has them.
"""

from __future__ import annotations

import ipaddress
import logging
import re
import time
from collections import ChainMap, OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.reversename
import dns.rrset
from dns.rdataclass import IN
from dns.rdatatype import AAAA, MX, NS, PTR, RRSIG, SOA, A

from learn.classroom import playing, signing, zone_files
from learn.classroom.answers import HEADER, Authority, Reply
from learn.classroom.denial import Chain, MinimalChain, chain_of
from learn.classroom.zone_data import RRsets, Zone, ZoneData, upwards
from learn.classroom.zone_files import School, lesson_name

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Name = dns.name.Name

PARENT = lesson_name("zone")
DEFAULT_SERVERS = ("ns.classroom.test.", "ns2.classroom.test.")
LABEL = re.compile(r"[a-z]{8}")
BLOCKS = 4096  # of addresses, one for each zone
BLOCK_SIZE = 8  # IPv4 addresses in one
# No lesson has addresses in these (tests/learn/test_own_zones.py).
IPV4 = ipaddress.IPv4Network("198.19.0.0/17")
IPV6 = ipaddress.IPv6Network("2001:2:0:1000::/52")
REVERSE = tuple(
    origin for origin in zone_files.REVERSE_ORIGINS if not origin.to_text().startswith("18.")
)
_SUFFIXES = tuple(origin.to_wire() for origin in (PARENT, *REVERSE))
MAX_TOGETHER = 8  # own zones that one query may lead through
MAX_KEPT = 500  # zones that are kept read
MAX_SHOWN = 300  # characters of an answer in the list of queries

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Published:
    """A zone as its learner saved it: a whole zone file with SOA and NS records."""

    label: str
    version: int
    text: str
    signed: bool
    block: int


class Unreachable(Exception):
    """The zones are out of reach for the moment."""


class Source(Protocol):
    """Where own zones come from. Every method but `note` raises Unreachable."""

    def version(self, label: str) -> int | None:
        """The version of a zone; None where there is no such zone."""

    def zone(self, label: str) -> Published | None: ...

    def label_of(self, block: int) -> str | None:
        """The zone that has this block of addresses."""

    def note(self, label: str, query: Mapping[str, str]) -> None:
        """Tells the zone's learner of a query; never raises, never waits."""


def networks(block: int) -> tuple[ipaddress.IPv4Network, ipaddress.IPv6Network]:
    """The addresses of a zone: eight of IPv4, and a /64 of IPv6."""
    four = int(IPV4.network_address) + block * BLOCK_SIZE
    six = int(IPV6.network_address) + (block << 64)
    return ipaddress.IPv4Network((four, 29)), ipaddress.IPv6Network((six, 64))


def block_of(address: Address) -> int | None:
    """The block in which `address` lies; None for addresses of the lessons."""
    if isinstance(address, ipaddress.IPv4Address):
        inside = address in IPV4
        return (int(address) - int(IPV4.network_address)) // BLOCK_SIZE if inside else None
    return (int(address) - int(IPV6.network_address)) >> 64 if address in IPV6 else None


def label_in(name: Name) -> str:
    """The label of the own zone that `name` lies in; empty where that can be none."""
    if len(name) <= len(PARENT) or not name.is_subdomain(PARENT):
        return ""
    label = name.labels[-len(PARENT) - 1].decode("latin-1").lower()
    return label if LABEL.fullmatch(label) else ""


@dataclass(slots=True)
class Enrolled:
    """One own zone, read. `pointers`: reverse name -> the names that have the address."""

    published: Published
    zone: Zone
    signer: signing.Signer | None
    pointers: dict[Name, list[Name]] = field(default_factory=dict)
    _chain: Chain | None = None

    @property
    def chain(self) -> Chain | None:
        """Its proofs, made when they are first asked for; None where it is not signed."""
        if self._chain is None and self.signer:
            self._chain = chain_of(self.zone, self.signer.plan)
        return self._chain


def read(published: Published) -> Enrolled:
    """Raises dnspython's exceptions where the text is no zone file."""
    origin = dns.name.Name((published.label.encode(), *PARENT.labels))
    zone = Zone(origin)
    rrsets = zone_files.read_rrsets(published.text, origin)
    cuts = {r.name for r in rrsets if r.rdtype == NS and r.name != origin}
    for rrset in rrsets:
        if not any(name in cuts for name in upwards(rrset.name, origin)):
            zone.add(rrset)
    for rrset in rrsets:
        if rrset.rdtype == NS and rrset.name in cuts and not _below_one(rrset.name, cuts, origin):
            hosts = {rdata.target for rdata in rrset}
            zone.delegate(rrset, [r for r in rrsets if r.name in hosts and r.rdtype in (A, AAAA)])
    if SOA not in zone.rrsets.get(origin, {}) or NS not in zone.rrsets[origin]:
        raise dns.exception.SyntaxError("no SOA or NS record")
    pointers = _pointers(zone, published.block)
    signer = signing.Signer(zone, signing.Plan()) if published.signed else None
    return Enrolled(published, zone, signer, pointers)


def _below_one(name: Name, cuts: set[Name], origin: Name) -> bool:
    return any(each in cuts for each in upwards(name.parent(), origin))


def _pointers(zone: Zone, block: int) -> dict[Name, list[Name]]:
    """For the addresses of the zone's block; a mail server's name comes first."""
    exchanges = {r.exchange for types in zone.rrsets.values() for r in types.get(MX, ())}
    pointers: dict[Name, list[Name]] = {}
    for name in sorted(zone.rrsets, key=lambda name: (name not in exchanges, name)):
        for rdtype in (A, AAAA) if not name.is_wild() else ():
            for rdata in zone.rrsets[name].get(rdtype, ()):
                if block_of(ipaddress.ip_address(rdata.address)) == block:
                    reverse = dns.reversename.from_address(rdata.address)
                    pointers.setdefault(reverse, []).append(name)
    return pointers


class OwnZones:
    """Answers queries for own zones, and tells their learners of them."""

    def __init__(
        self,
        source: Source,
        school: School | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._source = source
        self._school = school or zone_files.load()
        self._clock = clock
        self._kept: OrderedDict[str, Enrolled] = OrderedDict()
        # These zones are not the same for every query, so that no signature can be kept.
        self.signers = {origin: _FreshSigner(origin) for origin in (PARENT, *REVERSE)}

    def reply(self, packet: bytes, tcp: bool, client: str) -> Reply | None:
        """The reply to a query about own zones, otherwise None; never raises."""
        name = _asked(packet)
        if name is None:
            return None
        try:
            annexe = Annexe(self._school, self, name)
            reply = Authority(annexe, self._clock).reply(packet, tcp)
            label = label_in(name) or annexe.label
            if label and self.enrolled(label) and (noted := _noted(packet, reply, tcp, client)):
                self._source.note(label, noted)
        except Unreachable:
            return Reply(_servfail(packet))
        return reply

    def enrolled(self, label: str) -> Enrolled | None:
        """The zone as it was saved last. Raises Unreachable for one that is not known here."""
        kept = self._kept.get(label)
        try:
            version = self._source.version(label)
            if version is not None and kept and kept.published.version == version:
                self._kept.move_to_end(label)
                return kept
            published = self._source.zone(label) if version is not None else None
        except Unreachable:
            if kept:
                return kept
            raise
        self._kept.pop(label, None)
        return self._keep(published) if published else None

    def of_block(self, block: int) -> Enrolled | None:
        """The zone that has a block of addresses. Raises Unreachable."""
        label = self._source.label_of(block)
        found = self.enrolled(label) if label else None
        return found if found and found.published.block == block else None

    def host_at(self, address: str) -> str:
        """The name of the machine at an address of an own zone; empty where there is none."""
        block = block_of(ipaddress.ip_address(address)) if address else None
        try:
            found = self.of_block(block) if block is not None else None
        except Unreachable:
            return ""
        names = found.pointers.get(dns.reversename.from_address(address)) if found else None
        return names[0].to_text(omit_final_dot=True).lower() if names else ""

    def _keep(self, published: Published) -> Enrolled | None:
        try:
            enrolled = read(published)
        except Exception:  # whatever dnspython raises: a broken zone must not stop the server
            logger.exception("the zone %s cannot be read", published.label)
            return None
        self._kept[published.label] = enrolled
        while len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        return enrolled


class _FreshSigner(signing.Signer):
    """Signs whatever it is given, and keeps nothing."""

    def __init__(self, origin: Name) -> None:
        super().__init__(Zone(origin), signing.Plan())

    def signature(self, rrset: dns.rrset.RRset, period: int) -> dns.rrset.RRset:
        return self._sign(rrset, period)


class Annexe(School):
    """The school for one query about `name`: the lessons, and the own zones that it leads to."""

    def __init__(self, base: School, own: OwnZones, name: Name) -> None:
        super().__init__(
            data=ZoneData(_Zones(base.data.zones, self._zone_at), base.data.faults),  # type: ignore[arg-type]
            signers=ChainMap({}, own.signers, base.signers),  # type: ignore[arg-type]
            chains=base.chains,
        )
        self._base, self._own = base, own
        self._found: dict[Name, Enrolled | None] = {}
        self._changed = {PARENT: _copy(base.data.zones[PARENT])}
        self.label = self._add_pointers(name)
        self.cast = self._cast_for(name)

    def chain(self, zone: Zone) -> Chain | None:
        if zone.origin in self._changed:
            return MinimalChain(zone)
        if enrolled := self._found.get(zone.origin):
            return enrolled.chain
        return self._base.chain(zone)

    def _zone_at(self, name: Name) -> Zone | None:
        """The zone of this name, where it is not one of the lessons."""
        if name in self._changed:
            return self._changed[name]
        if len(name) != len(PARENT) + 1 or not (label := label_in(name)):
            return None
        if name not in self._found and len(self._found) < MAX_TOGETHER:
            self._enrol(name, label)
        found = self._found.get(name)
        return found.zone if found else None

    def _enrol(self, name: Name, label: str) -> None:
        found = self._found[name] = self._own.enrolled(label)
        if found is None:
            return
        parent = self._changed[PARENT]
        playing.delegate(self.data, found.zone, parent, {})
        if found.signer:
            self.signers[found.zone.origin] = found.signer
            signers = signing.delegation_signers(found.zone.origin, found.signer.plan)
            assert signers is not None
            parent.add(signers)

    def _add_pointers(self, name: Name) -> str:
        """Puts the names of an own zone's addresses into the reverse zone that `name` lies in;
        the label of that own zone."""
        origin = _reverse_zone(name)
        if origin is None:
            return ""
        zone = self._changed[origin] = _copy(self._base.data.zones[origin])
        address = _address_of(name)
        if address is None:  # only a part of one: there are names below it (RFC 8020)
            zone.existing.update(upwards(name, origin))
            return ""
        block = block_of(address)
        found = self._own.of_block(block) if block is not None else None
        if found is None:
            return ""
        for reverse, names in found.pointers.items():
            if reverse.is_subdomain(origin):
                texts = [each.to_text() for each in names]
                ttl = zone_files.PTR_TTL
                zone.add(dns.rrset.from_text_list(reverse, ttl, IN, PTR, texts))
        return found.published.label

    def _cast_for(self, name: Name) -> playing.Cast:
        """Who plays name servers: those of the lessons, and those of the zone that is asked."""
        origin = next((n for n in upwards(name) if len(n) == len(PARENT) + 1), None)
        zone = self._zone_at(origin) if origin else None
        if zone is None:
            return self._base.cast
        extra = {}
        for octets in self._servers(zone):
            usual = self._base.cast.get(octets, playing.Played())
            origins = {*usual.origins, zone.origin}
            extra[octets] = playing.Played(origins, usual.changes, usual.recursion)
        return ChainMap(extra, self._base.cast)  # type: ignore[return-value]

    def _servers(self, zone: Zone) -> Iterator[bytes]:
        for server in zone.rrsets[zone.origin][NS]:
            for rdtype in (A, AAAA):
                for rdata in self.data.find(server.target, rdtype) or ():
                    yield ipaddress.ip_address(rdata.address).packed


class _Zones(Mapping[Name, Zone]):
    """The zones of the lessons, behind those that `find` finds."""

    def __init__(self, base: Mapping[Name, Zone], find: Callable[[Name], Zone | None]) -> None:
        self._base, self._find = base, find

    def __contains__(self, name: object) -> bool:
        return name in self._base or (isinstance(name, Name) and self._find(name) is not None)

    def __getitem__(self, name: Name) -> Zone:
        return self._find(name) or self._base[name]

    def __iter__(self) -> Iterator[Name]:
        return iter(self._base)

    def __len__(self) -> int:
        return len(self._base)


def _copy(zone: Zone) -> Zone:
    """One to which records can be added."""
    rrsets: dict[Name, RRsets] = {name: dict(types) for name, types in zone.rrsets.items()}
    return Zone(zone.origin, rrsets, set(zone.existing), dict(zone.cuts), dict(zone.glue))


def _asked(packet: bytes) -> Name | None:
    """The name that a query asks for, where it may have to do with own zones."""
    small = packet[HEADER:].lower()
    if not any(suffix in small for suffix in _SUFFIXES):  # all but a few: spares the reading
        return None
    try:
        name, _ = dns.name.from_wire(packet, HEADER)
    except (dns.exception.DNSException, IndexError):
        return None
    lower = Name([label.lower() for label in name.labels])
    return lower if lower.is_subdomain(PARENT) or _reverse_zone(lower) else None


def _reverse_zone(name: Name) -> Name | None:
    """The zone of a reverse name that belongs to addresses of own zones."""
    for origin in REVERSE:
        if len(name) > len(origin) and name.is_subdomain(origin):
            first = name.labels[-len(origin) - 1].decode("latin-1")
            four = first.isascii() and first.isdigit() and len(first) < 4 and int(first) < 128
            return origin if (first == "1" if len(origin) > 8 else four) else None
    return None


def _address_of(name: Name) -> Address | None:
    """The address whose reverse name `name` is."""
    try:
        return ipaddress.ip_address(dns.reversename.to_address(name))
    except (dns.exception.DNSException, ValueError):
        return None


def _noted(packet: bytes, reply: Reply, tcp: bool, client: str) -> dict[str, str] | None:
    """What a learner is told of a query: strings, short, and as hostile as the query was. Nothing
    of one that cannot be read."""
    # In small letters: capitals are strewn in against forgery, and mean nothing.
    end = HEADER + dns.name.from_wire(packet, HEADER)[1]
    try:
        question = dns.message.from_wire(_small(packet, end), ignore_trailing=True).question[0]
    except Exception:  # as in answers.Authority
        return None
    noted = {
        "name": question.name.to_text(omit_final_dot=True)[:MAX_SHOWN],
        "type": dns.rdatatype.to_text(question.rdtype),
        "client": client,
        "transport": "TCP" if tcp else "UDP",
        "outcome": "",
        "answer": "",
    }
    if reply.wire is not None:
        response = dns.message.from_wire(_small(reply.wire, end))
        noted["outcome"] = _outcome(response)
        noted["answer"] = "\n".join(_shown(response))[:MAX_SHOWN]
    return noted


def _small(packet: bytes, end: int) -> bytes:
    """The message with the name of its question, which ends at `end`, in small letters."""
    return packet[:HEADER] + packet[HEADER:end].lower() + packet[end:]


def _outcome(response: dns.message.Message) -> str:
    """The response code, with the two kinds of NOERROR that bring no answer named."""
    code = response.rcode()
    if code != dns.rcode.NOERROR or response.answer:
        return dns.rcode.to_text(code)
    if response.flags & dns.flags.TC:
        return "TC"
    return "NODATA" if any(r.rdtype == SOA for r in response.authority) else "REFERRAL"


def _shown(response: dns.message.Message) -> Iterator[str]:
    for rrset in response.answer:
        if rrset.rdtype != RRSIG:
            for rdata in rrset:
                yield f"{dns.rdatatype.to_text(rrset.rdtype)} {rdata.to_text()}"


def _servfail(packet: bytes) -> bytes | None:
    """To a query whose zone is out of reach."""
    try:
        response = dns.message.make_response(dns.message.from_wire(packet))
    except Exception:  # as in answers.Authority
        return None
    response.set_rcode(dns.rcode.SERVFAIL)
    return response.to_wire()
