"""One server that plays many: referrals, glue, and servers that are not as they should be."""

from __future__ import annotations

import ipaddress

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import pytest
from dns.rdatatype import AAAA, DS, NS, NSEC, RRSIG, SOA, A

from learn.classroom.answers import PLAYED_SERVER, Authority
from learn.classroom.signing import Plan
from learn.classroom.zone_files import build, load
from lookups.engine.resolver import PLAYED_SERVER as ASKED_FOR

HEAD = "$TTL 3600\n@ SOA ns1 host 7 7200 900 1209600 300\n"
FILES = {
    "@": HEAD + "@ NS ns.classroom.test.\nns A 198.18.0.1\n",
    "own": HEAD + "@ NS ns1\n@ NS ns2\n@ A 198.18.9.9\nwww CNAME elsewhere\n"
    "elsewhere CNAME @.classroom.test.\nns1 A 198.18.9.1\nns1 AAAA 2001:2::9:1\nns2 A 198.18.9.2\n",
    "sub.own": HEAD + "@ NS ns1.own.classroom.test.\n@ A 198.18.9.10\n",
    "odd": HEAD + "@ NS ns1\nns1 A 198.18.8.1\nns2 A 198.18.8.2\n",
}
PARENT, NS1, NS1_V6, NS2 = "198.18.0.1", "198.18.9.1", "2001:2::9:1", "198.18.9.2"


def authority(plans=(), **servers) -> Authority:
    known = {"@": Plan()} | dict(plans)
    reverse = {"unnamed": [], "ptr": {}}
    return Authority(build(FILES, plans=known, servers=servers, faults={}, reverse=reverse))


def packet(name: str, rdtype: str, address: str, *, flags: int = 0, dnssec: bool = False) -> bytes:
    option = dns.edns.GenericOption(PLAYED_SERVER, ipaddress.ip_address(address).packed)
    query = dns.message.make_query(name, rdtype, flags=flags)
    query.use_edns(0, dns.flags.DO if dnssec else 0, 1232, options=[option])
    return query.to_wire()


def ask(server: Authority, address: str, name: str, rdtype: str, *, tcp: bool = False, **more):
    reply = server.reply(packet(f"{name}classroom.test.", rdtype, address, **more), tcp)
    return dns.message.from_wire(reply.wire) if reply.wire else reply


def hosts(section) -> set[str]:
    return {rdata.target.to_text().split(".")[0] for r in section if r.rdtype == NS for rdata in r}


def is_authoritative(response) -> bool:
    return bool(response.flags & dns.flags.AA)


def test_the_resolvers_option_is_the_classrooms():
    assert PLAYED_SERVER == ASKED_FOR


def test_the_parent_refers_to_the_child_with_glue():
    """RFC 1034 §4.3.2: NS records in the authority section, addresses beside them, no AA."""
    for name in ("own.", "www.own.", "deep.below.own."):
        response = ask(authority(), PARENT, name, "A")
        assert response.rcode() == dns.rcode.NOERROR and not is_authoritative(response)
        assert not response.answer and hosts(response.authority) == {"ns1", "ns2"}
        assert {(r.name.labels[0], r.rdtype) for r in response.additional} == {
            (b"ns1", A),
            (b"ns1", AAAA),
            (b"ns2", A),
        }


@pytest.mark.parametrize("address", [NS1, NS1_V6, NS2])
def test_the_childs_servers_answer_as_an_authority(address):
    response = ask(authority(), address, "own.", "NS")
    assert is_authoritative(response) and hosts(response.answer) == {"ns1", "ns2"}
    assert ask(authority(), address, "own.", "SOA", tcp=True).answer[0][0].serial == 7


def test_the_childs_servers_serve_nothing_else():
    for name in ("odd.", "", "own.test."):
        assert ask(authority(), NS1, name, "A").rcode() == dns.rcode.REFUSED


def test_aliases_are_followed_within_what_is_served():
    response = ask(authority(), NS1, "www.own.", "A")
    assert is_authoritative(response) and len(response.answer) == 2


def test_a_server_of_parent_and_child_answers_from_the_child():
    assert is_authoritative(ask(authority(), NS1, "sub.own.", "NS"))
    response = ask(authority(), NS2, "sub.own.", "NS")
    assert not is_authoritative(response) and hosts(response.authority) == {"ns1"}


def test_ds_is_the_parents():
    """RFC 4035 §3.1.4.1: only the parent has it; the child knows nothing of it."""
    server = authority({"own": Plan()})
    response = ask(server, PARENT, "own.", "DS")
    assert is_authoritative(response) and response.answer[0].rdtype == DS
    response = ask(server, NS1, "own.", "DS")
    assert not response.answer and response.authority[0].rdtype == SOA
    assert response.authority[0].name.to_text() == "own.classroom.test."


def test_signed_referrals_prove_what_the_child_is():
    """RFC 4035 §3.1.4: DS with its signature, or NSEC that shows there is none."""
    server = authority({"own": Plan()})
    for name, rdtype in (("own.", DS), ("odd.", NSEC)):
        section = ask(server, PARENT, name, "A", dnssec=True).authority
        assert [(r.rdtype, r.covers) for r in section] == [(NS, 0), (rdtype, 0), (RRSIG, rdtype)]


def test_an_address_without_a_server_is_silent():
    server = authority()
    for tcp in (False, True):
        assert ask(server, "198.18.77.77", "own.", "A", tcp=tcp).wire is None


def test_a_strange_option_is_silent_and_breaks_nothing():
    server = authority()
    for octets in (b"", b"\x01", b"\xff" * 40):
        query = dns.message.make_query("own.classroom.test.", "A")
        query.use_edns(0, 0, 1232, options=[dns.edns.GenericOption(PLAYED_SERVER, octets)])
        assert server.reply(query.to_wire(), False).wire is None


def odd(**table) -> Authority:
    return authority(odd=table)


def test_another_ns_set_at_the_parent():
    server = odd(parent=["ns1", "ns2", "ns.elsewhere.example."])
    response = ask(server, PARENT, "odd.", "A")
    assert hosts(response.authority) == {"ns1", "ns2", "ns"}
    assert hosts(ask(server, "198.18.8.1", "odd.", "NS").answer) == {"ns1"}
    # the server that only the parent names has the zone, too
    assert is_authoritative(ask(server, "198.18.8.2", "odd.", "SOA"))


def test_wrong_and_missing_glue():
    server = odd(glue={"ns1": ["198.18.8.77", "2001:2::8:77"]})
    addresses = {r[0].address for r in ask(server, PARENT, "odd.", "A").additional}
    assert addresses == {"198.18.8.77", "2001:2::8:77"}
    assert not ask(odd(glue={"ns1": []}), PARENT, "odd.", "A").additional


@pytest.mark.parametrize("of", ["ns1", "198.18.8.1", "ns1.odd.classroom.test."])
def test_servers_that_do_not_know_the_zone(of):
    def say(fault: str):
        return ask(odd(servers={of: {"fault": fault}}), "198.18.8.1", "odd.", "SOA")

    assert say("refused").rcode() == dns.rcode.REFUSED
    assert say("servfail").rcode() == dns.rcode.SERVFAIL
    upward = say("upward")
    assert upward.authority[0].name == dns.name.root and not is_authoritative(upward)
    cached = say("no-aa")
    assert cached.answer and not is_authoritative(cached)


def test_servers_that_do_not_answer():
    def answers(fault: str) -> tuple[bool, bool]:
        server = odd(servers={"ns1": {"fault": fault}})
        replies = [ask(server, "198.18.8.1", "odd.", "SOA", tcp=tcp) for tcp in (False, True)]
        return tuple(isinstance(reply, dns.message.Message) for reply in replies)

    assert answers("") == (True, True)
    assert answers("silent") == (False, False)
    assert answers("no-udp") == (False, True)
    assert answers("no-tcp") == (True, False)
    server = odd(servers={"ns1": {"fault": "no-tcp"}})
    assert ask(server, "198.18.8.1", "odd.", "SOA", tcp=True).close


def test_another_serial_and_ns_set_at_one_server():
    server = odd(servers={"ns1": {"serial": 3, "ns": ["ns1", "ns3"]}})
    assert ask(server, "198.18.8.1", "odd.", "SOA").answer[0][0].serial == 3
    assert ask(server, "198.18.8.1", "odd.", "MX").authority[0][0].serial == 3
    assert hosts(ask(server, "198.18.8.1", "odd.", "NS").answer) == {"ns1", "ns3"}


def test_open_recursion():
    server = odd(servers={"ns1": {"recursion": True}})

    def probe(address: str, name: str, rdtype: str, flags: int):
        reply = server.reply(packet(name, rdtype, address, flags=flags), False)
        return dns.message.from_wire(reply.wire)

    for name, rdtype in ((".", "NS"), ("own.classroom.test.", "A")):
        response = probe("198.18.8.1", name, rdtype, dns.flags.RD)
        assert response.flags & dns.flags.RA and response.answer and not is_authoritative(response)
        assert probe("198.18.8.1", name, rdtype, 0).rcode() == dns.rcode.REFUSED
        closed = probe(NS1 if name == "." else PARENT, ".", rdtype, dns.flags.RD)
        assert closed.rcode() == dns.rcode.REFUSED and not closed.flags & dns.flags.RA


def test_every_name_server_of_the_real_classroom_is_played():
    school = load()
    assert {ipaddress.ip_address(text).packed for text in ("198.18.0.1", "2001:2:0:1::1")} <= set(
        school.cast
    )
    server = Authority(school)
    for address in ("198.18.0.1", "2001:2::1", "198.18.128.1", "2001:2:0:1::1"):
        response = ask(server, address, "mixed.", "NS")
        assert is_authoritative(response) and hosts(response.answer) == {"ns", "ns2"}
        referral = ask(server, address, "perfect.", "NS")
        assert not is_authoritative(referral) and hosts(referral.authority) == {"ns1", "ns2"}
