"""The delegation check against the classroom's servers, over real sockets."""

from __future__ import annotations

import ipaddress

import dns.flags
import dns.rcode
import pytest

from learn.classroom import server as classroom
from learn.classroom.signing import Plan
from learn.classroom.zone_files import build
from lookups.engine.context import Context, Options
from lookups.engine.names import parse_domain
from lookups.engine.report import report
from lookups.engine.resolver import Resolver, ResolverSettings
from lookups.engine.transport import Server, Transport

from .lessons import ids, section_of, sections_of
from .scripted import answer, resolving

PRAISE = {
    f"delegation-{what}"
    for what in (
        "consistent",
        "glue-agrees",
        "servers-answer",
        "serials-agree",
        "redundant",
        "dual-stack",
        "soa-sound",
    )
}


def without(*names: str) -> set[str]:
    return PRAISE - {f"delegation-{name}" for name in names}


def those(*names: str) -> set[str]:
    return {f"delegation-{name}" for name in names}


@pytest.mark.parametrize(
    ("lesson", "expected"),
    [
        ("perfect", PRAISE),
        (
            "delegation-servers",
            without("servers-answer")
            | those("lame", "not-authoritative", "server-silent", "no-tcp", "no-udp"),
        ),
        ("delegation-dead", {"dns-servfail"} | those("lame", "none-answers")),
        (
            "delegation-moved",
            without("consistent", "glue-agrees", "serials-agree")
            | those("missing-at-parent", "missing-at-child", "lists-differ")
            | those("glue-missing", "glue-differs", "serials-differ"),
        ),
        (
            "delegation-alone",
            those("consistent", "glue-agrees", "servers-answer", "open-recursion")
            | those("single-server", "no-ipv6", "soa-rname", "soa-expire"),
        ),
        (
            "delegation-soa",
            without("soa-sound")
            | those("soa-mname", "soa-at-sign", "soa-refresh", "soa-retry")
            | those("soa-expire-below-refresh", "soa-negative"),
        ),
        (
            "delegation-hosts",
            PRAISE | those("host-alias", "host-no-address", "address-not-public"),
        ),
        (
            "delegation-ipv6",
            without("redundant", "dual-stack") | those("single-network", "no-ipv4", "ttl-low"),
        ),
        ("delegation-apex-alias", PRAISE | those("apex-alias")),
        ("delegation-inside", without("consistent", "glue-agrees") | those("inside-zone")),
        ("delegation-cut-off", those("redundant", "dual-stack", "soa-sound", "not-reachable")),
        ("delegation-tcp-blocked", PRAISE | those("untested")),
        # lessons of other topics, whose name servers also serve the zone above
        ("mixed", without("consistent", "glue-agrees")),
        ("nothing", {"dns-nxdomain"}),
        ("servfail", {"dns-servfail"}),
        ("lame", {"dns-lame"}),
    ],
)
async def test_lessons(lesson, expected):
    section = await section_of(lesson, "delegation", query_timeout=0.3)
    assert ids(section) == expected and not section.failed


async def test_the_servers_come_before_they_are_asked():
    sections, _ = await sections_of("perfect", "delegation")
    assert [section.complete for section in sections] == [False, True]
    assert {server["state"] for server in sections[0].records["servers"]} == {"pending"}
    assert sections[0].findings == ()


async def test_each_address_in_full():
    records = (await section_of("perfect", "delegation")).records
    assert (records["kind"], records["zone"], records["parent"]) == (
        "apex",
        "perfect.classroom.test",
        "classroom.test",
    )
    for server in records["servers"]:
        assert server["parent"] is server["child"] is True and server["state"] == "ok"
        assert [a["address"] for a in server["addresses"]] == server["glue"]
        for address in server["addresses"]:
            assert address["state"] == address["udp"]["state"] == address["tcp"]["state"] == "ok"
            assert address["udp"]["ms"] > 0 and address["serial"] == records["soa"]["serial"]
        assert server["addresses"][0]["recursion"] is False
    assert {each["state"] for each in records["parent_servers"]} == {"referral"}
    assert [record["type"] for record in records["raw"]] == ["SOA", "NS", "NS"]
    assert records["ready"] == []


async def test_states_of_servers():
    records = (await section_of("delegation-servers", "delegation", query_timeout=0.3)).records
    states = [server["addresses"][0]["state"] for server in records["servers"]]
    assert states == ["ok", "refused", "not-authoritative", "silent", "no-tcp", "no-udp"]


async def test_servers_are_found_through_the_zone_above_when_the_resolver_fails():
    section = await section_of("delegation-dead", "delegation")
    records = section.records
    assert [server["host"].split(".")[0] for server in records["servers"]] == ["ns1", "ns2"]
    assert [a["address"] for a in records["servers"][0]["addresses"]] == records["servers"][0][
        "glue"
    ]
    said = {f.parameters["answer"] for f in section.findings if f.id == "delegation-lame"}
    assert said == {"REFUSED", "-"}


async def test_a_sound_soa_record_is_offered():
    records = (await section_of("delegation-soa", "delegation")).records
    [ready] = records["ready"]
    assert ready["type"] == "SOA"
    assert ready["value"].split() == [
        "ns1.delegation-soa.classroom.test.",
        "hostmaster.delegation-soa.classroom.test.",
        "2",
        "86400",
        "7200",
        "3600000",
        "3600",
    ]
    wrong = {part["kind"] for part in records["raw"][0]["parts"] if part.get("error")}
    assert len(wrong) == 6


async def test_how_many_questions_and_how_long_the_way_is():
    """Names, then addresses, then the servers: nothing waits for what it does not need."""
    _, context = await sections_of("perfect", "delegation")
    log = context.resolver.log
    asked = [(q["name"], q["type"], q["server"], q["transport"], q["ms"] and 0) for q in log]
    direct = [q for q in log if q["server"].startswith(("198.", "[2001:2:"))]
    # SOA over both transports at four addresses, NS and recursion at two, four at the zone above
    assert len(direct) == 4 * 2 + 2 * 2 + 4
    assert len(asked) == len(direct) + 4 + 8  # and NS, SOA, MX; A and AAAA of four hosts


# --- zones of our own -----------------------------------------------------------------------------

APEX = (
    "$TTL 3600\n@ SOA ns host 1 7200 900 1209600 300\n@ NS ns\nns A 198.18.0.1\nns AAAA 2001:2::1\n"
)
HEAD = "$TTL 3600\n@ SOA ns1 host 1 7200 900 1209600 300\n"


@pytest.fixture
async def examine(monkeypatch):
    """Serves zones of a test; `await examine(files, servers)` gives the section and the log."""
    running = []

    async def run(files: dict[str, str], name: str = "example", **tables):
        school = build(
            {"@": APEX} | files,
            plans={"@": Plan()},
            servers=tables,
            faults={},
            reverse={"unnamed": [], "ptr": {}},
        )
        monkeypatch.setattr(classroom, "load", lambda: school)
        server, transport = classroom.ClassroomServer(), Transport()
        await server.start()
        running.append((server, transport))
        where = Server(server.host, server.port)
        settings = ResolverSettings((where,), classroom=where, query_timeout=0.3)
        resolver = Resolver(settings, transport)
        domain = parse_domain(f"{name}.classroom.test")
        context = Context(resolver, domain, Options(lesson=True))
        sections = [section async for section in report(context, ["delegation"], hold=0)]
        return sections[-1], resolver.log

    yield run
    for server, transport in running:
        transport.close()
        await server.stop()


async def test_only_so_many_servers_are_asked(examine):
    lines = [f"@ NS ns{n}\nns{n} A 198.18.9.{n}\nns{n} A 198.18.10.{n}" for n in range(1, 31)]
    section, log = await examine({"example": HEAD + "\n".join(lines) + "\n"})
    records = section.records
    assert len(records["servers"]) == 13 and records["skipped"] == 17
    assert all(len(server["addresses"]) == 1 for server in records["servers"])
    assert len(log) < 110
    assert "delegation-consistent" not in ids(section)


async def test_inner_addresses_are_never_asked(examine):
    files = {
        "example": HEAD + "@ NS ns1\n@ NS ns2\nns1 A 10.0.0.1\nns1 A 127.0.0.1\n"
        "ns1 AAAA fe80::1\nns2 A 198.18.9.2\n"
    }
    section, log = await examine(files)
    asked = {q["server"] for q in log}
    assert not asked & {"10.0.0.1:53", "127.0.0.1:53", "[fe80::1]:53"}
    addresses = section.records["servers"][0]["addresses"]
    assert {address["state"] for address in addresses} == {"not-public"}


async def test_one_silent_family_is_not_blamed_when_nobody_answers_over_it(examine):
    files = {
        "example": HEAD + "@ NS ns1\n@ NS ns2\nns1 A 198.18.9.1\nns1 AAAA 2001:2::9:1\n"
        "ns2 A 198.18.10.2\nns2 AAAA 2001:2::9:2\n"
    }
    six = {"2001:2::9:1": {"fault": "silent"}, "2001:2::9:2": {"fault": "silent"}}
    section, _ = await examine(files, example={"servers": six})
    assert "delegation-server-silent" in ids(section)
    six["2001:2::1"] = {"fault": "silent"}  # not even the zone above has it
    section, _ = await examine(files, example={"servers": six})
    assert "delegation-server-silent" not in ids(section)
    [finding] = [f for f in section.findings if f.id == "delegation-untested"]
    assert finding.parameters == {"ways": ["IPv6"]}


async def test_a_name_inside_a_zone_leads_to_that_zone(examine):
    files = {"example": HEAD + "@ NS ns1\nns1 A 198.18.9.1\nwww A 198.18.9.3\n"}
    section, _ = await examine(files, name="www.example")
    assert section.records["zone"] == "example.classroom.test"
    assert "delegation-inside-zone" in ids(section)


async def test_name_servers_of_another_zone_need_no_glue(examine):
    """RFC 9471 §3.1 speaks of hosts in the delegated zone; others are found by themselves."""
    files = {
        "example": HEAD + "@ NS ns1.provider.classroom.test.\n",
        "provider": HEAD + "@ NS ns1\nns1 A 198.18.9.1\n",
    }
    section, _ = await examine(files, example={"glue": {"ns1.provider.classroom.test.": []}})
    assert "delegation-glue-missing" not in ids(section)


async def test_serials_by_server(examine):
    files = {"example": HEAD + "@ NS ns1\n@ NS ns2\nns1 A 198.18.9.1\nns2 A 198.18.9.2\n"}
    section, _ = await examine(files, example={"servers": {"ns2": {"serial": 9}}})
    [finding] = [f for f in section.findings if f.id == "delegation-serials-differ"]
    assert finding.parameters == {
        "serials": ["1 (ns1.example.classroom.test)", "9 (ns2.example.classroom.test)"]
    }


# --- domains that are no lessons -----------------------------------------------------------------

SOA = "{} 60 IN SOA ns.{} host.{} 1 7200 900 1209600 300"


def internet(zones: dict[str, str], aliases: dict[str, str] | None = None):
    """A resolver that knows `zones` (a zone and its name server), and one address for all."""

    def decide(query, transport):
        name = query.question[0].name.to_text().rstrip(".")
        kind = query.question[0].rdtype.name
        if target := (aliases or {}).get(name):
            return answer(query, f"{name}. 60 IN CNAME {target}.", authority=_soa(name, zones))
        if kind == "NS" and name in zones:
            return answer(query, f"{name}. 60 IN NS {zones[name]}.")
        if kind == "SOA" and name in zones:
            return answer(query, SOA.format(f"{name}.", f"{name}.", f"{name}."))
        if kind == "A" and name.startswith("ns"):
            return answer(query, f"{name}. 60 IN A 10.0.0.1")
        return answer(query, authority=_soa(name, zones))

    return decide


def _soa(name: str, zones: dict[str, str]) -> str:
    around = max((z for z in zones if name == z or name.endswith("." + z)), key=len, default="")
    return SOA.format(f"{around}.", "", "") if around else ""


async def section_for(name: str, decide):
    async with resolving(decide, query_timeout=0.3) as (resolver, servers):
        context = Context(resolver, parse_domain(name))
        sections = [section async for section in report(context, ["delegation"], hold=0)]
        return sections[-1], servers[0], resolver.log


async def test_the_zone_and_the_one_above():
    zones = {"example.com": "ns.example.com", "com": "ns.tld.com"}
    section, server, log = await section_for("www.example.com", internet(zones))
    assert section.records["kind"] == "inside"
    assert (section.records["zone"], section.records["parent"]) == ("example.com", "com")
    assert "delegation-address-not-public" in ids(section)
    # 10.0.0.1 is public nowhere: only the resolver was asked
    assert {q["server"] for q in log} == {str(server.server)}


async def test_a_name_right_below_a_top_level_domain_has_nothing_to_examine():
    section, _, _ = await section_for("nozone.com", internet({"com": "ns.tld.com"}))
    assert section.records["kind"] == "top" and section.records["servers"] == []
    assert ids(section) == {"delegation-inside-zone"}


async def test_an_alias_right_below_a_top_level_domain_stands_at_an_apex():
    """The CNAME hides NS and SOA from the resolver (RFC 2181 §10.1)."""
    decide = internet({"com": "ns.tld.com"}, {"example.com": "elsewhere.net"})
    section, _, _ = await section_for("example.com", decide)
    assert section.records["kind"] == "apex" and section.records["zone"] == "example.com"
    [finding] = [f for f in section.findings if f.id == "delegation-apex-alias"]
    assert finding.parameters == {"zone": "example.com", "target": "elsewhere.net"}


async def test_the_highest_failing_name_is_taken_for_the_broken_zone():
    healthy = internet({"com": "ns.tld.com"})

    def decide(query, transport):
        name = query.question[0].name.to_text()
        if name.endswith("example.com."):
            return answer(query, rcode=dns.rcode.SERVFAIL, flags=dns.flags.RA)
        return healthy(query, transport)

    section, _, _ = await section_for("a.b.example.com", decide)
    assert section.records["zone"] == "example.com" and section.records["parent"] == "com"
    assert "dns-servfail" in ids(section)


async def test_a_resolver_that_knows_nothing():
    def decide(query, transport):
        return answer(query, rcode=dns.rcode.REFUSED)

    section, _, _ = await section_for("example.com", decide)
    assert ids(section) == {"dns-refused"} and section.records["servers"] == []


async def test_a_server_outside_the_lesson_is_not_asked_in_a_lesson(examine):
    """A lesson's zone cannot make this site ask a real machine."""
    files = {"example": HEAD + "@ NS ns1\nns1 A 8.8.8.8\n"}
    section, log = await examine(files)
    assert all(ipaddress.ip_address("8.8.8.8").compressed not in q["server"] for q in log)
    assert section.records["servers"][0]["addresses"][0]["udp"]["state"] == "pending"
