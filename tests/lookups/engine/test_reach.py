"""Which addresses anything is sent to: each row of IANA's registries of special addresses."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from lookups.engine.addresses import is_classroom, may_be_reached, networks

# https://www.iana.org/assignments/iana-ipv4-special-registry and -ipv6-special-registry, with the
# multicast blocks. True: globally reachable, and reached here.
REGISTRY = {
    "0.0.0.0/8": False,
    "10.0.0.0/8": False,
    "100.64.0.0/10": False,
    "127.0.0.0/8": False,
    "169.254.0.0/16": False,
    "172.16.0.0/12": False,
    "192.0.0.0/24": False,
    "192.0.0.0/29": False,
    "192.0.0.8/32": False,
    "192.0.0.9/32": False,  # globally reachable, but leads to the nearest NAT (RFC 7723)
    "192.0.0.10/32": False,  # the same (RFC 8155)
    "192.0.0.170/31": False,
    "192.0.2.0/24": False,
    "192.31.196.0/24": True,
    "192.52.193.0/24": True,
    "192.88.99.0/24": False,
    "192.168.0.0/16": False,
    "192.175.48.0/24": True,
    "198.18.0.0/15": False,
    "198.51.100.0/24": False,
    "203.0.113.0/24": False,
    "224.0.0.0/4": False,
    "240.0.0.0/4": False,
    "255.255.255.255/32": False,
    "::/128": False,
    "::1/128": False,
    "::ffff:0:0/96": False,
    "64:ff9b:1::/48": False,
    "100::/64": False,
    "100:0:0:1::/64": False,
    "2001::/23": False,
    "2001::/32": False,
    "2001:1::1/128": False,  # globally reachable, but leads to the nearest NAT (RFC 7723)
    "2001:1::2/128": False,  # the same (RFC 8155)
    "2001:1::3/128": False,  # the nearest registrar (RFC 9665)
    "2001:2::/48": False,
    "2001:3::/32": False,  # relays (RFC 7450), in a block that is refused as a whole
    "2001:4:112::/48": False,  # AS112 (RFC 7535), the same; it has other addresses
    "2001:10::/28": False,
    "2001:20::/28": False,  # identifiers that are never routed (RFC 7343)
    "2001:30::/28": False,  # the same (RFC 9374)
    "2001:db8::/32": False,
    "2620:4f:8000::/48": True,
    "3fff::/20": False,
    "5f00::/16": False,
    "fc00::/7": False,
    "fe80::/10": False,
    "fec0::/10": False,
    "ff00::/8": False,
    # Not given out to anybody.
    "200::/7": False,
    "4000::/3": False,
    "e000::/4": False,
}


@pytest.mark.parametrize(("network", "reached"), REGISTRY.items())
def test_rows_of_the_registries(network, reached):
    found = ip_network(network)
    middle = found[found.num_addresses // 2]
    for address in (found[0], middle, found[-1]):
        assert may_be_reached(address, lesson=False) is reached, address


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "9.255.255.255", "100.63.255.255", "100.128.0.0", "169.253.255.255", "172.32.0.0",
     "192.0.1.0", "198.17.255.255", "198.20.0.0", "223.255.255.255", "2001:200::1",
     "2606:4700:4700::1111", "2a00::1", "2003::1"],
)  # fmt: skip
def test_their_neighbours_are_public(address):
    assert may_be_reached(ip_address(address), lesson=False)


# Clouds answer their machines' questions about secrets here.
METADATA = ["169.254.169.254", "169.254.170.2", "fd00:ec2::254", "fd20:ce::254", "100.100.100.200",
            "192.0.0.192", "168.63.129.16"]  # fmt: skip


@pytest.mark.parametrize("lesson", [False, True])
@pytest.mark.parametrize("address", METADATA)
def test_metadata_of_clouds(address, lesson):
    assert not may_be_reached(ip_address(address), lesson)


INSIDE = ["127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "198.18.0.1", "0.0.0.0"]
SPELLINGS = {
    "mapped": "::ffff:{}",
    "compatible": "::{}",
    "translated": "::ffff:0:{}",
    "nat64": "64:ff9b::{}",
    "nat64 of a network": "64:ff9b:1::{}",
    "isatap": "2a00:1450::5efe:{}",
    "isatap, global": "2a00:1450::200:5efe:{}",
}


@pytest.mark.parametrize("lesson", [False, True])
@pytest.mark.parametrize("inside", INSIDE)
@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_ipv4_inside_ipv6(spelling, inside, lesson):
    address = ip_address(spelling.format(inside))
    assert not may_be_reached(address, lesson)
    assert not is_classroom(address)


@pytest.mark.parametrize("inside", INSIDE)
def test_ipv4_inside_6to4_and_teredo(inside):
    number = int(ip_address(inside))
    tunnel = ip_address(0x2002 << 112 | number << 80 | 1)
    server = ip_address(0x20010000 << 96 | number << 64)
    client = ip_address(0x20010000 << 96 | 0x08080808 << 64 | (number ^ 0xFFFFFFFF))
    assert not any(may_be_reached(each, lesson=False) for each in (tunnel, server, client))


def test_public_ipv4_inside_ipv6_is_reached_through_nat64_only():
    """A network without IPv4 reaches it so (RFC 6147); the other spellings lead nowhere."""
    assert may_be_reached(ip_address("64:ff9b::8.8.8.8"), lesson=False)
    for spelling in ("::ffff:8.8.8.8", "::8.8.8.8", "::ffff:0:8.8.8.8", "64:ff9b:1::8.8.8.8"):
        assert not may_be_reached(ip_address(spelling), lesson=False)


@pytest.mark.parametrize("address", ["fe80::1%eth0", "2606:4700::1111%eth0", "ff02::1%1"])
def test_zone_ids_are_of_this_machine(address):
    assert not may_be_reached(ip_address(address), lesson=False)


@pytest.mark.parametrize("address", ["8.8.8.8", "64:ff9b::808:808", "2002:808:808::1", "2a00::1"])
def test_networks_of_the_operators_own(address):
    """Public addresses may be inside as well; nor does another spelling lead there."""
    never = networks("8.8.8.0/24", "2a00::/64")
    assert may_be_reached(ip_address(address), lesson=False)
    assert not may_be_reached(ip_address(address), lesson=False, never=never)
    assert may_be_reached(ip_address("9.9.9.9"), lesson=False, never=never)
