"""Address scopes, by the registries of special-purpose addresses (RFC 6890)."""

from __future__ import annotations

from ipaddress import ip_address

import dns.reversename
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookups.engine.addresses import Scope, reverse_name, scope_of


@pytest.mark.parametrize(
    ("address", "scope"),
    [
        ("8.8.8.8", Scope.PUBLIC),
        ("2606:4700:4700::1111", Scope.PUBLIC),
        ("10.1.2.3", Scope.PRIVATE),
        ("172.31.255.255", Scope.PRIVATE),
        ("172.32.0.1", Scope.PUBLIC),
        ("192.168.0.1", Scope.PRIVATE),
        ("100.64.0.1", Scope.PRIVATE),
        ("fd00::1", Scope.PRIVATE),
        ("127.0.0.1", Scope.LOOPBACK),
        ("127.200.0.1", Scope.LOOPBACK),
        ("::1", Scope.LOOPBACK),
        ("192.0.2.1", Scope.DOCUMENTATION),
        ("198.51.100.9", Scope.DOCUMENTATION),
        ("203.0.113.9", Scope.DOCUMENTATION),
        ("2001:db8::1", Scope.DOCUMENTATION),
        ("3fff::1", Scope.DOCUMENTATION),
        ("0.0.0.0", Scope.RESERVED),
        ("169.254.1.1", Scope.RESERVED),
        ("fe80::1", Scope.RESERVED),
        ("224.0.0.1", Scope.RESERVED),
        ("ff02::1", Scope.RESERVED),
        ("255.255.255.255", Scope.RESERVED),
        ("240.0.0.1", Scope.RESERVED),
        ("::ffff:127.0.0.1", Scope.LOOPBACK),
        ("::ffff:10.0.0.1", Scope.PRIVATE),
    ],
)
def test_scopes(address, scope):
    assert scope_of(ip_address(address)) is scope


@pytest.mark.parametrize("address", ["198.18.0.1", "198.19.255.1", "2001:2::1"])
def test_benchmarking_ranges_are_public_in_lessons_only(address):
    assert scope_of(ip_address(address)) is Scope.RESERVED
    assert scope_of(ip_address(address), lesson=True) is Scope.PUBLIC


@given(st.ip_addresses(), st.booleans())
def test_every_address_has_a_scope(address, lesson):
    assert scope_of(address, lesson) in Scope


@given(st.ip_addresses())
def test_reverse_names_are_dnspythons(address):
    assert reverse_name(address) == dns.reversename.from_address(str(address))
