"""From a query's octets to a response's octets: the authoritative server without its sockets.

The algorithm is that of RFC 1034 §4.3.2 without wildcards and referrals, with negative answers by
RFC 2308 and EDNS(0) by RFC 6891. Rendered responses are kept, so a repeated query costs a look-up.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rrset
from dns.rdataclass import IN
from dns.rdatatype import ANY, CNAME, NS, SOA

from learn.classroom.zone_files import Fault, ZoneData

HEADER = 12  # octets, RFC 1035 §4.1.1
MIN_PAYLOAD = 512  # octets of UDP without EDNS(0), RFC 1035 §4.2.1
MAX_PAYLOAD = (
    1232  # octets of UDP that pass everywhere unfragmented (RFC 9715 advises 1400 or less)
)
MAX_KEPT = 4096  # rendered responses
META_TYPES = range(128, 255)  # AXFR, IXFR and the like (RFC 6895 §3.1); ANY is 255
ROOT_SERVERS = [f"{letter}.root-servers.net." for letter in "abcdefghijklm"]


@dataclass(frozen=True, slots=True)
class Reply:
    """What to send: `wire` after `delay` seconds. Without `wire` nothing is sent, and a TCP
    connection is closed if `close` is set."""

    wire: bytes | None
    delay: float = 0.0
    close: bool = False

    def with_id(self, id: bytes) -> Reply:
        """The same for the query with this id (2 octets)."""
        return Reply(self.wire and id + self.wire[2:], self.delay, self.close)


NO_REPLY = Reply(None)


class Authority:
    """Answers queries from `data`, which must not change any more."""

    def __init__(self, data: ZoneData) -> None:
        self._data = data
        self._kept: dict[tuple[bytes, bool], Reply] = {}

    def reply(self, packet: bytes, tcp: bool) -> Reply:
        """The reply to any octets whatever; never raises."""
        key = (packet[2:], tcp)
        reply = self._kept.get(key)
        if reply is None:
            reply = self._render(packet, tcp)
            if len(self._kept) >= MAX_KEPT:
                self._kept.clear()
            self._kept[key] = reply
        return reply.with_id(packet[:2])

    def _render(self, packet: bytes, tcp: bool) -> Reply:
        # A response is never answered, or two servers could talk to each other for ever.
        if len(packet) < HEADER or packet[2] & 0x80:
            return NO_REPLY
        try:
            query = dns.message.from_wire(packet)
        except Exception:  # dnspython raises more than DNSException on hostile octets
            return Reply(_format_error(packet))
        if rcode := _refusal(query):
            return Reply(_wire(_response(query, rcode), tcp))
        fault = self._data.fault_of(query.question[0].name)
        if fault is None:
            return Reply(_wire(self._answer(query), tcp))
        if fault.kind == "slow":
            return Reply(_wire(self._answer(query, follow=False), tcp), fault.delay)
        return _faulty(fault, query, tcp)

    def _answer(self, query: dns.message.Message, follow: bool = True) -> dns.message.Message:
        """From the zones. Aliases are followed through all of them if `follow`."""
        name, rdtype = query.question[0].name, query.question[0].rdtype
        zone = self._data.zone_of(name)
        if zone is None:
            return _response(query, dns.rcode.REFUSED)
        response = _response(query, dns.rcode.NOERROR)
        response.flags |= dns.flags.AA
        seen = set()
        while zone is not None and name not in seen:
            seen.add(name)
            types = self._data.rrsets.get(name, {})
            if rdtype == ANY and types:  # one RRset will do, RFC 8482 §4.1
                response.answer.append(next(iter(types.values())))
                break
            if rdtype in types:
                response.answer.append(types[rdtype])
                break
            if CNAME not in types:
                response.authority.append(self._negative_soa(zone))
                if name not in self._data.existing:
                    response.set_rcode(dns.rcode.NXDOMAIN)
                break
            response.answer.append(types[CNAME])
            if not follow:
                break
            name = types[CNAME][0].target
            zone = self._data.zone_of(name)
        return response

    def _negative_soa(self, zone: dns.name.Name) -> dns.rrset.RRset:
        """The SOA record that says how long a negative answer may be kept, RFC 2308 §3."""
        soa = self._data.rrsets[zone][SOA]
        return dns.rrset.from_rdata(zone, min(soa.ttl, soa[0].minimum), soa[0])


def _refusal(query: dns.message.Message) -> dns.rcode.Rcode:
    """NOERROR for a query that can be answered, otherwise what is wrong with it."""
    if query.opcode() != dns.opcode.QUERY:
        return dns.rcode.NOTIMP
    if len(query.question) != 1:
        return dns.rcode.FORMERR
    if query.edns > 0:
        return dns.rcode.BADVERS
    question = query.question[0]
    if question.rdclass != IN or question.rdtype in META_TYPES:
        return dns.rcode.REFUSED
    return dns.rcode.NOERROR


def _response(
    query: dns.message.Message, rcode: dns.rcode.Rcode, options: Sequence[dns.edns.Option] = ()
) -> dns.message.Message:
    """An empty response; with EDNS(0), and then with `options`, if the query has it."""
    response: dns.message.Message = dns.message.QueryMessage(id=query.id)
    response.flags = dns.flags.QR | (query.flags & dns.flags.RD)
    response.set_opcode(query.opcode())
    response.question = list(query.question)
    if query.edns >= 0:
        flags = query.ednsflags & dns.flags.DO
        response.use_edns(0, flags, MAX_PAYLOAD, query.payload, list(options))
    response.set_rcode(rcode)
    return response


def _wire(response: dns.message.Message, tcp: bool) -> bytes:
    """In octets; over UDP cut to an empty response with TC where it is too large, RFC 2181 §9."""
    if tcp:
        return response.to_wire(max_size=65535)
    payload = response.request_payload if response.edns >= 0 else MIN_PAYLOAD
    size = min(max(payload, MIN_PAYLOAD), MAX_PAYLOAD)
    try:
        return response.to_wire(max_size=size)
    except dns.exception.TooBig:
        return _truncated(response)


def _truncated(response: dns.message.Message) -> bytes:
    response.answer, response.authority = [], []
    response.flags |= dns.flags.TC
    return response.to_wire(max_size=MIN_PAYLOAD)


def _format_error(packet: bytes) -> bytes:
    """FORMERR in a bare header with the query's id, opcode and RD: no more could be read."""
    flags = dns.flags.QR | (packet[2] << 8 & 0x7900) | dns.rcode.FORMERR
    return packet[:2] + struct.pack("!5H", flags, 0, 0, 0, 0)


def _faulty(fault: Fault, query: dns.message.Message, tcp: bool) -> Reply:
    """As faults.toml describes the kinds."""
    if fault.kind == "silent":
        return NO_REPLY
    if fault.kind == "garbled":
        return Reply(_garbled(query))
    if fault.kind == "lame":
        return Reply(_wire(_upward_referral(query), tcp))
    if fault.kind == "truncated":
        if tcp:
            return Reply(None, close=True)
        return Reply(_truncated(_response(query, dns.rcode.NOERROR)))
    response = _response(query, dns.rcode.from_text(fault.rcode), _extended_errors(fault))
    return Reply(_wire(response, tcp))


def _extended_errors(fault: Fault) -> list[dns.edns.Option]:
    if fault.ede_code is None:
        return []
    return [dns.edns.EDEOption(dns.edns.EDECode.make(fault.ede_code), fault.ede_text)]


def _upward_referral(query: dns.message.Message) -> dns.message.Message:
    """The root's NS records in the authority section, without AA."""
    response = _response(query, dns.rcode.NOERROR)
    response.authority.append(dns.rrset.from_text_list(dns.name.root, 518400, IN, NS, ROOT_SERVERS))
    return response


def _garbled(query: dns.message.Message) -> bytes:
    """The header of an answer, then a name whose compression pointer points at itself."""
    header = struct.pack("!6H", query.id, dns.flags.QR | dns.flags.AA, 1, 1, 0, 0)
    return header + b"\xc0\x0c\xff\xff\xff\xff"
