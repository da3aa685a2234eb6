"""The resolver against servers that answer, keep silent, lie and break, over real sockets."""

from __future__ import annotations

import asyncio
import dataclasses
import ipaddress

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lookups.engine.resolver import MAX_ALIASES, Outcome, Resolver, ResolverSettings, name_text
from lookups.engine.transport import MalformedReply, Transport, parse_reply

from .scripted import answer, as_asked, resolving

SOA = "test. 300 IN SOA ns.test. hostmaster.test. 1 3600 600 86400 300"


def address(query, transport):
    name = query.question[0].name
    return answer(query, f"{name} 60 IN A 198.18.0.1")


async def test_answer_and_its_log():
    async with resolving(address) as (resolver, [server]):
        found = await resolver.query("a.test", "A")
    assert (found.outcome, found.ttl, found.authoritative) == (Outcome.ANSWER, 60, True)
    assert [record.address for record in found.records] == ["198.18.0.1"]
    [entry] = resolver.log
    assert entry["name"] == "a.test" and entry["type"] == "A" and entry["rcode"] == "NOERROR"
    assert entry["server"] == str(server.server) and entry["transport"] == "udp"
    assert entry["ttl"] == 60 and entry["tries"] == 1 and entry["ad"] is False
    assert entry["bytes"] > 12 and entry["ms"] >= 0


async def test_query_has_edns_and_asks_for_ad():
    seen = []

    def decide(query, transport):
        seen.append(query)
        reply = address(query, transport)
        reply.flags |= dns.flags.AD
        return reply

    async with resolving(decide) as (resolver, _):
        await resolver.query("a.test", "A")
    assert seen[0].edns == 0 and seen[0].payload == 1232
    assert seen[0].flags & dns.flags.AD and seen[0].flags & dns.flags.RD
    assert resolver.log[0]["ad"] is True


@pytest.mark.parametrize(
    ("rcode", "outcome"),
    [
        (dns.rcode.NXDOMAIN, Outcome.NXDOMAIN),
        (dns.rcode.SERVFAIL, Outcome.SERVFAIL),
        (dns.rcode.REFUSED, Outcome.REFUSED),
        (dns.rcode.NOTIMP, Outcome.OTHER_RCODE),
    ],
)
async def test_rcodes_stay_apart(rcode, outcome):
    async with resolving(lambda q, t: answer(q, rcode=rcode, authority=SOA)) as (resolver, _):
        found = await resolver.query("a.test", "MX")
    assert found.outcome is outcome and found.rcode == dns.rcode.to_text(rcode)
    assert resolver.log[0]["outcome"] == outcome.value


async def test_nodata_by_soa_and_from_a_resolver_without_soa():
    async with resolving(lambda q, t: answer(q, authority=SOA, flags=0)) as (resolver, _):
        assert (await resolver.query("a.test", "MX")).outcome is Outcome.NODATA
    async with resolving(lambda q, t: answer(q, flags=dns.flags.RA)) as (resolver, _):
        assert (await resolver.query("a.test", "MX")).outcome is Outcome.NODATA


async def test_upward_referral_is_lame():
    def decide(query, transport):
        return answer(query, authority=". 3600 IN NS a.root-servers.net.", flags=0)

    async with resolving(decide) as (resolver, _):
        assert (await resolver.query("a.test", "MX")).outcome is Outcome.LAME


async def test_garbage_is_malformed_and_not_waited_out():
    def decide(query, transport):
        return query.id.to_bytes(2, "big") + b"\x80\x00\xff\xff\xff\xff garbage"

    async with resolving(decide, query_timeout=30) as (resolver, _):
        found = await asyncio.wait_for(resolver.query("a.test", "MX"), 5)
    assert found.outcome is Outcome.MALFORMED
    assert resolver.log[0]["bytes"] > 0


async def test_a_reply_to_another_question_is_not_taken():
    def decide(query, transport):
        other = dns.message.make_query("other.test", "A")
        other.id = query.id
        return answer(other, "other.test. 60 IN A 198.18.6.6")

    async with resolving(decide, query_timeout=0.4) as (resolver, _):
        assert (await resolver.query("a.test", "A")).outcome is Outcome.TIMEOUT


async def test_truncated_comes_again_over_tcp():
    def decide(query, transport):
        if transport == "tcp":
            return address(query, transport)
        reply = answer(query)
        reply.flags |= dns.flags.TC
        return reply

    async with resolving(decide) as (resolver, [server]):
        found = await resolver.query("a.test", "A")
    assert found.outcome is Outcome.ANSWER
    assert [transport for *_, transport in server.asked] == ["udp", "tcp"]
    assert resolver.log[0]["transport"] == "tcp" and len(resolver.log) == 1


async def test_truncated_with_tcp_closed():
    def decide(query, transport):
        if transport == "tcp":
            return None
        reply = answer(query)
        reply.flags |= dns.flags.TC
        return reply

    async with resolving(decide) as (resolver, _):
        assert (await resolver.query("a.test", "A")).outcome is Outcome.TCP_FAILED


async def test_formerr_from_a_server_without_edns():
    def decide(query, transport):
        if query.edns >= 0:
            reply = dns.message.make_response(dns.message.make_query("a.test", "A"))
            reply.id = query.id
            reply.set_rcode(dns.rcode.FORMERR)
            return reply
        return address(query, transport)

    async with resolving(decide) as (resolver, [server]):
        assert (await resolver.query("a.test", "A")).outcome is Outcome.ANSWER
    assert len(server.asked) == 2


async def test_silence_is_a_timeout_and_is_asked_twice():
    async with resolving(lambda q, t: None, query_timeout=0.4) as (resolver, [server]):
        found = await resolver.query("a.test", "A")
    assert found.outcome is Outcome.TIMEOUT
    assert len(server.asked) == 2 and resolver.log[0]["tries"] == 2


async def test_the_next_server_is_asked():
    def refuse(query, transport):
        return answer(query, rcode=dns.rcode.REFUSED)

    for bad in (refuse, lambda q, t: None):
        async with resolving(bad, address, query_timeout=1) as (resolver, servers):
            found = await resolver.query("a.test", "A")
        assert found.outcome is Outcome.ANSWER
        assert resolver.log[0]["server"] == str(servers[1].server)
        assert resolver.log[0]["tries"] == 2


async def test_a_late_answer_of_the_first_server_still_counts():
    first: list = []

    def hold(query, transport):
        first.append(query)
        return None

    async with resolving(hold, lambda q, t: None, query_timeout=2) as (resolver, servers):
        asking = asyncio.create_task(resolver.query("a.test", "A"))
        while not servers[1].asked:
            await asyncio.sleep(0.02)
        port = next(iter(servers[0].ports))
        late = as_asked(address(first[0], "udp"), servers[0].last)
        servers[0].udp.sendto(late, ("127.0.0.1", port))
        assert (await asking).outcome is Outcome.ANSWER


async def test_nobody_listens():
    async with resolving(address) as (resolver, [server]):
        server.stop()
        await asyncio.sleep(0.05)
        assert (await resolver.query("a.test", "A")).outcome is Outcome.TIMEOUT


async def test_no_question_twice():
    async with resolving(address) as (resolver, [server]):
        await asyncio.gather(*(resolver.query(name, "A") for name in ("a.test", "A.TEST") * 10))
        await resolver.query("a.test", "A")
    assert len(server.asked) == 1 and resolver.asked == 1


async def test_one_waiter_giving_up_does_not_disturb_another():
    async with resolving(lambda q, t: None, query_timeout=0.5) as (resolver, _):
        one, other = (asyncio.create_task(resolver.query("a.test", "A")) for _ in range(2))
        await asyncio.sleep(0.1)
        one.cancel()
        assert (await other).outcome is Outcome.TIMEOUT


async def test_budget():
    async with resolving(address, max_queries=3) as (resolver, [server]):
        found = [await resolver.query(f"{n}.test", "A") for n in range(5)]
    assert [a.outcome for a in found[3:]] == [Outcome.BUDGET] * 2
    assert len(server.asked) == 3 == len(resolver.log)


async def test_report_deadline():
    silent = {"query_timeout": 5, "report_timeout": 0.3}
    async with resolving(lambda q, t: None, **silent) as (resolver, _):
        assert (await resolver.query("a.test", "A")).outcome is Outcome.DEADLINE
        assert (await resolver.query("b.test", "A")).outcome is Outcome.DEADLINE
        assert resolver.asked == 1


async def test_routes_by_suffix():
    async with resolving(address) as (resolver, [server]), resolving(address) as (_, [lesson]):
        resolver.settings.routes["lesson.test"] = (lesson.server,)
        await resolver.query("a.lesson.test", "A")
        await resolver.query("lesson.test", "A")
        await resolver.query("notlesson.test", "A")
    assert [name for name, *_ in lesson.asked] == ["a.lesson.test.", "lesson.test."]
    assert [name for name, *_ in server.asked] == ["notlesson.test."]


async def test_aliases_within_one_reply():
    def decide(query, transport):
        return answer(query, "a.test. 60 IN CNAME b.test.", "b.test. 30 IN A 198.18.0.1")

    async with resolving(decide) as (resolver, [server]):
        found = await resolver.query("a.test", "A")
    assert found.outcome is Outcome.ANSWER and found.owner.to_text() == "b.test."
    assert len(server.asked) == 1


async def test_aliases_over_several_replies():
    def decide(query, transport):
        name = query.question[0].name.to_text()
        if name == "a.test.":
            return answer(query, "a.test. 60 IN CNAME b.test.")
        return answer(query, "b.test. 30 IN A 198.18.0.1")

    async with resolving(decide) as (resolver, [server]):
        found = await resolver.query("a.test", "A")
    assert found.outcome is Outcome.ANSWER and [n.to_text() for n in found.aliases] == ["b.test."]
    assert [name for name, *_ in server.asked] == ["a.test.", "b.test."]


async def test_alias_to_what_does_not_exist():
    def decide(query, transport):
        alias = "a.test. 60 IN CNAME gone.test."
        return answer(query, alias, rcode=dns.rcode.NXDOMAIN, authority=SOA)

    async with resolving(decide) as (resolver, _):
        found = await resolver.query("a.test", "A")
    assert found.outcome is Outcome.NXDOMAIN and found.owner.to_text() == "gone.test."
    assert resolver.log[0]["outcome"] == "nxdomain"


async def test_alias_without_the_type():
    def decide(query, transport):
        return answer(query, "a.test. 60 IN CNAME b.test.", authority=SOA)

    async with resolving(decide) as (resolver, _):
        assert (await resolver.query("a.test", "MX")).outcome is Outcome.NODATA


@pytest.mark.parametrize("chain", ["circle", "itself", "endless"])
async def test_alias_loops_end(chain):
    targets = {"circle": {"a": "b", "b": "a"}, "itself": {"a": "a"}}.get(chain, {})

    def decide(query, transport):
        label = query.question[0].name.labels[0].decode()
        target = targets.get(label, label + "x")
        return answer(query, f"{query.question[0].name} 60 IN CNAME {target}.test.")

    async with resolving(decide) as (resolver, [server]):
        assert (await resolver.query("a.test", "A")).outcome is Outcome.LOOP
    assert len(server.asked) <= MAX_ALIASES + 1


async def test_records_that_were_not_asked_for_are_no_answer():
    async with resolving(lambda q, t: answer(q, "b.test. 60 IN CNAME c.test.")) as (resolver, _):
        assert (await resolver.query("a.test", "A")).outcome is Outcome.NODATA


async def test_extended_errors():
    def decide(query, transport):
        reply = answer(query, rcode=dns.rcode.SERVFAIL)
        reply.use_edns(0, options=[dns.edns.EDEOption(22, "x" * 1000)])
        return reply

    async with resolving(decide) as (resolver, _):
        found = await resolver.query("a.test", "A")
    assert found.ede[0].code == 22 and len(found.ede[0].text) == 200
    assert resolver.log[0]["ede"][0]["code"] == 22


async def test_many_questions_share_sockets_and_the_port_changes():
    async with resolving(address, max_queries=1000) as (resolver, [server]):
        for start in range(0, 500, 50):
            await asyncio.gather(
                *(resolver.query(f"{n}.test", "A") for n in range(start, start + 50))
            )
    assert len(server.asked) == 500 and 2 <= len(server.ports) <= 4


QUESTION = dns.message.make_query("a.test", "A").to_wire()[12:24]


@given(st.binary(max_size=600))
def test_any_bytes_parse_or_are_malformed(data):
    try:
        parse_reply(data, QUESTION)
    except MalformedReply as error:
        assert error.size == len(data)


@given(st.binary(max_size=200), st.integers(0, 65535))
def test_any_tail_after_a_plausible_head(data, flags):
    head = (7).to_bytes(2, "big") + (flags | 0x8000).to_bytes(2, "big")
    try:
        parse_reply(head + b"\x00\x01\x00\x01\x00\x00\x00\x00" + QUESTION + data, QUESTION)
    except MalformedReply:
        pass


# --- several reports at once ---------------------------------------------------------------------
async def test_reports_at_once_share_a_question():
    async with resolving(address) as (one, [server]):
        other = Resolver(one.settings, one._transport)
        answers = await asyncio.gather(one.query("a.test", "A"), other.query("A.test", "A"))
        later = await other.query("a.test", "A")
    assert len(server.asked) == 1 and {a.outcome for a in (*answers, later)} == {Outcome.ANSWER}
    assert [one.log[0]["shared"], other.log[0]["shared"]] == [False, True]


async def test_a_finished_answer_serves_the_next_report_for_a_moment_only():
    async with resolving(address, share_seconds=0.2) as (one, [server]):
        await one.query("a.test", "A")
        await Resolver(one.settings, one._transport).query("a.test", "A")
        assert len(server.asked) == 1
        await asyncio.sleep(0.25)
        await Resolver(one.settings, one._transport).query("a.test", "A")
    assert len(server.asked) == 2


@pytest.mark.parametrize("decide", [lambda q, t: answer(q, rcode=dns.rcode.SERVFAIL)])
async def test_a_failure_is_not_kept(decide):
    async with resolving(decide) as (one, [server]):
        await one.query("a.test", "A")
        await Resolver(one.settings, one._transport).query("a.test", "A")
    assert len(server.asked) == 2


async def test_a_ttl_of_zero_is_not_kept():
    def decide(query, transport):
        return answer(query, f"{query.question[0].name} 0 IN A 198.18.0.1")

    async with resolving(decide) as (one, [server]):
        await one.query("a.test", "A")
        await Resolver(one.settings, one._transport).query("a.test", "A")
    assert len(server.asked) == 2


async def test_a_report_that_goes_does_not_disturb_another():
    held: list = []

    def decide(query, transport):
        held.append(query)
        return None

    async with resolving(decide, query_timeout=5) as (one, [server]):
        other = Resolver(one.settings, one._transport)
        gone = asyncio.create_task(one.query("a.test", "A"))
        stays = asyncio.create_task(other.query("a.test", "A"))
        while not held:
            await asyncio.sleep(0.01)
        gone.cancel()
        one.close()
        port = next(iter(server.ports))
        server.udp.sendto(as_asked(address(held[0], "udp"), server.last), ("127.0.0.1", port))
        assert (await stays).outcome is Outcome.ANSWER


async def test_a_question_that_was_given_up_is_asked_anew():
    """A report that ends in the middle leaves nothing behind for the next one to wait on."""
    silent = True

    def decide(query, transport):
        return None if silent else address(query, transport)

    async with resolving(decide, query_timeout=5) as (one, [server]):
        gone = asyncio.create_task(one.query("a.test", "A"))
        while not server.asked:
            await asyncio.sleep(0.01)
        gone.cancel()
        one.close()
        silent = False
        next_report = Resolver(one.settings, one._transport)
        found = await asyncio.wait_for(next_report.query("a.test", "A"), 2)
    assert found.outcome is Outcome.ANSWER and not next_report.log[0]["shared"]


# --- hard to forge ----------------------------------------------------------
async def test_capitals_are_chosen_by_chance_and_do_not_show():
    seen = set()

    def decide(query, transport):
        return answer(query, f"{query.question[0].name} 0 IN MX 10 mail.{query.question[0].name}")

    async with resolving(decide) as (resolver, [server]):
        for n in range(5):
            found = await resolver.query(f"a{n}.example.test", "MX")
            seen.add(server.last[13 : 13 + 24])
            assert found.records[0].exchange.to_text() == f"mail.a{n}.example.test."
    assert any(spelled != spelled.lower() for spelled in seen)


async def test_a_reply_that_lost_the_capitals_is_asked_for_over_tcp():
    def decide(query, transport):
        reply = address(query, transport)
        return reply.to_wire() if transport == "udp" else reply

    async with resolving(decide) as (resolver, [server]):
        name = "abcdefghijklmnopqrstuvwxyz.test"  # all small by chance: once in 2^30
        found = await resolver.query(name, "A")
    assert found.outcome is Outcome.ANSWER and resolver.log[0]["transport"] == "tcp"


async def test_where_tcp_does_not_work_the_reply_in_small_letters_will_do():
    def decide(query, transport):
        return address(query, transport).to_wire() if transport == "udp" else None

    async with resolving(decide) as (resolver, _):
        found = await resolver.query("abcdefghijklmnopqrstuvwxyz.test", "A")
    assert found.outcome is Outcome.ANSWER


# --- authoritative servers ----------------------------------------------------------
async def test_only_public_addresses_are_asked_directly():
    async with resolving(address) as (resolver, _):
        for private in ("127.0.0.1", "10.0.0.1", "::1", "192.0.2.1", "198.18.0.1", "fe80::1"):
            with pytest.raises(ValueError):
                await resolver.ask(ipaddress.ip_address(private), "a.test", "SOA")


async def test_the_classroom_is_told_whom_it_plays():
    seen = []

    def decide(query, transport):
        seen.append(query)
        return address(query, transport)

    async with resolving(decide) as (resolver, [server]):
        settings = dataclasses.replace(resolver.settings, classroom=server.server)
        direct = Resolver(settings, resolver._transport)
        played = ipaddress.ip_address("198.18.7.1")
        over_udp, over_tcp = await asyncio.gather(
            direct.ask(played, "a.test", "A"), direct.ask(played, "a.test", "A", tcp=True)
        )
    assert over_udp.outcome is over_tcp.outcome is Outcome.ANSWER
    for query in seen:
        assert not query.flags & dns.flags.RD
        assert [(o.otype, o.to_wire()) for o in query.options] == [(65001, played.packed)]
    assert {entry["server"] for entry in direct.log} == {"198.18.7.1:53"}
    assert {entry["transport"] for entry in direct.log} == {"udp", "tcp"}


async def test_a_referral_is_kept_to_be_looked_at():
    def decide(query, transport):
        return answer(query, authority="a.test. 60 IN NS ns.a.test.", flags=0)

    async with resolving(decide) as (resolver, [server]):
        settings = dataclasses.replace(resolver.settings, classroom=server.server)
        found = await Resolver(settings, resolver._transport).ask(
            ipaddress.ip_address("198.18.7.1"), "a.test", "SOA"
        )
    assert found.outcome is Outcome.LAME
    assert [r.target.to_text() for r in found.message.authority[0].records] == ["ns.a.test."]


async def test_signatures_are_asked_for_only_where_somebody_looks_at_them():
    seen = {}

    def decide(query, transport):
        seen[dns.rdatatype.to_text(query.question[0].rdtype)] = query
        return answer(query, authority=SOA)

    async with resolving(decide) as (resolver, _):
        await asyncio.gather(*(resolver.query("a.test", t) for t in ("TXT", "MX", "DS", "PTR")))
    with_do = {type for type, query in seen.items() if query.ednsflags & dns.flags.DO}
    with_cd = {type for type, query in seen.items() if query.flags & dns.flags.CD}
    assert with_do == {"MX", "DS"} and with_cd == {"DS"}


async def test_a_burst_is_held_back_and_answered_whole():
    async with resolving(address, max_queries=2000) as (resolver, [server]):
        found = await asyncio.gather(*(resolver.query(f"{n}.test", "A") for n in range(600)))
    assert {a.outcome for a in found} == {Outcome.ANSWER} and len(server.asked) == 600


async def test_records_that_cannot_be_read_are_malformed():
    def decide(query, transport):
        wire = answer(query, "a.test. 60 IN MX 10 mail.a.test.").to_wire()
        return (
            wire[:12]
            + server_question(query)
            + wire[12 + len(server_question(query)) : -7]
            + (b"\x3f" * 7)
        )

    def server_question(query):
        return servers[0].last[12 : 12 + 12]

    async with resolving(decide) as (resolver, servers):
        assert (await resolver.query("a.test", "MX")).outcome is Outcome.MALFORMED


@given(st.lists(st.binary(min_size=1, max_size=20), max_size=5))
@example([b"a.b", b"test"])
@example([b"A", b"Test"])
@example([])
def test_a_name_in_text_is_dnspythons_own(labels):
    name = dns.name.Name([*labels, b""])
    assert name_text(name) == name.to_text(omit_final_dot=True).lower()


# --- records taken for published ---
async def test_as_if_answers_without_a_question():
    as_if = {("example.com", "TXT"): ('"v=spf1 " "-all"',), ("example.com", "MX"): ()}
    resolver = Resolver(ResolverSettings((), as_if=as_if), Transport())
    answer = await resolver.query("EXAMPLE.com", "TXT")
    assert [record.strings for record in answer.records] == [(b"v=spf1 ", b"-all")]
    assert answer.authoritative
    assert (await resolver.query("example.com", "MX")).outcome is Outcome.NODATA
    assert resolver.log == []
    assert resolver.asked == 0
    resolver.close()


async def test_as_if_refuses_what_is_no_record():
    with pytest.raises(ValueError):
        Resolver(ResolverSettings((), as_if={("example.com", "MX"): ("ten",)}), Transport())
