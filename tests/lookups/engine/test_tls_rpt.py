"""The check of TLSRPT against the classroom's zones, and what they do not hold."""

from __future__ import annotations

import dns.rcode
import dns.rdatatype
import pytest

from lookups.engine.context import Context
from lookups.engine.names import parse_domain
from lookups.engine.records import tls_rpt
from lookups.engine.report import report

from .lessons import ids, section_of
from .scripted import answer, resolving

FOUND = {"tls-rpt-found"}
NO_PLACES = {"tls-rpt-uri", "tls-rpt-scheme", "tls-rpt-no-mailbox", "tls-rpt-no-web-server"}
NOTHING_TO_PUBLISH = ("null-mx", "nothing", "servfail", "tls-rpt-delegated")


# Each lesson shows its findings and nothing else.
@pytest.mark.parametrize(
    ("lesson", "expected"),
    [
        ("perfect", FOUND),
        ("null-mx", {"tls-rpt-no-mail"}),
        ("nothing", set()),
        ("servfail", {"dns-servfail"}),
        ("mta-sts-none", {"tls-rpt-none"}),
        ("tls-rpt-delegated", FOUND | {"tls-rpt-delegated"}),
        ("tls-rpt-multiple", {"tls-rpt-multiple"}),
        ("tls-rpt-version", {"tls-rpt-version"}),
        ("tls-rpt-typo", {"tls-rpt-syntax", "tls-rpt-rua-missing"}),
        ("tls-rpt-places", FOUND | NO_PLACES),
    ],
)
async def test_lessons(lesson, expected):
    section = await section_of(lesson, "tls-rpt")
    assert ids(section) == expected and not section.failed
    ready = section.records["ready"]
    assert bool(ready) is not (expected & FOUND == expected or lesson in NOTHING_TO_PUBLISH)
    for record in ready:
        assert tls_rpt.parse(record["value"]).usable


async def test_what_works_is_kept():
    records = (await section_of("tls-rpt-places", "tls-rpt")).records
    assert [place["state"] for place in records["destinations"]] == [
        *("ok", "error", "error", "missing", "missing"),
    ]
    [ready] = records["ready"]
    assert ready["value"] == "v=TLSRPTv1; rua=mailto:tls-reports@tls-rpt-places.classroom.test"
    for raw in records["raw"]:
        assert "".join(part["text"] for part in raw["parts"]) == raw["value"]


def deciding(rua: str, **types: str):
    """A domain with this rua; of other.test only the records of `types`."""

    def decide(query, transport):
        question = query.question[0]
        name, kind = question.name.to_text(), dns.rdatatype.to_text(question.rdtype)
        if name == "_smtp._tls.a.test.":
            return answer(query, f'{name} 60 IN TXT "v=TLSRPTv1; rua={rua}"')
        if name == "a.test." and kind == "MX":
            return answer(query, f"{name} 60 IN MX 10 mx.a.test.")
        if name == "other.test." and kind in types:
            if types[kind] == "SERVFAIL":
                return answer(query, rcode=dns.rcode.SERVFAIL)
            return answer(query, f"{name} 60 IN {kind} {types[kind]}")
        return answer(query)

    return decide


async def run(decide):
    async with resolving(decide) as (resolver, servers):
        context = Context(resolver, parse_domain("a.test"))
        section = [s async for s in report(context, ["tls-rpt"], hold=0)][-1]
        return section, [(name, kind) for name, kind, _ in servers[0].asked]


@pytest.mark.parametrize(
    ("rua", "types", "expected"),
    [
        ("mailto:x@other.test", {"MX": "10 mx.other.test."}, FOUND),
        ("mailto:x@other.test", {"AAAA": "2606:4700::1"}, FOUND),  # the implicit MX
        ("mailto:x@other.test", {"MX": "0 ."}, {"tls-rpt-no-mailbox"}),  # RFC 7505
        ("mailto:x@other.test", {}, {"tls-rpt-no-mailbox"}),
        ("mailto:x@other.test", {"MX": "SERVFAIL"}, {"dns-servfail"}),
        ("https://other.test/", {"A": "8.8.8.8"}, FOUND),
        ("https://other.test/", {"MX": "10 mx.other.test."}, {"tls-rpt-no-web-server"}),
        ("https://192.0.2.1/", {}, FOUND),
        ("https://[2001:db8::1]/", {}, FOUND),
        ("mailto:x@a.test", {}, FOUND),
    ],
)
async def test_whether_reports_arrive(rua, types, expected):
    section, _ = await run(deciding(rua, **types))
    assert ids(section) == expected


async def test_many_destinations_cost_few_questions():
    rua = ",".join(f"mailto:x@m{n}.test" for n in range(9))
    section, asked = await run(deciding(rua))
    assert len({name for name, _ in asked if name.startswith("m")}) == 5
    states = [place["state"] for place in section.records["destinations"]]
    assert states == ["missing"] * 5 + ["unasked"] * 4
