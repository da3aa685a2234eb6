"""The trace from the root, against a hierarchy played on real sockets and the classroom."""

from __future__ import annotations

import ipaddress
import json
from contextlib import asynccontextmanager

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset
import pytest

from learn.classroom import server as classroom
from lookups.engine.resolver import PLAYED_SERVER, Resolver, ResolverSettings
from lookups.engine.trace import ROOT, Host, Start, State, start_at, trace, zones_on_the_way
from lookups.engine.transport import Server, Transport

from .scripted import Scripted, answer

TOP = Start(
    dns.name.root,
    tuple(
        Host(dns.name.from_text(f"{letter}.roots."), (ipaddress.ip_address(address),))
        for letter, address in (("a", "198.18.0.1"), ("b", "198.18.0.2"), ("c", "198.18.0.3"))
    ),
    "resolver",  # not rotated
)
SOA = "example. 60 IN SOA ns.example. host.example. 1 7200 900 1209600 300"


def refer(query, zone: str, *servers: str, glue: tuple[str, ...] = (), flags: int = 0):
    """A referral to `servers` of `zone`, with address records `glue`."""
    reply = dns.message.make_response(query)
    reply.flags |= flags
    reply.authority.append(dns.rrset.from_text(zone, 172800, "IN", "NS", *servers))
    for text in glue:
        name, kind, address = text.split()
        reply.additional.append(dns.rrset.from_text(name, 172800, "IN", kind, address))
    return reply


def mail(query):
    return answer(
        query,
        "letters.example. 3600 IN MX 20 mx2.letters.example.",
        "letters.example. 3600 IN MX 10 mx1.letters.example.",
        flags=dns.flags.AA,
    )


def root(query):
    return refer(query, "example.", "ns.nic.example.", glue=("ns.nic.example. A 198.18.1.1",))


def registry(query):
    return refer(
        query,
        "letters.example.",
        "ns1.letters.example.",
        glue=("ns1.letters.example. A 198.18.2.1", "ns1.letters.example. AAAA 2001:2::2:1"),
    )


PLAIN = {"198.18.0.1": root, "198.18.1.1": registry, "198.18.2.1": mail}


@asynccontextmanager
async def world(servers, resolves=None, **settings):
    """A resolver to which `servers` (address to reply) are the whole internet.

    `resolves` plays the configured resolver; yields the resolver and whom it asked, in order.
    """
    met: list[str] = []

    def play(query, transport):
        octets = next(o.data for o in query.options if int(o.otype) == PLAYED_SERVER)
        address = str(ipaddress.ip_address(octets))
        met.append(address)
        assert not query.flags & dns.flags.RD, "authoritative servers are asked without recursion"
        decide = servers.get(address)
        return decide(query) if decide else None

    def helper(query, transport):
        return resolves(query) if resolves else None

    played, configured = Scripted(play), Scripted(helper)
    await played.start()
    await configured.start()
    transport = Transport()
    known = ResolverSettings(
        (configured.server,), classroom=played.server, **{"query_timeout": 0.15} | settings
    )
    resolver = Resolver(known, transport)
    try:
        yield resolver, met
    finally:
        resolver.close()
        transport.close()
        played.stop()
        configured.stop()


async def follow(servers, name="letters.example", start=TOP, resolves=None, limit=12, **settings):
    async with world(servers, resolves, **settings) as (resolver, met):
        found = await trace(resolver, name, "MX", start, lesson=True, max_steps=limit)
    json.dumps(found.as_json())
    return found, met


async def test_from_the_root_to_the_answer():
    found, met = await follow(PLAIN)
    assert found.state is State.ANSWER and met == ["198.18.0.1", "198.18.1.1", "198.18.2.1"]
    steps = found.as_json()["steps"]
    assert [(s["zone"], s["host"], s["kind"], s["source"]) for s in steps] == [
        (".", "a.roots", "referral", "resolver"),
        ("example", "ns.nic.example", "referral", "glue"),
        ("letters.example", "ns1.letters.example", "answer", "glue"),
    ]
    assert steps[1]["referral"] == {
        "zone": "letters.example",
        "ttl": 172800,
        "servers": [{"host": "ns1.letters.example", "glue": ["198.18.2.1", "2001:2::2:1"]}],
        "ignored": 0,
        "more": 0,
    }
    assert steps[2]["records"] == ["20 mx2.letters.example.", "10 mx1.letters.example."]
    assert steps[2]["ttl"] == 3600 and steps[2]["authoritative"]
    assert all(step["ms"] >= 0 and step["rcode"] == "NOERROR" for step in steps)


async def test_glue_from_outside_the_zone_is_not_believed():
    """RFC 5452 §6: the servers of example cannot say where a host of another zone is."""

    def lying(query):
        return refer(
            query,
            "letters.example.",
            "ns.elsewhere.test.",
            glue=("ns.elsewhere.test. A 198.18.66.6",),
        )

    def resolves(query):
        if query.question[0].rdtype.name == "A":
            return answer(query, "ns.elsewhere.test. 60 IN A 198.18.2.1")
        return answer(query, authority=SOA)

    evil = {"198.18.66.6": lambda query: answer(query, "letters.example. 1 IN MX 1 evil.test.")}
    found, met = await follow(PLAIN | evil | {"198.18.1.1": lying}, resolves=resolves)
    assert found.state is State.ANSWER and "198.18.66.6" not in met
    assert found.steps[1].referral.ignored == 1
    assert found.steps[1].referral.hosts[0].addresses == ()
    assert found.steps[2].source == "resolver"


async def test_a_server_that_does_not_help_is_passed_over():
    def lame(query):
        return refer(query, ".", "a.roots.")  # upward

    def refused(query):
        return answer(query, rcode=dns.rcode.REFUSED)

    servers = PLAIN | {"198.18.0.1": lame, "198.18.0.2": refused, "198.18.0.3": root}
    found, _ = await follow(servers)
    assert found.state is State.ANSWER
    assert [(s.kind, s.why) for s in found.steps[:3]] == [
        ("failed", "lame"),
        ("failed", "refused"),
        ("referral", ""),
    ]


@pytest.mark.parametrize(
    "zone", ["example.", "other.example.", "test.", "deep.letters.example."], ids=str
)
async def test_a_referral_that_leads_not_down_is_none(zone):
    """The same zone, one beside the way, one elsewhere, one below the name: no loop, no detour."""

    def off(query):
        return refer(query, zone, "ns.nic.example.", glue=("ns.nic.example. A 198.18.1.1",))

    found, met = await follow(PLAIN | {"198.18.1.1": off})
    assert found.state is State.STUCK and met.count("198.18.1.1") == 1
    assert found.steps[-1].why == "lame"


async def test_answers_without_authority_are_not_believed():
    def cache(query):
        return answer(query, "letters.example. 9 IN MX 1 evil.test.", flags=dns.flags.RA)

    found, _ = await follow(PLAIN | {"198.18.2.1": cache})
    last = found.steps[1:]
    assert found.state is State.STUCK
    assert {(s.kind, s.why, s.records) for s in last if s.replied and s.kind != "referral"} == {
        ("failed", "not-authoritative", ())
    }


async def test_what_a_zone_says_of_absence_and_aliases():
    def gone(query):
        return answer(query, rcode=dns.rcode.NXDOMAIN, authority=SOA, flags=dns.flags.AA)

    def empty(query):
        return answer(query, authority=SOA, flags=dns.flags.AA)

    def alias(query):
        return answer(query, "letters.example. 60 IN CNAME post.test.", flags=dns.flags.AA)

    assert (await follow(PLAIN | {"198.18.1.1": gone}))[0].state is State.NXDOMAIN
    assert (await follow(PLAIN | {"198.18.2.1": empty}))[0].state is State.NODATA
    found, _ = await follow(PLAIN | {"198.18.2.1": alias})
    assert found.state is State.ALIAS and found.as_json()["alias"] == "post.test"


async def test_a_server_of_two_zones_answers_at_once():
    found, met = await follow({"198.18.0.1": mail})
    assert found.state is State.ANSWER and met == ["198.18.0.1"]


async def test_silence_everywhere_and_silence_half_way():
    found, met = await follow({})
    assert found.state is State.UNREACHABLE
    assert set(met) == {"198.18.0.1", "198.18.0.2", "198.18.0.3"}
    assert {step.why for step in found.steps} == {"timeout"}
    found, _ = await follow({"198.18.0.1": root})
    assert found.state is State.STUCK and found.steps[-1].as_json()["ms"] is None


async def test_the_number_of_questions_has_a_limit():
    """Zones within zones without end."""
    name = ".".join(["x"] * 40) + ".example"

    def deeper(query):
        labels = query.question[0].name.labels
        deeper.depth += 1
        zone = dns.name.Name(labels[-1 - deeper.depth :]).to_text()
        return refer(query, zone, f"ns.{zone}", glue=(f"ns.{zone} A 198.18.5.{deeper.depth}",))

    deeper.depth = 0
    servers = {f"198.18.5.{n}": deeper for n in range(1, 40)}
    found, met = await follow(servers | {"198.18.0.1": deeper}, name=name)
    assert found.state is State.LIMIT and len(found.steps) == len(met) == 12


async def test_the_time_has_a_limit():
    found, _ = await follow({}, report_timeout=0.1, query_timeout=3)
    assert found.state is State.DEADLINE


async def test_inner_addresses_are_never_asked():
    def inward(query):
        return refer(
            query,
            "example.",
            "ns.nic.example.",
            glue=(
                "ns.nic.example. A 10.0.0.1",
                "ns.nic.example. A 127.0.0.1",
                "ns.nic.example. AAAA ::1",
            ),
        )

    async with world({"198.18.0.1": inward}) as (resolver, _):
        found = await trace(resolver, "letters.example", "MX", TOP, lesson=True)
        assert found.state is State.STUCK and len(found.steps) == 1
        # and for a domain that is no lesson, the classroom's machines are no public ones
        found = await trace(resolver, "letters.example", "MX", TOP)
        assert found.steps == () and found.state is State.UNREACHABLE


async def test_many_servers_and_addresses_are_cut():
    names = [f"ns{n}.nic.example." for n in range(30)]
    glue = tuple(f"{names[0]} A 198.18.9.{n}" for n in range(1, 20))

    def crowd(query):
        reply = refer(query, "example.", *names, glue=glue)
        reply.flags |= dns.flags.TC if len(reply.to_wire(max_size=65535)) > 1232 else 0
        return reply

    found, met = await follow({"198.18.0.1": crowd})
    [first, *others] = found.steps
    assert len(first.referral.hosts) == 13 and first.referral.more == 17
    assert len(first.referral.hosts[0].addresses) == 4
    assert len(others) == 3 and met.count("198.18.9.1") <= 2


async def test_lessons_begin_at_the_servers_of_the_classroom():
    server, transport = Server(*classroom.start_in_background()), Transport()
    resolver = Resolver(ResolverSettings((server,), classroom=server), transport)
    try:
        start = await start_at(resolver, "classroom.test")
        found = await trace(resolver, "perfect.classroom.test", "MX", start, lesson=True)
        missing = await trace(resolver, "nothing.classroom.test", "MX", start, lesson=True)
        zones = await zones_on_the_way(
            resolver,
            dns.name.from_text("perfect.classroom.test"),
            dns.name.from_text("classroom.test"),
        )
    finally:
        resolver.close()
        transport.close()
    assert found.state is State.ANSWER and missing.state is State.NXDOMAIN
    assert [(str(s.zone), s.kind, s.source) for s in found.steps] == [
        ("classroom.test.", "referral", "resolver"),
        ("perfect.classroom.test.", "answer", "glue"),
    ]
    assert [(str(zone.name), len(zone.hosts)) for zone in zones] == [
        ("classroom.test.", 2),
        ("perfect.classroom.test.", 2),
    ]


async def test_zones_on_the_way_where_the_resolver_knows_only_some():
    def resolves(query):
        name = query.question[0].name.to_text()
        if name in (".", "example."):
            return answer(query, f"{name} 60 IN NS ns.nic.example.")
        return answer(query, authority=SOA)

    async with world({}, resolves) as (resolver, _):
        zones = await zones_on_the_way(resolver, dns.name.from_text("letters.example"))
    assert [str(zone.name) for zone in zones] == [".", "example."]


def test_the_hints_are_thirteen_names_with_both_families():
    assert [str(host.name)[0] for host in ROOT.hosts] == list("abcdefghijklm")
    for host in ROOT.hosts:
        assert [address.version for address in host.addresses] == [4, 6]
        assert all(address.is_global for address in host.addresses)


async def test_the_first_root_server_depends_on_the_name():
    from lookups.engine.trace import _rotated

    firsts = {
        _rotated(ROOT.hosts, dns.name.from_text(f"example{n}.com"))[0].name for n in range(100)
    }
    assert len(firsts) == 13
