"""From a query's octets to a response's octets: the authoritative server without its sockets.

What is said comes from `lookup`; here it becomes a message, with EDNS(0) by RFC 6891, from the one
name server that is played, or from all of them. Rendered responses are kept, so a repeated query
costs a look-up, whatever its capitals.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Sequence
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
from dns.rdatatype import NS

from learn.classroom.lookup import Inquiry, Said
from learn.classroom.playing import Played
from learn.classroom.signing import PERIOD
from learn.classroom.zone_data import Fault
from learn.classroom.zone_files import School

HEADER = 12  # octets, RFC 1035 §4.1.1
MIN_PAYLOAD = 512  # octets of UDP without EDNS(0), RFC 1035 §4.2.1
MAX_PAYLOAD = (
    1232  # octets of UDP that pass everywhere unfragmented (RFC 9715 advises 1400 or less)
)
MAX_KEPT = 4096  # rendered responses
META_TYPES = range(128, 255)  # AXFR, IXFR and the like (RFC 6895 §3.1); ANY is 255
# The EDNS option that names the server to play (lookups.engine.resolver.PLAYED_SERVER).
PLAYED_SERVER = 65001
ROOT_SERVERS = [f"{letter}.root-servers.net." for letter in "abcdefghijklm"]


@dataclass(frozen=True, slots=True)
class Reply:
    """What to send: `wire` after `delay` seconds. Without `wire` nothing is sent, and a TCP
    connection is closed if `close` is set."""

    wire: bytes | None
    delay: float = 0.0
    close: bool = False

    def to(self, packet: bytes, end: int) -> Reply:
        """The same for this query, whose question's name ends at `end`: with its id, and with the
        question spelled as it is there."""
        wire = self.wire
        if wire is None:
            return self
        if wire[HEADER:end] == packet[HEADER:end].lower():
            return Reply(packet[:2] + wire[2:HEADER] + packet[HEADER:end] + wire[end:], self.delay)
        return Reply(packet[:2] + wire[2:], self.delay)


NO_REPLY = Reply(None)
HANG_UP = Reply(None, close=True)


class Authority:
    """Answers queries from `school`, which must not change any more."""

    def __init__(self, school: School, clock: Callable[[], float] = time.time) -> None:
        self._school = school
        self._clock = clock
        self._period = -1
        self._kept: dict[tuple[bytes, bool], Reply] = {}

    def reply(self, packet: bytes, tcp: bool) -> Reply:
        """The reply to any octets whatever; never raises."""
        end = _end_of_name(packet)
        packet_small = packet[:HEADER] + packet[HEADER:end].lower() + packet[end:]
        self._forget()
        key = (packet_small[2:], tcp)
        reply = self._kept.get(key)
        if reply is None:
            reply = self._render(packet_small, tcp)
            self._kept[key] = reply
        return reply.to(packet, end)

    def _forget(self) -> None:
        """Responses go when they are too many, or when their signatures are to be renewed."""
        period = int(self._clock()) // PERIOD
        if period != self._period or len(self._kept) >= MAX_KEPT:
            self._kept.clear()
            self._period = period

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
        address = _played_address(query)
        if address is not None:
            return self._play(query, address, tcp)
        fault = self._school.data.fault_of(query.question[0].name)
        if fault is None:
            return Reply(_wire(self._answer(query), tcp))
        if fault.kind == "slow":
            return Reply(_wire(self._answer(query, follow=False), tcp), fault.delay)
        return _faulty(fault, query, tcp)

    def _play(self, query: dns.message.Message, address: bytes, tcp: bool) -> Reply:
        """As the name server at `address`; silence where there is none."""
        name = query.question[0].name
        played = self._school.cast.get(address)
        if played is None or played.keeps_silent(name, tcp):
            return NO_REPLY
        if tcp and played.hangs_up(name):
            return HANG_UP
        data = self._school.data
        zone = data.zone_of(name, played.origins)
        fault = data.faults.get(zone.origin) if zone else None
        if fault and not played.fault_of(name):
            return _faulty(fault, query, tcp)
        return Reply(_wire(self._answer_as(played, query), tcp))

    def _answer_as(self, played: Played, query: dns.message.Message) -> dns.message.Message:
        kind = played.fault_of(query.question[0].name)
        if kind == "upward":
            return _upward_referral(query)
        if kind in ("refused", "servfail"):
            return _response(query, dns.rcode.from_text(kind))
        said = self._said(query, played)
        if said is None and played.recursion and query.flags & dns.flags.RD:
            said = self._said(query, None) or _of_the_root(query)
            said.authoritative = False
        response = _message(query, said)
        if kind == "no-aa":
            response.flags &= ~dns.flags.AA
        if played.recursion:
            response.flags |= dns.flags.RA
        return response

    def _answer(self, query: dns.message.Message, follow: bool = True) -> dns.message.Message:
        """From all zones. Aliases are followed through them if `follow`."""
        return _message(query, self._said(query, None, follow))

    def _said(
        self, query: dns.message.Message, played: Played | None, follow: bool = True
    ) -> Said | None:
        question = query.question[0]
        return Inquiry(
            self._school,
            question.name,
            question.rdtype,
            dnssec=bool(query.ednsflags & dns.flags.DO),
            follow=follow,
            served=played.origins if played else None,
            changes=played.changes if played else {},
            now=self._clock(),
        ).answer()


def _end_of_name(packet: bytes) -> int:
    """Where the name of the question ends; the header's end where it cannot be read."""
    at = HEADER
    while at < len(packet) and (length := packet[at]):
        if length > 63:
            return HEADER
        at += length + 1
    return at if at < len(packet) else HEADER


def _played_address(query: dns.message.Message) -> bytes | None:
    """The octets of the address of the server that shall be played; None where none is named."""
    for option in query.options:
        if option.otype == PLAYED_SERVER:
            return bytes(option.to_wire() or b"")
    return None


def _message(query: dns.message.Message, said: Said | None) -> dns.message.Message:
    if said is None:
        return _response(query, dns.rcode.REFUSED)
    response = _response(query, said.rcode)
    if said.authoritative:
        response.flags |= dns.flags.AA
    response.answer = said.answer
    response.authority = said.authority
    response.additional = said.additional
    return response


def _of_the_root(query: dns.message.Message) -> Said:
    """What a resolver knows beside the lessons: the root's servers, and nothing else."""
    question = query.question[0]
    if question.name == dns.name.root and question.rdtype == NS:
        return Said(answer=[_root_servers()])
    return Said(rcode=dns.rcode.SERVFAIL)


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
    response.answer, response.authority, response.additional = [], [], []
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
            return HANG_UP
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
    response.authority.append(_root_servers())
    return response


def _root_servers() -> dns.rrset.RRset:
    return dns.rrset.from_text_list(dns.name.root, 518400, IN, NS, ROOT_SERVERS)


def _garbled(query: dns.message.Message) -> bytes:
    """The header of an answer, then a name whose compression pointer points at itself."""
    header = struct.pack("!6H", query.id, dns.flags.QR | dns.flags.AA, 1, 1, 0, 0)
    return header + b"\xc0\x0c\xff\xff\xff\xff"
