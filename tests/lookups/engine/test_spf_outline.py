"""The trace of check_host() as a tree (RFC 7208 §4.6.4, §5.2, §6.1)."""

from __future__ import annotations

import asyncio
import ipaddress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lookups.engine.spf import check_host
from lookups.engine.spf.outline import Branch, outline

from .scripted import resolving
from .test_spf_check_host import zone


async def tree(records, ip="192.0.2.1", silent=(), **more):
    texts = {(name, "TXT"): [f'"{text}"'] for name, text in records.items()}
    async with resolving(zone(texts, silent), query_timeout=0.3) as (resolver, _):
        verdict = await check_host(resolver, ipaddress.ip_address(ip), "me@a.test", "x", **more)
        return outline(verdict), verdict


def terms(branch: Branch, path=()):
    """(depth, term, decisive) in the order of the tree."""
    for twig in branch.twigs:
        yield len(path), twig.step.term, twig.decisive
        if twig.branch:
            yield from terms(twig.branch, (*path, branch.domain))


async def test_an_include_opens_a_record():
    made, _ = await tree(
        {
            "a.test": "v=spf1 include:b.test include:c.test -all",
            "b.test": "v=spf1 ip4:198.51.100.1 ~all",
            "c.test": "v=spf1 ip4:192.0.2.0/24 -all",
        }
    )
    assert list(terms(made)) == [
        (0, "include:b.test", False),
        (1, "ip4:198.51.100.1", False),
        (1, "~all", False),
        (0, "include:c.test", True),
        (1, "ip4:192.0.2.0/24", True),
    ]
    assert made.text.startswith("v=spf1 include:b.test")
    assert [twig.step.lookup for twig in made.twigs] == [1, 2]


async def test_a_redirect_opens_the_record_that_decides():
    made, verdict = await tree(
        {"a.test": "v=spf1 redirect=b.test", "b.test": "v=spf1 include:c.test -all",
         "c.test": "v=spf1 redirect=d.test", "d.test": "v=spf1 ?all"},
    )  # fmt: skip
    assert list(terms(made)) == [
        (0, "redirect=b.test", True),
        (1, "include:c.test", False),
        (2, "redirect=d.test", False),
        (3, "?all", False),
        (1, "-all", True),
    ]
    assert verdict.mechanism == "-all"


async def test_lookups_in_vain_are_numbered():
    made, verdict = await tree({"a.test": "v=spf1 a:x.test a:y.test exists:z.test -all"})
    assert [twig.step.void for twig in made.twigs] == [1, 2, 3]
    assert made.twigs[-1].step.why == "void-limit" and made.twigs[-1].decisive
    assert verdict.result == "permerror"


@pytest.mark.parametrize("text", ["", "v=spf1 ip4:nonsense", "v=spf1"])
async def test_records_without_terms(text):
    made, _ = await tree({"a.test": text} if text else {})
    assert made.domain == "a.test" and len(made.twigs) == 1 and made.twigs[0].decisive


async def test_time_that_runs_out_is_noted_at_the_term():
    records = {"a.test": "v=spf1 include:b.test -all", "b.test": "v=spf1 a:slow.test -all"}
    made, verdict = await tree(records, silent=("slow.test",), seconds=0.1)
    assert verdict.result == "temperror"
    assert (1, "a:slow.test", False) in list(terms(made))


TERMS = st.sampled_from(
    [
        "include:a.test",
        "include:b.test",
        "mx",
        "a:x.test",
        "ip4:192.0.2.1",
        "?all",
        "redirect=b.test",
        "exists:%{p}.test",
        "nonsense",
        "ptr",
    ]
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(TERMS, max_size=6), st.lists(TERMS, max_size=6))
def test_every_step_stands_in_the_tree_once(one, two):
    records = {"a.test": " ".join(["v=spf1", *one]), "b.test": " ".join(["v=spf1", *two])}
    made, verdict = asyncio.run(tree(records))
    assert len(list(terms(made))) == len(verdict.trace)
    assert made.as_json()["steps"]
