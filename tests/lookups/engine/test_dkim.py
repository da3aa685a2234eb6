"""Topic dkim against the classroom's zones and scripted servers, over real sockets."""

from __future__ import annotations

import base64
import json

import dns.rcode
import pytest

from lookups.engine.checks.dkim import _impossible
from lookups.engine.context import Context, Options
from lookups.engine.names import parse_domain
from lookups.engine.records.dkim_selectors import COMMON, OTHERS
from lookups.engine.report import report

from .lessons import ids, options, section_of, sections_of
from .scripted import answer, resolving

GOOD = {"dkim-key-sound"}
KEY = "v=DKIM1; k=ed25519; p=" + base64.b64encode(bytes(range(32))).decode()


@pytest.mark.parametrize(
    ("lesson", "expected"),
    [
        ("perfect", GOOD),
        ("dkim-none", {"dkim-none"}),
        ("dkim-not-needed", {"dkim-not-needed"}),
        ("dkim-unknown-selector", {"dkim-unknown-selector"}),
        ("dkim-not-found", {"dkim-none-found"}),
        ("dkim-wildcard", {"dkim-wildcard", "dkim-none-found"}),
        ("dkim-wildcard-revoked", {"dkim-wildcard-revoked"}),
        ("dkim-typo", {"dkim-selector-without-key", "dkim-unknown-selector"}),
        (
            "dkim-life",
            GOOD
            | {"dkim-revoked", "dkim-testing", "dkim-strict", "dkim-delegated"}
            | {"dkim-selector-dangling", "dkim-key-shared"},
        ),
        ("dkim-strength", GOOD | {"dkim-rsa-too-short", "dkim-rsa-short", "dkim-rsa-long"}),
        ("dkim-ed25519", GOOD | {"dkim-ed25519-alone"}),
        (
            "dkim-panel",
            {"dkim-key-cut", "dkim-backslashes", "dkim-quotes", "dkim-armour", "dkim-private-key"}
            | {"dkim-several-records", "dkim-ed25519-wrapped", "dkim-padding"},
        ),
        (
            "dkim-tags",
            {"dkim-version-place", "dkim-version", "dkim-no-sha256", "dkim-other-service"}
            | {"dkim-key-type", "dkim-syntax", "dkim-duplicate-tag", "dkim-no-key"}
            | {"dkim-base64", "dkim-key-unreadable", "dkim-not-a-key"},
        ),
        ("nothing", set()),  # no domain: topic mx says so
        ("servfail", {"dns-servfail"}),
    ],
)
async def test_lessons(lesson, expected):
    section = await section_of(lesson, "dkim")
    assert ids(section) == expected and not section.failed
    json.dumps(section.as_json())


async def test_named_selectors_are_asked_and_no_others_when_they_have_keys():
    """Two selectors cost four questions: theirs, _domainkey, and the selector that cannot be."""
    chosen = options(selectors=("k1", "k2"))
    sections, context = await sections_of("dkim-life", "dkim", chosen=chosen)
    assert len(context.resolver.log) == 4
    assert [s["selector"] for s in sections[-1].records["selectors"]] == ["k1", "k2"]
    assert sections[-1].records["guessed"] is False


async def test_a_named_selector_without_key_is_an_error_and_the_usual_ones_are_tried():
    section = await section_of("perfect", "dkim", chosen=options(selectors=("nope",)))
    assert ids(section) == GOOD | {"dkim-selector-without-key"}
    states = {s["selector"]: (s["state"], s["named"]) for s in section.records["selectors"]}
    assert states == {"nope": ("missing", True), "default": ("sound", False)}


async def test_without_keys_a_handful_of_questions_is_enough():
    """RFC 8020 §2: below a name that does not exist there is nothing. The last one is for SPF."""
    _, context = await sections_of("dkim-none", "dkim")
    assert len(context.resolver.log) == 2 + len(COMMON) + 1


async def test_all_selectors_are_asked_in_two_rounds():
    sections, context = await sections_of("perfect", "dkim")
    assert [s.complete for s in sections] == [False, True]
    assert len(context.resolver.log) == 2 + len(COMMON) + len(OTHERS)
    assert sections[0].records["kind"] == "pending" and sections[0].findings == ()


async def test_mended_records_are_offered_for_names_of_ones_own():
    ready = (await section_of("dkim-panel", "dkim")).records["ready"]
    names = {record["name"].split(".")[0] for record in ready}
    assert names == {"google", "selector1", "s1", "s2", "k2"}
    assert all(record["value"].startswith("v=DKIM1; k=") for record in ready)


async def test_records_are_shown_whole():
    for lesson in ("dkim-panel", "dkim-tags"):
        for record in (await section_of(lesson, "dkim")).records["raw"]:
            assert "".join(part["text"] for part in record["parts"]) == record["value"]


async def dkim(decide, *selectors, domain="a.test", **settings):
    async with resolving(decide, **settings) as (resolver, _):
        context = Context(resolver, parse_domain(domain), Options(selectors=selectors))
        sections = [section async for section in report(context, ["dkim"], hold=0)]
    assert not sections[-1].failed
    return sections[-1]


def zone(**texts: str):
    """a.test with these texts at its selectors; what is asked for in vain is not there."""

    def decide(query, transport):
        name = query.question[0].name.to_text()
        selector = name.removesuffix("._domainkey.a.test.")
        found = texts.get(selector, texts.get("any"))
        if found is not None:
            return answer(query, f'{name} 60 IN TXT "{found}"')
        exists = name == "_domainkey.a.test."
        return answer(query, rcode=dns.rcode.NOERROR if exists else dns.rcode.NXDOMAIN)

    return decide


async def test_a_key_at_every_selector_is_read_once():
    section = await dkim(zone(any=KEY))
    assert ids(section) == {"dkim-wildcard", "dkim-key-sound", "dkim-ed25519-alone"}
    assert [s["selector"] for s in section.records["selectors"]] == ["*"]


async def test_a_named_selector_may_live_from_the_wildcard():
    assert "dkim-selector-without-key" not in ids(await dkim(zone(any=KEY), "s9"))
    section = await dkim(zone(any="v=spf1 -all"), "s9")
    assert "dkim-selector-without-key" in ids(section)


async def test_a_key_beside_a_wildcard():
    section = await dkim(zone(any="v=spf1 -all", google=KEY))
    assert [s["selector"] for s in section.records["selectors"]] == ["google"]


async def test_a_wildcard_alias_is_no_dangling_selector():
    def decide(query, transport):
        name = query.question[0].name.to_text()
        return answer(query, f"{name} 60 IN CNAME gone.b.test.", rcode=dns.rcode.NXDOMAIN)

    section = await dkim(decide)
    assert ids(section) == {"dkim-none-found"} and not section.records["selectors"]


async def test_a_name_that_exists_for_everything_is_no_hint():
    """Some servers say NODATA for names that do not exist (RFC 9824 §3)."""

    def decide(query, transport):
        return answer(query)

    assert ids(await dkim(decide)) == {"dkim-none-found"}


async def test_nothing_is_claimed_where_dns_failed():
    def decide(query, transport):
        name = query.question[0].name.to_text()
        if name.startswith("google."):
            return answer(query, rcode=dns.rcode.SERVFAIL)
        return answer(query, rcode=dns.rcode.NXDOMAIN)

    section = await dkim(decide)
    assert ids(section) == {"dns-servfail"} and section.records["kind"] == "unknown"


async def test_failures_of_guesses_are_reported_once_for_each_cause():
    section = await dkim(zone(default=KEY), max_queries=20)
    assert [f.id for f in section.findings if f.id.startswith("dns-")] == ["dns-budget"]


async def test_a_domain_too_long_for_selectors():
    label = "x" * 63
    section = await dkim(zone(), domain=f"{label}.{label}.{label}.{'y' * 55}.test")
    assert section.findings == () and section.records["selectors"] == []


async def test_hostile_texts_stay_data_and_are_bounded():
    text = "v=DKIM1; p=<script>" + "\\\\000" * 40
    section = await dkim(zone(default=text), "default")
    assert "\0" not in json.dumps(section.as_json(), ensure_ascii=False)
    assert "dkim-base64" in ids(section)


async def test_the_impossible_selector_is_a_label_of_its_own_for_each_domain():
    assert _impossible("a.test") == _impossible("a.test") != _impossible("b.test")
    assert len(_impossible("a.test")) <= 63
