"""From a query's octets to a response's octets, for the one zone of hosted SPF records.

Authoritative answers (RFC 1034 §4.3), negative ones with the SOA record (RFC 2308), EDNS(0) by
RFC 6891, and no more than MAX_UDP octets over UDP.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.TXT
import dns.rrset

from lookups.engine.records.txt import split_strings
from lookups.hosted.dns.store import Entry, Source, Unreachable

HEADER = 12  # octets (RFC 1035 §4.1.1)
MIN_UDP = 512  # octets without EDNS(0) (RFC 1035 §4.2.1)
MAX_UDP = 1232  # octets that pass everywhere unfragmented
MAX_TCP = 65_535
ZONE_TTL = 3600
NEGATIVE_TTL = 60  # a record that was switched on shall be seen soon
META_TYPES = range(128, 255)  # AXFR, IXFR and the like (RFC 6895 §3.1)
LABEL_SIZE = 63


@dataclass(frozen=True, slots=True)
class Zone:
    """`origin` is the zone's name, `servers` those of its NS records."""

    origin: dns.name.Name
    servers: tuple[dns.name.Name, ...]

    @classmethod
    def of(cls, origin: str, servers: Sequence[str]) -> Zone:
        """Raises dnspython's exceptions for what is no name."""
        return cls(dns.name.from_text(origin), tuple(dns.name.from_text(s) for s in servers))

    def soa(self, ttl: int) -> dns.rrset.RRset:
        """Its serial stays: the zone is not transferred, so nobody compares."""
        first = self.servers[0]
        mailbox = dns.name.Name((b"hostmaster", *self.origin.labels))
        text = f"{first} {mailbox} 1 7200 900 1209600 {NEGATIVE_TTL}"
        return dns.rrset.from_text(self.origin, ttl, "IN", "SOA", text)

    def ns(self) -> dns.rrset.RRset:
        hosts = [server.to_text() for server in self.servers]
        return dns.rrset.from_text(self.origin, ZONE_TTL, "IN", "NS", *hosts)


def reply(zone: Zone, source: Source, packet: bytes, tcp: bool) -> bytes | None:
    """The response to any octets whatever; None where there is to be none. Never raises."""
    # A response is never answered, or two servers could talk to each other for ever.
    if len(packet) < HEADER or packet[2] & 0x80:
        return None
    try:
        query = dns.message.from_wire(packet)
    except Exception:  # dnspython raises more than DNSException on hostile octets
        return _format_error(packet)
    response = dns.message.make_response(query, recursion_available=False, our_payload=MAX_UDP)
    if (rcode := _refusal(query)) is not None:
        response.set_rcode(rcode)
    else:
        _answer(zone, source, query, response)
    return _wire(query, response, tcp)


def _refusal(query: dns.message.Message) -> dns.rcode.Rcode | None:
    if query.opcode() != dns.opcode.QUERY:
        return dns.rcode.NOTIMP
    if query.edns > 0:
        return dns.rcode.BADVERS
    if len(query.question) != 1:
        return dns.rcode.FORMERR
    asked = query.question[0]
    if asked.rdclass != dns.rdataclass.IN or asked.rdtype in META_TYPES:
        return dns.rcode.REFUSED
    return None


def _answer(
    zone: Zone, source: Source, query: dns.message.Message, response: dns.message.Message
) -> None:
    name, type = query.question[0].name, query.question[0].rdtype
    if not name.is_subdomain(zone.origin):
        response.set_rcode(dns.rcode.REFUSED)
        return
    response.flags |= dns.flags.AA
    below = [part.decode("latin-1").lower() for part in name.relativize(zone.origin).labels]
    if not below:
        _answer_apex(zone, type, response)
        return
    try:
        entry = source(below[-1])
    except Unreachable:
        response.flags &= ~dns.flags.AA
        response.set_rcode(dns.rcode.SERVFAIL)
        return
    text = entry.texts.get(".".join(below[:-1])) if entry else None
    if entry is None or text is None:
        response.set_rcode(dns.rcode.NXDOMAIN)
        response.authority.append(zone.soa(NEGATIVE_TTL))
    elif type in (dns.rdatatype.TXT, dns.rdatatype.ANY):
        response.answer.append(_txt(name, text, entry))
    else:
        response.authority.append(zone.soa(NEGATIVE_TTL))


def _answer_apex(zone: Zone, type: dns.rdatatype.RdataType, response: dns.message.Message) -> None:
    if type in (dns.rdatatype.SOA, dns.rdatatype.ANY):
        response.answer.append(zone.soa(ZONE_TTL))
    if type in (dns.rdatatype.NS, dns.rdatatype.ANY):
        response.answer.append(zone.ns())
    if not response.answer:
        response.authority.append(zone.soa(NEGATIVE_TTL))


def _txt(name: dns.name.Name, text: str, entry: Entry) -> dns.rrset.RRset:
    strings = [piece.encode() for piece in split_strings(text)]
    rdata = dns.rdtypes.ANY.TXT.TXT(dns.rdataclass.IN, dns.rdatatype.TXT, strings)
    return dns.rrset.from_rdata(name, entry.ttl, rdata)


def _wire(query: dns.message.Message, response: dns.message.Message, tcp: bool) -> bytes:
    limit = MAX_TCP
    if not tcp:
        asked = query.payload if query.edns >= 0 else MIN_UDP
        limit = min(max(asked, MIN_UDP), MAX_UDP)
    wire = response.to_wire(max_size=MAX_TCP)
    return wire if len(wire) <= limit else truncated(response)


def truncated(response: dns.message.Message) -> bytes:
    """Nothing but the question and TC: ask again over TCP."""
    for section in (response.answer, response.authority, response.additional):
        section.clear()
    response.flags |= dns.flags.TC
    return response.to_wire()


def shortened(wire: bytes) -> bytes:
    """The same of a response that is made already, for a client that asks too much."""
    end = HEADER
    while end < len(wire) and wire[end]:
        end += wire[end] + 1
    end += 5
    flags = wire[2] | 0x02
    return wire[:2] + bytes((flags, wire[3])) + struct.pack("!4H", 1, 0, 0, 0) + wire[HEADER:end]


def _format_error(packet: bytes) -> bytes:
    opcode = packet[2] & 0x78
    flags = bytes((0x80 | opcode, dns.rcode.FORMERR))
    return packet[:2] + flags + bytes(8)
