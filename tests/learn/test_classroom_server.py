"""The classroom's DNS server over real sockets, and its answers to any octets."""

from __future__ import annotations

import asyncio
import socket
import struct

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.reversename
import pytest
from hypothesis import given
from hypothesis import strategies as st

from learn.classroom.answers import Authority
from learn.classroom.server import ClassroomServer, start_in_background
from learn.classroom.zone_files import build, load

TIMEOUT = 5
SILENCE = 0.4  # seconds without an answer that count as none; other answers take about 1 ms


@pytest.fixture(scope="module")
def server():
    return start_in_background()


def query(name: str, rdtype: str = "MX", payload: int = 1232, **options) -> dns.message.Message:
    return dns.message.make_query(
        f"{name}.classroom.test", rdtype, use_edns=0, payload=payload, **options
    )


def udp(server, message, timeout: float = TIMEOUT) -> dns.message.Message:
    return dns.query.udp(message, server[0], timeout, server[1])


def tcp(server, message, timeout: float = TIMEOUT) -> dns.message.Message:
    return dns.query.tcp(message, server[0], timeout, server[1])


def exchange(server, octets: bytes, timeout: float = TIMEOUT) -> bytes:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(timeout)
        sock.sendto(octets, server)
        return sock.recv(65535)


def texts(section) -> list[str]:
    """The records of a section's first RRset, without owner, TTL and class."""
    return sorted(rdata.to_text() for rdata in section[0])


def test_an_authoritative_answer(server):
    response = udp(server, query("perfect"))
    assert response.rcode() == dns.rcode.NOERROR
    assert response.flags & dns.flags.AA and not response.flags & dns.flags.RA
    assert texts(response.answer) == [
        "10 mx1.perfect.classroom.test.",
        "20 mx2.perfect.classroom.test.",
    ]
    assert response.answer[0].ttl == 3600


def test_names_are_compared_without_case_and_returned_as_asked(server):
    octets = exchange(server, query("PeRfEcT").to_wire())
    response = dns.message.from_wire(octets)
    assert b"\x07PeRfEcT" in octets and len(response.answer[0]) == 2


def test_tcp_answers_several_queries_on_one_connection(server):
    with socket.create_connection(server, TIMEOUT) as sock:
        for name in ("perfect", "null-mx", "no-mail"):
            message = query(name)
            dns.query.send_tcp(sock, message)
            response, _ = dns.query.receive_tcp(sock)
            assert message.is_response(response)


def test_nxdomain_has_the_soa_of_the_closest_zone(server):
    for name, zone in (("nothing", "classroom.test."), ("x.perfect", "perfect.classroom.test.")):
        response = udp(server, query(name))
        assert response.rcode() == dns.rcode.NXDOMAIN and not response.answer
        assert response.authority[0].rdtype == dns.rdatatype.SOA
        assert response.authority[0].name.to_text() == zone
        assert response.authority[0].ttl == 300  # the least of its TTL and its minimum


def test_nodata_has_the_soa(server):
    response = udp(server, query("no-mail"))
    assert response.rcode() == dns.rcode.NOERROR and not response.answer
    assert response.authority[0].rdtype == dns.rdatatype.SOA


def test_a_name_that_only_has_names_below_it_exists(server):
    response = udp(server, dns.message.make_query("1.18.198.in-addr.arpa", "PTR"))
    assert response.rcode() == dns.rcode.NOERROR and not response.answer


def test_aliases_are_followed_into_other_zones(server):
    response = udp(server, query("alias"))
    assert [rrset.rdtype for rrset in response.answer] == [dns.rdatatype.CNAME, dns.rdatatype.MX]


def test_an_alias_in_a_circle_is_answered_once(server):
    response = udp(server, query("alias-loop"))
    assert [rrset.rdtype for rrset in response.answer] == [dns.rdatatype.CNAME] * 2


def test_an_alias_itself_can_be_asked_for(server):
    response = udp(server, query("alias", "CNAME"))
    assert texts(response.answer) == ["perfect.classroom.test."]


def test_other_zones_are_refused(server):
    for name in ("example.com", "test", "1.0.0.10.in-addr.arpa"):
        assert udp(server, dns.message.make_query(name, "A")).rcode() == dns.rcode.REFUSED


def test_zone_transfers_and_other_classes_are_refused(server):
    for message in (query("perfect", "AXFR"), query("perfect", "TXT", rdclass="CH")):
        octets = exchange(server, message.to_wire())
        assert octets[3] & 0xF == dns.rcode.REFUSED


def test_any_is_answered_with_one_rrset(server):
    assert len(udp(server, query("perfect", "ANY")).answer) == 1


def test_a_large_answer_is_cut_over_udp_and_whole_over_tcp(server):
    cut = udp(server, query("many-mx", payload=4096))
    assert cut.flags & dns.flags.TC and not cut.answer
    assert len(tcp(server, query("many-mx")).answer[0]) == 60


@pytest.mark.parametrize(
    ("lesson", "payload", "is_cut"),
    [("many-mx", None, True), ("many-mx", 300, True), ("crowded", 300, False)],
)
def test_the_clients_payload_size_counts(server, lesson, payload, is_cut):
    """Less than 512 octets means 512 (RFC 6891 §6.2.3)."""
    message = query(lesson, payload=payload or 0)
    if payload is None:
        message.use_edns(False)
    response = udp(server, message)
    assert bool(response.flags & dns.flags.TC) == is_cut
    assert (response.edns == 0) == (payload is not None)


def test_edns_is_answered_with_edns(server):
    response = udp(server, query("perfect", want_dnssec=True))
    assert response.edns == 0 and response.payload == 1232 and response.ednsflags & dns.flags.DO
    plain = dns.message.make_query("perfect.classroom.test", "MX")
    assert udp(server, plain).edns == -1


def test_an_unknown_edns_version_is_refused(server):
    message = query("perfect")
    message.use_edns(1)
    assert udp(server, message).rcode() == dns.rcode.BADVERS


def test_reverse_names_come_from_the_addresses(server):
    def pointers(address: str) -> list[str]:
        name = dns.reversename.from_address(address)
        response = udp(server, dns.message.make_query(name, "PTR"))
        return texts(response.answer) if response.answer else []

    assert pointers("198.18.1.1") == ["mx1.perfect.classroom.test."]
    assert pointers("2001:2::1:2") == ["mx2.perfect.classroom.test."]
    assert len(pointers("198.18.21.1")) == 2  # two names have it
    assert pointers("198.18.26.1") == pointers("2001:2::26:1") == []
    assert pointers("198.18.26.2") == ["mx2.no-ptr.classroom.test."]
    assert pointers("198.18.27.1") == ["customer.wrong-ptr.classroom.test."]
    assert pointers("198.18.30.25") == ["v4-25.crowded.classroom.test."]
    assert "<b>bold</b>.strange-names.classroom.test." in pointers("198.18.14.1")
    assert pointers("198.19.0.1") == []


@pytest.mark.parametrize(
    ("lesson", "rcode"),
    [
        ("servfail", dns.rcode.SERVFAIL),
        ("refused", dns.rcode.REFUSED),
        ("notimp", dns.rcode.NOTIMP),
    ],
)
def test_faults_that_are_response_codes(server, lesson, rcode):
    for ask in (udp, tcp):
        for name in (lesson, f"mx1.{lesson}"):
            assert ask(server, query(name)).rcode() == rcode


def test_servfail_says_why(server):
    error = udp(server, query("servfail")).extended_errors()[0]
    assert error.code == 22 and error.text


def test_silent(server):
    for ask in (udp, tcp):
        with pytest.raises(dns.exception.Timeout):
            ask(server, query("silent"), SILENCE)


def test_lame(server):
    response = udp(server, query("lame"))
    assert response.rcode() == dns.rcode.NOERROR and not response.answer
    assert not response.flags & (dns.flags.AA | dns.flags.RA)
    assert response.authority[0].name.to_text() == "."
    assert response.authority[0].rdtype == dns.rdatatype.NS


def test_garbled(server):
    message = query("garbled")
    octets = exchange(server, message.to_wire())
    assert octets[:2] == message.id.to_bytes(2, "big") and octets[2] & 0x80
    with pytest.raises(dns.exception.DNSException):
        dns.message.from_wire(octets)


def test_truncated(server):
    response = udp(server, query("truncated"))
    assert response.flags & dns.flags.TC and not response.answer
    with pytest.raises(EOFError):
        tcp(server, query("truncated"))


def test_slow_gives_one_step_an_answer_and_takes_its_time():
    authority = Authority(load())
    name, steps = "slow", 0
    while True:
        reply = authority.reply(query(name).to_wire(), tcp=False)
        assert reply.delay == 2.7
        answer = dns.message.from_wire(reply.wire).answer
        assert len(answer) == 1
        if answer[0].rdtype == dns.rdatatype.MX:
            break
        name = answer[0][0].target.to_text().removesuffix(".classroom.test.")
        steps += 1
    assert steps >= 9


def test_the_delay_is_kept_over_the_network(server):
    with pytest.raises(dns.exception.Timeout):
        udp(server, query("slow"), SILENCE)
    assert udp(server, query("slow")).answer


def test_the_id_is_the_querys_also_when_the_answer_was_kept(server):
    for id in (1, 2, 65535):
        assert udp(server, query("perfect", id=id)).id == id


GARBAGE = [
    b"",
    b"\x00",
    b"\x00" * 11,
    b"\xff" * 600,
    query("perfect").to_wire()[:-3],
    query("perfect").to_wire() + b"junk",
    struct.pack("!6H", 7, 0, 0, 0, 0, 0),
    struct.pack("!6H", 7, 0, 1, 0, 0, 0) + b"\xc0\x0c\x00\x01\x00\x01",
    struct.pack("!6H", 7, 0x2800, 1, 0, 0, 0) + b"\x00\x00\x06\x00\x01",  # UPDATE
]


def test_garbage_over_both_transports_stops_nothing(server):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for octets in GARBAGE:
            sock.sendto(octets, server)
    for octets in GARBAGE:
        with socket.create_connection(server, TIMEOUT) as sock:
            sock.sendall(len(octets).to_bytes(2, "big") + octets)
    assert udp(server, query("perfect")).answer
    assert tcp(server, query("perfect")).answer


@pytest.mark.parametrize("length", [0, 11, 4097, 65535])
def test_a_tcp_message_of_senseless_length_ends_the_connection(server, length):
    with socket.create_connection(server, TIMEOUT) as sock:
        sock.sendall(length.to_bytes(2, "big"))
        assert sock.recv(1) == b""


def test_a_response_is_never_answered(server):
    response = query("perfect")
    response.flags |= dns.flags.QR
    with pytest.raises(TimeoutError):
        exchange(server, response.to_wire(), SILENCE)


@given(octets=st.binary(max_size=700), is_tcp=st.booleans())
def test_any_octets_get_a_message_or_nothing(octets, is_tcp):
    check_reply(octets, is_tcp)


@given(
    names=st.sampled_from(["perfect", "servfail", "garbled", "alias", "lame", "nothing"]),
    changes=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 255)), max_size=6),
    is_tcp=st.booleans(),
)
def test_a_query_with_changed_octets_gets_a_message_or_nothing(names, changes, is_tcp):
    octets = bytearray(query(names).to_wire())
    for place, octet in changes:
        octets[place % len(octets)] = octet
    check_reply(bytes(octets), is_tcp)


def check_reply(octets: bytes, is_tcp: bool) -> None:
    wire = Authority(load()).reply(octets, is_tcp).wire
    if wire is not None:
        assert wire[:2] == octets[:2] and wire[2] & 0x80
        assert is_tcp or len(wire) <= 1232


async def test_start_and_stop():
    server = ClassroomServer()
    await server.start()
    message = query("perfect")
    response = await asyncio.to_thread(udp, (server.host, server.port), message)
    assert response.answer
    _, writer = await asyncio.open_connection(server.host, server.port)
    await server.stop()
    writer.close()
    again = ClassroomServer()
    await again.start(port=server.port)  # both sockets are free again
    await again.stop()


async def test_a_taken_port_is_an_error():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        with pytest.raises(OSError):
            await ClassroomServer().start(port=sock.getsockname()[1])


def test_the_background_server_is_started_once():
    assert start_in_background() == start_in_background()


def test_the_spelling_of_the_question_costs_no_rendering():
    """RFC 5452 §9.3 and "0x20": the question comes back as it was asked, from one kept answer."""
    authority = Authority(load())
    first = authority.reply(query("perfect", id=1).to_wire(), tcp=False).wire
    octets = query("PERfect", id=2).to_wire()
    second = authority.reply(octets, tcp=False).wire
    assert second[12:37] == octets[12:37] != first[12:37]
    assert second[37:] == first[37:] and len(authority._kept) == 1


def test_wildcards_stand_in_for_what_does_not_exist():
    """RFC 4592 §2.2.1, its own example."""
    files = {
        "@": "$TTL 3600\n@ SOA ns host 1 7200 900 1209600 300\n@ NS ns\n",
        "example": "$TTL 3600\n@ SOA ns host 1 7200 900 1209600 300\n@ NS ns.classroom.test.\n"
        '* TXT "this is a wildcard"\n* MX 10 host1\nsub.* TXT "this is not a wildcard"\n'
        "host1 A 198.18.9.1\n_ssh._tcp.host1 SRV 0 0 22 host1\n",
    }
    reverse = {"unnamed": [], "ptr": {}}
    school = build(files, plans={}, servers={}, faults={}, reverse=reverse)

    def ask(name: str, rdtype: str) -> dns.message.Message:
        octets = query(f"{name}.example", rdtype).to_wire()
        return dns.message.from_wire(Authority(school).reply(octets, True).wire)

    for name, rdtype in (("host3", "MX"), ("foo.bar", "TXT")):
        [rrset] = ask(name, rdtype).answer
        assert rrset.name.to_text() == f"{name}.example.classroom.test."
    response = ask("host3", "A")
    assert response.rcode() == dns.rcode.NOERROR and not response.answer
    for name, rdtype, rcode in (
        ("host1", "MX", dns.rcode.NOERROR),
        ("sub.*", "MX", dns.rcode.NOERROR),
        ("_telnet._tcp.host1", "SRV", dns.rcode.NXDOMAIN),
        ("ghost.*", "MX", dns.rcode.NXDOMAIN),
    ):
        response = ask(name, rdtype)
        assert not response.answer and response.rcode() == rcode
