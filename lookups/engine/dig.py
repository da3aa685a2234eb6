"""A reply as `dig` shows it: what everybody who works with DNS can read.

Whatever DNS said is made printable here: rdata that nobody can read stands in the form for unknown
types (RFC 3597 §5), and every character outside ASCII is escaped (RFC 1035 §5.1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import dns.edns
import dns.opcode
import dns.rdata
import dns.rdatatype

from .exchange import Exchange
from .message import AA, AD, CD, QR, RA, RD, TC, Message, RRset
from .rdata import IN
from .transport import Server

MAX_RECORDS = 200  # of one section
MAX_TEXT = 4000  # characters of one record
MAX_OCTETS = 200  # of rdata or an option that nobody can read
Z = 0x0040
DO = 0x8000
FLAGS = (
    (QR, "qr"), (AA, "aa"), (TC, "tc"), (RD, "rd"), (RA, "ra"), (Z, "z"), (AD, "ad"), (CD, "cd"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Record:
    """One record in presentation form. `type` is its number."""

    name: str
    ttl: int
    type: int
    data: str

    @property
    def type_text(self) -> str:
        return type_text(self.type)

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "ttl": self.ttl, "type": self.type_text, "data": self.data}


@dataclass(frozen=True, slots=True)
class Asked:
    """The question as it was put. `flags` are those of its header, `dnssec` is DO."""

    name: str
    type: str
    flags: int = RD | AD
    dnssec: bool = False
    tcp: bool = False

    def command(self, server: Server | None) -> str:
        """The call of dig that asks the same."""
        words = ["dig"]
        if server:
            words.append(f"@{server.host}")
            words += [] if server.port == 53 else ["-p", str(server.port)]
        words += [self.name, self.type]
        words += [] if self.flags & RD else ["+norecurse"]
        words += ["+cdflag"] if self.flags & CD else []
        words += ["+dnssec"] if self.dnssec else []
        words += ["+tcp"] if self.tcp else []
        return printable(" ".join(words))


def flag_names(message: Message) -> tuple[str, ...]:
    """The flags that are set, as dig calls them."""
    return tuple(name for bit, name in FLAGS if message.flags & bit)


def records(section: list[RRset]) -> Iterator[Record]:
    """The records of a section, at most MAX_RECORDS."""
    left = MAX_RECORDS
    for rrset in section:
        for start, length in rrset.spans[:left]:
            data = rdata_text(rrset.type, rrset.wire, start, length)
            yield Record(printable(rrset.name.to_text()), rrset.ttl, rrset.type, data)
        left -= min(left, len(rrset.spans))


def count(section: list[RRset]) -> int:
    return sum(len(rrset.spans) for rrset in section)


def rdata_text(rdtype: int, wire: bytes, start: int, length: int) -> str:
    """Presentation form; that of an unknown type where the octets are no such record."""
    try:
        made = dns.rdata.from_wire(IN, dns.rdatatype.RdataType.make(rdtype), wire, start, length)
        text = printable(made.to_text())
    except Exception:  # hostile octets fail in any way that dnspython knows
        text = unknown_text(wire[start : start + length])
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}..."


def unknown_text(octets: bytes) -> str:
    """RFC 3597 §5."""
    return f"\\# {len(octets)} {octets[:MAX_TEXT].hex()}".rstrip()


def type_text(number: int) -> str:
    return dns.rdatatype.to_text(dns.rdatatype.RdataType.make(number))


def printable(text: str) -> str:
    """Everything but visible ASCII and the space as \\DDD, octet by octet (RFC 1035 §5.1)."""
    if text.isascii() and text.isprintable():
        return text
    pieces = []
    for character in text:
        if character.isascii() and character.isprintable():
            pieces.append(character)
        else:
            octets = character.encode("utf-8", "surrogatepass")
            pieces += [f"\\{octet:03}" for octet in octets]
    return "".join(pieces)


def render(
    asked: Asked, exchange: Exchange, when: datetime, extended_errors: Mapping[int, str], shown: str
) -> str:
    """The whole reply. `shown` is the server as readers know it: its address and port."""
    return "\n".join(_lines(asked, exchange, when, extended_errors, shown))


def _lines(
    asked: Asked, exchange: Exchange, when: datetime, extended_errors: Mapping[int, str], shown: str
) -> Iterator[str]:
    if exchange.reply is None:
        yield from _silence(exchange, shown)
        return
    message = exchange.reply.message
    yield ";; Got answer:"
    yield from _header(message)
    if message.has_edns:
        yield ""
        yield ";; OPT PSEUDOSECTION:"
        yield from _edns(message, extended_errors)
    yield ""
    yield ";; QUESTION SECTION:"
    yield _columns(f";{_absolute(asked.name)}", "", asked.type, "")
    for title, section in (
        ("ANSWER", message.answer),
        ("AUTHORITY", message.authority),
        ("ADDITIONAL", message.additional),
    ):
        if section:
            yield ""
            yield f";; {title} SECTION:"
            for record in records(section):
                yield _columns(record.name, str(record.ttl), record.type_text, record.data)
            if (total := count(section)) > MAX_RECORDS:
                yield f";; ... {total - MAX_RECORDS} more"
    yield ""
    yield f";; Query time: {(exchange.ended - exchange.started) * 1000:.0f} msec"
    yield f";; SERVER: {shown} ({exchange.transport.upper()})"
    yield f";; WHEN: {when:%Y-%m-%d %H:%M:%S %Z}"
    yield f";; MSG SIZE  rcvd: {exchange.size}"


def _silence(exchange: Exchange, shown: str) -> Iterator[str]:
    if exchange.size:
        yield f";; Warning: {exchange.size} bytes from {shown} are no DNS message"
    elif shown:
        yield f";; communications error to {shown}: {exchange.outcome.value}"
    yield ";; no servers could be reached" if not exchange.size else ";; no usable reply"


def _header(message: Message) -> Iterator[str]:
    opcode = dns.opcode.to_text(dns.opcode.Opcode.make(message.flags >> 11 & 0xF))
    yield f";; ->>HEADER<<- opcode: {opcode}, status: {message.rcode_text}, id: {message.id}"
    flags = "".join(f" {name}" for name in flag_names(message))
    additional = count(message.additional) + message.has_edns
    yield (
        f";; flags:{flags}; QUERY: 1, ANSWER: {count(message.answer)}, "
        f"AUTHORITY: {count(message.authority)}, ADDITIONAL: {additional}"
    )


def _edns(message: Message, extended_errors: Mapping[int, str]) -> Iterator[str]:
    """RFC 6891 §6.1.3, RFC 5001 (NSID), RFC 8914 (extended errors)."""
    flags = " do" if message.edns & DO else ""
    yield f"; EDNS: version: {message.edns >> 16 & 0xFF}, flags:{flags}; udp: {message.payload}"
    for option in message.options[:10]:
        if isinstance(option, dns.edns.EDEOption):
            name = extended_errors.get(int(option.code), "")
            said = f": ({printable(option.text[:MAX_OCTETS])})" if option.text else ""
            yield f"; EDE: {int(option.code)}{f' ({name})' if name else ''}{said}"
        else:
            octets = option.to_wire() or b""
            name = {3: "NSID", 10: "COOKIE"}.get(int(option.otype), f"OPT={int(option.otype)}")
            seen = printable(octets[:MAX_OCTETS].decode("latin-1")) if name == "NSID" else ""
            yield f"; {name}: {octets[:MAX_OCTETS].hex()}" + (f' ("{seen}")' if seen else "")


def _absolute(name: str) -> str:
    return printable(name if name.endswith(".") else f"{name}.")


def _columns(name: str, ttl: str, rdtype: str, data: str) -> str:
    """A line of a zone file, its columns where dig has them."""
    line = ""
    for text, end in ((name, 24), (ttl, 32), ("IN", 40), (rdtype, 48)):
        line = (line + text).ljust(end)
        if not line.endswith(" "):
            line += " "
    return (line + data).rstrip()
