"""Topic reverse: addresses, their names, and names that look machine-made."""

from __future__ import annotations

import json
from ipaddress import ip_address

import dns.rcode
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookups.engine.checks.generic_names import looks_generic
from lookups.engine.context import Context
from lookups.engine.names import parse_domain
from lookups.engine.report import report

from .lessons import ids, section_of, sections_of
from .scripted import answer, resolving

GOOD = {"reverse-confirmed", "reverse-ipv6"}


@pytest.mark.parametrize(
    ("lesson", "expected"),
    [
        ("perfect", GOOD),
        (
            "reverse-apex",
            {"reverse-ipv6", "reverse-apex-no-ptr", "reverse-apex-unconfirmed"}
            | {"reverse-apex-not-public"},
        ),
        (
            "reverse-names",
            GOOD
            | {"reverse-many-names", "reverse-name-invalid", "reverse-name-is-alias"}
            | {"reverse-apex-no-address"},
        ),
        ("reverse-generic", GOOD | {"reverse-generic", "reverse-apex-no-address"}),
        (
            "reverse-broken",
            {"reverse-ipv6", "reverse-zone-broken", "reverse-apex-no-address"},
        ),
        # Topic mx speaks of mail servers without names, or without IPv6.
        ("no-ptr", {"reverse-ipv6", "reverse-apex-no-address"}),
        ("wrong-ptr", {"reverse-ipv6", "reverse-apex-no-address"}),
        ("ipv4-only", {"reverse-confirmed", "reverse-apex-no-address"}),
        ("implicit-mx", GOOD),
        ("private-mx", GOOD | {"reverse-apex-no-address"}),
        ("nothing", set()),
        ("servfail", {"dns-servfail"}),
    ],
)
async def test_lessons(lesson, expected):
    section = await section_of(lesson, "reverse")
    assert ids(section) == expected and not section.failed
    json.dumps(section.as_json())


async def test_each_address_has_its_names():
    records = (await section_of("reverse-names", "reverse")).records
    hosts = {host["name"].split(".")[0]: host for host in records["hosts"]}
    assert [hosts[name]["role"] for name in ("reverse-names", "mx1")] == ["domain", "mx"]
    first, second = hosts["mx2"]["addresses"]
    assert {(n["name"].split(".")[0], bool(n["alias"])) for n in first["names"]} == {
        ("mail", True),
        ("mx_2", False),
    }
    assert second["names"][0]["confirmed"] and second["reverse"] == "confirmed"
    assert hosts["mx1"]["addresses"][0]["count"] == 7
    assert {record["type"] for record in records["raw"]} == {"PTR"}


async def test_ptr_records_to_publish():
    """For one's own mail servers that have no name, or a machine-made one."""
    ready = (await section_of("reverse-generic", "reverse")).records["ready"]
    assert ready == [
        {
            "name": "21.161.18.198.in-addr.arpa",
            "type": "PTR",
            "value": "mx1.reverse-generic.classroom.test.",
        }
    ]
    assert "ready" not in (await section_of("perfect", "reverse")).records
    assert len((await section_of("no-ptr", "reverse")).records["ready"]) == 2


async def test_it_shares_its_questions_with_topic_mx():
    """Beside what topic mx asks: two for the domain's addresses and two for their names."""
    _, context = await sections_of("perfect", "reverse")
    assert len(context.resolver.log) == 9 + 2 + 2


async def test_the_way_back_is_not_known_where_the_budget_ended():
    section = await section_of("perfect", "reverse", max_queries=4)
    assert "dns-budget" in ids(section) and "reverse-confirmed" not in ids(section)


async def test_a_reverse_zone_that_refuses_is_not_called_empty():
    def decide(query, transport):
        name, rdtype = query.question[0].name.to_text(), query.question[0].rdtype
        if name.endswith(".arpa."):
            return answer(query, rcode=dns.rcode.REFUSED)
        if rdtype == 1:
            return answer(query, f"{name} 60 IN A 8.8.8.8")
        return answer(query)

    async with resolving(decide) as (resolver, _):
        context = Context(resolver, parse_domain("a.test"))
        section = [s async for s in report(context, ["reverse"], hold=0)][-1]
    assert ids(section) == {"reverse-zone-broken"}
    assert section.records["hosts"][0]["addresses"][0]["outcome"] == "refused"


GENERIC = """
198.18.1.2 198-18-1-2.dyn.example.net
198.18.1.2 host2.1.18.198.example.net
198.18.1.2 198018001002.example.jp
198.18.1.2 softbank198018001002.bbtec.net
198.18.1.2 KD198018001002.ppp-bb.dion.ne.jp
198.18.1.2 fl1-198-18-1-2.tky.mesh.ad.jp
198.18.1.2 pc6120102.dip0.t-ipconnect.de
198.18.1.2 ec2-198-18-1-2.compute-1.amazonaws.com
198.18.1.2 2.1.18.198.bc.googleusercontent.com
198.18.1.2 static.2.1.18.198.clients.your-server.de
198.18.1.2 nttkyo123456.tkyo.nt.ftth.ppp.infoweb.ne.jp
198.18.1.2 p1234.dyn.example.de
198.18.1.2 dhcp-077-250-001.chello.nl
198.18.1.2 ik1-123-45678.vs.sakura.ne.jp
198.18.1.2 host-1-2.static.example.net
198.18.1.2 vmi123456.contaboserver.net
198.18.1.2 ip2.1.example.net
198.18.1.2 adsl-198-18-1-2.dsl.example.net
2001:2::a1:1 2001-2--a1-1.v6.example.net
2001:2::a1:1 2001-2-0-0-0-0-a1-1.example.net
2001:2::a1:1 1.0.0.0.1.a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.0.0.0.1.0.0.2.ip6.example.net
2001:2::a1:1 20010002000000000000000000a10001.rev.example.net
"""
CHOSEN = """
198.18.1.2 mail.example.com
198.18.1.2 mx1.dyn.com
198.18.1.2 mail1.dsl.co.jp
198.18.1.2 mail2.dynamic.co.jp
198.18.1.2 smtp-pool12.example.net
198.18.1.2 mc-in-f26.1e100.net
198.18.1.2 mail-oa1-f41.google.com
198.18.1.2 mail-db8eur05on2062.outbound.protection.outlook.com
198.18.1.2 a8-29.smtp-out.amazonses.com
198.18.1.2 o1.ptr1234.sendgrid.net
198.18.1.2 mta2.am0.yahoodns.net
198.18.1.2 www1234.sakura.ne.jp
198.18.1.2 sv12345.xserver.jp
198.18.1.2 static.example.com
198.18.1.2 server1.example.com
198.18.1.2 mx1-2.example.net
198.18.1.2 dynamics365.mail.example.com
198.18.1.2 mail198.mail18.example.com
198.18.1.2 host2.example.com
198.18.1.2 net
198.18.1.2 .
2001:2::a1:1 mx1.example.com
2001:2::1 mail-2001.example.com
2001:2::1 mx-2001-2.example.com
2001:2::a1:1 mail-yw1-x112e.google.com
"""


@pytest.mark.parametrize("sample", GENERIC.split("\n")[1:-1])
def test_machine_made_names(sample):
    address, name = sample.split()
    assert looks_generic(name, ip_address(address))


@pytest.mark.parametrize("sample", CHOSEN.split("\n")[1:-1])
def test_chosen_names(sample):
    address, name = sample.split()
    assert not looks_generic(name, ip_address(address))


@given(st.text(max_size=300), st.ip_addresses())
def test_any_name_can_be_looked_at(name, address):
    assert looks_generic(name, address) in (True, False)


@given(st.ip_addresses(v=4))
def test_every_ipv4_address_is_recognised_in_a_name(address):
    for separator in ".-_":
        assert looks_generic(str(address).replace(".", separator) + ".example.net", address)
