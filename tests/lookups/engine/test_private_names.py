"""Names that only a network of its own knows: nobody outside is asked for them."""

from __future__ import annotations

import dns.name
import pytest

from lookups.engine.addresses import parse, reverse_name
from lookups.engine.authorities import authorities
from lookups.engine.private_names import is_private
from lookups.engine.resolver import Outcome

from .scripted import answer, resolving

PRIVATE = [
    "localhost", "db.localhost", "printer.local", "metadata.google.internal", "x.onion",
    "router.home.arpa", "a.alt", "x.invalid", "_dns.resolver.arpa", "default.service.arpa",
    "A.B.LOCAL",
]  # fmt: skip
PUBLIC = [
    ".", "com", "local.example.com", "internal.example", "localhost.example.org", "arpa",
    "home.arpa.example", "in-addr.arpa", "classroom.test", "notlocal", "ipv4only.arpa",
]  # fmt: skip


@pytest.mark.parametrize("name", PRIVATE)
def test_private_names(name):
    assert is_private(dns.name.from_text(name))


@pytest.mark.parametrize("name", PUBLIC)
def test_public_names(name):
    assert not is_private(dns.name.from_text(name))


@pytest.mark.parametrize(
    "address",
    ["10.1.2.3", "172.16.0.1", "172.31.255.1", "192.168.0.1", "127.0.0.1", "0.1.2.3", "100.64.0.1",
     "100.127.0.1", "169.254.169.254", "255.255.255.255", "::", "::1", "fd00::1", "fe80::1",
     "febf::1"],
)  # fmt: skip
def test_reverse_names_of_private_addresses(address):
    assert is_private(reverse_name(parse(address)))


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1", "11.0.0.1", "198.18.1.1",
     "2001:db8::1", "2a00::1", "::2", "fc00::1"],
)  # fmt: skip
def test_reverse_names_of_others(address):
    assert not is_private(reverse_name(parse(address)))


def telling(query, transport):
    """A resolver that knows names inside."""
    name, rdtype = query.question[0].name, query.question[0].rdtype
    if name.to_text() == "a.example.":
        return answer(query, f"{name} 60 IN CNAME db.internal.", "db.internal. 60 IN A 10.0.0.7")
    if name.to_text() == "b.example.":
        return answer(query, f"{name} 60 IN CNAME db.localhost.")
    return answer(query, f"{name} 60 IN A 10.0.0.7") if rdtype == 1 else answer(query)


async def test_the_resolver_is_not_asked():
    async with resolving(telling) as (resolver, [server]):
        for name in ("db.internal", "localhost", "printer.local"):
            found = await resolver.query(name, "A")
            assert (found.outcome, found.records) == (Outcome.NXDOMAIN, ())
        back = await resolver.query(reverse_name(parse("10.0.0.7")), "PTR")
        raw = await resolver.exchange(dns.name.from_text("db.internal"), "A", flags=0)
        there = await resolver.ask(parse("9.9.9.9"), "db.internal", "A")
    assert back.outcome is raw.outcome is there.outcome is Outcome.NXDOMAIN
    assert not server.asked and not resolver.asked


@pytest.mark.parametrize("alias", ["a.example", "b.example"])
async def test_an_alias_does_not_lead_inside(alias):
    async with resolving(telling) as (resolver, [server]):
        found = await resolver.query(alias, "A")
    assert (found.outcome, found.records) == (Outcome.NXDOMAIN, ())
    assert [name for name, *_ in server.asked] == [f"{alias}."]


async def test_the_operators_command_may_ask():
    async with resolving(telling, private_names=True) as (resolver, _):
        assert (await resolver.query("db.internal", "A")).records
        assert (await resolver.query("a.example", "A")).records


async def test_nobody_speaks_for_a_private_zone():
    async with resolving(telling) as (resolver, [server]):
        found = await authorities(resolver, dns.name.from_text("db.internal"), "A")
    assert found is None or found.zone == dns.name.root
    assert {name for name, *_ in server.asked} <= {"."}
