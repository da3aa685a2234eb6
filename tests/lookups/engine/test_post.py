"""Posting through the guarded door, to a real TLS server on this machine."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import dns.rcode
import pytest

from learn.classroom.authority import Authority
from lookups.engine.fetch import FetchError, check_url, post
from lookups.engine.guard import Guard, GuardSettings
from lookups.engine.transport import Server

from .scripted import answer, resolving

HOST = "hook.classroom.test"
URL = f"https://{HOST}/told?x=1"
# Names outside the classroom, as anybody may set them up.
OUTSIDE = {
    "loopback.example.com": ("A", "127.0.0.1"),
    "ten.example.com": ("A", "10.1.2.3"),
    "link.example.com": ("A", "169.254.169.254"),
    "one.example.com": ("AAAA", "::1"),
    "nat64.example.com": ("AAAA", "64:ff9b::a01:203"),
    "mapped.example.com": ("AAAA", "::ffff:127.0.0.1"),
    "unique.example.com": ("AAAA", "fd00::1"),
}


class Names:
    """Answers as set up; "rebinding.example.com" is public once, and then here."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, query, transport):
        name = query.question[0].name.to_text(omit_final_dot=True)
        rdtype = {1: "A", 28: "AAAA"}.get(query.question[0].rdtype, "")
        if name == HOST and rdtype == "A":
            return answer(query, f"{name}. 60 IN A 198.18.170.1")
        if name == "rebinding.example.com" and rdtype == "A":
            self.asked += 1
            address = "192.88.98.1" if self.asked == 1 else "127.0.0.1"
            return answer(query, f"{name}. 0 IN A {address}")
        if OUTSIDE.get(name, ("",))[0] == rdtype:
            return answer(query, f"{name}. 0 IN {rdtype} {OUTSIDE[name][1]}")
        known = name == HOST or name in OUTSIDE or name == "rebinding.example.com"
        return answer(query, rcode=dns.rcode.NOERROR if known else dns.rcode.NXDOMAIN)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@asynccontextmanager
async def serving(authority, reply: bytes, lesson=True, delay=0.0):
    """A Guard, and the requests that reached the server behind it."""
    taken: list[bytes] = []

    async def converse(reader, writer):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            taken.append(head + await reader.readexactly(length))
            await asyncio.sleep(delay)
            writer.write(reply)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    context = authority.context(HOST)
    server = await asyncio.start_server(
        converse, "127.0.0.1", 0, ssl=context, ssl_shutdown_timeout=0.2
    )
    port = server.sockets[0].getsockname()[1]
    settings = GuardSettings({443: Server("127.0.0.1", port)}, str(authority.path))
    async with resolving(Names()) as (resolver, _):
        try:
            yield Guard(resolver, settings, lesson), taken
        finally:
            server.close()


def said(status: str, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


async def failure(guard, url=URL, **options) -> str:
    with pytest.raises(FetchError) as caught:
        await post(guard, url, b"{}", {}, **options)
    return caught.value.code


async def test_a_message_is_handed_over(authority):
    async with serving(authority, said("202 Accepted", b"thanks")) as (guard, taken):
        posted = await post(guard, URL, b'{"a":1}', {"MXplain-Event": "test"})
    assert (posted.status, posted.body, posted.address) == (202, b"thanks", "198.18.170.1")
    [request] = taken
    head, body = request.decode().split("\r\n\r\n")
    assert head.startswith("POST /told?x=1 HTTP/1.1\r\n") and body == '{"a":1}'
    assert {f"Host: {HOST}", "MXplain-Event: test", "Content-Length: 7"} <= set(head.split("\r\n"))


@pytest.mark.parametrize("status", ["204 No Content", "404 Not Found", "500 Broken"])
async def test_any_status_is_given_back(authority, status):
    async with serving(authority, said(status)) as (guard, _):
        assert (await post(guard, URL, b"{}", {})).status == int(status[:3])


async def test_redirects_are_not_followed(authority):
    reply = said("307 Temporary Redirect", b"", f"Location: {URL}/again")
    async with serving(authority, reply) as (guard, taken):
        assert (await post(guard, URL, b"{}", {})).status == 307
    assert len(taken) == 1


async def test_of_a_long_answer_only_the_beginning_is_read(authority):
    async with serving(authority, said("200 OK", b"x" * 5_000_000)) as (guard, _):
        posted = await post(guard, URL, b"{}", {}, max_octets=1000)
    assert posted.body == b"x" * 1000


async def test_an_answer_that_is_cut_off_or_no_http(authority):
    for reply in (b"nonsense\r\n\r\n", b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"):
        async with serving(authority, reply) as (guard, _):
            assert await failure(guard) == "protocol"


async def test_it_has_its_time(authority):
    async with serving(authority, said("200 OK"), delay=5) as (guard, _):
        assert await failure(guard, seconds=0.3) == "timeout"


@pytest.mark.parametrize("lesson", [False, True])  # learners write the classroom's zones themselves
@pytest.mark.parametrize("name", sorted(OUTSIDE))
async def test_names_of_private_addresses_are_refused(authority, name, lesson):
    async with serving(authority, said("200 OK"), lesson=lesson) as (guard, taken):
        assert await failure(guard, f"https://{name}/") == "forbidden"
        assert await failure(guard, f"http://{name}/", plain=True) == "forbidden"
    assert taken == []


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "198.18.170.1"]
    + ["[::1]", "[::]", "[fe80::1]", "[fd00::1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::1]"]
    + ["[::ffff:127.0.0.1]", "[::127.0.0.1]", "[2002:7f00:1::]"],
)
async def test_private_addresses_themselves_are_refused(authority, host):
    async with serving(authority, said("200 OK"), lesson=False) as (guard, taken):
        assert await failure(guard, f"https://{host}/") == "forbidden"
    assert taken == []


async def test_a_name_that_changes_between_judging_and_connecting(authority, monkeypatch):
    """The address that was judged is the one connected to: a second answer is never asked for."""
    connected: list[str] = []

    async def connect(host, port, **options):
        connected.append(host)
        raise ConnectionRefusedError

    async with serving(authority, said("200 OK"), lesson=False) as (guard, _):
        monkeypatch.setattr(asyncio, "open_connection", connect)
        assert await failure(guard, "https://rebinding.example.com/") == "refused"
    assert connected == ["192.88.98.1"]


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://a.example.com/", "not-https"),
        ("ftp://a.example.com/", "not-https"),
        ("https://a.example.com:8443/", "bad-url"),
        ("https://user@a.example.com/", "bad-url"),
        ("https://a b/", "bad-url"),
        ("https:///x", "bad-url"),
        ("https://2130706433.0x7f/%0d%0aX: y/ü", "bad-url"),
    ],
)
def test_urls_that_are_not_spoken_to(url, code):
    with pytest.raises(FetchError) as caught:
        check_url(url)
    assert caught.value.code == code


def test_plain_http_only_where_it_is_allowed():
    assert check_url("http://a.example.com/x", plain=True) == "a.example.com"
    with pytest.raises(FetchError):
        check_url("http://a.example.com:25/", plain=True)
