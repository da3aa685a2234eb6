"""Whose servers answer for a name, also where the resolver gets no answer from them."""

from __future__ import annotations

from contextlib import asynccontextmanager
from ipaddress import ip_address

import dns.name
import pytest

from learn.classroom import server as classroom
from lookups.engine.authorities import authorities
from lookups.engine.message import AA, AD, RD
from lookups.engine.resolver import Outcome, Resolver, ResolverSettings
from lookups.engine.transport import Server, Transport

PERFECT = dns.name.from_text("perfect.classroom.test")


@asynccontextmanager
async def lessons(**settings):
    server, transport = Server(*classroom.start_in_background()), Transport()
    routes = {"classroom.test": (server,), "18.198.in-addr.arpa": (server,)}
    resolver = Resolver(
        ResolverSettings((Server("127.0.0.1", 9),), routes, classroom=server, **settings), transport
    )
    try:
        yield resolver
    finally:
        resolver.close()
        transport.close()


async def found(name: str, rdtype: str = "MX"):
    async with lessons() as resolver:
        return await authorities(resolver, dns.name.from_text(name), rdtype)


@pytest.mark.parametrize(
    ("name", "rdtype", "zone"),
    [
        ("perfect.classroom.test", "MX", "perfect.classroom.test."),
        ("_dmarc.perfect.classroom.test", "TXT", "perfect.classroom.test."),
        ("perfect.classroom.test", "DS", "classroom.test."),  # RFC 4035 §3.1.4.1
        ("nothing.classroom.test", "A", "classroom.test."),
        ("1.1.18.198.in-addr.arpa", "PTR", "18.198.in-addr.arpa."),
    ],
)
async def test_the_zone_around_a_name(name, rdtype, zone):
    known = await found(name, rdtype)
    assert known.zone.to_text() == zone and known.servers and not known.without


async def test_each_server_comes_before_second_addresses():
    known = await found("perfect.classroom.test")
    hosts = [each.host for each in known.servers]
    assert len(set(hosts[: len(known.hosts)])) == len(known.hosts)


async def test_a_zone_that_the_resolver_gets_no_answer_from_is_asked_of_the_one_above():
    known = await found("delegation-dead.classroom.test")
    assert known.zone.to_text() == "delegation-dead.classroom.test."
    assert {str(each.address) for each in known.servers} >= {"198.18.130.21", "198.19.130.22"}


async def test_nobody_is_named_where_the_resolver_is_silent():
    async with lessons(query_timeout=0.1) as resolver:
        assert await authorities(resolver, dns.name.from_text("example.com"), "MX") is None


async def test_a_question_is_put_with_the_flags_that_were_asked_for():
    async with lessons() as resolver:
        plain = await resolver.exchange(PERFECT, "MX", flags=RD | AD)
        signed = await resolver.exchange(PERFECT, "MX", flags=RD, dnssec=True, tcp=True)
        own = await resolver.exchange(PERFECT, "MX", ip_address("198.18.130.1"), flags=0)
    assert plain.reply.message.flags & RD and not plain.reply.message.edns & 0x8000
    assert signed.reply.message.edns & 0x8000 and signed.transport == "tcp"
    assert {rrset.type for rrset in signed.reply.message.answer} == {15, 46}
    assert own.reply.message.flags & AA and not own.reply.message.flags & RD


async def test_only_public_addresses_and_named_servers_are_asked():
    async with lessons(query_timeout=0.1) as resolver:
        with pytest.raises(ValueError, match=r"10\.0\.0\.1"):
            await resolver.exchange(PERFECT, "MX", ip_address("10.0.0.1"))
        nobody = await resolver.exchange(PERFECT, "MX", Server("127.0.0.1", 9))
        assert nobody.outcome is Outcome.TIMEOUT
