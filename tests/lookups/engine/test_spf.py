"""The SPF check against the classroom's zones and scripted ones, over real sockets."""

from __future__ import annotations

import time

import dns.name
import dns.rcode
import pytest

from lookups.engine.checks import spf_ready
from lookups.engine.context import Context
from lookups.engine.names import parse_domain
from lookups.engine.records import spf
from lookups.engine.report import report
from lookups.engine.resolver import Resolver

from .lessons import ids, section_of, sections_of
from .rounds import rounds
from .scripted import answer, resolving

GOOD = {"spf-found", "spf-all-fail", "spf-covers-mx"}


@pytest.mark.parametrize(
    ("lesson", "expected"),
    [
        ("perfect", GOOD),
        ("null-mx", {"spf-none-without-mail"}),
        ("nothing", {"dns-nxdomain"}),
        ("servfail", {"dns-servfail"}),
        ("spf-none", {"spf-none"}),
        ("spf-no-mail", {"spf-found", "spf-no-mail"}),
        ("spf-softfail", {"spf-found", "spf-all-softfail", "spf-mx-not-covered"}),
        ("spf-open-end", {"spf-found", "spf-no-default", "spf-covers-mx"}),
        (
            "spf-order",
            {"spf-found", "spf-all-fail", "spf-term-after-all", "spf-redirect-ignored"}
            | {"spf-mx-not-covered"},
        ),
        (
            "spf-everyone",
            {"spf-found", "spf-covers-mx", "spf-all-pass", "spf-everyone", "spf-network-wide"}
            | {"spf-many-addresses", "spf-network-covered"},
        ),
        ("spf-twice", {"spf-multiple"}),
        ("spf-misspelt", {"spf-version-misspelt"}),
        (
            "spf-typos",
            {f"spf-{kind}-invalid" for kind in ("address", "prefix", "domain", "label", "macro")}
            | {"spf-character-invalid", "spf-unknown-mechanism", "spf-argument-unexpected"}
            | {"spf-argument-missing", "spf-modifier-repeated"},
        ),
        ("spf-punctuation", {"spf-terms-joined", "spf-equals-sign", "spf-version-again"}),
        ("spf-strings", {"spf-strings-joined"}),
        ("spf-type-99", {"spf-old-type-only"}),
        (
            "spf-old-habits",
            {"spf-found", "spf-old-type", "spf-ptr", "spf-macro-local-part", "spf-all-neutral"}
            | {"spf-modifier-unknown", "spf-explanation-unusable"},
        ),
        (
            "spf-untidy",
            GOOD | {"spf-term-repeated", "spf-network-covered", "spf-address-not-public"},
        ),
        ("spf-near-limit", GOOD | {"spf-lookups-near-limit"}),
        ("spf-lookups", {"spf-too-many-lookups", "spf-all-fail", "spf-covers-mx"}),
        (
            "spf-forest",
            {"spf-too-many-lookups", "spf-tree-cut", "spf-answer-large", "spf-all-fail"},
        ),
        ("spf-leftover", GOOD | {"spf-void-lookup"}),
        ("spf-void", {"spf-too-many-voids", "spf-all-fail", "spf-covers-mx"}),
        ("spf-mx", {"spf-mx-too-many", "spf-all-fail", "spf-covers-mx"}),
        (
            "spf-broken-includes",
            {"spf-target-none", "spf-target-multiple", "spf-target-invalid", "spf-loop"}
            | {"spf-target-unreachable", "dns-servfail", "spf-lookups-near-limit", "spf-all-fail"},
        ),
        ("spf-shared", GOOD | {"spf-include-wide"}),
    ],
)
async def test_lessons(lesson, expected):
    assert ids(await section_of(lesson, "spf")) == expected


async def test_the_record_comes_before_the_tree():
    sections, _ = await sections_of("spf-lookups", "spf")
    first = sections[0]
    assert not first.complete and first.findings == ()
    assert first.records["raw"][0]["value"].startswith("v=spf1 mx include:")
    assert (
        "".join(p["text"] for p in first.records["raw"][0]["parts"])
        == (first.records["raw"][0]["value"])
    )


async def test_the_tree_and_what_its_branches_cost():
    records = (await section_of("spf-lookups", "spf")).records
    assert (records["lookups"], records["limit"], records["void"]) == (12, 10, 0)
    top = records["tree"]
    assert (top["kind"], top["cost"], top["state"]) == ("domain", 12, "ok")
    # mx, three includes, and what these cost themselves
    assert [child["cost"] for child in top["children"]] == [4, 4, 3]
    assert [c["cost"] for c in top["children"][0]["children"]] == [1, 1, 1]
    assert top["children"][0]["domain"] == "_office.spf-lookups.classroom.test"  # %{d} is known


async def test_a_loop_ends():
    records = (await section_of("spf-broken-includes", "spf")).records
    states = [child["state"] for child in records["tree"]["children"]]
    assert states == ["none", "multiple", "invalid", "ok", "failed"]
    assert records["tree"]["children"][3]["children"][0]["state"] == "loop"


async def test_how_many_may_send():
    records = (await section_of("spf-untidy", "spf")).records
    # the mail server, 198.18.141.0/24 once, and 10.0.0.25
    assert (records["ipv4_addresses"], records["ipv6_networks"]) == (258, 1)
    assert records["default"] == "fail"
    assert records["hosts"] == [{"host": "mail.spf-untidy.classroom.test", "covered": True}]


@pytest.mark.parametrize(
    ("lesson", "value"),
    [
        ("spf-none", "v=spf1 mx ~all"),
        ("null-mx", "v=spf1 -all"),
        ("spf-misspelt", "v=spf1 mx -all"),
        ("spf-type-99", "v=spf1 mx -all"),
        ("spf-twice", "v=spf1 include:_spf.spf-shared.classroom.test mx ~all"),
        ("spf-order", "v=spf1 mx ip4:198.18.141.10 -all"),
        ("spf-open-end", "v=spf1 mx ~all"),
        ("spf-everyone", "v=spf1 mx ip4:64.0.0.0/2 ~all"),
        ("spf-untidy", "v=spf1 mx ip4:198.18.141.0/24 ip4:198.18.141.7 ip4:10.0.0.25 -all"),
        ("spf-strings", "v=spf1 mx a:mail.spf-strings.classroom.test -all"),
        (
            "spf-punctuation",
            "v=spf1 mx ip4:198.18.141.8 ip4:198.18.141.9 ip6:2001:2::141:9 "
            "include:_spf.spf-shared.classroom.test -all",
        ),
    ],
)
async def test_records_that_are_ready_to_publish(lesson, value):
    [ready] = (await section_of(lesson, "spf")).records["ready"]
    name = f"{lesson}.classroom.test"
    assert ready == {"name": name, "type": "TXT", "value": value}
    assert not spf.audit(value).problems


@pytest.mark.parametrize(
    "lesson", ["perfect", "spf-no-mail", "spf-softfail", "spf-typos", "nothing"]
)
async def test_nothing_to_publish(lesson):
    assert "ready" not in (await section_of(lesson, "spf")).records


# --- scripted zones ------------------------------------------------------------------------------
def zone(records: dict[tuple[str, str], list[str]], delay: float = 0.0):
    """Answers from `records`: (name, type) -> rdata; NODATA for other types, NXDOMAIN else."""
    names = {name for name, _ in records}

    def decide(query, transport):
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True)
        type = dns.rdatatype.to_text(question.rdtype)
        if delay:
            time.sleep(delay)
        found = [f"{name}. 60 IN {type} {data}" for data in records.get((name, type), [])]
        return answer(query, *found, rcode=0 if name in names else dns.rcode.NXDOMAIN)

    return decide


async def last(records, **settings):
    async with resolving(zone(records), **settings) as (resolver, servers):
        context = Context(resolver, parse_domain("a.test"))
        section = [s async for s in report(context, ["spf"], hold=0)][-1]
        assert not section.failed
        return section, [(name.removesuffix("."), type) for name, type, _ in servers[0].asked]


def of(text: str, **more: str) -> dict[tuple[str, str], list[str]]:
    """A zone with the SPF record `text` at a.test, and one at <key>.test for each other."""
    texts = {"a": text} | more
    return {(f"{name}.test", "TXT"): [f'"{text}"'] for name, text in texts.items()} | {
        ("a.test", "MX"): ["10 mail.a.test."],
        ("mail.a.test", "A"): ["8.8.8.8"],
    }


async def test_every_name_is_asked_once():
    texts = {"b": "v=spf1 include:c.test a:mail.a.test", "c": "v=spf1 a:mail.a.test"}
    _, asked = await last(of("v=spf1 include:b.test include:c.test include:b.test -all", **texts))
    assert len(asked) == len(set(asked))
    assert ("c.test", "TXT") in asked


async def test_the_chain_is_as_long_as_the_tree_is_deep():
    """Each include is asked for as soon as it is known: four levels take four round trips."""
    texts = {"b": "v=spf1 include:c.test ~all", "c": "v=spf1 include:d.test ~all"}
    texts["d"] = "v=spf1 a:mail.a.test ~all"
    records = of("v=spf1 include:b.test a:x.test a:y.test a:z.test mx -all", **texts)
    async with resolving(zone(records)) as (resolver, _), rounds() as transport:
        context = Context(Resolver(resolver.settings, transport), parse_domain("a.test"))
        section = [s async for s in report(context, ["spf"], hold=0)][-1]
    levels = transport.levels
    assert section.complete
    assert levels["a.test", "TXT"] == 0 and levels["b.test", "TXT"] == 1
    assert levels["x.test", "A"] == levels["mail.a.test", "AAAA"] == 1
    assert levels["c.test", "TXT"] == 2 and levels["d.test", "TXT"] == 3


async def test_a_redirect_decides_for_everybody_else():
    section, _ = await last(of("v=spf1 redirect=b.test", b="v=spf1 ip4:8.8.8.8 ?all"))
    assert {"spf-all-neutral", "spf-found", "spf-covers-mx"} == ids(section)
    assert section.records["default"] == "neutral" and section.records["lookups"] == 1


async def test_a_redirect_to_nowhere():
    section, _ = await last(of("v=spf1 mx redirect=b.test"))
    assert "spf-target-none" in ids(section) and "spf-found" not in ids(section)
    assert section.records["default"] is None


async def test_an_include_that_passes_everybody():
    section, _ = await last(of("v=spf1 include:b.test -all", b="v=spf1 +all"))
    [found] = [f for f in section.findings if f.id == "spf-all-pass"]
    assert found.parameters == {"domain": "b.test", "term": "+all"}
    section, _ = await last(of("v=spf1 ?include:b.test -all", b="v=spf1 +all"))
    assert "spf-all-pass" not in ids(section)


async def test_terms_that_are_never_reached_cost_nothing():
    section, asked = await last(of("v=spf1 mx -all include:b.test a:c.test", b="v=spf1 -all"))
    assert section.records["lookups"] == 1
    assert ("b.test", "TXT") not in asked and ("c.test", "A") not in asked


async def test_names_that_depend_on_the_message_are_counted_and_not_asked():
    section, asked = await last(of("v=spf1 mx include:%{i}._spf.%{d} exists:%{h}.test ~all"))
    assert section.records["lookups"] == 3
    assert section.records["tree"]["children"][0]["state"] == "macro"
    assert not any("spf" in name for name, _ in asked)
    assert "spf-mx-not-covered" not in ids(section) and "spf-covers-mx" not in ids(section)


async def test_the_limit_of_ten_and_one_more():
    ten = " ".join(f"a:h{n}.test" for n in range(9))
    records = of(f"v=spf1 mx {ten} -all") | {(f"h{n}.test", "A"): ["8.8.4.4"] for n in range(9)}
    section, _ = await last(records)
    assert "spf-lookups-near-limit" in ids(section) and "spf-found" in ids(section)
    records |= of(f"v=spf1 mx {ten} a -all")
    section, _ = await last(records)
    [found] = [f for f in section.findings if f.id == "spf-too-many-lookups"]
    assert found.parameters == {"count": 11, "limit": 10}


async def test_two_void_lookups_are_forgiven():
    section, _ = await last(of("v=spf1 mx a:x.test a:y.test -all"))
    assert [f.id for f in section.findings].count("spf-void-lookup") == 2
    assert "spf-found" in ids(section)


async def test_lookups_double_without_end_and_are_still_counted():
    texts = {f"n{n}": f"v=spf1 include:n{n + 1}.test include:n{n + 1}.test ~all" for n in range(30)}
    section, _ = await last(of("v=spf1 include:n0.test include:n0.test -all", **texts))
    assert section.records["lookups"] == 9999 or section.records["cut"]
    assert "spf-too-many-lookups" in ids(section)


async def test_a_domain_of_a_service_gets_its_include():
    records = {("a.test", "MX"): ["1 smtp.google.com.", "5 mail.a.test."]}
    section, _ = await last(records)
    assert section.records["ready"][0]["value"] == "v=spf1 mx include:_spf.google.com ~all"
    section, _ = await last({("a.test", "A"): ["8.8.8.8"]})
    assert section.records["ready"][0]["value"] == "v=spf1 a ~all"


async def test_a_timeout_is_said_and_nothing_is_suggested():
    def decide(query, transport):
        return None if query.question[0].rdtype == 16 else answer(query)

    async with resolving(decide, query_timeout=0.2) as (resolver, _):
        context = Context(resolver, parse_domain("a.test"))
        section = [s async for s in report(context, ["spf"], hold=0)][-1]
    assert ids(section) == {"dns-timeout"} and section.records["kind"] == "unknown"
    assert "ready" not in section.records


async def test_strings_cut_at_255_octets_are_no_mistake():
    networks = " ".join(f"ip4:8.8.{n}.0/24" for n in range(30))
    text = f"v=spf1 {networks} mx -all"
    cut = f'"{text[:255]}" "{text[255:]}"'
    section, _ = await last(of("") | {("a.test", "TXT"): [cut]})
    assert "spf-strings-joined" not in ids(section) and "spf-found" in ids(section)


@pytest.mark.parametrize(
    "text",
    [
        "v=spf1 " + "include:a.test " * 500,
        "v=spf1 " + "ip4:0.0.0.0/0 " * 500,
        "v=spf1 " + " ".join(f"mx:{n}.test" for n in range(700)),
        "v=spf1 " + "%" * 5000,
        "v=spf1 include:" + "a." * 2000 + "test",
        "v=spf1 " + '\\"' * 3000,
        "v=spf1 exists:%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.test redirect=%{d}",
        "v=spf1 \\000\\255\\254 \\195\\164",
    ],
)
async def test_hostile_records_are_bounded(text):
    quoted = " ".join(f'"{text[at : at + 200]}"' for at in range(0, len(text), 200))
    began = time.process_time()
    section, asked = await last(of("") | {("a.test", "TXT"): [quoted]}, max_queries=300)
    assert len(asked) < 300 and len(section.findings) < 100
    assert time.process_time() - began < 2


# --- the records to publish ----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("texts", "value"),
    [
        (["v=spf1 mx -all"], ""),
        (["v=spf1 mx redirect=b.test"], ""),
        (["v=spf1 MX -ALL"], ""),
        (["v=spf1 +all"], "v=spf1 ~all"),
        (["v=spf1 ?all"], "v=spf1 ~all"),
        (["v=spf1"], "v=spf1 ~all"),
        (["v=spf1 mx -all", "v=spf1 a -all"], "v=spf1 mx a -all"),
        (["v=spf1 mx redirect=b.test", "v=spf1 a -all"], "v=spf1 mx a include:b.test -all"),
        (["v=spf1 moo -all"], ""),
        (["v=spf1 a a:b.test//64 a -all"], "v=spf1 a a:b.test//64 -all"),
        (["v=spf1 redirect=b.test redirect=c.test"], "v=spf1 redirect=b.test"),
    ],
)
def test_better_records(texts, value):
    assert spf_ready.better(texts) == value
