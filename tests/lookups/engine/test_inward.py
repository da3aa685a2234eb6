"""Ways by which a stranger might lead this site into its own network, tried one by one."""

from __future__ import annotations

from contextlib import asynccontextmanager

import dns.name
import dns.rcode
import pytest

from learn.classroom.authority import Authority
from lookups.engine.addresses import parse
from lookups.engine.authorities import authorities
from lookups.engine.fetch import FetchError, check_url, get
from lookups.engine.guard import Guard, GuardError, GuardSettings
from lookups.engine.resolver import Resolver, ResolverSettings
from lookups.engine.trace import Host, Start, State, trace
from lookups.engine.transport import Server, Transport

from .scripted import Scripted, answer, resolving
from .test_fetch import failure, moved, ok, saying, serving

PUBLIC, HOST = "198.18.170.1", "www.classroom.test"
SPELLINGS = [
    "10.0.0.7", "127.0.0.1", "169.254.169.254", "192.168.0.1", "100.64.0.1", "::1", "fd00:ec2::254",
    "fe80::1", "fec0::1", "ff02::1", "::ffff:10.0.0.7", "::10.0.0.7", "::ffff:0:10.0.0.7",
    "64:ff9b::a00:7", "64:ff9b:1::a00:7", "2002:a00:7::1", "2001:0:a00:7::1",
    "2a00::5efe:10.0.0.7", "2001:db8::1", "192.0.2.1", "0.0.0.0", "::", "255.255.255.255",
]  # fmt: skip


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


# --- names that change their minds --------------------------------------------------------------
class Rebinding:
    """DNS that says the public address `times` times, then another; nothing may be kept (TTL 0)."""

    def __init__(self, times: int, then: str) -> None:
        self.times, self.then, self.asked = times, then, 0

    def __call__(self, query, transport):
        name, rdtype = query.question[0].name, query.question[0].rdtype
        if rdtype == 28:
            return answer(query, f"{name} 0 IN AAAA ::1")
        self.asked += 1
        said = PUBLIC if self.asked <= self.times else self.then
        return answer(query, f"{name} 0 IN A {said}")


@asynccontextmanager
async def rebound(authority, dns_says):
    """Makes guards that share their sockets, each for a report of its own; whoever is connected to
    at PUBLIC says "ok"."""
    async with serving(authority, saying(ok(b"ok"))) as (lent, heads):
        server, transport = Scripted(dns_says), Transport()
        await server.start()
        made: list[Resolver] = []

        def guard() -> Guard:
            made.append(Resolver(ResolverSettings((server.server,)), transport))
            return Guard(made[-1], lent._settings, True)

        try:
            yield guard, heads
        finally:
            for resolver in made:
                resolver.close()
            transport.close()
            server.stop()


async def test_what_was_judged_is_what_is_connected_to(authority):
    names = Rebinding(1, "127.0.0.1")
    async with rebound(authority, names) as (guard, heads):
        fetched = await get(guard(), f"https://{HOST}/", max_octets=9)
        assert (fetched.address, fetched.body, names.asked) == (PUBLIC, b"ok", 1)
        error = await failure(guard())
    assert (error.code, names.asked, len(heads)) == ("forbidden", 2, 1), "judged anew each time"


async def test_nor_is_it_asked_again_between_redirects_of_one_report(authority):
    names = Rebinding(1, "10.0.0.7")
    async with rebound(authority, names) as (guard, heads):
        one = guard()
        for _ in range(2):
            await get(one, f"https://{HOST}/", max_octets=9)
    assert names.asked == 1 and len(heads) == 2


@pytest.mark.parametrize("inside", SPELLINGS)
async def test_names_of_addresses_inside(inside):
    rdtype = "AAAA" if ":" in inside else "A"

    def says(query, transport):
        name = query.question[0].name
        found = query.question[0].rdtype == (28 if rdtype == "AAAA" else 1)
        return answer(query, f"{name} 0 IN {rdtype} {inside}") if found else answer(query)

    for lesson in (False, True):
        async with resolving(says) as (resolver, _):
            with pytest.raises(GuardError) as refused:
                await Guard(resolver, GuardSettings(), lesson).open_any("a.example", 443)
        assert refused.value.code == "forbidden"


@pytest.mark.parametrize("target", ["localhost.", "db.internal.", "inside.example."])
async def test_an_alias_that_leads_inside(target):
    def says(query, transport):
        name, rdtype = query.question[0].name, query.question[0].rdtype
        inside = (f"{target} 60 IN A 10.0.0.7",) if rdtype == 1 else ()
        return answer(query, f"{name} 60 IN CNAME {target}", *inside)

    async with resolving(says) as (resolver, _):
        with pytest.raises(GuardError) as refused:
            await Guard(resolver, GuardSettings(), False).open_any("a.example", 443)
    assert refused.value.code in ("forbidden", "no-address")


# --- odd ports and odd URLs ---------------------------------------------------------------------
@pytest.mark.parametrize("port", [0, 22, 53, 465, 587, 3306, 5432, 6379, 8000, 8443, 11211])
async def test_ports_that_are_never_spoken_to(port):
    settings = GuardSettings({port: Server("127.0.0.1", port)})
    async with resolving(lambda q, t: answer(q)) as (resolver, _):
        for lesson, address in ((True, PUBLIC), (False, "9.9.9.9")):
            with pytest.raises(GuardError) as refused:
                await Guard(resolver, settings, lesson).open(parse(address), port)
            assert refused.value.code == "forbidden"


ODD_HOSTS = [
    "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "017700000001", "127.1", "127.0.1",
    "127.0.0.1.", "10.0.0.07", "1.2.3.4.5", "0", "0x", "a.example.1", "0x7f.1", "256.1.1.1",
    "[::ffff:7f00:1%25lo]", "[127.0.0.1]", "１２７.0.0.1", "127。0。0。1", "127%2e0%2e0%2e1",  # noqa: RUF001
    "ⓛocalhost", "localhost%00.example",
]  # fmt: skip


@pytest.mark.parametrize("host", ODD_HOSTS)
async def test_odd_spellings_of_hosts(authority, host):
    asked: list[str] = []

    def says(query, transport):
        asked.append(str(query.question[0].name))
        return answer(query, rcode=dns.rcode.NXDOMAIN)

    expected = "forbidden" if host == "127.0.0.1." else "bad-url"
    async with resolving(says) as (resolver, _):
        with pytest.raises(FetchError) as refused:
            await get(Guard(resolver, GuardSettings(), False), f"https://{host}/", max_octets=9)
    assert refused.value.code == expected and not asked
    if expected == "bad-url":
        with pytest.raises(FetchError):
            check_url(f"https://{host}/")


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("file:///etc/passwd", "not-https"),
        ("ftp://www.classroom.test/", "not-https"),
        ("gopher://127.0.0.1:6379/_FLUSHALL", "not-https"),
        ("dict://127.0.0.1:11211/stats", "not-https"),
        ("unix:/run/redis.sock", "not-https"),
        ("http+unix://%2Frun%2Fdocker.sock/info", "not-https"),
        ("data:text/plain,v=STSv1", "not-https"),
        ("http://www.classroom.test/", "not-https"),
        ("https://www.classroom.test:6379/", "bad-url"),
        ("//www.classroom.test:22/", "bad-url"),
        ("https://2130706433/", "bad-url"),
        ("https://0177.0.0.1/", "bad-url"),
        ("https://127.0.0.1/", "forbidden"),
        ("//169.254.169.254/latest/meta-data/", "forbidden"),
        ("https://[fd00:ec2::254]/", "forbidden"),
        ("https://[::ffff:a00:7]/", "forbidden"),
        ("https://localhost/", "no-address"),
    ],
)
async def test_redirects_that_lead_elsewhere(authority, target, code):
    async with serving(authority, saying(moved(target))) as (guard, heads):
        assert (await failure(guard, redirects=9)).code == code
    assert len(heads) == 1


async def test_a_circle_of_redirects_ends(authority):
    paths = iter("abababababababab")

    async def respond(writer):
        writer.write(moved(f"/{next(paths)}"))
        await writer.drain()

    async with serving(authority, respond) as (guard, heads):
        assert (await failure(guard, redirects=5)).code == "redirect"
    assert len(heads) == 6


# --- name servers that are nobody's to ask --------------------------------------------------------
def delegated(inside: str):
    """A zone whose name servers lie inside."""
    rdtype = "AAAA" if ":" in inside else "A"

    def says(query, transport):
        name, kind = query.question[0].name, query.question[0].rdtype
        if kind == 2:
            return answer(query, f"{name} 60 IN NS ns.a.example.")
        if str(name) == "ns.a.example." and kind == (28 if rdtype == "AAAA" else 1):
            return answer(query, f"{name} 60 IN {rdtype} {inside}")
        return answer(query)

    return says


@pytest.mark.parametrize("inside", [*SPELLINGS, "198.18.1.1"])
async def test_servers_of_a_zone_inside(inside):
    async with resolving(delegated(inside)) as (resolver, _):
        found = await authorities(resolver, dns.name.from_text("a.example"), "MX")
        assert found.servers == () and [str(host) for host in found.without] == ["ns.a.example."]
        with pytest.raises(ValueError):
            await resolver.ask(parse(inside), "a.example", "MX")


@pytest.mark.parametrize("inside", SPELLINGS)
async def test_glue_that_leads_inside(inside):
    start = Start(dns.name.root, (Host(dns.name.from_text("a.roots."), (parse(inside),)),), "glue")
    async with resolving(delegated(inside)) as (resolver, _):
        for lesson in (False, True):
            found = await trace(resolver, "a.example", "MX", start, lesson=lesson)
            assert found.steps == () and found.state is State.UNREACHABLE
