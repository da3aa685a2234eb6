"""Names and rdata in a DNS message.

The records that are met most are read here: dnspython's own classes take several times as long to
make. All others are dnspython's.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from typing import Any, NamedTuple

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

MAX_POINTERS = 64  # followed for one name; a name has at most 127 labels (RFC 1035 §3.1)
MAX_NAMES = 4096
IN = dns.rdataclass.IN

NameKey = tuple[bytes, ...]
_NAMES: dict[NameKey, dns.name.Name] = {}
_RDATATYPES: dict[int, dns.rdatatype.RdataType] = {}


class FormatError(ValueError):
    """Octets that are no DNS message."""


class AddressRecord(NamedTuple):
    """An A or AAAA record: the address in text."""

    address: str

    def to_text(self) -> str:
        return self.address


class NameRecord(NamedTuple):
    """An NS, CNAME or PTR record."""

    target: dns.name.Name

    def to_digestable(self) -> bytes:
        """The canonical form (RFC 4034 §6.2)."""
        return self.target.to_digestable()

    def to_text(self) -> str:
        return self.target.to_text()


class MXRecord(NamedTuple):
    """An MX record."""

    preference: int
    exchange: dns.name.Name

    def to_digestable(self) -> bytes:
        """The canonical form (RFC 4034 §6.2)."""
        return self.preference.to_bytes(2, "big") + self.exchange.to_digestable()

    def to_text(self) -> str:
        return f"{self.preference} {self.exchange.to_text()}"


class Signature(NamedTuple):
    """An RRSIG record (RFC 4034 §3.1). Times are seconds since 1970, modulo 2^32."""

    type_covered: int
    algorithm: int
    labels: int
    original_ttl: int
    expiration: int
    inception: int
    key_tag: int
    signer: dns.name.Name
    signature: bytes


def _rdata(rdtype: int, wire: bytes, start: int, length: int) -> Any:
    return dns.rdata.from_wire(IN, _rdatatype(rdtype), wire, start, length)


def _address(rdtype: int, wire: bytes, start: int, length: int) -> AddressRecord:
    """RFC 1035 §3.4.1, RFC 3596 §2.2."""
    family = socket.AF_INET if rdtype == dns.rdatatype.A else socket.AF_INET6
    return AddressRecord(socket.inet_ntop(family, wire[start : start + length]))


def _target(rdtype: int, wire: bytes, start: int, length: int) -> NameRecord:
    """RFC 1035 §3.3.1, §3.3.11, §3.3.12."""
    return NameRecord(_rdata_name(wire, start, start + length))


def _mx(rdtype: int, wire: bytes, start: int, length: int) -> MXRecord:
    """RFC 1035 §3.3.9."""
    preference = wire[start] << 8 | wire[start + 1]
    return MXRecord(preference, _rdata_name(wire, start + 2, start + length))


def _rdata_name(wire: bytes, at: int, end: int) -> dns.name.Name:
    """The name that fills rdata from `at` to `end`, compressed or not."""
    if skip_name(wire, at) != end:
        raise FormatError("a name does not fill its record")
    return interned(labels_at(wire, at))[0]


def _signature(rdtype: int, wire: bytes, start: int, length: int) -> Signature:
    """RFC 4034 §3.1. The signer's name is not compressed."""
    fields = _SIGNATURE.unpack_from(wire, start)
    at, end, labels = start + _SIGNATURE.size, start + length, []
    while size := wire[at]:
        if size > 63:
            raise FormatError("a compressed signer's name")
        labels.append(wire[at + 1 : at + 1 + size])
        at += 1 + size
    if at >= end:
        raise FormatError("a signature is cut off")
    labels.append(b"")
    return Signature._make((*fields, interned(labels)[0], wire[at + 1 : end]))


_SIGNATURE = struct.Struct("!HBBIIIH")
_READERS: dict[int, Callable[[int, bytes, int, int], Any]] = {
    int(dns.rdatatype.A): _address,
    int(dns.rdatatype.AAAA): _address,
    int(dns.rdatatype.NS): _target,
    int(dns.rdatatype.CNAME): _target,
    int(dns.rdatatype.PTR): _target,
    int(dns.rdatatype.MX): _mx,
    int(dns.rdatatype.RRSIG): _signature,
}


def _rdatatype(number: int) -> dns.rdatatype.RdataType:
    """dnspython's enumeration makes a member at each call; there are 65,536 at most."""
    found = _RDATATYPES.get(number)
    if found is None:
        found = _RDATATYPES[number] = dns.rdatatype.RdataType.make(number)
    return found


def skip_name(wire: bytes, at: int) -> int:
    """The position after the name at `at`."""
    while length := wire[at]:
        if length >= 0xC0:
            return at + 2
        if length > 63:
            raise FormatError("an unknown kind of label")
        at += length + 1
    return at + 1


def labels_at(wire: bytes, at: int) -> list[bytes]:
    """The labels of the name at `at`, decompressed (RFC 1035 §4.1.4)."""
    labels, pointers = [], 0
    while length := wire[at]:
        if length >= 0xC0:
            at = (length & 0x3F) << 8 | wire[at + 1]
            pointers += 1
            if pointers > MAX_POINTERS:
                raise FormatError("compression goes round in a circle")
            continue
        if length > 63 or at + 1 + length > len(wire):
            raise FormatError("a label is cut off")
        labels.append(wire[at + 1 : at + 1 + length])
        at += length + 1
    labels.append(b"")
    return labels


def interned(labels: list[bytes]) -> tuple[dns.name.Name, NameKey]:
    """The name of `labels` and its key. The same few names come again and again, and making one
    costs more than finding it. Raises dnspython's exceptions for what is no name."""
    key = tuple(map(bytes.lower, labels))
    name = _NAMES.get(key)
    if name is None:
        if len(_NAMES) >= MAX_NAMES:
            _NAMES.clear()
        name = _NAMES[key] = dns.name.Name(labels)
    return name, key


def name_key(name: dns.name.Name) -> NameKey:
    """What equal names have in common: cheaper to compare and hash than the names."""
    return tuple(map(bytes.lower, name.labels))


def read(rdtype: int, wire: bytes, start: int, length: int) -> Any:
    """The record whose rdata stands there. May raise anything: the octets are hostile."""
    return _READERS.get(rdtype, _rdata)(rdtype, wire, start, length)
