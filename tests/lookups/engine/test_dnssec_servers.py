"""Validation against real servers: Knot DNS signs and serves, unbound says what it thinks of it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import dns.flags
import pytest

from lookups.engine.checks.dnssec import check
from lookups.engine.context import Context, Options
from lookups.engine.dnssec import Fault, Security, examine, zone_at
from lookups.engine.dnssec.chain import MAX_VERIFICATIONS, trust_of
from lookups.engine.names import parse_domain
from lookups.engine.resolver import Outcome, Resolver, ResolverSettings
from lookups.engine.transport import Transport
from tests.nameservers import serving, validating

SOA = "@ 3600 SOA ns.test. hostmaster.test. 1 7200 900 1209600 300\n@ 3600 NS ns.test.\n"
DATA = """
@ 3600 MX 10 mx
@ 3600 MX 20 mx.plain.test.
mx 3600 A 198.18.0.1
_25._tcp.mx 3600 TLSA 3 1 1 0000000000000000000000000000000000000000000000000000000000000000
*.wild 3600 A 198.18.0.2
www 3600 CNAME mx
away 3600 CNAME mx.plain.test.
x.y.ent 3600 A 198.18.0.2
d 3600 DNAME wild
"""
LESSONS = ("nsec", "hashed", "opted", "rsa", "ed", "mismatch", "island", "plain")


def zone(origin: str, text: str) -> str:
    return f"$ORIGIN {origin}\n{SOA}{text}"


ZONES = {
    ".": zone(".", "test. 3600 NS ns.test.\nns.test. 3600 A 127.0.0.1\n"),
    "test.": zone("test.", "ns 3600 A 127.0.0.1\n" + "".join(f"{n} 3600 NS ns\n" for n in LESSONS)),
    **{f"{name}.test.": zone(f"{name}.test.", DATA) for name in LESSONS},
}
POLICIES = {
    "hashed.test.": "nsec3: on\nnsec3-iterations: 5\nnsec3-salt-length: 4",
    "opted.test.": "nsec3: on\nnsec3-opt-out: on",
    "rsa.test.": "algorithm: RSASHA256\nksk-size: 2048",
    "ed.test.": "algorithm: ED25519",
}


@pytest.fixture(scope="module")
def nameserver():
    with serving(
        ZONES,
        unsigned=["plain.test."],
        islands=["island.test."],
        ds={"mismatch.test.": ["4711 13 2 " + "ab" * 32]},
        policies=POLICIES,
    ) as running:
        yield running


@pytest.fixture(scope="module")
def unbound(nameserver):
    with validating(nameserver) as server:
        yield server


@pytest.fixture(params=["knot", "unbound"])
def server(request, nameserver, unbound):
    return nameserver.server if request.param == "knot" else unbound


@asynccontextmanager
async def context_of(server, nameserver, domain="nsec.test", now=None):
    transport = Transport()
    resolver = Resolver(ResolverSettings((server,)), transport)
    options = Options(trust_anchors=nameserver.anchors)
    clock = {"now": now} if now else {}
    try:
        yield Context(resolver, parse_domain(domain), options, **clock)
    finally:
        resolver.close()
        transport.close()


QUESTIONS = [
    (f"{name}{lesson}.test", rdtype)
    for lesson in LESSONS
    if lesson != "mismatch"
    for name, rdtype in (
        ("", "MX"),
        ("", "CDS"),
        ("mx.", "A"),
        ("mx.", "AAAA"),
        ("_25._tcp.mx.", "TLSA"),
        ("_25._tcp.www.", "TLSA"),
        ("no.", "A"),
        ("a.b.c.", "A"),
        ("a.wild.", "A"),
        ("a.b.wild.", "A"),
        ("a.wild.", "AAAA"),
        ("www.", "A"),
        ("www.", "AAAA"),
        ("away.", "A"),
        ("ent.", "A"),
        ("y.ent.", "A"),
        ("q.d.", "A"),
    )
]


async def test_every_kind_of_answer_as_unbound_sees_it(nameserver, unbound):
    """Secure is what unbound sets AD on (RFC 4035 §3.2.3), insecure the rest; nothing is bogus."""
    async with context_of(unbound, nameserver) as context:
        for name, rdtype in QUESTIONS:
            answer = await context.query(name, rdtype)
            found = await examine(context, answer)
            authentic = bool(answer.message.flags & dns.flags.AD)
            if rdtype == "CDS":  # asked with CD, for which unbound never sets AD
                authentic = found.security is Security.SECURE
            expected = Security.SECURE if authentic else Security.INSECURE
            assert found.security is expected, (name, rdtype, found.reason)


async def test_every_kind_of_answer_is_the_same_without_a_validating_resolver(nameserver, unbound):
    results = []
    for server in (nameserver.server, unbound):
        async with context_of(server, nameserver) as context:
            results.append(
                [
                    (await examine(context, await context.query(name, rdtype))).security
                    for name, rdtype in QUESTIONS
                    if not name.startswith("away.")  # Knot leaves a foreign target to the resolver
                ]
            )
    assert results[0] == results[1]


@pytest.mark.parametrize("lesson", ["nsec", "hashed", "opted", "rsa", "ed"])
async def test_root_tld_domain(server, nameserver, lesson):
    async with context_of(server, nameserver, f"{lesson}.test") as context:
        zone = await zone_at(context, context.name)
        assert zone.security is Security.SECURE
        assert [z.name.to_text() for z in zone.path] == [".", "test.", f"{lesson}.test."]
        assert (await trust_of(context)).effort.left > MAX_VERIFICATIONS - 10


async def test_insecure(server, nameserver):
    async with context_of(server, nameserver) as context:
        for name in ("plain.test", "island.test"):
            answer = await context.query(name, "MX")
            found = await examine(context, answer)
            assert found.security is Security.INSECURE
            assert found.zone.name.to_text() == f"{name}."


async def test_ds_mismatch(server, nameserver):
    """Seen through unbound all the same, which itself answers SERVFAIL for what it cannot trust."""
    async with context_of(server, nameserver, "mismatch.test") as context:
        zone = await zone_at(context, context.name)
        assert zone.security is Security.BOGUS and zone.reason.fault is Fault.DS_MISMATCH
        answer = await context.query(context.name, "MX")
        refused = answer.outcome is Outcome.SERVFAIL
        assert refused == (server != nameserver.server)
        assert (await examine(context, answer)).security is Security.BOGUS
        last = [section async for section in check(context)][-1]
    assert [f.id for f in last.findings if f.id.startswith("dnssec-")] == ["dnssec-ds-mismatch"]
    assert last.records["ready"][0]["value"].lower() == nameserver.ds["mismatch.test."][0]


@pytest.mark.parametrize(("days", "fault"), [(60, Fault.EXPIRED), (-30, Fault.NOT_YET)])
async def test_out_of_time(nameserver, days, fault):
    """At the anchor nobody is accused; with the anchor at the domain itself, the domain is."""
    now = datetime.now(UTC) + timedelta(days=days)
    async with context_of(nameserver.server, nameserver, now=now) as context:
        zone = await zone_at(context, context.name)
        assert zone.security is Security.INDETERMINATE and zone.reason.fault is fault


async def test_unbound_agrees_that_signatures_expire(nameserver):
    now = datetime.now(UTC) + timedelta(days=60)
    with validating(nameserver, now) as late:
        async with context_of(late, nameserver, now=now) as context:
            assert (await context.query("nsec.test", "MX")).outcome is Outcome.SERVFAIL


async def test_the_report(server, nameserver):
    async with context_of(server, nameserver) as context:
        last = [section async for section in check(context)][-1]
    assert {finding.id for finding in last.findings} == {
        "dnssec-secure",
        "dnssec-algorithm-modern",
        "dnssec-hosts-unsigned",
    }
    validates = server != nameserver.server
    assert last.records["resolver"] == {"aware": True, "validates": validates}
    assert [zone["name"] for zone in last.records["zones"]] == [".", "test", "nsec.test"]


async def test_nsec3_of_knot(nameserver):
    async with context_of(nameserver.server, nameserver, "hashed.test") as context:
        last = [section async for section in check(context)][-1]
    assert last.records["denial"]["iterations"] == 5 and len(last.records["denial"]["salt"]) == 8
    async with context_of(nameserver.server, nameserver, "opted.test") as context:
        last = [section async for section in check(context)][-1]
    assert "dnssec-nsec3-opt-out" in {finding.id for finding in last.findings}


def test_a_server_that_does_not_start_says_why():
    with (
        pytest.raises(RuntimeError, match="unsupported record type"),
        serving({"test.": zone("test.", "a 60 NONSENSE b\n")}, unsigned=["test."]),
    ):
        pass


async def test_an_alias_into_an_unsigned_zone(nameserver, unbound):
    """The domain lies in a signed zone; its MX records are those of one that is not."""
    async with context_of(unbound, nameserver, "away.nsec.test") as context:
        last = [section async for section in check(context)][-1]
    assert last.records["security"] == "insecure"
    [found] = [f for f in last.findings if f.id == "dnssec-unsigned"]
    assert found.parameters == {"zone": "plain.test", "parent": "test"}


async def test_types_that_are_asked_without_signatures(nameserver):
    async with context_of(nameserver.server, nameserver) as context:
        answer = await context.query("nsec.test", "TXT")
        assert (await examine(context, answer)).security is Security.INDETERMINATE
