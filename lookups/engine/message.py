"""A DNS reply, read no further than somebody looks (RFC 1035 §4.1).

Parsing every record of a signed answer costs more than all the rest of a question. So the walk over
a reply notes where each record stands; dnspython makes rdata of those that are asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import dns.edns
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.wire

from .rdata import IN, FormatError, NameKey, interned, labels_at, name_key, read, skip_name

HEADER = 12  # octets
OPT = dns.rdatatype.OPT  # RFC 6891 §6.1

QR, AA, TC, RD, RA, AD, CD = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080, 0x0020, 0x0010


_RCODES: dict[int, str] = {}


@dataclass(slots=True)
class RRset:
    """The records of one name and type in one section; `spans` are (start, length) of their rdata.

    `ttl` is the smallest of the set's (RFC 2181 §5.2 wants them equal).
    """

    name: dns.name.Name
    key: NameKey
    type: int
    ttl: int
    wire: bytes
    spans: list[tuple[int, int]] = field(default_factory=list)
    _records: tuple[Any, ...] | None = None

    @property
    def records(self) -> tuple[Any, ...]:
        """dnspython's rdata, or AddressRecord or Signature; FormatError where one is unreadable."""
        if self._records is None:
            try:
                self._records = tuple(
                    [read(self.type, self.wire, start, length) for start, length in self.spans]
                )
            except Exception as error:  # hostile octets fail in any way that dnspython knows
                raise FormatError(str(error)) from error
        return self._records

    @property
    def readable(self) -> tuple[Any, ...]:
        """The records; none where one of them cannot be read."""
        try:
            return self.records
        except FormatError:
            return ()


@dataclass(slots=True)
class Message:
    """A reply's header, and its sections as RRsets in the order in which they stand."""

    id: int
    flags: int
    rcode: int
    size: int
    has_edns: bool
    answer: list[RRset]
    authority: list[RRset]
    additional: list[RRset]
    options: tuple[dns.edns.Option, ...] = ()
    # Of the OPT record (RFC 6891 §6.1.3): its TTL field, and how large a datagram may be.
    edns: int = 0
    payload: int = 0

    @property
    def rcode_text(self) -> str:
        text = _RCODES.get(self.rcode)
        if text is None:
            text = _RCODES[self.rcode] = dns.rcode.to_text(dns.rcode.Rcode.make(self.rcode))
        return text

    def find(self, section: list[RRset], name: dns.name.Name, rdtype: int) -> RRset | None:
        key = name_key(name)
        return next((s for s in section if s.type == rdtype and s.key == key), None)

    def signatures(self, rrset: RRset) -> tuple[Any, ...]:
        """The RRSIG records that cover `rrset`, from the section in which it stands."""
        for section in (self.answer, self.authority, self.additional):
            if any(each is rrset for each in section):
                found = self.find(section, rrset.name, dns.rdatatype.RRSIG)
                records = found.readable if found else ()
                return tuple(r for r in records if r.type_covered == rrset.type)
        return ()

    def extended_errors(self) -> list[dns.edns.EDEOption]:
        return [option for option in self.options if isinstance(option, dns.edns.EDEOption)]


def parse(wire: bytes, asked: dns.name.Name | None = None) -> Message:
    """The message in `wire`; trailing octets are ignored. Raises FormatError.

    `asked` is the name of its first question, where that is known already.
    """
    if len(wire) < HEADER:
        raise FormatError("shorter than a header")
    try:
        return _Walk(wire, asked).message()
    except (IndexError, ValueError, dns.name.NameTooLong, dns.name.LabelTooLong) as error:
        raise FormatError(str(error)) from error


class _Walk:
    """One pass over the octets."""

    def __init__(self, wire: bytes, asked: dns.name.Name | None) -> None:
        self._wire = wire
        self._at = HEADER
        self._names: dict[int, tuple[dns.name.Name, NameKey]] = {}
        if asked is not None:
            self._names[HEADER] = (asked, name_key(asked))
        # Of the OPT record: TTL field, class (the payload), start and length of its rdata.
        self._opt: tuple[int, int, int, int] | None = None

    def message(self) -> Message:
        wire = self._wire
        flags = wire[2] << 8 | wire[3]
        counts = [wire[at] << 8 | wire[at + 1] for at in range(4, HEADER, 2)]
        for _ in range(counts[0]):
            self._at = skip_name(self._wire, self._at) + 4
        if self._at > len(wire):
            raise FormatError("the question is cut off")
        sections = [self._section(count) for count in counts[1:]]
        rcode = flags & 0xF
        if self._opt:
            rcode |= (self._opt[0] >> 24) << 4  # RFC 6891 §6.1.3
        return Message(
            id=wire[0] << 8 | wire[1],
            flags=flags,
            rcode=rcode,
            size=len(wire),
            has_edns=self._opt is not None,
            answer=sections[0],
            authority=sections[1],
            additional=sections[2],
            options=self._options(),
            edns=self._opt[0] if self._opt else 0,
            payload=self._opt[1] if self._opt else 0,
        )

    def _section(self, count: int) -> list[RRset]:
        sets: dict[tuple[NameKey, int], RRset] = {}
        wire, size = self._wire, len(self._wire)
        for _ in range(count):
            start = self._at
            at = skip_name(wire, start)
            rdtype = wire[at] << 8 | wire[at + 1]
            rdclass = wire[at + 2] << 8 | wire[at + 3]
            ttl = int.from_bytes(wire[at + 4 : at + 8], "big")
            length = wire[at + 8] << 8 | wire[at + 9]
            rdata = at + 10
            self._at = rdata + length
            if self._at > size:
                raise FormatError("a record is cut off")
            if rdtype == OPT:
                self._opt = (ttl, rdclass, rdata, length)
                continue
            if rdclass != IN:
                continue
            if ttl & 0x80000000:  # RFC 2181 §8: as if it were zero
                ttl = 0
            name, key = self._name(start)
            rrset = sets.get((key, rdtype))
            if rrset is None:
                rrset = sets[key, rdtype] = RRset(name, key, rdtype, ttl, wire)
            elif ttl < rrset.ttl:
                rrset.ttl = ttl
            rrset.spans.append((rdata, length))
        return list(sets.values())

    def _name(self, at: int) -> tuple[dns.name.Name, NameKey]:
        """The name at `at`, decompressed (RFC 1035 §4.1.4), and its key."""
        wire = self._wire
        if wire[at] >= 0xC0:
            at = (wire[at] & 0x3F) << 8 | wire[at + 1]
        known = self._names.get(at)
        if known is not None:
            return known
        found = self._names[at] = interned(labels_at(wire, at))
        return found

    def _options(self) -> tuple[dns.edns.Option, ...]:
        """The EDNS options; none where they cannot be read."""
        if not self._opt or not self._opt[3]:
            return ()
        _, _, start, length = self._opt
        try:
            opt = dns.rdata.from_wire(IN, OPT, self._wire, start, length)
        except Exception:  # hostile octets; the rest of the message is whole
            return ()
        return tuple(opt.options)  # type: ignore[attr-defined]
