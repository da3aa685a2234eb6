"""Replies as dig shows them, hostile ones as well."""

from __future__ import annotations

from datetime import UTC, datetime

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
from hypothesis import given
from hypothesis import strategies as st

from lookups.engine import dig
from lookups.engine.exchange import Exchange, Outcome
from lookups.engine.message import AD, RD, parse
from lookups.engine.transport import Reply, Server

WHEN = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ASKED = dig.Asked("example.com", "MX")


def rendered(*records: str, rcode=dns.rcode.NOERROR, options=(), flags=0, asked=ASKED) -> str:
    query = dns.message.make_query(asked.name, asked.type)
    reply = dns.message.make_response(query, recursion_available=True)
    reply.use_edns(0, dns.flags.DO, 1232, options=list(options))
    reply.set_rcode(rcode)
    reply.flags |= flags
    for text in records:
        name, ttl, kind, data = text.split(None, 3)
        reply.answer.append(dns.rrset.from_text(name, int(ttl), "IN", kind, data))
    return of_wire(reply.to_wire(), asked)


def of_wire(wire: bytes, asked=ASKED) -> str:
    message = parse(wire)
    exchange = Exchange(Outcome.ANSWER, Reply(message, len(wire)), size=len(wire), ended=0.012)
    return dig.render(asked, exchange, WHEN, {22: "No Reachable Authority"}, "192.0.2.53#53")


def test_a_reply_reads_like_digs():
    text = rendered("example.com. 3600 MX 10 mx1.example.com.", flags=dns.flags.AD)
    lines = text.split("\n")
    assert lines[1].startswith(";; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: ")
    assert lines[2] == ";; flags: qr rd ra ad; QUERY: 1, ANSWER: 1, AUTHORITY: 0, ADDITIONAL: 1"
    assert "; EDNS: version: 0, flags: do; udp: 1232" in lines
    assert ";example.com.                   IN      MX" in lines
    assert "example.com.            3600    IN      MX      10 mx1.example.com." in lines
    assert ";; Query time: 12 msec" in lines
    assert ";; SERVER: 192.0.2.53#53 (UDP)" in lines


def test_types_that_nobody_knows_and_rdata_that_nobody_can_read():
    """RFC 3597 §5."""
    assert "TYPE65280 \\# 3 0102ff" in rendered("example.com. 60 TYPE65280 \\# 3 0102ff")
    assert dig.rdata_text(1, b"\x01\x02", 0, 2) == "\\# 2 0102"
    assert dig.rdata_text(15, b"", 0, 0) == "\\# 0"


def test_extended_errors_and_other_options():
    options = [
        dns.edns.EDEOption(22, "at \x1b[31mdelegation"),
        dns.edns.GenericOption(3, b"ns1\n"),
        dns.edns.GenericOption(65001, b"\xc6\x12"),
    ]
    text = rendered(rcode=dns.rcode.SERVFAIL, options=options)
    assert "status: SERVFAIL" in text
    assert "; EDE: 22 (No Reachable Authority): (at \\027[31mdelegation)" in text
    assert "; OPT=65001: c612" in text and "\x1b" not in text


def test_texts_are_escaped():
    text = rendered('example.com. 60 TXT "<b>\\027[0m \\227\\129\\130 \\"q\\""')
    assert '"<b>\\027[0m \\227\\129\\130 \\"q\\""' in text


def test_silence():
    exchange = Exchange(Outcome.TIMEOUT, server=Server("192.0.2.53"))
    text = dig.render(ASKED, exchange, WHEN, {}, "192.0.2.53#53")
    assert text.split("\n") == [
        ";; communications error to 192.0.2.53#53: timeout",
        ";; no servers could be reached",
    ]


def test_the_call_of_dig():
    asked = dig.Asked("example.com", "MX", flags=AD, dnssec=True, tcp=True)
    called = asked.command(Server("192.0.2.53"))
    assert called == "dig @192.0.2.53 example.com MX +norecurse +dnssec +tcp"
    assert dig.Asked("a.example", "A", RD).command(None) == "dig a.example A"
    assert "-p 5353" in asked.command(Server("127.0.0.1", 5353))


@given(st.binary(max_size=120), st.integers(0, 65535))
def test_any_rdata_is_printable(octets, rdtype):
    text = dig.rdata_text(rdtype, octets, 0, len(octets))
    assert text.isascii() and (text.isprintable() or not text)
    assert len(text) <= dig.MAX_TEXT + 3


@given(st.text(max_size=60))
def test_printable(text):
    shown = dig.printable(text)
    assert shown.isascii() and shown.isprintable()
