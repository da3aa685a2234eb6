"""Where an address may be reached: the scopes that matter to a mail server."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
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


def networks(*texts: str) -> tuple[Network, ...]:
    """Raises ValueError."""
    return tuple(ipaddress.ip_network(text) for text in texts)


# RFC 5737, RFC 3849, RFC 9637
DOCUMENTATION = networks(
    "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20"
)
# RFC 1918, RFC 4193 (unique local), RFC 6598 (shared), and the deprecated site-local (RFC 3879)
PRIVATE = networks(
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7", "fec0::/10"
)
LOOPBACK = networks("127.0.0.0/8", "::1/128")
# Benchmarking ranges (RFC 2544, RFC 5180): the classroom's public addresses, reserved elsewhere.
CLASSROOM = networks("198.18.0.0/15", "2001:2::/48")
# The rest of the IANA special-purpose registries (RFC 6890), multicast (RFC 5771) and 240/4
# (RFC 1112 §4), written out since Python's `is_global` differs from version to version.
# The blocks of protocol assignments (192.0.0.0/24, 2001::/23 with Teredo and ORCHID) are reserved
# as a whole: nobody's mail server lives there, but anycast addresses of the nearest NAT do.
RESERVED = networks(
    *("0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15"),
    *("224.0.0.0/4", "240.0.0.0/4", "2001::/23"),
    # The host below a virtual machine at Azure, which answers as if it were inside.
    "168.63.129.16/32",
)
# All that IANA has given out for use in the world (RFC 4291 §2.4); what lies beyond is special.
GLOBAL_IPV6 = networks("2000::/3")
# IPv6 addresses that stand for the IPv4 address in their last 32 bits: IPv4-mapped (RFC 4291
# §2.5.5.2), IPv4-compatible (§2.5.5.1), IPv4-translated (RFC 2765 §2.1) and NAT64 (RFC 6052 §2.1).
NAT64 = networks("64:ff9b::/96")
EMBEDDING = networks("::ffff:0:0/96", "::/96", "::ffff:0:0:0/96") + NAT64
_ISATAP = 0x0000_5EFE  # RFC 5214 §6.1: the middle of the address; 0x200 where IPv4 is global


@lru_cache(maxsize=4096)
def scope_of(address: Address, lesson: bool = False) -> Scope:
    """The scope of `address` by the IANA special-purpose registries (RFC 6890).

    `lesson` is True for domains of the classroom, where CLASSROOM counts as public. An IPv4 address
    inside an IPv6 one is judged as the IPv4 address, for that is where packets may end.
    """
    address = embedded(address) or address
    if within(address, DOCUMENTATION):
        return Scope.DOCUMENTATION
    if within(address, LOOPBACK):
        return Scope.LOOPBACK
    if within(address, PRIVATE):
        return Scope.PRIVATE
    if lesson and within(address, CLASSROOM):
        return Scope.PUBLIC
    if within(address, RESERVED) or (address.version == 6 and not within(address, GLOBAL_IPV6)):
        return Scope.RESERVED
    return Scope.PUBLIC


def embedded(address: Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that `address` leads to, if it is one of EMBEDDING, 6to4 (RFC 3056), or an
    ISATAP interface (RFC 5214) of an IPv4 address that is not public."""
    if address.version == 4 or int(address) <= 1:  # "::" and "::1" are addresses of their own
        return None
    if address.sixtofour:
        return address.sixtofour
    last = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if within(address, EMBEDDING):
        return last
    is_isatap = (int(address) >> 32 & 0xFDFFFFFF) == _ISATAP
    return last if is_isatap and scope_of(last) is not Scope.PUBLIC else None


def may_be_reached(address: Address, lesson: bool, never: Iterable[Network] = ()) -> bool:
    """Whether anything may be sent to `address` itself: only public ones, and from a lesson only
    machines that are played, since learners write its zones themselves.

    `never`: networks of the operator's own. IPv6 spellings of IPv4 addresses are no way to reach
    these, except through NAT64, which networks without IPv4 have.
    """
    if lesson:
        return is_classroom(address)
    if scope_of(address) is not Scope.PUBLIC or getattr(address, "scope_id", None):
        return False
    if address.version == 6 and not within(address, GLOBAL_IPV6 + NAT64):
        return False
    return not any(within(each, never) for each in (address, embedded(address)) if each)


def is_classroom(address: Address) -> bool:
    """Whether the classroom plays the machine at this address."""
    return within(address, CLASSROOM)


def within(address: Address, networks: Iterable[Network]) -> bool:
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
