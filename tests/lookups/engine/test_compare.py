"""One question to many: groups of equal answers, ages of copies, and what comes of it."""

from __future__ import annotations

import json

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookups.engine.compare import Kind, Verdict, Voice, Whom, compare, read
from lookups.engine.exchange import Exchange, Outcome
from lookups.engine.message import parse
from lookups.engine.transport import Reply

NAME = dns.name.from_text("example.com")


def voice(kind, content, ttl=None, outcome="answer", address="192.0.2.1", serial=None, ms=1.0):
    whom = Whom(kind, "somebody", address, None)
    said = (outcome, content) if outcome in ("answer", "nodata", "nxdomain") else ()
    return Voice(whom, outcome, (content,) if content else (), said, ttl, serial, ms)


def own(content, ttl=3600, **more):
    return voice(Kind.AUTHORITY, content, ttl, **more)


def resolver(content, ttl=1000, **more):
    return voice(Kind.RESOLVER, content, ttl, **more)


def silent(kind, address="192.0.2.1"):
    return voice(kind, "", outcome="timeout", ms=None, address=address)


@pytest.mark.parametrize(
    ("voices", "verdict"),
    [
        ([own("a"), own("a"), resolver("a")], Verdict.AGREE),
        ([own("a"), own("b"), resolver("a")], Verdict.AUTHORITIES_DIFFER),
        ([own("a"), resolver("a"), resolver("b")], Verdict.OLD_COPIES),
        ([own("a"), resolver("a"), resolver("", outcome="nxdomain")], Verdict.OLD_COPIES),
        ([own("a"), resolver("", outcome="servfail", ttl=None)], Verdict.RESOLVERS_FAIL),
        ([own("a"), own("", outcome="refused", ttl=None), resolver("a")], Verdict.AUTHORITIES_FAIL),
        ([own("a"), silent(Kind.AUTHORITY), resolver("a")], Verdict.AUTHORITIES_FAIL),
        ([own("a"), silent(Kind.AUTHORITY, "2001:db8::1"), resolver("a")], Verdict.AGREE),
        ([silent(Kind.AUTHORITY), resolver("a"), resolver("b")], Verdict.RESOLVERS_DIFFER),
        ([silent(Kind.AUTHORITY), resolver("a")], Verdict.AGREE),
        ([silent(Kind.AUTHORITY), silent(Kind.RESOLVER)], Verdict.NOBODY),
        ([], Verdict.NOBODY),
    ],
)
def test_verdicts(voices, verdict):
    assert compare(NAME, "MX", voices).verdict is verdict


def test_equal_answers_have_one_letter():
    found = compare(NAME, "MX", [own("a"), resolver("b"), resolver("a"), silent(Kind.RESOLVER)])
    assert [v.group for v in found.voices] == ["A", "B", "A", ""]
    assert found.groups == ("A", "B")


def test_the_age_of_a_copy():
    """The zone gives 3600 seconds; a copy with 1000 left was fetched 2600 seconds ago."""
    found = compare(NAME, "MX", [own("a"), resolver("a"), resolver("b", 500), resolver("a", 9000)])
    same, old, longer = found.resolvers
    assert found.age(same) == 2600
    assert found.age(old) is None and found.old == (old,) and found.old_for == 500
    assert found.age(longer) is None


def said(*records, kind=Kind.AUTHORITY, flags=dns.flags.AA, rcode=0, authority=(), type="MX"):
    query = dns.message.make_query(NAME, type)
    reply = dns.message.make_response(query)
    reply.flags |= flags
    reply.set_rcode(rcode)
    for section, texts in ((reply.answer, records), (reply.authority, authority)):
        for text in texts:
            name, ttl, rdtype, *data = text.split(None, 3)
            section.append(dns.rrset.from_text(name, int(ttl), "IN", rdtype, *data))
    wire = reply.to_wire()
    message = parse(wire)
    outcome = Outcome.ANSWER if message.answer else Outcome.NODATA
    outcome = Outcome.NXDOMAIN if rcode == dns.rcode.NXDOMAIN else outcome
    return read(NAME, type, Whom(kind, "x", "", None), Exchange(outcome, Reply(message, len(wire))))


def test_order_and_capitals_make_no_difference():
    """RFC 4343 §3."""
    first = said("example.com. 60 MX 10 MX1.example.com.", "example.com. 60 MX 20 b.example.com.")
    second = said("example.com. 30 MX 20 b.example.com.", "example.com. 30 MX 10 mx1.example.com.")
    assert first.content == second.content and (first.ttl, second.ttl) == (60, 30)
    upper = said('example.com. 60 TXT "A"', type="TXT")
    assert upper.content != said('example.com. 60 TXT "a"', type="TXT").content


def test_absences_last_as_long_as_their_soa_record_allows():
    """RFC 2308 §5: the smaller of the TTL and the last field."""
    soa = "example.com. 300 SOA ns.example.com. host.example.com. 1 7200 900 1209600 60"
    found = said(authority=[soa], rcode=dns.rcode.NXDOMAIN)
    assert (found.outcome, found.ttl) == ("nxdomain", 60)
    assert said().outcome == "nodata" and said().ttl is None


def test_a_server_without_authority_does_not_count():
    found = said("example.com. 60 MX 10 a.example.com.", flags=0)
    assert found.outcome == "not-authoritative" and not found.told
    copy = said("example.com. 60 MX 10 a.example.com.", flags=0, kind=Kind.RESOLVER)
    assert copy.told


OUTCOMES = ["answer", "nodata", "nxdomain", "servfail", "timeout", "not-authoritative"]


@given(
    st.lists(
        st.builds(
            voice,
            st.sampled_from(list(Kind)),
            st.sampled_from(["a", "b", "c"]),
            st.none() | st.integers(0, 2**31),
            st.sampled_from(OUTCOMES),
            st.sampled_from(["192.0.2.1", "2001:db8::1"]),
            st.none() | st.integers(0, 2**32 - 1),
            st.none() | st.floats(0, 1000),
        ),
        max_size=30,
    )
)
def test_any_voices_give_a_verdict(voices):
    found = compare(NAME, "MX", voices)
    assert found.verdict in Verdict
    json.dumps(found.as_json())
    for each in found.resolvers:
        age = found.age(each)
        assert age is None or age >= 0
