"""The MX check against the classroom's zones, over real sockets."""

from __future__ import annotations

import asyncio
import re

import dns.rcode
import pytest

from learn.classroom.server import ClassroomServer
from lookups.engine.context import Context, Options
from lookups.engine.names import parse_domain
from lookups.engine.report import report
from lookups.engine.resolver import Resolver, ResolverSettings
from lookups.engine.transport import Server, Transport

from .scripted import answer, resolving

LESSON = Options(lesson=True)
PRAISE = {"mx-found", "mx-redundant", "mx-forward-confirmed"}


async def sections_of(lesson: str, **settings):
    """Every section that the check yields for <lesson>.classroom.test, and the resolver."""
    server, transport = ClassroomServer(), Transport()
    await server.start()
    chosen = ResolverSettings((Server(server.host, server.port),), **settings)
    resolver = Resolver(chosen, transport)
    try:
        context = Context(resolver, parse_domain(f"{lesson}.classroom.test"), LESSON)
        return [s async for s in report(context, ["mx"], hold=0)], resolver
    finally:
        transport.close()
        await server.stop()


async def section_of(lesson: str, **settings):
    sections, _ = await sections_of(lesson, **settings)
    assert [s.complete for s in sections] == [False] * (len(sections) - 1) + [True]
    return sections[-1]


def ids(section) -> set[str]:
    return {finding.id for finding in section.findings}


# Each lesson shows its finding and, beside praise, nothing else.
@pytest.mark.parametrize(
    ("lesson", "expected"),
    [
        ("perfect", PRAISE),
        ("null-mx", {"mx-null"}),
        ("null-preference", {"mx-null", "mx-null-preference"}),
        ("null-and-others", PRAISE | {"mx-null-with-others"}),
        ("implicit-mx", {"dns-nodata", "mx-implicit", "mx-forward-confirmed"}),
        ("no-mail", {"dns-nodata", "mx-none"}),
        ("mx-is-cname", PRAISE | {"mx-host-is-alias"}),
        ("mx-is-address", PRAISE | {"mx-host-is-address"}),
        ("strange-names", PRAISE | {"mx-host-name-invalid"}),
        ("dangling-mx", PRAISE | {"mx-host-missing"}),
        ("addressless-mx", PRAISE | {"mx-host-no-address"}),
        ("private-mx", PRAISE | {"mx-address-private"}),
        ("loopback-mx", PRAISE | {"mx-address-loopback"}),
        ("documentation-mx", PRAISE | {"mx-address-documentation"}),
        ("reserved-mx", PRAISE | {"mx-address-reserved"}),
        ("single-mx", {"mx-found", "mx-single-host", "mx-forward-confirmed"}),
        ("same-address", PRAISE | {"mx-same-address"}),
        ("duplicate-host", PRAISE | {"mx-duplicate-host"}),
        ("load-sharing", PRAISE | {"mx-equal-preference"}),
        ("ipv4-only", PRAISE | {"mx-ipv4-only"}),
        ("ipv6-only", PRAISE | {"mx-ipv6-only"}),
        ("ttl-low", PRAISE | {"mx-ttl-low"}),
        ("ttl-high", PRAISE | {"mx-ttl-high"}),
        ("no-ptr", {"mx-found", "mx-redundant", "mx-no-ptr"}),
        ("wrong-ptr", {"mx-found", "mx-redundant", "mx-ptr-unconfirmed"}),
        ("many-mx", PRAISE | {"mx-too-many"}),
        ("alias", PRAISE | {"dns-alias"}),
        ("nothing", {"dns-nxdomain"}),
        ("servfail", {"dns-servfail"}),
        ("refused", {"dns-refused"}),
        ("notimp", {"dns-other-rcode"}),
        ("lame", {"dns-lame"}),
        ("garbled", {"dns-malformed"}),
        ("truncated", {"dns-tcp-failed"}),
        ("alias-loop", {"dns-loop"}),
        ("crowded", {"mx-found", "mx-redundant", "dns-budget"}),
        ("日本語", PRAISE),
    ],
)
async def test_lessons(lesson, expected):
    assert ids(await section_of(lesson, max_queries=300)) == expected


async def test_silence():
    section = await section_of("silent", query_timeout=0.3)
    assert ids(section) == {"dns-timeout"} and section.records["kind"] == "unknown"
    assert section.findings[0].parameters["seconds"] == 0.3


async def test_deadline():
    section = await section_of("slow", report_timeout=1)
    assert "dns-deadline" in ids(section)


async def test_hosts_come_by_preference_and_in_full():
    records = (await section_of("perfect")).records
    assert records["kind"] == "mx" and records["ttl"] == 3600 and records["alias"] is None
    assert [host["preference"] for host in records["hosts"]] == sorted(
        host["preference"] for host in records["hosts"]
    )
    for host in records["hosts"]:
        assert host["state"] == "ok" and not host["exchange"].endswith(".")
        assert {address["family"] for address in host["addresses"]} == {4, 6}
        assert {address["reverse"] for address in host["addresses"]} == {"confirmed"}
        assert all(host["exchange"] in address["names"] for address in host["addresses"])


async def test_the_list_comes_before_the_addresses():
    sections, _ = await sections_of("perfect")
    assert sections[0].complete is False
    assert [host["state"] for host in sections[0].records["hosts"]] == ["pending", "pending"]
    assert sections[0].findings == ()


async def test_no_question_twice_and_none_too_many():
    """MX, then A and AAAA of two hosts, then four PTR; their names were asked for already."""
    _, resolver = await sections_of("perfect")
    asked = [(query["name"], query["type"]) for query in resolver.log]
    assert len(asked) == len(set(asked)) == 9


async def test_hosts_beyond_the_limit_are_counted_not_asked():
    section = await section_of("many-mx")
    assert len(section.records["hosts"]) == 20
    [finding] = [f for f in section.findings if f.id == "mx-too-many"]
    assert finding.parameters == {"count": 60, "looked_at": 20}


async def test_the_budget_holds():
    sections, resolver = await sections_of("crowded", max_queries=300)
    assert resolver.asked == len(resolver.log) == 300
    assert [f.parameters for f in sections[-1].findings if f.id == "dns-budget"] == [{"asked": 300}]
    states = {a["reverse"] for h in sections[-1].records["hosts"] for a in h["addresses"]}
    assert "pending" not in states


async def test_names_full_of_html_stay_data():
    exchanges = [host["exchange"] for host in (await section_of("strange-names")).records["hosts"]]
    assert any("<script>" in name for name in exchanges)


async def test_servfail_brings_the_servers_own_words():
    [finding] = (await section_of("servfail")).findings
    assert finding.parameters["ede"][0]["code"] == 22
    assert finding.evidence[0].type == "MX"


async def test_a_caches_ttl_counts_down_and_is_not_judged():
    """A resolver's 30 s may be the rest of a day: only the zone's own word counts."""

    def decide(query, transport):
        name = query.question[0].name
        if query.question[0].rdtype == 15:
            return answer(query, f"{name} 30 IN MX 10 mx.other.test.", flags=0x80)
        return answer(query, rcode=dns.rcode.NXDOMAIN, flags=0x80)

    async with resolving(decide) as (resolver, _):
        last = [s async for s in report(Context(resolver, parse_domain("a.test")), ["mx"], hold=0)][
            -1
        ]
    assert last.records["ttl"] == 30 and "mx-ttl-low" not in ids(last)


async def test_one_family_unknown_is_not_called_ipv4_only():
    def decide(query, transport):
        question = query.question[0]
        if question.rdtype == 15:
            return answer(query, "a.test. 3600 IN MX 10 mx.a.test.")
        if question.rdtype == 1:
            return answer(query, "mx.a.test. 3600 IN A 8.8.8.8")
        return answer(query, rcode=dns.rcode.SERVFAIL)

    async with resolving(decide) as (resolver, _):
        last = [s async for s in report(Context(resolver, parse_domain("a.test")), ["mx"], hold=0)][
            -1
        ]
    assert "mx-ipv4-only" not in ids(last) and "dns-servfail" in ids(last)


async def test_private_addresses_are_never_asked_about():
    _, resolver = await sections_of("private-mx")
    asked = [query["name"] for query in resolver.log]
    assert not any(re.search(r"(\.10|\.168\.192|d\.f)\.(in-addr|ip6)\.arpa$", n) for n in asked)


async def test_leaving_early_stops_the_questions():
    server, transport = ClassroomServer(), Transport()
    await server.start()
    resolver = Resolver(ResolverSettings((Server(server.host, server.port),)), transport)
    context = Context(resolver, parse_domain("slow.classroom.test"), LESSON)
    sections = report(context, ["mx"], hold=0)
    asking = asyncio.ensure_future(anext(sections))
    await asyncio.sleep(0.1)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await sections.aclose()
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    transport.close()
    await server.stop()
