"""Flat SPF records: the same senders pass, without the lookups (RFC 7208 §4.6.4, §5.2)."""

from __future__ import annotations

import asyncio
import ipaddress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lookups.engine.checks.spf_flat import ForestTree, grown, origins
from lookups.engine.context import Context
from lookups.engine.names import Domain
from lookups.engine.records import spf
from lookups.engine.records.txt import quoted_strings
from lookups.engine.spf import Result, check_host
from lookups.engine.spf.address_set import AddressSet
from lookups.engine.spf.flatten import Flat, flatten

from .scripted import resolving
from .test_spf_check_host import zone

A = Domain("a.test", "a.test")


def networks(*texts):
    return [ipaddress.ip_network(text) for text in texts]


async def flat_of(records) -> Flat:
    """The flat record of a.test in a zone of `records`: (name, type) -> rdata."""
    async with resolving(zone(records), query_timeout=0.3) as (resolver, _):
        forest = await grown(Context(resolver, A))
        assert forest is not None
        return flatten(ForestTree(forest))


def txt(**texts):
    """TXT records: a="v=spf1 …" stands for a.test."""
    return {(f"{name}.test", "TXT"): [quoted_strings(text)] for name, text in texts.items()}


async def test_everything_is_written_out():
    records = {
        **txt(a="v=spf1 mx a:web.test/31 include:b.test ~all", b="v=spf1 ip4:192.0.2.0/25 -all"),
        ("a.test", "MX"): ["10 mail.test."],
        ("mail.test", "A"): ["192.0.2.128"],
        ("mail.test", "AAAA"): ["2001:db8::1"],
        ("web.test", "A"): ["192.0.2.131"],
    }
    flat = await flat_of(records)
    assert (
        flat.text
        == "v=spf1 ip4:192.0.2.0/25 ip4:192.0.2.128 ip4:192.0.2.130/31 ip6:2001:db8::1 ~all"
    )
    assert flat.kept == flat.left_out == ()


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        # only what passes by the included record counts (§5.2)
        ("ip4:192.0.2.0/24 -all", "ip4:192.0.2.0/24"),
        ("-ip4:192.0.2.0/25 ip4:192.0.2.0/24 -all", "ip4:192.0.2.128/25"),
        ("ip4:192.0.2.0/24 -ip4:192.0.2.0/25 -all", "ip4:192.0.2.0/24"),
        ("?ip4:192.0.2.0/24", ""),
        ("redirect=c.test", "ip4:203.0.113.9"),
        ("-ip4:203.0.113.9 redirect=c.test", ""),
        ("include:c.test", "ip4:203.0.113.9"),
        ("exists:%{i}.list.test -all", "exists:%{i}.list.test"),
        ("ptr:c.test -all", "ptr:c.test"),
        ("ptr -all", "ptr:b.test"),
        # what it permits depends on what it excludes before, or on its own name
        ("-ip4:192.0.2.1 exists:%{i}.list.test -all", "include:b.test"),
        ("-exists:%{i}.list.test ip4:192.0.2.1 -all", "include:b.test"),
        ("exists:%{i}.%{d} -all", "include:b.test"),
        ("+all", "include:b.test"),
        ("include:%{i}.test", "include:%{i}.test"),
        # an error spoils the whole record, so that it goes
        ("include:nowhere.test -all", ""),
        ("include:b.test -all", ""),
    ],
)  # fmt: skip
async def test_what_an_included_record_gives(inner, expected):
    records = txt(
        a="v=spf1 include:b.test -all", b=f"v=spf1 {inner}", c="v=spf1 ip4:203.0.113.9 -all"
    )
    flat = await flat_of(records)
    assert flat.text == " ".join(filter(None, ["v=spf1", expected, "-all"]))


async def test_a_redirect_brings_its_end():
    records = txt(a="v=spf1 ip4:192.0.2.1 redirect=b.test", b="v=spf1 ip4:192.0.2.0 ?all")
    assert (await flat_of(records)).text == "v=spf1 ip4:192.0.2.0/31 ?all"
    records = txt(a="v=spf1 redirect=b.test", b="v=spf1 a -all exp=why.%{d}")
    records["b.test", "A"] = ["192.0.2.7"]
    assert (await flat_of(records)).text == "v=spf1 ip4:192.0.2.7 -all"


async def test_qualifiers_keep_their_order():
    text = "v=spf1 ip4:192.0.2.1 -include:b.test ip4:192.0.2.2 ip4:192.0.2.3 ~all"
    flat = await flat_of(txt(a=text, b="v=spf1 ip4:192.0.2.0/24 -all"))
    assert flat.text == "v=spf1 ip4:192.0.2.1 -ip4:192.0.2.0/24 ip4:192.0.2.2/31 ~all"
    assert flat.passing.networks == networks("192.0.2.1/32")


async def test_what_dns_does_not_say_is_kept():
    records = txt(a="v=spf1 include:silent.test a:silent.test ip4:192.0.2.1 -all")
    async with resolving(zone(records, silent=("silent.test",)), query_timeout=0.2) as (
        resolver,
        _,
    ):
        forest = await grown(Context(resolver, A))
        flat = flatten(ForestTree(forest))
    assert flat.text == "v=spf1 ip4:192.0.2.1 include:silent.test a:silent.test -all"
    assert {note.why for note in flat.kept} == {"failed"}


async def test_long_records_are_split():
    many = " ".join(f"ip4:192.0.{n}.0/31" for n in range(60))
    flat = await flat_of(txt(a="v=spf1 include:b.test exists:%{i}.x.test ~all", b=f"v=spf1 {many}"))
    records = flat.records("a.test", 450)
    names = [name for name, _ in records]
    assert names == ["a.test", "_s1.a.test", "_s2.a.test", "_s3.a.test"]
    assert all(len(text) <= 450 and not spf.audit(text).problems for _, text in records)
    assert records[0][1] == (
        "v=spf1 include:_s1.a.test include:_s2.a.test include:_s3.a.test exists:%{i}.x.test ~all"
    )
    written = [
        m.network for _, text in records[1:] for m in spf.parse(text).mechanisms if m.network
    ]
    assert AddressSet.of(written) == flat.passing


async def test_origins_tell_how_long_it_holds():
    records = {
        **txt(a="v=spf1 include:b.test mx -all", b="v=spf1 -all"),
        ("a.test", "MX"): ["1 m.test."],
    }
    records["m.test", "A"] = ["192.0.2.1"]
    async with resolving(zone(records), query_timeout=0.3) as (resolver, _):
        found = set(
            map(
                tuple,
                ((o.domain, o.type, o.ttl) for o in origins(await grown(Context(resolver, A)))),
            )
        )
    assert found == {("b.test", "TXT", 60), ("a.test", "MX", 60), ("m.test", "A", 60)}


# --- sets of addresses ----------------------------------------------------------------------------
SMALL = st.builds(
    lambda number, prefix: ipaddress.ip_network((0xC0000200 | number, prefix), strict=False),
    st.integers(0, 15),
    st.integers(28, 31),
)


@given(one=st.lists(SMALL, max_size=6), other=st.lists(SMALL, max_size=6))
def test_address_sets_are_sets(one, other):
    a, b = AddressSet.of(one), AddressSet.of(other)
    for number in range(0xC0000200 - 1, 0xC0000200 + 17):
        address = ipaddress.ip_address(number)
        in_a, in_b = (any(address in n for n in nets) for nets in (one, other))
        assert any(address in n for n in (a | b).networks) == (in_a or in_b)
        assert any(address in n for n in (a - b).networks) == (in_a and not in_b)
    assert (AddressSet.everything() - a) | a == AddressSet.everything()
    if one:
        assert a.networks == list(ipaddress.collapse_addresses(one))


# --- the same senders pass ------------------------------------------------------------------------
NAMES = ["a", "b", "c"]
QUALIFIERS = st.sampled_from(["", "", "", "-"])


def _term(level):
    later = NAMES[level + 1 :]
    kinds = [SMALL.map(lambda network: f"ip4:{network}")] * 4 + [
        st.sampled_from(["a:h1.test", "a:h2.test/30", "mx:m.test", "a", "mx", "ip6:2001:db8::/64"]),
        st.sampled_from(["exists:%{i}.list.test", "exists:%{d}.list.test", "ptr", "a:%{i}.x.test"]),
    ]
    if later:
        kinds += [st.sampled_from(later).map(lambda name: f"include:{name}.test")] * 4
    return st.builds(lambda q, t: f"{q}{t}", QUALIFIERS, st.one_of(kinds))


def _record(level):
    ends = ["-all", "~all", "?all", ""] + [f"redirect={name}.test" for name in NAMES[level + 1 :]]
    ends += ["+all"] if level else []
    return st.builds(
        lambda terms, end: " ".join(filter(None, ["v=spf1", *terms, end])),
        st.lists(_term(level), min_size=1, max_size=4),
        st.sampled_from(ends),
    )


TREES = st.tuples(*(_record(level) for level in range(len(NAMES))))
HOSTS = {
    ("h1.test", "A"): ["192.0.2.3", "192.0.2.12"],
    ("h2.test", "A"): ["192.0.2.9"],
    ("h2.test", "AAAA"): ["2001:db8::9"],
    ("m.test", "MX"): ["10 h1.test.", "20 h2.test."],
    ("192.0.2.5.list.test", "A"): ["127.0.0.2"],
    ("b.test.list.test", "A"): ["127.0.0.2"],
    ("192.0.2.6.x.test", "A"): ["192.0.2.6"],
    **{(f"{name}.test", "A"): ["192.0.2.1"] for name in NAMES},
    **{(f"{name}.test", "MX"): ["10 h1.test."] for name in NAMES},
    ("7.2.0.192.in-addr.arpa", "PTR"): ["p.b.test."],
    ("p.b.test", "A"): ["192.0.2.7"],
}


async def _equivalent(texts, limit):
    """Whether each address passes by the flat record just as by the tree. Addresses for which the
    tree is an error are left aside: to do away with these errors is what a flat record is for."""
    records = HOSTS | txt(**dict(zip(NAMES, texts, strict=True)))
    addresses = [ipaddress.ip_address(0xC0000200 | number) for number in range(16)]
    addresses.append(ipaddress.ip_address("2001:db8::9"))
    async with resolving(zone(records), query_timeout=1) as (resolver, _):
        forest = await grown(Context(resolver, A))
        flat = flatten(ForestTree(forest))
        before = {ip: await check_host(resolver, ip, "x@a.test", "h") for ip in addresses}
    for name, text in flat.records("a.test", limit):
        records[name, "TXT"] = [quoted_strings(text)]
    assert all(len(text) <= limit for name, text in flat.records("a.test", limit)[1:])
    async with resolving(zone(records), query_timeout=1) as (resolver, _):
        after = {ip: await check_host(resolver, ip, "x@a.test", "h") for ip in addresses}
    errors = (Result.PERMERROR, Result.TEMPERROR)
    for ip in addresses:
        if before[ip].result not in errors and "lookup-limit" not in str(after[ip].trace):
            seen = (texts, flat.text, ip)
            assert after[ip].result == before[ip].result or after[ip].result not in errors, seen
            assert (after[ip].result is Result.PASS) == (before[ip].result is Result.PASS), seen
            if flat.end == spf.parse(texts[0]).all:
                assert after[ip].result == before[ip].result, seen


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(texts=TREES, limit=st.sampled_from([60, 450]))
def test_the_same_senders_pass(texts, limit):
    asyncio.run(_equivalent(texts, limit))


async def test_large_trees_are_flattened_once():
    """Each of eleven records includes the next ten times and has networks that never touch."""

    def spread(n):
        return " ".join(f"ip4:9.{n}.{m}.1" for m in range(0, 100, 2))

    texts = {
        f"n{n}": " ".join(
            ["v=spf1", *[f"include:n{n + 1}.test"] * 10, spread(n), "exists:%{i}.x.test"]
        )
        for n in range(11)
    }
    flat = await flat_of(txt(a="v=spf1 include:n0.test -all", **texts, n11="v=spf1 -all"))
    assert len(flat.text) < 40_000
    assert {note.why for note in flat.kept} >= {"exists"}
