"""The authoritative server of hosted SPF records, over real sockets and with hostile octets."""

from __future__ import annotations

import asyncio
import threading
import time

import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookups.hosted.dns import answers
from lookups.hosted.dns.answers import Zone
from lookups.hosted.dns.limits import MAX_NETWORKS, RateLimit
from lookups.hosted.dns.server import DnsServer
from lookups.hosted.dns.store import Entry, RedisSource, Unreachable

ZONE = Zone.of("spf.example", ["ns1.example.net", "ns2.example.net"])
LONG = "v=spf1 " + " ".join(f"ip4:10.0.{n}.0/24" for n in range(100)) + " -all"
TEXTS = {"": "v=spf1 include:_s1.abcdefghijkl.spf.example -all", "_s1": LONG}
LABEL = "abcdefghijkl"


def source(label: str) -> Entry | None:
    if label == "awayawayaway":
        raise Unreachable
    return Entry(300, TEXTS) if label == LABEL else None


@pytest.fixture
def dns_server():
    """Starts a server on a free port: dns_server(source, limit)."""
    started = []

    def start(its_source=source, limit=None, zone=None):
        from django.conf import settings as site

        zone = zone or Zone.of(site.SPF_ZONE, site.SPF_SERVERS)
        loop = asyncio.new_event_loop()
        threading.Thread(target=loop.run_forever, daemon=True).start()
        server = DnsServer(zone, its_source, limit)
        asyncio.run_coroutine_threadsafe(server.start(), loop).result(5)
        started.append((server, loop))
        return server

    yield start
    for server, loop in started:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)


def ask(server, name, rdtype="TXT", tcp=False, **options):
    query = dns.message.make_query(name, rdtype, **options)
    send = dns.query.tcp if tcp else dns.query.udp
    return send(query, server.host, port=server.port, timeout=5)


def test_answers(dns_server):
    server = dns_server(zone=ZONE)
    found = ask(server, f"{LABEL.upper()}.SPF.example")
    assert found.flags & dns.flags.AA and not found.flags & dns.flags.RA
    assert found.answer[0].ttl == 300 and "include:_s1" in found.answer[0].to_text()
    soa = ask(server, "spf.example", "SOA")
    assert soa.answer[0][0].mname.to_text() == "ns1.example.net."
    assert len(ask(server, "spf.example", "NS").answer[0]) == 2
    for name, rdtype, rcode in (
        ("spf.example", "TXT", "NOERROR"),
        (f"{LABEL}.spf.example", "A", "NOERROR"),
        (f"x.{LABEL}.spf.example", "TXT", "NXDOMAIN"),
        ("nosuchlabelx.spf.example", "TXT", "NXDOMAIN"),
    ):
        empty = ask(server, name, rdtype)
        assert dns.rcode.to_text(empty.rcode()) == rcode and not empty.answer
        assert empty.authority[0].to_text().startswith("spf.example. 60 IN SOA")
    assert ask(server, "example.org").rcode() == dns.rcode.REFUSED
    assert ask(server, f"{LABEL}.spf.example", "AXFR", tcp=True).rcode() == dns.rcode.REFUSED
    assert ask(server, "awayawayaway.spf.example").rcode() == dns.rcode.SERVFAIL


def test_large_answers_come_over_tcp(dns_server):
    server = dns_server(zone=ZONE)
    name = f"_s1.{LABEL}.spf.example"
    for options in ({}, {"use_edns": 0, "payload": 4096}):
        cut = ask(server, name, **options)
        assert cut.flags & dns.flags.TC and not cut.answer
    whole = ask(server, name, tcp=True)
    text = b"".join(whole.answer[0][0].strings).decode()
    assert text == LONG and not whole.flags & dns.flags.TC


def test_edns(dns_server):
    server = dns_server(zone=ZONE)
    name = f"{LABEL}.spf.example"
    assert ask(server, name, use_edns=False).edns == -1
    assert ask(server, name, use_edns=0).edns == 0
    assert ask(server, name, use_edns=1).rcode() == dns.rcode.BADVERS


def test_several_queries_on_one_connection_and_a_busy_port(dns_server):
    import socket

    server = dns_server(zone=ZONE)
    wire = dns.message.make_query(f"{LABEL}.spf.example", "TXT").to_wire()
    framed = len(wire).to_bytes(2, "big") + wire
    with socket.create_connection((server.host, server.port), timeout=5) as connection:
        connection.sendall(framed * 3 + b"\0\1x")
        octets = b"".join(iter(lambda: connection.recv(4096), b""))
    assert octets.count(b"v=spf1 include") == 3
    with pytest.raises(OSError):
        asyncio.run(DnsServer(ZONE, source).start(port=server.port))


def test_a_flood_from_one_network_is_slowed_down(dns_server):
    server = dns_server(limit=RateLimit(per_second=0.0, burst=5), zone=ZONE)
    name = f"{LABEL}.spf.example"
    for _ in range(5):
        assert ask(server, name).answer
    with pytest.raises(dns.exception.Timeout):
        query = dns.message.make_query(name, "TXT")
        dns.query.udp(query, server.host, port=server.port, timeout=0.3)
    short = ask(server, name)
    assert short.flags & dns.flags.TC and not short.answer and short.question
    assert ask(server, name, tcp=True).answer


def test_the_limit_is_for_a_network_and_recovers():
    limit = RateLimit(per_second=1, burst=2)
    assert [limit.judge(f"192.0.2.{n}", 0) for n in range(4)] == [
        "answer",
        "answer",
        "drop",
        "shorten",
    ]
    assert limit.judge("192.0.3.1", 0) == "answer"
    assert limit.judge("192.0.2.9", 1.5) == "answer"
    assert limit.judge("2001:db8::1", 0) == "answer"
    for number in range(MAX_NETWORKS + 10):
        limit.judge(str(number), 0)
    assert len(limit._buckets) == MAX_NETWORKS


@given(st.binary(max_size=80), st.booleans())
def test_any_octets_are_answered_or_not(octets, tcp):
    for packet in (octets, octets[:2] + b"\0\0\0\1\0\0\0\0\0\0" + octets):
        wire = answers.reply(ZONE, source, packet, tcp)
        assert wire is None or wire[:2] == packet[:2]
        if wire:
            assert wire[2] & 0x80
            answers.shortened(wire)
    assert answers.reply(ZONE, source, b"\0\1\x80" + octets + bytes(20), tcp) is None


def test_while_redis_is_away_what_is_known_goes_on(monkeypatch):
    from lookups.hosted.dns import store

    away = RedisSource("redis://127.0.0.1:1/0")
    began = time.monotonic()
    with pytest.raises(Unreachable):
        away(LABEL)
    with pytest.raises(Unreachable):
        away("bbbbbbbbbbbb")
    assert time.monotonic() - began < 2
    away._known[LABEL] = (0.0, Entry(60, {"": "v=spf1 -all"}))
    assert away(LABEL).texts == {"": "v=spf1 -all"}
    assert away("not a label") is None
    assert store._read("{") is None and store._read('{"ttl": 1}') is None
