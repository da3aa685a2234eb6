"""The guarded HTTPS client against real TLS servers on this machine, which do as each test says."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import dns.rcode
import pytest
from hypothesis import given
from hypothesis import strategies as st

from learn.classroom.authority import Authority
from lookups.engine import fetch
from lookups.engine.fetch import FetchError, get
from lookups.engine.guard import Guard, GuardError, GuardSettings
from lookups.engine.transport import Server

from .scripted import answer, resolving

HOST = "www.classroom.test"
URL = f"https://{HOST}/file.txt"
ADDRESSES = {HOST: "198.18.170.1", "inside.classroom.test": "127.0.0.1"}


def decide(query, transport):
    name = query.question[0].name.to_text(omit_final_dot=True)
    if name in ADDRESSES and query.question[0].rdtype == 1:
        return answer(query, f"{name}. 60 IN A {ADDRESSES[name]}")
    missing = name not in ADDRESSES
    return answer(query, rcode=dns.rcode.NXDOMAIN if missing else dns.rcode.NOERROR)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@asynccontextmanager
async def serving(authority, respond, lesson=True, tls=True, report_timeout=20, **certificate):
    """A Guard whose every classroom address is played by a server with `respond(writer)`."""
    heads: list[str] = []

    async def converse(reader, writer):
        try:
            heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
            await respond(writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    context = authority.context(HOST, **certificate) if tls else None
    server = await asyncio.start_server(
        converse, "127.0.0.1", 0, ssl=context, ssl_shutdown_timeout=0.2 if tls else None
    )
    port = server.sockets[0].getsockname()[1]
    settings = GuardSettings({443: Server("127.0.0.1", port)}, str(authority.path))
    async with resolving(decide, report_timeout=report_timeout) as (resolver, _):
        try:
            yield Guard(resolver, settings, lesson), heads
        finally:
            server.close()


def saying(*pieces: bytes):
    async def respond(writer):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()

    return respond


def ok(body: bytes, *headers: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


async def failure(guard, url=URL, **options) -> FetchError:
    with pytest.raises(FetchError) as caught:
        await get(guard, url, **({"max_octets": 1000} | options))
    assert caught.value.code in FetchError.CODES
    return caught.value


async def test_a_file(authority):
    respond = saying(ok(b"version: STSv1\n", "Content-Type: Text/Plain; charset=utf-8"))
    async with serving(authority, respond) as (guard, heads):
        fetched = await get(guard, f"https://{HOST.upper()}/a%20b?c=d#e", max_octets=1000)
    assert (fetched.status, fetched.body) == (200, b"version: STSv1\n")
    assert (fetched.media_type, fetched.address) == ("text/plain", "198.18.170.1")
    left = fetched.certificate_not_after - datetime.now(UTC)
    assert timedelta(days=89) < left < timedelta(days=91)
    [head] = heads
    lines = head.split("\r\n")
    assert lines[0] == "GET /a%20b?c=d HTTP/1.1", "the fragment stays at home"
    assert {f"Host: {HOST}", "Accept-Encoding: identity", "User-Agent: MXplain"} <= set(lines)


@pytest.mark.parametrize(
    "pieces",
    [
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", b"0\r\n\r\n"],
        [b"HTTP/1.0 200 OK\r\n\r\n", b"a", b"bc"],
        [b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", ok(b"abc")],
    ],
)
async def test_forms_of_a_response(authority, pieces):
    async with serving(authority, saying(*pieces)) as (guard, _):
        fetched = await get(guard, URL, max_octets=3)
    assert fetched.body == b"abc" and fetched.media_type == ""


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://www.classroom.test/", "not-https"),
        ("ftp://www.classroom.test/", "not-https"),
        ("www.classroom.test", "not-https"),
        ("", "bad-url"),
        ("https://", "bad-url"),
        ("https:///file", "bad-url"),
        ("https://user:pass@www.classroom.test/", "bad-url"),
        ("https://@www.classroom.test/", "bad-url"),
        ("https://www.classroom.test:8443/", "bad-url"),
        ("https://www.classroom.test:x/", "bad-url"),
        ("https://www.classroom.test:99999/", "bad-url"),
        ("https://www..classroom.test/", "bad-url"),
        (f"https://{'a' * 64}.test/", "bad-url"),
        ("https://www.classroom.test/a b", "bad-url"),
        ("https://www.classroom.test/\r\nHost: x", "bad-url"),
        ("https://www.classroom.test/é", "bad-url"),
        ("https://[::1/", "bad-url"),
        ("https://[fe80::1%25eth0]/", "bad-url"),
        (f"https://www.classroom.test/{'a' * 3000}", "bad-url"),
    ],
)
async def test_urls_that_are_never_asked(authority, url, code):
    async with serving(authority, saying(ok(b""))) as (guard, heads):
        assert (await failure(guard, url)).code == code
    assert not heads


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "[::1]", "10.0.0.1", "[::ffff:127.0.0.1]", "169.254.169.254", "192.0.2.1",
     "inside.classroom.test", "[fd00::1]", "0.0.0.0",
     "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]", "[2002:a00:1::1]", "[::7f00:1]"],
)  # fmt: skip
async def test_no_address_that_is_not_public(authority, host):
    async with serving(authority, saying(ok(b""))) as (guard, heads):
        assert (await failure(guard, f"https://{host}/")).code == "forbidden"
    assert not heads


async def test_outside_of_lessons_the_classroom_is_no_place(authority):
    async with serving(authority, saying(ok(b"")), lesson=False) as (guard, _):
        assert (await failure(guard)).code == "forbidden"


async def test_an_address_must_be_in_the_certificate_too(authority):
    async with serving(authority, saying(ok(b""))) as (guard, _):
        assert (await failure(guard, "https://198.18.170.1/")).code == "tls"


async def test_no_such_host(authority):
    async with serving(authority, saying(ok(b""))) as (guard, _):
        assert (await failure(guard, "https://nobody.classroom.test/")).code == "no-address"


@pytest.mark.parametrize(
    ("certificate", "word"),
    [
        ({"names": ["other.classroom.test"]}, "mismatch"),
        ({"days_left": -3}, "expired"),
        ({"self_signed": True}, "self-signed"),
    ],
)
async def test_certificates(authority, certificate, word):
    async with serving(authority, saying(ok(b"")), **certificate) as (guard, heads):
        error = await failure(guard)
    assert error.code == "tls" and word in error.detail.lower().replace("self signed", word)
    assert not heads and error.address == "198.18.170.1"


async def test_another_authority_is_not_trusted(authority, tmp_path):
    async with serving(authority, saying(ok(b""))) as (guard, _):
        guard._settings = GuardSettings(guard._settings.classroom, "")
        assert (await failure(guard)).code == "tls"


async def test_no_tls_at_all(authority):
    async with serving(authority, saying(b"220 hello\r\n"), tls=False) as (guard, _):
        assert (await failure(guard, seconds=1)).code in ("tls", "timeout", "network")


@pytest.mark.parametrize("status", [204, 206, 304, 404, 500])
async def test_only_200_will_do(authority, status):
    """RFC 8461 §3.3."""
    respond = saying(f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode())
    async with serving(authority, respond) as (guard, _):
        error = await failure(guard)
    assert (error.code, error.detail) == ("status", str(status))


def moved(target: str) -> bytes:
    return f"HTTP/1.1 301 Moved\r\nContent-Length: 0\r\nLocation: {target}\r\n\r\n".encode()


async def test_redirects_are_not_followed_unless_allowed(authority):
    async with serving(authority, saying(moved("/there"))) as (guard, heads):
        error = await failure(guard)
    assert (error.code, error.detail) == ("redirect", f"https://{HOST}/there")
    assert len(heads) == 1


async def test_redirects_end(authority):
    async with serving(authority, saying(moved("/file.txt"))) as (guard, heads):
        assert (await failure(guard, redirects=3)).code == "redirect"
    assert len(heads) == 4


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("http://www.classroom.test/", "not-https"),
        ("https://127.0.0.1/", "forbidden"),
        ("//inside.classroom.test/", "forbidden"),
        ("https://www.classroom.test:22/", "bad-url"),
        ("https://a@www.classroom.test/", "bad-url"),
        ("https://[/", "bad-url"),
    ],
)
async def test_each_redirect_is_judged_anew(authority, target, code):
    async with serving(authority, saying(moved(target))) as (guard, heads):
        assert (await failure(guard, redirects=5)).code == code
    assert len(heads) == 1


@pytest.mark.parametrize(
    "pieces",
    [
        [ok(b"x" * 1001)],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n"],
        [b"HTTP/1.0 200 OK\r\n\r\n", b"x" * 600, b"x" * 600],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *[b"258\r\n" + b"x" * 600] * 2],
    ],
)
async def test_too_large(authority, pieces):
    pieces = [piece + b"\r\n" if piece.startswith(b"258") else piece for piece in pieces]
    async with serving(authority, saying(*pieces)) as (guard, _):
        assert (await failure(guard)).code == "too-large"


@pytest.mark.parametrize(
    "pieces",
    [
        [b"\xff\xfe no http\r\n\r\n"],
        [b""],
        [b"HTTP/1.1 200"],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"],
        [b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000],
        [b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000],
        [b"HTTP/1.1 100 Continue\r\n\r\n" * 50],
        [b"HTTP/1.1 101 Switching Protocols\r\n\r\n"],
        [ok(b"\x1f\x8b", "Content-Encoding: gzip")],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 9000],
    ],
)
async def test_what_is_no_proper_http(authority, pieces):
    async with serving(authority, saying(*pieces)) as (guard, _):
        assert (await failure(guard, max_octets=100_000)).code == "protocol"


async def test_a_trickle_is_cut_off(authority):
    async def respond(writer):
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    started = time.monotonic()
    async with serving(authority, respond) as (guard, _):
        error = await failure(guard, seconds=0.3)
    assert (error.code, error.detail) == ("timeout", "0.3")
    assert time.monotonic() - started < 2


async def test_the_reports_deadline_counts_too(authority):
    async def respond(writer):
        await asyncio.sleep(30)

    started = time.monotonic()
    async with serving(authority, respond, report_timeout=0.3) as (guard, _):
        assert (await failure(guard)).code == "timeout"
    assert time.monotonic() - started < 2


async def test_nothing_stays_open(authority):
    closed = asyncio.Event()

    async def respond(writer):
        writer.write(ok(b"x" * 2000))
        try:
            await writer.drain()
            while not writer.transport.is_closing():
                await asyncio.sleep(0.01)
        finally:
            closed.set()

    async with serving(authority, respond) as (guard, _):
        assert (await failure(guard)).code == "too-large"
        await asyncio.wait_for(closed.wait(), 2)


async def test_nobody_listens(authority):
    async with serving(authority, saying(ok(b""))) as (guard, _):
        guard._settings = GuardSettings({443: Server("127.0.0.1", 1)}, str(authority.path))
        assert (await failure(guard)).code == "refused"
        guard._settings = GuardSettings({}, str(authority.path))
        assert (await failure(guard)).code == "refused"


async def test_of_several_addresses_the_most_telling_error():
    class Addresses(Guard):
        async def addresses(self, host):
            return ["first", "second", "third"]

        async def open(self, address, port, **options):
            raise GuardError({"first": "network", "second": "tls", "third": "timeout"}[address])

    async with resolving(decide) as (resolver, _):
        with pytest.raises(GuardError) as caught:
            await Addresses(resolver, GuardSettings(), True).open_any("a.test", 443)
    assert caught.value.code == "tls"


@given(st.text(max_size=60) | st.text("htps:/@[]%.aA0?#\\ -_", max_size=60).map("https://".__add__))
def test_hostile_urls(url):
    """A URL is refused by name or leads to a plain host; nothing in between."""
    try:
        target = fetch._target(url)
    except FetchError as error:
        assert error.code in ("bad-url", "not-https") and len(error.detail) <= fetch.MAX_DETAIL
    else:
        assert target.address is not None or fetch._HOST.fullmatch(target.host)
        assert target.path.startswith("/") and "#" not in target.path
