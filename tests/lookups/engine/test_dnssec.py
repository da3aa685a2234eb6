"""Topic dnssec against the classroom's zones, over real sockets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import dns.flags
import dns.rcode
import pytest

from learn.classroom.server import start_in_background
from lookups.engine.checks.dnssec import check
from lookups.engine.context import Context, Options
from lookups.engine.dnssec import Security
from lookups.engine.names import parse_domain
from lookups.engine.records import ds as ds_record
from lookups.engine.report import report
from lookups.engine.resolver import Resolver, ResolverSettings
from lookups.engine.transport import Server, Transport
from lookups.runtime import LESSON_ANCHOR, LESSONS

from .lessons import ids, options, section_of
from .rounds import rounds
from .scripted import answer, resolving

PRAISE = {"dnssec-secure", "dnssec-algorithm-modern", "dnssec-hosts-secure"}


@pytest.mark.parametrize(
    ("lesson", "expected"),
    [
        ("perfect", PRAISE),
        ("dnssec-unsigned", {"dnssec-unsigned"}),
        ("branch.dnssec-unsigned", {"dnssec-parent-unsigned"}),
        ("dnssec-island", {"dnssec-island"}),
        ("dnssec-unknown-algorithm", {"dnssec-algorithm-unsupported"}),
        ("dnssec-ds-mismatch", {"dnssec-ds-mismatch"}),
        ("dnssec-no-keys", {"dnssec-no-keys"}),
        ("dnssec-expired", {"dnssec-signature-expired"}),
        ("dnssec-not-yet", {"dnssec-signature-not-yet"}),
        ("dnssec-bad-signature", {"dnssec-signature-wrong"}),
        ("dnssec-no-signature", {"dnssec-signature-missing"}),
        ("dnssec-no-denial", {"dnssec-denial-missing"}),
        ("dnssec-expiring", PRAISE | {"dnssec-signature-expiring"}),
        ("dnssec-long", PRAISE | {"dnssec-validity-long"}),
        (
            "dnssec-nsec3",
            PRAISE | {"dnssec-nsec3-iterations", "dnssec-nsec3-salt", "dnssec-nsec3-opt-out"},
        ),
        (
            "dnssec-old-algorithm",
            PRAISE - {"dnssec-algorithm-modern"} | {"dnssec-algorithm-retired"},
        ),
        ("dnssec-sha1-ds", PRAISE | {"dnssec-digest-sha1"}),
        ("dnssec-short-rsa", PRAISE - {"dnssec-algorithm-modern"} | {"dnssec-key-short"}),
        (
            "dnssec-hosts",
            PRAISE - {"dnssec-hosts-secure"} | {"dnssec-hosts-unsigned", "dnssec-host-bogus"},
        ),
        ("alias", PRAISE),
        ("null-mx", {"dnssec-unsigned"}),
        ("nothing", {"dns-nxdomain"}),
        ("servfail", {"dnssec-undetermined", "dns-servfail"}),
    ],
)
async def test_lessons(lesson, expected):
    assert ids(await section_of(lesson, "dnssec")) == expected


async def test_the_chain_comes_first_and_costs_one_round():
    """DS, DNSKEY, SOA, CDS and MX are asked for together, the addresses of the hosts after MX."""
    server = Server(*start_in_background())
    async with rounds() as transport:
        resolver = Resolver(ResolverSettings((server,), classroom=server), transport)
        context = Context(resolver, parse_domain("perfect.classroom.test"), options())
        sections = [section async for section in report(context, ["dnssec"], hold=0)]
    assert [section.complete for section in sections] == [False, True]
    assert [zone["name"] for zone in sections[0].records["zones"]] == [
        "classroom.test",
        "perfect.classroom.test",
    ]
    first = {type for (_, type), level in transport.levels.items() if level == 0}
    assert first == {"DS", "DNSKEY", "SOA", "CDS", "MX"}
    assert set(transport.levels.values()) == {0, 1}
    assert len(context.resolver.log) == 10  # with the addresses of the two hosts


async def test_what_is_shown_of_the_chain():
    records = (await section_of("perfect", "dnssec")).records
    top, own = records["zones"]
    assert records["security"] == top["security"] == own["security"] == "secure"
    assert [ds["fits"] for ds in own["ds"]] == [True]
    assert [key["entry"] for key in own["keys"]] == [True, False]
    assert [key["bits"] for key in own["keys"]] == [256, 256]
    assert {leaf["type"] for leaf in records["leaves"]} == {"SOA", "MX", "CDS"}
    assert records["denial"] == {"kind": "nsec"}
    assert records["resolver"] == {"aware": True, "validates": False}
    [raw] = records["raw"]
    assert "".join(part["text"] for part in raw["parts"]) == raw["value"]
    assert records["ready"] == []


@pytest.mark.parametrize("lesson", ["dnssec-island", "dnssec-ds-mismatch"])
async def test_the_right_ds_record_is_made_ready(lesson):
    """Of the key that signs the zone's keys; it is the one that the island's parent lacks."""
    section = await section_of(lesson, "dnssec")
    [record] = section.records["ready"]
    zone = section.records["zones"][-1]
    entry = next(key for key in zone["keys"] if key["entry"])
    assert record["name"] == f"{lesson}.classroom.test" and record["type"] == "DS"
    tag, algorithm, digest, _ = record["value"].split()
    assert (int(tag), int(algorithm), digest) == (entry["tag"], entry["algorithm"], "2")
    assert [p.kind for p in ds_record.parts(record["value"]) if p.kind] == list(ds_record.KINDS)


async def test_a_ds_record_below_an_unsigned_zone_is_not_offered():
    assert (await section_of("branch.dnssec-unsigned", "dnssec")).records["ready"] == []


async def test_parameters():
    [found] = (await section_of("dnssec-expired", "dnssec")).findings
    assert found.parameters["zone"] == "dnssec-expired.classroom.test"
    assert found.parameters["expired"].endswith(" UTC")
    section = await section_of("dnssec-nsec3", "dnssec")
    parameters = {finding.id: finding.parameters for finding in section.findings}
    assert parameters["dnssec-nsec3-iterations"]["iterations"] == 10
    assert parameters["dnssec-nsec3-salt"]["salt"] == "c0ffee"
    section = await section_of("dnssec-short-rsa", "dnssec")
    [short] = [f for f in section.findings if f.id == "dnssec-key-short"]
    assert short.parameters["bits"] == 1024
    [parent] = (await section_of("branch.dnssec-unsigned", "dnssec")).findings
    assert parent.parameters["parent"] == "dnssec-unsigned.classroom.test"


async def test_without_a_trust_anchor_nothing_is_said_against_the_domain():
    chosen = options(trust_anchors={})
    section = await section_of("perfect", "dnssec", chosen=chosen)
    assert ids(section) == {"dnssec-undetermined"}


async def test_an_anchor_that_does_not_fit_accuses_nobody():
    """The key of the topmost zone may have changed, or somebody intercepts all questions."""
    wrong = LESSON_ANCHOR[0].rsplit(" ", 1)[0] + " " + "00" * 32
    chosen = options(trust_anchors={LESSONS: (wrong,)})
    assert ids(await section_of("perfect", "dnssec", chosen=chosen)) == {"dnssec-undetermined"}


async def test_a_resolver_that_drops_signatures():
    """RFC 4035 §3.2: one that does not know DNSSEC sends keys, but no signatures."""
    key = "257 3 13 " + "A" * 86 + "=="

    def decide(query, transport):
        question = query.question[0]
        if question.rdtype == 48 and len(question.name) == 1:
            return answer(query, f". 60 IN DNSKEY {key}", flags=dns.flags.RA)
        return answer(query, authority="test. 60 IN SOA a. b. 1 1 1 1 1", flags=dns.flags.RA)

    async with resolving(decide) as (resolver, _):
        anchors = {".": ("20326 8 2 " + "00" * 32,)}
        context = Context(resolver, parse_domain("a.test"), Options(trust_anchors=anchors))
        last = [section async for section in check(context)][-1]
    assert {finding.id for finding in last.findings} == {"dnssec-undetermined"}
    assert last.records["resolver"]["aware"] is False


async def _at(lesson: str, moment: datetime):
    """The last section of a lesson as seen at `moment`."""
    server, transport = Server(*start_in_background()), Transport()
    resolver = Resolver(ResolverSettings((server,), classroom=server), transport)
    domain = parse_domain(f"{lesson}.classroom.test")
    context = Context(resolver, domain, options(), now=moment)
    try:
        return [section async for section in check(context)][-1]
    finally:
        transport.close()


async def test_signatures_made_on_the_fly_are_not_called_expiring():
    """A signature of two days is renewed with each answer: hours before its end count then."""
    signed = await _at("perfect", datetime.now(UTC) + timedelta(days=8))
    assert "dnssec-signature-expiring" not in ids(signed)
    soon = await _at("perfect", datetime.now(UTC) + timedelta(days=12))
    assert "dnssec-signature-expiring" in ids(soon)


async def test_the_year_2106_does_not_frighten():
    """Times of signatures are 32 bits wide and go round (RFC 4034 §3.1.5)."""
    later = await _at("perfect", datetime.fromtimestamp(2**32 + 10, UTC))
    assert later.records["security"] in {s.value for s in Security}


async def test_too_many_labels():
    """A name of a hundred labels is not followed label by label."""

    async def asked(name):
        def decide(query, transport):
            return answer(query, rcode=dns.rcode.NXDOMAIN, flags=dns.flags.RA)

        async with resolving(decide) as (resolver, _):
            anchors = {".": ("20326 8 2 " + "00" * 32,)}
            context = Context(resolver, parse_domain(name), Options(trust_anchors=anchors))
            [section async for section in check(context)]
            return resolver.asked

    assert await asked("a." * 100 + "test") < 10
