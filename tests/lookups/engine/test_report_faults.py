"""Whole reports on servers that fail in every way: they end in time and say what failed."""

from __future__ import annotations

import asyncio
import time

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lookups.engine.context import Context, Options
from lookups.engine.names import parse_domain
from lookups.engine.report import GRACE_SECONDS, TOPICS, finished

from .scripted import answer, resolving

DOMAIN = parse_domain("fault.test")
SOA = "fault.test. 300 IN SOA ns.fault.test. hostmaster.fault.test. 1 3600 600 86400 300"
LIMIT = 2.0  # seconds of a report in these tests


async def reported(decide, **chosen):
    """Every last section by topic, the resolver's log, and how long the report took."""
    limits = {"query_timeout": 0.3, "report_timeout": LIMIT} | chosen
    async with resolving(decide, **limits) as (resolver, _):
        began = time.monotonic()
        context = Context(resolver, DOMAIN, Options(lesson=True, smtp=True))
        sections = await finished(context)
        took = time.monotonic() - began
    assert set(sections) == set(TOPICS)
    assert all(section.complete for section in sections.values())
    assert not [s.topic for s in sections.values() if s.failed == "crash"]
    assert took < limits["report_timeout"] + GRACE_SECONDS + 1
    return sections, resolver.log


def ids(sections) -> set[str]:
    return {finding.id for section in sections.values() for finding in section.findings}


def wrong_id(query, transport):
    reply = answer(query, authority=SOA)
    reply.id = (query.id + 1) % 65536
    return reply


def garbage(query, transport):
    return query.id.to_bytes(2, "big") + b"\x80\x00\xff\xff\xff\xff\xff\xff" + b"\xc0" * 40


def truncated(query, transport):
    if transport == "tcp":
        return None
    reply = answer(query)
    reply.flags |= dns.flags.TC
    return reply


def looping(query, transport):
    name = query.question[0].name
    other = "b.fault.test." if name.to_text() == "a.fault.test." else "a.fault.test."
    return answer(query, f"{name} 60 IN CNAME {other}")


def endless(query, transport):
    name = query.question[0].name
    return answer(query, f"{name} 60 IN CNAME x{len(name.labels)}.{name}"[:200])


@pytest.mark.parametrize(
    ("decide", "expected"),
    [
        (lambda q, t: None, "dns-timeout"),
        (wrong_id, "dns-timeout"),
        (garbage, "dns-malformed"),
        (truncated, "dns-tcp-failed"),
        (looping, "dns-loop"),
        (lambda q, t: answer(q, rcode=dns.rcode.SERVFAIL), "dns-servfail"),
        (lambda q, t: answer(q, rcode=dns.rcode.REFUSED), "dns-refused"),
        (lambda q, t: answer(q, rcode=dns.rcode.NOTIMP), "dns-other-rcode"),
    ],
)
async def test_it_ends_and_says_what_failed(decide, expected):
    sections, _ = await reported(decide)
    for topic in ("mx", "spf", "dmarc", "mta-sts", "tls-rpt", "delegation"):
        assert expected in {finding.id for finding in sections[topic].findings}, topic


async def test_every_name_an_alias_of_a_longer_one():
    sections, log = await reported(endless)
    assert len(log) <= 400


async def test_a_deadline_far_too_short():
    sections, _ = await reported(lambda q, t: None, query_timeout=5, report_timeout=0.3)
    assert "dns-deadline" in {finding.id for finding in sections["mx"].findings}


async def test_a_thousand_mail_servers():
    def decide(query, transport):
        question = query.question[0]
        if question.rdtype == dns.rdatatype.MX and transport == "tcp":
            reply = answer(query)
            texts = [f"{n} mx{n}.fault.test." for n in range(1000)]
            reply.answer.append(dns.rrset.from_text_list(question.name, 60, "IN", "MX", texts))
            return reply
        if question.rdtype == dns.rdatatype.MX:
            return truncated(query, transport)
        if question.rdtype == dns.rdatatype.A:
            return answer(query, f"{question.name} 60 IN A 198.18.0.7")
        return answer(query, authority=SOA)

    sections, log = await reported(decide, report_timeout=10)
    assert "mx-too-many" in ids(sections) and len(log) < 400


async def test_huge_answers_of_every_type():
    def decide(query, transport):
        question = query.question[0]
        if transport == "udp":
            return truncated(query, transport)
        reply = answer(query)
        texts = [f'"v=spf1 {"a " * 100} {n}"' for n in range(250)]
        if question.rdtype == dns.rdatatype.TXT:
            reply.answer.append(dns.rrset.from_text_list(question.name, 60, "IN", "TXT", texts))
        return reply

    sections, log = await reported(decide, report_timeout=10)
    assert len(str([section.as_json() for section in sections.values()])) < 400_000


TYPES = {
    "TXT": st.lists(st.binary(min_size=1, max_size=80), min_size=1, max_size=4),
    "MX": st.tuples(st.integers(0, 65535), st.text("abc.-_<>\\", max_size=20)),
}
STARTS = ("v=spf1 ", "v=DMARC1; ", "v=DKIM1; ", "v=BIMI1; ", "v=STSv1; ", "v=TLSRPTv1; ", "")


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.sampled_from(STARTS), st.binary(max_size=300)), max_size=4))
def test_any_text_in_every_record(texts):
    """Whatever stands in TXT records, no check breaks on it."""

    def decide(query, transport):
        question = query.question[0]
        reply = answer(query)
        if question.rdtype == dns.rdatatype.TXT:
            for start, rest in texts:
                data = start.encode() + rest
                strings = [data[at : at + 255] for at in range(0, len(data), 255)] or [b""]
                rdata = dns.rdata.from_wire(
                    "IN", "TXT", b"".join(bytes([len(s)]) + s for s in strings), 0,
                    sum(len(s) + 1 for s in strings),
                )  # fmt: skip
                reply.answer.append(dns.rrset.from_rdata(question.name, 60, rdata))
        return reply

    asyncio.run(reported(decide))
