"""The check of MTA-STS against the classroom's DNS and web servers."""

from __future__ import annotations

import time

import dns.rcode
import pytest

from lookups.engine.checks import mta_sts as check
from lookups.engine.context import Context
from lookups.engine.names import parse_domain
from lookups.engine.records import mta_sts
from lookups.engine.report import report

from .lessons import ids, section_of, sections_of
from .scripted import answer, resolving

ENFORCED = {"mta-sts-enforced"}


# Each lesson shows its findings and nothing else.
@pytest.mark.parametrize(
    ("lesson", "expected"),
    [
        ("perfect", ENFORCED),
        ("null-mx", {"mta-sts-no-mail"}),
        ("no-mail", {"mta-sts-no-mail"}),
        ("nothing", set()),
        ("servfail", {"dns-servfail"}),
        ("mta-sts-none", {"mta-sts-none"}),
        ("mta-sts-delegated", ENFORCED | {"mta-sts-delegated"}),
        ("mta-sts-multiple", {"mta-sts-multiple"}),
        ("mta-sts-version", {"mta-sts-record-version"}),
        ("mta-sts-no-id", {"mta-sts-id-missing"}),
        ("mta-sts-typo", {"mta-sts-id-invalid", "mta-sts-record-syntax"}),
        ("mta-sts-no-host", {"mta-sts-policy-host-missing"}),
        ("mta-sts-private", {"mta-sts-policy-not-public"}),
        ("mta-sts-expired", {"mta-sts-policy-certificate"}),
        ("mta-sts-wrong-name", {"mta-sts-policy-certificate"}),
        ("mta-sts-redirect", {"mta-sts-policy-redirect"}),
        ("mta-sts-not-found", {"mta-sts-policy-status"}),
        ("mta-sts-media-type", {"mta-sts-policy-media-type"}),
        ("mta-sts-too-large", {"mta-sts-policy-too-large"}),
        ("mta-sts-garbage", {"mta-sts-policy-protocol"}),
        (
            "mta-sts-messy",
            {
                "mta-sts-policy-line",
                "mta-sts-policy-field-missing",
                "mta-sts-policy-value",
                "mta-sts-policy-pattern",
                "mta-sts-policy-field-repeated",
                "mta-sts-policy-blank-line",
                "mta-sts-max-age-too-long",
            },
        ),
        ("mta-sts-fading", ENFORCED | {"mta-sts-max-age-short", "mta-sts-certificate-ends"}),
        ("mta-sts-leftover", ENFORCED | {"mta-sts-max-age-days", "mta-sts-pattern-unused"}),
        ("mta-sts-off", {"mta-sts-mode-none"}),
        ("mta-sts-testing", {"mta-sts-testing", "mta-sts-mx-not-covered-testing"}),
        ("mta-sts-uncovered", {"mta-sts-mx-not-covered"}),
    ],
)
async def test_lessons(lesson, expected):
    section = await section_of(lesson, "mta-sts")
    assert ids(section) == expected and not section.failed
    _publishable(section.records["ready"])


def _publishable(ready):
    """What is offered is accepted by the parsers that judge what others publish."""
    for record in ready:
        if record["type"] == "TXT":
            assert mta_sts.parse_record(record["value"]).is_valid
        else:
            assert record["type"] == "FILE" and record["name"].startswith("https://mta-sts.")
            policy = mta_sts.parse_policy(record["value"].encode())
            assert policy.is_valid and not policy.problems


async def test_a_web_server_that_takes_its_time():
    started = time.monotonic()
    section = await section_of("mta-sts-slow", "mta-sts", report_timeout=1)
    assert ids(section) == {"mta-sts-policy-unreachable"} and not section.failed
    assert time.monotonic() - started < 2


async def test_the_record_comes_before_the_policy():
    sections, context = await sections_of("perfect", "mta-sts")
    assert [s.complete for s in sections] == [False, True]
    assert [raw["type"] for raw in sections[0].records["raw"]] == ["TXT"]
    assert [raw["type"] for raw in sections[1].records["raw"]] == ["TXT", "FILE"]
    asked = sorted((query["name"], query["type"]) for query in context.resolver.log)
    domain = "perfect.classroom.test"
    assert asked == [
        (f"_mta-sts.{domain}", "TXT"),
        (f"mta-sts.{domain}", "A"),
        (f"mta-sts.{domain}", "AAAA"),
        (domain, "MX"),
    ]


async def test_what_is_kept_of_a_policy():
    records = (await section_of("perfect", "mta-sts")).records
    assert records["state"] == "mode-enforce" and records["id"] and records["ready"] == []
    policy = records["policy"]
    assert (policy["mode"], policy["max_age"]) == ("enforce", 1209600)
    assert policy["address"].startswith(("198.18.", "2001:2:"))
    assert [host["pattern"] for host in records["hosts"]] == policy["mx"]
    for raw in records["raw"]:
        assert "".join(part["text"] for part in raw["parts"]) == raw["value"]


@pytest.mark.parametrize(
    ("lesson", "types"),
    [
        ("perfect", []),
        ("null-mx", []),
        ("servfail", []),
        ("mta-sts-none", ["TXT", "FILE"]),
        ("mta-sts-multiple", ["TXT", "FILE"]),
        ("mta-sts-typo", ["TXT"]),
        ("mta-sts-not-found", ["TXT", "FILE"]),
        ("mta-sts-uncovered", ["TXT", "FILE"]),
        ("mta-sts-expired", []),
        ("mta-sts-private", []),
        ("mta-sts-off", []),
    ],
)
async def test_records_that_are_ready(lesson, types):
    records = (await section_of(lesson, "mta-sts")).records
    assert [record["type"] for record in records["ready"]] == types


async def test_a_better_policy_allows_what_was_forgotten_and_keeps_the_mode():
    ready = (await section_of("mta-sts-uncovered", "mta-sts")).records["ready"]
    policy = mta_sts.parse_policy(ready[1]["value"].encode())
    assert (policy.mode, policy.max_age, len(policy.mx)) == ("enforce", 1209600, 2)


async def run(decide, domain="a.test", **settings):
    async with resolving(decide, **settings) as (resolver, _):
        context = Context(resolver, parse_domain(domain))
        return [s async for s in report(context, ["mta-sts"], hold=0)][-1]


def deciding(*texts: str, mx: str = "10 mx.a.test.", **others: int):
    """A domain with these TXT records at _mta-sts; `others`: response codes by type."""

    def decide(query, transport):
        question = query.question[0]
        name, kind = question.name.to_text(), dns.rdatatype.to_text(question.rdtype)
        if kind in others:
            return answer(query, rcode=others[kind])
        if kind == "MX":
            return answer(query, f"{name} 60 IN MX {mx}")
        if kind == "TXT" and name.startswith("_mta-sts."):
            return answer(query, *(f'{name} 60 IN TXT "{text}"' for text in texts))
        return answer(query)

    return decide


async def test_other_texts_at_the_name_are_no_policies():
    """A wildcard brings records of other kinds; RFC 8461 §3.1 discards them."""
    section = await run(deciding("v=spf1 -all", "google-site-verification=1"))
    assert ids(section) == {"mta-sts-none"} and section.records["raw"] == []
    section = await run(deciding("v=spf1 -all", "v=STSv1; id=1"))
    assert ids(section) == {"mta-sts-policy-host-missing"}


async def test_dns_that_leaves_it_open():
    failed = dns.rcode.SERVFAIL
    assert ids(await run(deciding(TXT=failed))) == {"dns-servfail"}
    section = await run(deciding("v=STSv1; id=1", A=failed, AAAA=failed))
    assert {f.parameters["name"] for f in section.findings} == {"mta-sts.a.test"}
    assert ids(section) == {"dns-servfail"} and section.records["ready"] == []
    section = await run(deciding("v=STSv1; id=1", MX=failed))
    assert ids(section) == {"dns-servfail", "mta-sts-policy-host-missing"}


async def test_a_host_of_one_label_breaks_nothing():
    section = await run(deciding(mx="10 localhost."))
    assert ids(section) == {"mta-sts-none"} and not section.failed
    assert [record["type"] for record in section.records["ready"]] == ["TXT"]


async def test_a_name_too_long_to_have_a_record():
    domain = ".".join(["a" * 49] * 5) + ".ab"  # "_mta-sts." does not fit any more
    section = await run(deciding("v=STSv1; id=1"), domain)
    assert section.findings == () and not section.failed


async def test_many_and_large_records_are_bounded():
    section = await run(deciding(*(f"v=STSv1 {n}{'x' * 200}" for n in range(40))))
    assert len(section.records["raw"]) <= check.MAX_TEXTS
    assert len(section.findings) <= 10
