"""Where an address may be reached: the scopes that matter to a mail server."""

from __future__ import annotations

import ipaddress
from enum import StrEnum
from functools import lru_cache

import dns.name

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Scope(StrEnum):
    """PUBLIC can receive mail from anywhere; every other scope cannot."""

    PUBLIC = "public"
    PRIVATE = "private"
    LOOPBACK = "loopback"
    DOCUMENTATION = "documentation"
    RESERVED = "reserved"


# The address in a text; the same few are read again and again. Raises ValueError.
parse = lru_cache(maxsize=4096)(ipaddress.ip_address)


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


# RFC 5737, RFC 3849, RFC 9637
DOCUMENTATION = _networks(
    "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20"
)
# RFC 1918, RFC 4193 (unique local), RFC 6598 (shared), and the deprecated site-local (RFC 3879)
PRIVATE = _networks(
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7", "fec0::/10"
)
LOOPBACK = _networks("127.0.0.0/8", "::1/128")
# IPv6 addresses that stand for the IPv4 address in their last 32 bits: IPv4-mapped (RFC 4291
# §2.5.5.2), IPv4-compatible (§2.5.5.1) and NAT64 (RFC 6052 §2.1).
EMBEDDING = _networks("::ffff:0:0/96", "::/96", "64:ff9b::/96")
NAT64_LOCAL = _networks("64:ff9b:1::/48")  # a network's own, RFC 8215
# Benchmarking ranges (RFC 2544, RFC 5180): the classroom's public addresses, reserved elsewhere.
CLASSROOM = _networks("198.18.0.0/15", "2001:2::/48")


def scope_of(address: Address, lesson: bool = False) -> Scope:
    """The scope of `address` by the IANA special-purpose registries (RFC 6890).

    `lesson` is True for domains of the classroom, where CLASSROOM counts as public. An IPv4 address
    inside an IPv6 one is judged as the IPv4 address, for that is where packets may end.
    """
    if isinstance(address, ipaddress.IPv6Address):
        address = _embedded(address) or address
    if _within(address, DOCUMENTATION):
        return Scope.DOCUMENTATION
    if _within(address, LOOPBACK):
        return Scope.LOOPBACK
    if _within(address, PRIVATE):
        return Scope.PRIVATE
    if lesson and _within(address, CLASSROOM):
        return Scope.PUBLIC
    if address.is_multicast or not address.is_global or _within(address, NAT64_LOCAL):
        return Scope.RESERVED
    return Scope.PUBLIC


def _embedded(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that `address` leads to, if it is one of EMBEDDING or 6to4 (RFC 3056)."""
    if int(address) <= 1:  # "::" and "::1" are addresses of their own
        return None
    if address.sixtofour or not _within(address, EMBEDDING):
        return address.sixtofour
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)


def may_be_reached(address: Address, lesson: bool) -> bool:
    """Whether anything may be sent to `address` itself: only public ones, and from a lesson only
    machines that are played, since learners write its zones themselves."""
    return is_classroom(address) if lesson else scope_of(address) is Scope.PUBLIC


def is_classroom(address: Address) -> bool:
    """Whether the classroom plays the machine at this address."""
    return _within(address, CLASSROOM)


def _within(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address in network for network in networks if network.version == address.version)


@lru_cache(maxsize=4096)
def reverse_name(address: Address) -> dns.name.Name:
    """Where the names of `address` stand (RFC 1035 §3.5, RFC 3596 §2.5)."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped  # RFC 4291 §2.5.5.2: an IPv4 address in IPv6 spelling
    if address.version == 4:
        labels = [str(octet).encode() for octet in reversed(address.packed)]
        return dns.name.Name((*labels, b"in-addr", b"arpa", b""))
    nibbles = [nibble.encode() for nibble in reversed(address.packed.hex())]
    return dns.name.Name((*nibbles, b"ip6", b"arpa", b""))
