"""The smtp check: against the classroom's mail servers, and against ones that a test decides."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import dns.rcode
import pytest

from lookups.engine.context import Context, Options
from lookups.engine.guard import GuardSettings
from lookups.engine.names import parse_domain
from lookups.engine.report import report
from lookups.engine.smtp.probe import probe, probes
from lookups.engine.transport import Server

from .lessons import ids, options, section_of, sections_of
from .scripted import answer, resolving

HOST = "mx.a.test"


# Each lesson shows its findings and nothing else.
@pytest.mark.parametrize(
    ("lesson", "expected"),
    [
        ("perfect", {"smtp-good"}),
        ("smtp-no-starttls", {"smtp-no-starttls"}),
        (
            "smtp-certificates",
            {
                "smtp-certificate-name",
                "smtp-certificate-self-signed",
                "smtp-certificate-untrusted",
                "smtp-certificate-weak-key",
            },
        ),
        (
            "smtp-dates",
            {
                "smtp-certificate-expired",
                "smtp-certificate-expiring",
                "smtp-certificate-not-yet-valid",
            },
        ),
        ("smtp-old-tls", {"smtp-tls-old-only", "smtp-tls-old-accepted"}),
        (
            "smtp-refusing",
            {
                "smtp-greeting-refused",
                "smtp-greeting-later",
                "smtp-connection-refused",
                "smtp-ehlo-refused",
            },
        ),
        (
            "smtp-strange",
            {"smtp-protocol", "smtp-broken-off", "smtp-starttls-failed", "smtp-banner-name"},
        ),
        ("null-mx", set()),
        ("no-mail", set()),
        ("implicit-mx", {"smtp-good"}),
    ],
)
async def test_lessons(lesson, expected):
    assert ids(await section_of(lesson, "smtp")) == expected


@pytest.mark.parametrize(
    ("lesson", "expected"),
    [("smtp-silent", {"smtp-timeout"}), ("smtp-blocked", {"smtp-blocked-here"})],
)
async def test_silence_is_not_waited_for_beyond_the_report(lesson, expected):
    """One silent server is its own fault, all of them may be the network's."""
    section = await section_of(lesson, "smtp", report_timeout=1.5)
    assert ids(section) == expected and not section.failed


async def test_what_is_shown_of_a_server():
    records = (await section_of("perfect", "smtp")).records
    assert [host["host"] for host in records["hosts"]] == [
        "mx1.perfect.classroom.test",
        "mx2.perfect.classroom.test",
    ]
    first = records["hosts"][0]
    assert [p["address"] for p in first["probes"]] == ["198.18.1.1", "2001:2::1:1"]
    assert first["old_tls"] is False and not first["pending"]
    shown = first["probes"][0]
    assert shown["code"] == 220 and shown["banner"] == "mx1.perfect.classroom.test ESMTP"
    assert shown["tls"]["version"] == "TLS 1.3" and "8BITMIME" in shown["extensions"]
    assert "STARTTLS" not in shown["extensions"]  # RFC 3207 §4.2: not announced again
    certificate = shown["certificate"]
    assert certificate["verified"] and certificate["names"] == ["mx1.perfect.classroom.test"]
    assert certificate["sent"] == 2
    said = [line["text"] for line in shown["lines"] if line["sender"] == "client"]
    assert said == ["EHLO localhost", "STARTTLS", "EHLO localhost", "QUIT"]


async def test_hosts_come_before_their_conversations():
    sections, _ = await sections_of("perfect", "smtp")
    assert not sections[0].complete and sections[0].records["hosts"][0]["pending"]


async def test_off_unless_the_operator_wants_it():
    sections, context = await sections_of("perfect", "smtp", chosen=options(smtp=False))
    assert [s.records for s in sections] == [{"off": True}] and not sections[0].findings
    assert context.resolver.asked == 0
    assert await probe(context, "mx1.perfect.classroom.test") is None


async def test_at_most_four_hosts():
    records = (await section_of("many-mx", "smtp")).records
    assert len(records["hosts"]) == 4 and records["skipped"] == 16


@asynccontextmanager
async def speaking(serve, addresses=("A 198.18.190.200",), lesson=True, **settings):
    """A context in which HOST is a mail server that `serve(reader, writer)` plays. Yields it with
    the list of all lines that clients said to it, the first being the PROXY line."""
    said: list[list[str]] = []

    async def converse(reader, writer):
        lines: list[str] = []
        said.append(lines)

        class Listening:
            async def line(self):
                lines.append((await reader.readuntil(b"\n")).decode().rstrip())
                return lines[-1]

        try:
            await Listening().line()
            await serve(Listening().line, writer)
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()

    def decide(query, transport):
        name, type = query.question[0].name, dns.rdatatype.to_text(query.question[0].rdtype)
        records = [f"{name} 300 IN {a}" for a in addresses if a.split()[0] == type]
        if type == "MX":
            records = [f"{name} 300 IN MX 10 {HOST}."]
        return answer(query, *records, rcode=dns.rcode.NOERROR if records else dns.rcode.NXDOMAIN)

    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    played = {25: Server("127.0.0.1", server.sockets[0].getsockname()[1])}
    async with resolving(decide, **settings) as (resolver, _):
        chosen = Options(lesson=lesson, smtp=True)
        context = Context(resolver, parse_domain("a.test"), chosen, GuardSettings(played))
        try:
            yield context, said
        finally:
            context.close()
            server.close()


def script(*replies: bytes):
    """Serves a greeting, then one reply for each line said."""

    async def serve(line, writer):
        writer.write(replies[0])
        for reply in replies[1:]:
            await line()
            writer.write(reply)
        await line()

    return serve


PLAIN = script(b"220 mx.a.test ESMTP\r\n", b"250-mx.a.test\r\n250 SIZE 10\r\n")


async def test_the_machine_is_named_and_no_mail_begun():
    async with speaking(PLAIN) as (context, said):
        found = await probe(context, HOST)
    assert found.error == "" and found.ehlo == ("SIZE 10",) and not found.starttls
    assert said == [["PROXY TCP4 127.0.0.1 198.18.190.200 0 25", "EHLO localhost", "QUIT"]]


async def test_one_conversation_however_many_ask():
    async with speaking(PLAIN) as (context, said):
        found = await asyncio.gather(*(probe(context, name) for name in (HOST, HOST, "MX.a.test.")))
    assert len(said) == 1 and found[0] is found[1] is found[2]


async def test_one_address_of_each_family():
    """However many there are of the other."""
    addresses = ("A 198.18.190.201", "A 198.18.190.200", "A 127.0.0.1")
    addresses += tuple(f"AAAA 2001:2::190:{number}" for number in range(200, 206))
    async with speaking(PLAIN, addresses) as (context, said):
        found = await probes(context, HOST)
    assert [p.address for p in found] == ["198.18.190.200", "2001:2::190:200"]
    assert {lines[0] for lines in said} == {
        "PROXY TCP4 127.0.0.1 198.18.190.200 0 25",
        "PROXY TCP6 ::1 2001:2::190:200 0 25",
    }


@pytest.mark.parametrize("address", ["A 127.0.0.1", "A 10.0.0.1", "AAAA ::1", "A 198.18.0.1"])
async def test_what_is_not_public_is_never_connected_to(address):
    """The benchmarking range is the classroom's in lessons alone."""
    async with speaking(PLAIN, (address,), lesson=False) as (context, said):
        found = await probe(context, HOST)
    assert found.error == "forbidden" and said == []


@pytest.mark.parametrize(
    "name", ["mx.a.test\r\nMAIL FROM:<a@b>", "a b.test", "", "-a.test", "x" * 300, "ü.test", "a..b"]
)
async def test_only_host_names_are_spoken_to(name):
    async with speaking(PLAIN) as (context, said):
        found = await probe(context, name)
        assert context.resolver.asked == 0
    assert found.error == "no-address" and said == []


async def test_words_in_the_clear_behind_the_220_are_not_believed():
    """CVE-2011-0411: what was slipped in before the handshake would pass for protected."""
    injected = b"220 go\r\n250 SIZE 1\r\n"
    serve = script(b"220 mx.a.test\r\n", b"250-mx\r\n250 STARTTLS\r\n", injected)
    async with speaking(serve) as (context, _):
        found = await probe(context, HOST)
    assert found.error == "starttls-failed" and not found.tls_version


@pytest.mark.parametrize(
    ("replies", "finding"),
    [
        ((b"554 no\r\n", b""), "smtp-greeting-refused"),  # RFC 5321 §3.1
        ((b"250 hello\r\n", b""), "smtp-greeting-refused"),
        ((b"421 busy\r\n", b""), "smtp-greeting-later"),  # RFC 5321 §3.8
        ((b"220 mx.a.test\r\n", b"502 no\r\n", b""), "smtp-ehlo-refused"),
        ((b"220 mx.a.test\r\n", b"250 mx.a.test\r\n", b""), "smtp-no-starttls"),
        (
            (b"220 mx.a.test\r\n", b"250-x\r\n250 STARTTLS\r\n", b"454 no\r\n"),
            "smtp-starttls-failed",
        ),
        (
            (b"220 mx.a.test\r\n", b"250-x\r\n250 STARTTLS\r\n", b"220 ok\r\n"),
            "smtp-starttls-failed",
        ),
        ((b"HTTP/1.1 400 Bad Request\r\n", b""), "smtp-protocol"),
        ((b"220-a\r\n221 b\r\n", b""), "smtp-protocol"),
        ((b"220 " + b"a" * 100_000 + b"\r\n", b""), "smtp-protocol"),
    ],
)
async def test_servers_that_go_another_way(replies, finding):
    async with speaking(script(*replies)) as (context, _):
        section = [s async for s in report(context, ["smtp"], hold=0)][-1]
    assert ids(section) == {finding}


@pytest.mark.parametrize(
    ("banner", "shown"),
    [
        ("mx.a.test ESMTP", None),
        ("MX.A.TEST", None),
        ("node7.a.test ready", None),  # a machine of the same domain
        ("[198.18.190.200] ESMTP", None),  # RFC 5321 §4.3.1 allows an address literal
        ("mail.other.test ESMTP", "mail.other.test"),
        ("localhost", "localhost"),
        ("ESMTP <script>", "esmtp"),
        ("", ""),
    ],
)
async def test_the_name_in_the_greeting(banner, shown):
    serve = script(f"220 {banner}\r\n".encode(), b"250 mx.a.test\r\n")
    async with speaking(serve) as (context, _):
        section = [s async for s in report(context, ["smtp"], hold=0)][-1]
    names = [f.parameters["name"] for f in section.findings if f.id == "smtp-banner-name"]
    assert names == ([] if shown is None else [shown])


async def test_a_server_that_dribbles_is_left_in_time():
    async def serve(line, writer):
        for octet in b"220-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" * 9:
            writer.write(bytes([octet]))
            await asyncio.sleep(0.05)

    loop = asyncio.get_running_loop()
    began = loop.time()
    async with speaking(serve, report_timeout=1.2) as (context, _):
        found = await probe(context, HOST)
    assert found.error == "silent" and loop.time() - began < 1.5


async def test_an_address_that_dns_left_open_is_said_so():
    def decide(query, transport):
        name = query.question[0].name
        if query.question[0].rdtype == 15:
            return answer(query, f"{name} 300 IN MX 10 {HOST}.")
        return answer(query, rcode=dns.rcode.SERVFAIL)

    async with resolving(decide) as (resolver, _):
        settings = GuardSettings({25: Server("127.0.0.1", 1)})
        context = Context(resolver, parse_domain("a.test"), options(), settings)
        section = [s async for s in report(context, ["smtp"], hold=0)][-1]
    assert ids(section) == {"dns-servfail"}
    assert section.records["hosts"][0]["probes"][0]["error"] == "dns"


async def test_a_lesson_without_the_classrooms_mail_server_is_not_spoken_to():
    async with resolving(lambda query, transport: answer(query)) as (resolver, _):
        context = Context(resolver, parse_domain("perfect.classroom.test"), options())
        assert await probe(context, HOST) is None
