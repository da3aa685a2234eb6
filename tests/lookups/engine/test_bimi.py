"""The BIMI check against the classroom's zones, web servers and mark certificates."""

from __future__ import annotations

import base64
import xml.etree.ElementTree as ET

import dns.rcode
import pytest
from django.template.loader import render_to_string

from lookups import catalog
from lookups.engine.context import Context
from lookups.engine.names import parse_domain
from lookups.engine.records import bimi
from lookups.engine.report import report
from lookups.presentation import section_view

from .lessons import ids, section_of, sections_of
from .scripted import answer, resolving

READY = "bimi-dmarc-ready"
LOGO = "bimi-logo-valid"
EVIDENCE = "bimi-certificate-valid"
ALONE = "bimi-certificate-missing"

LESSONS = [
    ("perfect", {READY, LOGO, EVIDENCE}),
    ("bimi-absent", {"bimi-none-ready"}),
    ("bimi-not-ready", {"bimi-none"}),
    ("bimi-declined", {"bimi-declined"}),
    ("bimi-parent", {READY, LOGO, EVIDENCE}),
    ("news.bimi-parent", {READY, LOGO, EVIDENCE, "bimi-inherited"}),
    ("bimi-common", {READY, LOGO, EVIDENCE, "bimi-certificate-common"}),
    ("bimi-multiple", {READY, "bimi-multiple"}),
    (
        "bimi-syntax",
        {
            *(READY, LOGO, "bimi-tag-malformed", "bimi-tag-duplicate", "bimi-tag-unknown"),
            "bimi-value-ignored",
        },
    ),
    ("bimi-version", {READY, "bimi-version"}),
    ("bimi-no-location", {READY, EVIDENCE, "bimi-location-missing"}),
    ("bimi-addresses", {READY, "bimi-not-https", "bimi-uri-invalid"}),
    ("bimi-no-dmarc", {LOGO, ALONE, "bimi-dmarc-missing"}),
    ("bimi-dmarc-none", {LOGO, ALONE, "bimi-dmarc-policy"}),
    ("bimi-dmarc-sub", {LOGO, ALONE, "bimi-dmarc-subdomain"}),
    ("bimi-dmarc-test", {LOGO, ALONE, "bimi-dmarc-partial"}),
    (
        "bimi-svg",
        {
            *(READY, ALONE, "bimi-logo-title", "bimi-logo-root", "bimi-logo-elements"),
            *("bimi-logo-attributes", "bimi-logo-references", "bimi-logo-not-square"),
        },
    ),
    (
        "bimi-png",
        {READY, ALONE, "bimi-logo-suffix", "bimi-logo-media-type", "bimi-logo-unreadable"},
    ),
    ("bimi-large", {READY, ALONE, LOGO, "bimi-logo-size"}),
    ("bimi-gone", {READY, "bimi-fetch-status", "bimi-fetch-failed"}),
    ("bimi-tls", {READY, "bimi-fetch-tls", "bimi-fetch-too-large"}),
    ("bimi-expired", {READY, LOGO, "bimi-certificate-expired"}),
    ("bimi-expiring", {READY, LOGO, EVIDENCE, "bimi-certificate-expiring"}),
    ("bimi-rebrand", {READY, LOGO, "bimi-certificate-future", "bimi-certificate-differs"}),
    (
        "bimi-wrong-mark",
        {
            *(READY, LOGO, "bimi-certificate-name", "bimi-certificate-purpose"),
            *("bimi-certificate-logo", "bimi-certificate-chain", "bimi-certificate-issuer"),
        },
    ),
    ("bimi-unreadable", {READY, LOGO, "bimi-certificate-unreadable"}),
]


@pytest.mark.parametrize(("lesson", "expected"), LESSONS)
async def test_lessons(lesson, expected):
    section = await section_of(lesson, "bimi")
    assert ids(section) == expected and not section.failed


def parameters(section, id):
    return next(finding.parameters for finding in section.findings if finding.id == id)


async def test_the_record_comes_before_its_files():
    sections, context = await sections_of("perfect", "bimi")
    first, last = sections
    assert first.records["logo"]["state"] == first.records["certificate"]["state"] == "pending"
    assert first.findings == () and first.records["raw"] == last.records["raw"]
    asked = [(query["name"], query["type"]) for query in context.resolver.log]
    assert len(asked) == len(set(asked))
    assert ("default._bimi.perfect.classroom.test", "TXT") in asked


async def test_the_picture_is_a_harmless_copy():
    logo = (await section_of("perfect", "bimi")).records["logo"]
    root = ET.fromstring(base64.b64decode(logo["image"]))
    assert root.tag == "{http://www.w3.org/2000/svg}svg" and root[0].text == "Perfect Post"
    for lesson in ("bimi-svg", "bimi-png"):
        assert not (await section_of(lesson, "bimi")).records["logo"]["image"]


async def test_the_certificate_is_told():
    found = (await section_of("perfect", "bimi")).records["certificate"]
    assert found["kind"] == "vmc" and found["known"] and found["faults"] == []
    assert found["names"] == ["perfect.classroom.test"] and found["state"] == "valid"


async def test_a_mended_record_is_ready():
    section = await section_of("bimi-syntax", "bimi")
    [ready] = section.records["ready"]
    found = bimi.parse(ready["value"])
    assert not found.problems and found.location == section.records["logo"]["url"]
    assert "ready" not in (await section_of("perfect", "bimi")).records


async def test_parameters():
    section = await section_of("bimi-svg", "bimi")
    assert parameters(section, "bimi-logo-elements")["found"] == [
        *("<style>", "<script>", "<image>", "<animate>", "<a>"),
    ]
    assert parameters(section, "bimi-logo-root")["faults"] == [
        *('version="1.2"', 'baseProfile="tiny-ps"', "x=", "y="),
    ]
    assert parameters(section, "bimi-logo-not-square") == {"shape": "640 × 480"}
    section = await section_of("bimi-gone", "bimi")
    assert parameters(section, "bimi-fetch-status")["status"] == "404"
    assert parameters(section, "bimi-fetch-failed")["code"] == "no-address"
    section = await section_of("bimi-expiring", "bimi")
    assert parameters(section, "bimi-certificate-expiring")["days"] in (11, 12)


# What DNS says, without the classroom: TXT records by name, everything else does not exist.


async def told(records: dict[str, list[str] | int], domain: str = "a.example"):
    def decide(query, transport):
        question = query.question[0]
        found = records.get(question.name.to_text(omit_final_dot=True), [])
        if isinstance(found, int):
            return answer(query, rcode=found)
        if question.rdtype != dns.rdatatype.TXT or not found:
            return answer(query, rcode=dns.rcode.NXDOMAIN)
        return answer(query, *(f'{question.name} 300 IN TXT "{text}"' for text in found))

    async with resolving(decide) as (resolver, _):
        context = Context(resolver, parse_domain(domain))
        return [s async for s in report(context, ["bimi"], hold=0)][-1]


REJECT = "v=DMARC1; p=reject"
BIMI = "v=BIMI1; l=https://gone.example/logo.svg"


async def test_other_txt_records_do_not_count():
    section = await told({"default._bimi.a.example": ["v=spf1 -all", "hello"]})
    assert ids(section) == {"bimi-none"} and section.records["raw"] == []


async def test_one_record_among_others_counts():
    """The draft §7.2: what does not begin with v=BIMI1 is discarded before records are counted."""
    section = await told(
        {
            "default._bimi.a.example": ["hello", BIMI, "v=BIMI2; l="],
            "_dmarc.a.example": [REJECT],
        }
    )
    assert ids(section) == {READY, ALONE, "bimi-fetch-failed"}


async def test_several_wrong_versions():
    section = await told({"default._bimi.a.example": ["v=BIMI2; l=", "v=bimi1; l="]})
    assert ids(section) == {"bimi-version", "bimi-dmarc-missing"}


@pytest.mark.parametrize("own", [[], ["hello"]])
async def test_the_organizational_domain_stands_in(own):
    section = await told(
        {
            "default._bimi.news.a.example": own,
            "default._bimi.a.example": ["v=BIMI1; l=; a=;"],
            "_dmarc.a.example": [REJECT],
        },
        "news.a.example",
    )
    assert ids(section) == {"bimi-declined", "bimi-inherited"}
    assert section.records["domain"] == "a.example" and section.records["inherited"]


async def test_a_declination_below_ends_the_search():
    """The draft §4.3.1"""
    section = await told(
        {
            "default._bimi.news.a.example": ["v=BIMI1; l=; a=;"],
            "default._bimi.a.example": [BIMI],
            "_dmarc.a.example": [REJECT],
        },
        "news.a.example",
    )
    assert ids(section) == {"bimi-declined"}


async def test_dns_left_it_open():
    section = await told({"default._bimi.a.example": dns.rcode.SERVFAIL})
    assert ids(section) == {"dns-servfail"} and section.records["state"] == "failed"
    section = await told(
        {"default._bimi.a.example": [BIMI], "_dmarc.a.example": dns.rcode.SERVFAIL}
    )
    assert "dns-servfail" in ids(section) and section.records["dmarc"]["ready"] is None


@pytest.mark.parametrize(
    ("policies", "obstacle"),
    [
        ({"a": "p=reject"}, ""),
        ({"a": "p=quarantine; sp=quarantine"}, ""),
        ({"a": "p=quarantine; pct=100"}, ""),
        ({"a": "p=reject; pct=50"}, ""),
        ({"a": "p=none"}, "policy"),
        ({"a": "p=reject; sp=none"}, "subdomain"),
        ({"a": "p=quarantine; pct=50"}, "pct=50"),
        ({"a": "p=reject; t=y"}, "t=y"),
        ({}, "missing"),
        ({"b.a": "p=reject"}, ""),
        ({"b.a": "p=reject", "a": "p=none"}, "policy"),
        ({"a": "p=reject; sp=quarantine"}, ""),
    ],
)
async def test_dmarc_readiness(policies, obstacle):
    """The draft §7.1, steps 7 to 9, for the domain b.a.example or a.example."""
    domain = "b.a.example" if "b.a" in policies else "a.example"
    records = {f"_dmarc.{name}.example": [f"v=DMARC1; {t}"] for name, t in policies.items()}
    section = await told({f"default._bimi.{domain}": [BIMI], **records}, domain)
    assert section.records["dmarc"]["obstacle"] == obstacle
    assert section.records["dmarc"]["ready"] is (not obstacle)
    assert (READY in ids(section)) is (not obstacle)


def test_every_finding_has_a_lesson():
    shown = set().union(*(expected for _, expected in LESSONS))
    assert shown == {id for id in catalog.ids() if catalog.entry(id).topic == "bimi"}
    for lesson, expected in LESSONS:
        said = {id for id in catalog.ids() if catalog.entry(id).classroom == lesson}
        assert {id for id in said if id.startswith("bimi-")} <= expected


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("lesson", ["perfect", "bimi-svg", "bimi-wrong-mark", "bimi-declined"])
async def test_pages(lesson, language):
    section = await section_of(lesson, "bimi")
    view = section_view(section.as_json(), language)
    for compact in (False, True):
        page = render_to_string("lookups/_section.html", {"section": view, "compact": compact})
        assert "<script" not in page.lower()
        assert ("data:image/svg+xml;base64," in page) is (lesson in ("perfect", "bimi-wrong-mark"))


@pytest.mark.parametrize(
    "records",
    [{}, {"state": "record"}, {"raw": [], "logo": {}, "certificate": {}, "dmarc": {}}],
)
def test_pages_of_partial_records(records):
    section = {"topic": "bimi", "complete": True, "records": records, "findings": []}
    assert render_to_string("lookups/_section.html", {"section": section_view(section, "en")})
