"""The DMARC check against the classroom's lessons and scripted zones, over real sockets."""

from __future__ import annotations

import time

import dns.rcode
import pytest

from lookups.engine.context import Context
from lookups.engine.dmarc.suffixes import is_public_suffix
from lookups.engine.names import parse_domain
from lookups.engine.records import dmarc
from lookups.engine.report import report
from lookups.engine.resolver import name_text

from .lessons import ids, section_of, sections_of
from .scripted import answer, resolving

PRAISE = {"dmarc-reject", "dmarc-subdomains-covered", "dmarc-reports"}
TYPOS = {
    "dmarc-policy-invalid",
    "dmarc-report-address-invalid",
    "dmarc-value-invalid",
    "dmarc-tag-unknown",
    "dmarc-tag-malformed",
    "dmarc-tag-duplicate",
}
OLD = {"dmarc-pct-partial", "dmarc-removed-tags", "dmarc-report-size", "dmarc-defaults"}
ELSEWHERE = {"dmarc-report-unauthorised", "dmarc-report-undeliverable", "dmarc-report-scheme"}


@pytest.mark.parametrize(
    ("lesson", "expected"),
    [
        ("perfect", PRAISE),
        ("single-mx", {"dmarc-none"}),
        ("null-mx", {"dmarc-none", "dmarc-mailless"}),
        ("nothing", {"dns-nxdomain"}),
        ("servfail", {"dns-servfail"}),
        ("dmarc-missing", {"dmarc-none", "dmarc-misplaced"}),
        ("dmarc-monitoring", {"dmarc-monitoring", "dmarc-no-reports"}),
        (
            "dmarc-testing",
            {
                "dmarc-testing",
                "dmarc-subdomains-weaker",
                "dmarc-nonexistent-weaker",
                "dmarc-reports",
            },
        ),
        (
            "dmarc-quarantine",
            {"dmarc-quarantine", "dmarc-strict", "dmarc-subdomains-covered", "dmarc-reports"},
        ),
        ("dmarc-twice", {"dmarc-multiple", "dmarc-none"}),
        ("dmarc-typos", TYPOS | {"dmarc-no-reports"}),
        ("dmarc-separators", {"dmarc-separator-missing", "dmarc-none"}),
        ("dmarc-version", {"dmarc-version-invalid", "dmarc-none"}),
        ("dmarc-legacy", PRAISE | OLD | {"dmarc-fo-without-ruf"}),
        (
            "dmarc-reports",
            ELSEWHERE
            | {"dmarc-quarantine", "dmarc-subdomains-covered"}
            | {"dmarc-many-destinations", "dmarc-failure-reports"},
        ),
        (
            "dmarc-psd",
            {"dmarc-psd", "dmarc-policy-missing", "dmarc-monitoring", "dmarc-reports"},
        ),
        (
            "dmarc-alias",
            PRAISE | {"dmarc-alias", "dmarc-other-text", "dmarc-enforced-without-spf"},
        ),
        ("dmarc-parent", {"dmarc-reject", "dmarc-subdomains-weaker", "dmarc-reports"}),
        ("news.dmarc-parent", {"dmarc-inherited", "dmarc-quarantine", "dmarc-reports"}),
        ("shop.dmarc-parent", {"dmarc-quarantine", "dmarc-sp-ignored", "dmarc-reports"}),
        ("office.dmarc-parent", PRAISE | {"dmarc-psl-differs"}),
    ],
)
async def test_lessons(lesson, expected):
    section = await section_of(lesson, "dmarc")
    assert ids(section) == expected and not section.failed


# What the page offers to publish: the text for the domain's own _dmarc name, "" for nothing.
@pytest.mark.parametrize(
    ("lesson", "text"),
    [
        ("perfect", ""),
        ("null-mx", "v=DMARC1; p=reject"),
        ("single-mx", "v=DMARC1; p=none; rua=mailto:dmarc-reports@{domain}"),
        ("dmarc-missing", "v=DMARC1; p=reject; rua=mailto:dmarc-reports@{domain}"),
        # A record that lacks something is completed first; its policy stays.
        ("dmarc-monitoring", "v=DMARC1; p=none; rua=mailto:dmarc-reports@{domain}"),
        ("dmarc-testing", "v=DMARC1; p=reject; sp=none; rua=mailto:dmarc-reports@{domain}"),
        (
            "dmarc-quarantine",
            "v=DMARC1; p=reject; adkim=s; aspf=s; rua=mailto:dmarc-reports@{domain}",
        ),
        (
            "dmarc-typos",
            "v=DMARC1; p=quarantine; adkim=s; aspf=s; rua=mailto:dmarc-reports@{domain}",
        ),
        ("dmarc-separators", "v=DMARC1; p=reject; rua=mailto:dmarc-reports@{domain}"),
        ("dmarc-version", "v=DMARC1; p=reject; rua=mailto:dmarc-reports@{domain}"),
        ("dmarc-legacy", "v=DMARC1; p=reject; rua=mailto:dmarc-reports@{domain}"),
        ("dmarc-psd", "v=DMARC1; p=none; rua=mailto:dmarc-reports@{domain}"),
        ("news.dmarc-parent", ""),
    ],
)  # fmt: skip
async def test_records_ready_to_publish(lesson, text):
    domain = f"{lesson}.classroom.test"
    ready = (await section_of(lesson, "dmarc")).records["ready"]
    own = [record for record in ready if record["name"] == f"_dmarc.{domain}"]
    assert [record["value"] for record in own] == ([text.format(domain=domain)] if text else [])
    for record in ready:
        parsed = dmarc.parse(record["value"])
        assert record["type"] == "TXT" and parsed.valid and parsed.problems == ()


async def test_consent_that_is_missing_is_ready_to_be_published_over_there():
    ready = (await section_of("dmarc-reports", "dmarc")).records["ready"]
    names = {record["name"]: record["value"] for record in ready}
    consent = "dmarc-reports.classroom.test._report._dmarc.ttl-low.classroom.test"
    assert names[consent] == "v=DMARC1"


async def test_the_record_comes_before_its_destinations():
    sections, context = await sections_of("perfect", "dmarc")
    first, last = sections
    assert first.records["policy"] == "reject" and first.findings == ()
    assert last.records["destinations"][0]["consent"] == "own"
    asked = [(query["name"], query["type"]) for query in context.resolver.log]
    assert len(asked) == len(set(asked)) == 4  # two names of the walk, TXT and MX of the domain


async def test_records_of_the_section():
    records = (await section_of("office.dmarc-parent", "dmarc")).records
    assert records["kind"] == "own" and records["stopped"] == "psd"
    assert [step["state"] for step in records["walk"]] == ["record", "beyond", "beyond"]
    assert records["listed"]["organizational_domain"] == "dmarc-parent.classroom.test"
    [raw] = records["raw"]
    assert "".join(part["text"] for part in raw["parts"]) == raw["value"]
    strict = (await section_of("dmarc-quarantine", "dmarc")).records["alignment"]
    assert [row["spf"] for row in strict["rows"]] == [True, False, False]


# --- scripted zones -------------------------------------------------------------------------------
def zone(**records):
    """Answers from {"TXT _dmarc.example.com": [data]}; what is not in it has no data, names with
    "missing" in them do not exist, and None fails."""

    def decide(query, transport):
        question = query.question[0]
        name, kind = name_text(question.name), {15: "MX", 16: "TXT", 1: "A"}.get(question.rdtype)
        found = records["records"].get(f"{kind} {name}", [])
        if found is None:
            return answer(query, rcode=dns.rcode.SERVFAIL)
        if found:
            return answer(query, *(f"{name}. 300 IN {kind} {data}" for data in found))
        rcode = dns.rcode.NXDOMAIN if "missing" in name else dns.rcode.NOERROR
        return answer(query, rcode=rcode, authority="test. 300 IN SOA a.test. b.test. 1 2 3 4 5")

    return decide


async def check(domain="example.com", texts=(), **more):
    records = {
        f"TXT _dmarc.{domain}": [f'"{text}"' for text in texts],
        f"TXT {domain}": ['"v=spf1 -all"'],
        f"MX {domain}": [f"10 mx.{domain}."],
    }
    records |= more.get("records", {})
    async with resolving(zone(records=records)) as (resolver, _):
        context = Context(resolver, parse_domain(domain))
        return [section async for section in report(context, ["dmarc"], hold=0)][-1]


async def consent(text=None, **records):
    """The state of a destination in another organization whose consent record is `text`."""
    name = "TXT example.com._report._dmarc.collector.example"
    found = {name: [f'"{text}"'] if text else [], "MX collector.example": ["10 mx.test."]}
    rua = "v=DMARC1; p=reject; rua=mailto:in@collector.example"
    section = await check(texts=[rua], records=found | records)
    return section.records["destinations"][0]["consent"], ids(section)


# RFC 9990 §4: at least one record that begins with v=DMARC1; an override stays at the host
@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("v=DMARC1", "given"),
        ("v=DMARC1;", "given"),
        ("v=DMARC1; rua=mailto:other@collector.example", "given"),
        ("v=DMARC1; rua=mailto:other@elsewhere.example", "missing"),
        ("v=dmarc1", "missing"),
        ("yes", "missing"),
        (None, "missing"),
    ],
)
async def test_consent_of_another_organization(text, state):
    found, shown = await consent(text)
    assert found == state and ("dmarc-report-unauthorised" in shown) == (state == "missing")


async def test_consent_that_dns_leaves_open_is_not_called_missing():
    question = {"TXT example.com._report._dmarc.collector.example": None}
    state, shown = await consent(**question)
    assert state == "unknown" and "dns-servfail" in shown
    assert "dmarc-report-unauthorised" not in shown and "dmarc-reports" not in shown


async def test_a_subdomain_of_the_same_organization_needs_no_consent():
    texts = ["v=DMARC1; p=reject; rua=mailto:in@reports.example.com"]
    more = {"MX reports.example.com": ["10 mx.test."]}
    section = await check(texts=texts, records=more)
    # example.com has the only record on the way up from reports.example.com
    assert section.records["destinations"][0]["consent"] == "own"


async def test_a_destination_that_does_not_exist():
    section = await check(texts=["v=DMARC1; p=reject; rua=mailto:in@missing.example.com"])
    assert "dmarc-report-undeliverable" in ids(section)


@pytest.mark.parametrize(
    ("text", "expected", "not_expected"),
    [
        # RFC 9989 §4.7: sp and np default to p
        ("v=DMARC1; p=reject; np=none", "dmarc-nonexistent-weaker", "dmarc-subdomains-weaker"),
        ("v=DMARC1; p=quarantine; sp=reject", "dmarc-subdomains-covered", "dmarc-strict"),
        ("v=DMARC1; p=none; sp=reject", "dmarc-monitoring", "dmarc-subdomains-covered"),
        ("v=DMARC1; p=none; t=y", "dmarc-monitoring", "dmarc-testing"),
        ("v=DMARC1; p=reject; pct=100", "dmarc-removed-tags", "dmarc-pct-partial"),
        ("v=DMARC1; p=reject; pct=0", "dmarc-pct-partial", "dmarc-removed-tags"),
        ("v=DMARC1; p=rejct", "dmarc-policy-invalid", "dmarc-policy-missing"),
        ("v=DMARC1; p=reject; psd=y", "dmarc-psd", "dmarc-policy-invalid"),
        ("v=DMARC1; p=reject; t=n", "dmarc-defaults", "dmarc-testing"),
    ],
)
async def test_rules(text, expected, not_expected):
    shown = ids(await check(texts=[text]))
    assert expected in shown and not_expected not in shown


async def test_psd_is_right_for_a_public_suffix():
    assert await is_public_suffix("co.jp")
    section = await check("co.jp", texts=["v=DMARC1; p=reject; psd=y"])
    assert "dmarc-psd" not in ids(section)


async def test_a_record_at_the_domain_does_no_harm_beside_one_that_counts():
    more = {"TXT example.com": ['"v=spf1 -all"', '"v=DMARC1; p=none"']}
    section = await check(texts=["v=DMARC1; p=reject"], records=more)
    assert {"dmarc-misplaced", "dmarc-reject"} <= ids(section)


async def test_spf_is_not_missed_where_dns_left_it_open():
    section = await check(texts=["v=DMARC1; p=reject"], records={"TXT example.com": None})
    assert "dmarc-enforced-without-spf" not in ids(section)
    section = await check(texts=["v=DMARC1; p=reject"], records={"TXT example.com": ['"x"']})
    assert "dmarc-enforced-without-spf" in ids(section)


async def test_a_domain_without_mail_may_refuse_without_reports():
    """RFC 7505: with a null MX, its own reports could not arrive."""
    more = {"MX example.com": ["0 ."]}
    section = await check(texts=["v=DMARC1; p=reject"], records=more)
    assert ids(section) == {"dmarc-reject", "dmarc-subdomains-covered"}
    section = await check(texts=["v=DMARC1; p=quarantine"], records=more)
    assert {"dmarc-mailless", "dmarc-no-reports"} <= ids(section)
    assert section.records["ready"][0]["value"] == "v=DMARC1; p=reject"


async def test_a_wildcard_answers_at_dmarc():
    section = await check(texts=["v=spf1 -all"])
    assert ids(section) == {"dmarc-other-text", "dmarc-none"}


async def test_a_failure_leaves_the_policy_open():
    section = await check(records={"TXT _dmarc.example.com": None})
    assert section.records["kind"] == "unknown" and ids(section) == {"dns-servfail"}
    assert section.records["ready"] == []


async def test_a_domain_that_does_not_exist_falls_under_np():
    more = {"TXT _dmarc.example.com": ['"v=DMARC1; p=none; np=reject"']}
    section = await check("missing.example.com", records={"MX missing.example.com": []} | more)
    assert section.records["policy"] == "reject"
    assert {"dmarc-inherited", "dmarc-reject"} <= ids(section)


async def test_hostile_records_are_bounded():
    uris = ",".join(f"mailto:a@h{n}.example" for n in range(60))
    text = f"v=DMARC1; p=reject; rua={uris}; " + "; ".join(f"x{n}=1" for n in range(200))
    pieces = [text[start : start + 200] for start in range(0, len(text), 200)]
    data = " ".join(f'"{piece}"' for piece in pieces)
    began = time.process_time()
    section = await check(records={"TXT _dmarc.example.com": [data]})
    assert time.process_time() - began < 2
    assert len(section.records["destinations"]) <= 20 and len(section.findings) < 60
    asked = [d for d in section.records["destinations"] if d["consent"]]
    assert len(asked) == 6


async def test_texts_that_are_no_utf8_and_full_of_html():
    section = await check(records={"TXT _dmarc.example.com": ['"v=DMARC1; p=<b>\\000\\255"']})
    assert "dmarc-policy-invalid" in ids(section) or "dmarc-tag-malformed" in ids(section)
    assert "\0" not in section.records["raw"][0]["value"]
