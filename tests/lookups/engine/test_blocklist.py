"""Blocklists (RFC 5782): entries, test entries, refusals, and lists that are none any more."""

from __future__ import annotations

import ipaddress

import dns.name
import dns.rcode
import dns.rdatatype
import pytest

from lookups.engine.checks import blocklist
from lookups.engine.checks.blocklist import entry_name
from lookups.engine.context import Context, Options
from lookups.engine.names import parse_domain
from lookups.engine.report import report

from .lessons import ids, options, section_of, sections_of
from .scripted import answer, resolving


@pytest.fixture(autouse=True)
def forgotten():
    blocklist._tested.clear()


@pytest.mark.parametrize(
    ("lesson", "expected"),
    [
        ("perfect", {"blocklist-clear"}),
        ("blocklist-listed", {"blocklist-listed", "blocklist-domain-listed"}),
        ("blocklist-refusing", {"blocklist-refused"}),
        ("blocklist-dead", {"blocklist-broken"}),
        ("blocklist", set()),
        ("no-mail", set()),
        ("private-mx", {"blocklist-clear"}),
    ],
)
async def test_lessons(lesson, expected):
    assert ids(await section_of(lesson, "blocklist")) == expected


async def test_what_is_shown_of_an_entry():
    section = await section_of("blocklist-listed", "blocklist")
    by_address = {entry["address"]: entry for entry in section.records["addresses"]}
    [result] = by_address["198.18.191.11"]["results"]
    assert result["state"] == "listed" and result["codes"] == ["127.0.0.10", "127.0.0.2"]
    assert "<b>now</b>" in result["reason"]
    assert by_address["2001:2::191:11"]["results"][0]["state"] == "listed"
    assert by_address["198.18.191.13"]["results"][0]["state"] == "clear"
    assert by_address["198.18.191.12"]["apex"] and not by_address["198.18.191.12"]["hosts"]
    [finding] = [f for f in section.findings if f.id == "blocklist-domain-listed"]
    assert finding.parameters["address"] == "198.18.191.12"
    assert finding.evidence[0].name == "12.191.18.198.blocklist.classroom.test"


async def test_off_where_no_list_is_named():
    sections, context = await sections_of("perfect", "blocklist", chosen=options(blocklists=()))
    assert [s.records for s in sections] == [{"off": True}] and context.resolver.asked == 0


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("192.0.2.99", "99.2.0.192.bl.test."),  # RFC 5782 §2.1
        (
            "2001:db8:1:2:3:4:567:89ab",  # RFC 5782 §2.4
            "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.bl.test.",
        ),
        (
            "::ffff:7f00:2",  # RFC 5782 §5: the test entry of IPv6 lists, nibble by nibble
            "2.0.0.0.0.0.f.7.f.f.f.f" + ".0" * 20 + ".bl.test.",
        ),
    ],
)
def test_names_of_entries(address, name):
    assert entry_name(ipaddress.ip_address(address), "bl.test") == dns.name.from_text(name)


def world(entries, refuses=False):
    """DNS with a.test, its mail server at 8.8.8.8 and 10.0.0.1, and the list bl.test."""

    def decide(query, transport):
        question = query.question[0]
        name, type = question.name.to_text(), dns.rdatatype.to_text(question.rdtype)
        if name.endswith("bl.test."):
            if refuses:
                return answer(query, rcode=dns.rcode.REFUSED)
            found = entries.get(name.removesuffix(".bl.test."), entries.get("*"))
            if callable(found):
                return found(query)
            if found and type == "A":
                return answer(query, f"{name} 60 IN A {found}")
            if found and type == "TXT":
                return answer(query, f'{name} 60 IN TXT "because"')
            return answer(query, rcode=dns.rcode.NXDOMAIN)
        records = {
            ("a.test.", "MX"): ["10 mx.a.test."],
            ("mx.a.test.", "A"): ["8.8.8.8", "10.0.0.1"],
        }.get((name, type), [])
        return answer(query, *(f"{name} 60 IN {type} {record}" for record in records))

    return decide


TEST = {"2.0.0.127": "127.0.0.2"}


async def findings_of(entries, **settings):
    async with resolving(world(entries, **settings), query_timeout=0.3) as (resolver, servers):
        chosen = Options(blocklists=("bl.test",))
        context = Context(resolver, parse_domain("a.test"), chosen)
        section = [s async for s in report(context, ["blocklist"], hold=0)][-1]
    return ids(section), section, servers[0].asked


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        (TEST, {"blocklist-clear"}),
        (TEST | {"8.8.8.8": "127.0.0.4"}, {"blocklist-listed"}),
        ({"2" + ".0" * 5 + ".f.7.f.f.f.f" + ".0" * 20: "127.0.0.2"}, {"blocklist-clear"}),  # IPv6
        # RFC 5782 §5: a list without its test entry is dead, one with 127.0.0.1 lists everybody
        ({}, {"blocklist-broken"}),
        ({"8.8.8.8": "127.0.0.2"}, {"blocklist-broken"}),
        ({"*": "127.0.0.2"}, {"blocklist-broken"}),
        ({"*": "203.0.113.80"}, {"blocklist-broken"}),  # a parked domain
        (TEST | {"8.8.8.8": "203.0.113.80"}, {"blocklist-broken"}),
        ({"*": "127.255.255.254"}, {"blocklist-refused"}),
        ({"*": "127.0.0.1"}, {"blocklist-refused"}),
        (TEST | {"8.8.8.8": "127.255.255.255"}, {"blocklist-refused"}),
    ],
)
async def test_lists(entries, expected):
    found, section, _ = await findings_of(entries)
    assert found == expected and section.complete and not section.failed


async def test_a_list_that_refuses_by_its_rcode():
    found, section, _ = await findings_of({}, refuses=True)
    assert found == {"blocklist-refused"}
    assert section.records["lists"] == [{"zone": "bl.test", "state": "refused"}]


async def test_a_list_that_is_silent():
    found, section, _ = await findings_of({"*": lambda query: None})
    assert found == {"dns-timeout"}
    assert section.records["lists"][0]["state"] == "unknown" and not blocklist._tested


async def test_only_public_addresses_are_looked_up():
    _, section, asked = await findings_of(TEST)
    assert [e["address"] for e in section.records["addresses"]] == ["8.8.8.8"]
    assert not any(name.startswith("1.0.0.10.") for name, _, _ in asked)


async def test_a_list_is_tested_once():
    async with resolving(world(TEST)) as (resolver, servers):
        for _ in range(3):
            context = Context(resolver, parse_domain("a.test"), Options(blocklists=("bl.test",)))
            assert await blocklist._state_of(context, "bl.test") == "working"
        tests = [name for name, _, _ in servers[0].asked if name.startswith("2.0.0.127.")]
        assert len(tests) == 1 and len(blocklist._tested) == 1


async def test_no_more_lists_than_the_limit():
    async with resolving(world(TEST)) as (resolver, _):
        names = tuple(f"l{number}.bl.test" for number in range(50))
        context = Context(resolver, parse_domain("a.test"), Options(blocklists=names))
        section = [s async for s in report(context, ["blocklist"], hold=0)][-1]
        assert len(section.records["lists"]) == blocklist.MAX_LISTS and resolver.asked < 100
