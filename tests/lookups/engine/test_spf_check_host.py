"""check_host() rule by rule (RFC 7208 §4 to §7), zones served over a socket."""

from __future__ import annotations

import ipaddress
import time
from datetime import UTC, datetime

import dns.rcode
import dns.rdatatype
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lookups.engine.records.spf_macros import parse_macro_string
from lookups.engine.spf import Result, check_host
from lookups.engine.spf.lookups import dns_name, is_checkable
from lookups.engine.spf.macros import Message, dotted, expand, known_name

from .scripted import answer, resolving

ADDRESSES = {("mail.a.test", "A"): ["192.0.2.1"], ("mail.a.test", "AAAA"): ["2001:db8::1"]}


def zone(records, silent=()):
    """Answers from `records`: (name, type) -> rdata; nothing for the names in `silent`."""
    names = {name for name, _ in records}

    def decide(query, transport):
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True)
        type = dns.rdatatype.to_text(question.rdtype)
        if name in silent:
            return None
        found = [f"{name}. 60 IN {type} {data}" for data in records.get((name, type), [])]
        there = any(known == name or known.endswith("." + name) for known in names)
        return answer(query, *found, rcode=0 if there else dns.rcode.NXDOMAIN)

    return decide


async def verdict(text, ip="192.0.2.1", sender="me@a.test", helo="mail.a.test", more=(), **rest):
    """The verdict for the record `text` at a.test; `more` are other records."""
    silent, seconds = rest.pop("silent", ()), rest.pop("seconds", 20.0)
    records = {("a.test", "TXT"): [f'"{text}"']} | ADDRESSES | dict(more)
    async with resolving(zone(records, silent), query_timeout=0.3, **rest) as (resolver, _):
        return await check_host(resolver, ipaddress.ip_address(ip), sender, helo, seconds=seconds)


@pytest.mark.parametrize(
    ("text", "ip", "result", "mechanism"),
    [
        ("v=spf1 a:mail.a.test -all", "192.0.2.1", "pass", "a:mail.a.test"),
        ("v=spf1 a:mail.a.test -all", "2001:db8::1", "pass", "a:mail.a.test"),
        ("v=spf1 a:mail.a.test -all", "::ffff:192.0.2.1", "pass", "a:mail.a.test"),  # §5
        ("v=spf1 a:mail.a.test -all", "192.0.2.2", "fail", "-all"),
        ("v=spf1 a:mail.a.test/24 -all", "192.0.2.2", "pass", "a:mail.a.test/24"),
        ("v=spf1 a:mail.a.test//64 -all", "2001:db8::2", "pass", "a:mail.a.test//64"),
        ("v=spf1 ip4:192.0.2.0/24 ~all", "192.0.2.9", "pass", "ip4:192.0.2.0/24"),
        ("v=spf1 ?ip4:192.0.2.0/24 ~all", "192.0.2.9", "neutral", "?ip4:192.0.2.0/24"),
        ("v=spf1 ip6:2001:db8::/32 ~all", "192.0.2.9", "softfail", "~all"),
        ("v=spf1 mx", "192.0.2.9", "neutral", "default"),  # §4.7
        ("v=spf1 moo", "192.0.2.9", "permerror", ""),  # §4.6
        ("v=spf10", "192.0.2.9", "none", ""),  # §4.5
    ],
)
async def test_results(text, ip, result, mechanism):
    found = await verdict(text, ip)
    assert (found.result.value, found.mechanism) == (result, mechanism)


async def test_senders_without_a_domain_are_checked_by_their_helo():
    found = await verdict("v=spf1 exists:%{l}.%{o} -all", sender="", helo="a.test",
                          more={("postmaster.a.test", "A"): ["127.0.0.2"]})  # fmt: skip
    assert found.result is Result.PASS  # §2.4
    assert (await verdict("v=spf1 -all", sender="@a.test")).result is Result.FAIL  # §4.3


@pytest.mark.parametrize("sender", ["x@test", "x@a..test", "x@[192.0.2.1]", "x@" + "a" * 64 + ".b"])
async def test_what_is_no_domain_has_no_record(sender):
    found = await verdict("v=spf1 -all", sender=sender)
    assert found.result is Result.NONE and found.trace[-1].why == "not-a-domain"


async def test_a_domain_in_japanese():
    more = {("xn--wgv71a119e.test", "TXT"): ['"v=spf1 -all"']}
    assert (await verdict("", sender="a@日本語.test", more=more)).result is Result.FAIL


@pytest.mark.parametrize(
    ("inner", "result"),
    [("+all", "pass"), ("-all", "softfail"), ("~all", "softfail"), ("?all", "softfail"),
     ("moo", "permerror")],
)  # fmt: skip
async def test_include(inner, result):
    """§5.2: the table."""
    more = {("b.test", "TXT"): [f'"v=spf1 {inner}"']}
    found = await verdict("v=spf1 include:b.test ~all", more=more)
    assert found.result.value == result and found.lookups == 1
    if result == "pass":
        assert found.mechanism == "include:b.test"


async def test_include_of_nothing_and_of_silence():
    found = await verdict("v=spf1 include:b.test ~all")
    assert found.result is Result.PERMERROR and found.trace[-1].why == "include-none"
    found = await verdict("v=spf1 include:b.test ~all", silent={"b.test"})
    assert found.result is Result.TEMPERROR
    assert [step.why for step in found.trace] == ["dns-timeout", "dns-timeout"]


async def test_the_trace_tells_every_step():
    found = await verdict("v=spf1 ip4:198.51.100.0/24 mx a:mail.a.test -all")
    assert [(s.term, s.matched, s.why, s.detail) for s in found.trace] == [
        ("ip4:198.51.100.0/24", False, "not-in-network", "198.51.100.0/24"),
        ("mx", False, "no-address", "a.test"),
        ("a:mail.a.test", True, "address", "192.0.2.1"),
    ]
    assert (found.lookups, found.void_lookups) == (2, 1)
    assert found.as_json()["trace"][0]["domain"] == "a.test"


async def test_limits():
    """§4.6.4: ten lookups, two of them in vain, ten MX hosts."""
    ten = "v=spf1 " + "a:mail.a.test " * 10
    assert (await verdict(ten + "-all", "192.0.2.9")).result is Result.FAIL
    found = await verdict(ten + "a:mail.a.test -all", "192.0.2.9")
    assert found.result is Result.PERMERROR and found.trace[-1].why == "lookup-limit"
    assert (await verdict("v=spf1 a:x.test a:y.test -all")).result is Result.FAIL
    found = await verdict("v=spf1 a:x.test a:y.test a:z.test -all")
    assert found.result is Result.PERMERROR and found.trace[-1].why == "void-limit"
    hosts = {("a.test", "MX"): [f"{n} mail.a.test." for n in range(11)]}
    found = await verdict("v=spf1 mx -all", more=hosts)
    assert found.result is Result.PERMERROR and found.trace[-1].why == "mx-limit"


async def test_ten_names_of_an_address_are_looked_at():
    """§4.6.4, §5.5: more are ignored, and errors cost only the name."""
    names = {("1.2.0.192.in-addr.arpa", "PTR"): [f"n{n}.b.test." for n in range(30)]}
    more = names | {(f"n{n}.b.test", "A"): ["192.0.2.1"] for n in range(30)}
    assert (await verdict("v=spf1 ptr:b.test -all", more=more)).result is Result.PASS
    found = await verdict("v=spf1 ptr:b.test -all", more=names)
    assert found.result is Result.FAIL and found.void_lookups == 0


async def test_explanations():
    """§6.2: of the domain itself or of its redirect, never of an include."""
    more = {("why.test", "TXT"): ['"%{i} is not %{o}, says %{r} at %{t}"']}
    records = {("a.test", "TXT"): ['"v=spf1 exp=why.test -all"']} | more
    async with resolving(zone(records)) as (resolver, _):
        found = await check_host(
            resolver, ipaddress.ip_address("192.0.2.1"), "x@a.test", "h.test",
            receiver="mx.test", now=datetime(2026, 11, 24, tzinfo=UTC),
        )  # fmt: skip
    assert found.explanation == "192.0.2.1 is not a.test, says mx.test at 1795478400"
    more |= {("b.test", "TXT"): ['"v=spf1 exp=why.test -all"']}
    assert (await verdict("v=spf1 redirect=b.test", more=more)).explanation
    assert not (await verdict("v=spf1 include:b.test -all", more=more)).explanation
    assert not (await verdict("v=spf1 exp=why.test ~all", more=more)).explanation


async def test_an_explanation_that_does_not_come_leaves_the_result():
    found = await verdict("v=spf1 exp=why.test -all", silent={"why.test"}, seconds=0.2)
    assert found.result is Result.FAIL and found.explanation == ""


async def test_the_whole_takes_no_longer_than_allowed():
    began = time.monotonic()
    found = await verdict("v=spf1 a:b.test -all", silent={"b.test"}, seconds=0.1)
    assert found.result is Result.TEMPERROR and found.trace[-1].why == "deadline"
    assert time.monotonic() - began < 0.3


async def test_the_reports_own_limits_are_temporary_errors():
    found = await verdict("v=spf1 a:mail.a.test -all", max_queries=1)
    assert found.result is Result.TEMPERROR and found.trace[-1].why == "dns-budget"
    found = await verdict("v=spf1 a:b.test -all", silent={"b.test"}, report_timeout=0.1)
    assert found.result is Result.TEMPERROR


# --- §7: macros --------------------------------------------------------------------------------
MESSAGE = Message(ipaddress.ip_address("192.0.2.3"), "strong-bad@email.example.com", "h.test")
SIX = Message(ipaddress.ip_address("2001:db8::cb01"), MESSAGE.sender, "h.test")


async def unknown(domain: str) -> str:
    return "unknown"


@pytest.mark.parametrize(
    ("macro", "expected"),
    [  # the examples of §7.4
        ("%{s}", "strong-bad@email.example.com"),
        ("%{o}", "email.example.com"),
        ("%{d}", "email.example.com"),
        ("%{d4}", "email.example.com"),
        ("%{d3}", "email.example.com"),
        ("%{d2}", "example.com"),
        ("%{d1}", "com"),
        ("%{dr}", "com.example.email"),
        ("%{d2r}", "example.email"),
        ("%{l}", "strong-bad"),
        ("%{l-}", "strong.bad"),
        ("%{lr}", "strong-bad"),
        ("%{lr-}", "bad.strong"),
        ("%{l1r-}", "strong"),
        ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
        ("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"),
        ("%{p}%%%_%-%{S}", "unknown% %20strong-bad%40email.example.com"),
    ],
)
async def test_the_examples_of_the_rfc(macro, expected):
    spec = parse_macro_string(macro)
    assert await expand(spec, MESSAGE, "email.example.com", unknown) == expected


async def test_an_ipv6_address_in_macros():
    spec = parse_macro_string("%{ir}.%{v}._spf.%{d2}")
    assert await expand(spec, SIX, "email.example.com", unknown) == (
        "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com"
    ).replace("b.c.", "B.C.").replace("b.d.", "B.D.")
    assert dotted(SIX.ip).startswith("2.0.0.1.0.D.B.8.")


def test_names_that_every_message_shares():
    assert known_name(None, "b.test", "a.test") == "b.test"
    assert known_name(parse_macro_string("_spf.%{d}."), "b.test", "a.test") == "_spf.b.test"
    assert known_name(parse_macro_string("%{o2r}"), "b.test", "x.a.test") == "a.x"
    assert known_name(parse_macro_string("%{i}.a.test"), "b.test", "a.test") is None
    long = known_name(parse_macro_string("%{d}.%{d}.%{d}.%{d}.b.test"), "x" * 63 + ".t", "a.test")
    assert len(long) <= 253 and long.endswith(".b.test")


@given(st.text(max_size=80))
def test_any_text_may_be_taken_for_a_name(text):
    name = dns_name(text)
    assert name is None or len(name.to_wire()) <= 255
    assert is_checkable(text) in (True, False)


pieces = st.sampled_from(
    ["a", "mx", "ptr", "include:a.test", "redirect=a.test", "exists:%{p}.%{h}", "-all", "?all"]
    + ["ip4:192.0.2.0/24", "include:%{l}.test", "exp=a.test", "a:%{s}", "moo", "~include:b.test"]
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(pieces, max_size=12), st.text(max_size=30), st.text(max_size=20))
async def test_it_never_raises(terms, sender, helo):
    more = {("b.test", "TXT"): ['"v=spf1 include:a.test"']}
    text = " ".join(["v=spf1", *terms])
    found = await verdict(text, sender=f"{sender}@a.test", helo=helo, more=more)
    assert found.lookups <= 10 and found.void_lookups <= 3 and len(found.trace) <= 200
    assert found.as_json()["result"] in list(Result)
