"""DKIM signatures over keys from a real DNS server: each verdict, and what it is drawn from."""

from __future__ import annotations

import threading
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import dns.rcode
import pytest

from lookups.engine.mail import keys, message, signatures, verify
from tests.lookups.engine.mail.signing import MESSAGE, ed25519_pair, rsa_pair, signed
from tests.lookups.engine.scripted import answer, resolving

KEY = "s1._domainkey.author.test."


@asynccontextmanager
async def serving(*records: str):
    """A resolver over a server that knows one key record, or none."""

    def decide(query, transport):
        name = query.question[0].name.to_text()
        if name != KEY or not records:
            return answer(query, rcode=dns.rcode.NXDOMAIN)
        lines = []
        for text in records:
            strings = " ".join(f'"{text[i : i + 200]}"' for i in range(0, len(text), 200))
            lines.append(f"{name} 60 IN TXT {strings}")
        return answer(query, *lines)

    async with resolving(decide) as (resolver, servers):
        yield resolver, servers[0]


async def verdict_of(raw: bytes, *records: str, now: datetime | None = None, pasted: bool = False):
    found = message.read(raw, pasted)
    given = signatures.signatures(found)
    async with serving(*records) as (resolver, _):
        known = await keys.fetch(resolver, [s.key_name for s in given if not s.problem])
    return verify.verify(found, given, known, now or datetime.now(UTC))[0]


@pytest.mark.parametrize("head", [b"simple", b"relaxed"])
@pytest.mark.parametrize("body", [b"simple", b"relaxed"])
async def test_valid(head, body):
    verdict = await verdict_of(signed(canonical=(head, body)), rsa_pair()[1])
    assert (verdict.state, verdict.body, verdict.key.bits) == ("pass", True, 2048)


async def test_ed25519():
    """RFC 8463."""
    pem, record = ed25519_pair()
    verdict = await verdict_of(signed(pem=pem, algorithm=b"ed25519-sha256"), record)
    assert (verdict.state, verdict.key.bits) == ("pass", 256)


@pytest.mark.parametrize(
    "old, new, state, body",
    [
        (b"a letter", b"a bill", "body-changed", False),
        (b"Subject: Hello", b"Subject: Urgent", "fail", True),
        (b"hana@author.test", b"mallory@author.test", "fail", True),
        (b"\r\n\r\n\r\n", b"\r\n", "pass", True),  # blank lines at the end count for nothing
        (b"is  a", b"is a", "pass", True),
        (b"\r\nTo:", b"\r\nFrom: x@evil.test\r\nTo:", "fail", True),
    ],
)
async def test_changes_on_the_way(old, new, state, body):
    raw = signed()
    assert old in raw
    verdict = await verdict_of(raw.replace(old, new), rsa_pair()[1])
    assert (verdict.state, verdict.body) == (state, body)


async def test_line_feeds_alone_do_no_harm():
    verdict = await verdict_of(signed().replace(b"\r\n", b"\n"), rsa_pair()[1])
    assert verdict.state == "pass"


async def test_the_header_alone():
    head = signed().partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    verdict = await verdict_of(head, rsa_pair()[1], pasted=True)
    assert (verdict.state, verdict.body) == ("header-only", None)
    broken = head.replace(b"Hello", b"Hallo")
    assert (await verdict_of(broken, rsa_pair()[1], pasted=True)).state == "fail"


async def test_keys():
    assert (await verdict_of(signed())).key.state == "none"
    assert (await verdict_of(signed(), "v=DKIM1; p=")).key.state == "revoked"
    assert (await verdict_of(signed(), "v=spf1 -all")).key.state == "none"
    assert (await verdict_of(signed(), "v=DKIM1; k=rsa; p=AAAA")).key.state == "unusable"
    restricted = rsa_pair()[1].replace("k=rsa", "k=rsa; s=tlsrpt")
    assert (await verdict_of(signed(), restricted)).key.state == "unusable"
    assert (await verdict_of(signed(), "v=spf1 -all", rsa_pair()[1])).state == "pass"
    assert (await verdict_of(signed(), ed25519_pair()[1])).state == "mismatch"


async def test_dns_that_does_not_answer():
    found = message.read(signed())
    given = signatures.signatures(found)
    async with resolving(lambda query, transport: answer(query, rcode=dns.rcode.SERVFAIL)) as (
        resolver, _,
    ):  # fmt: skip
        known = await keys.fetch(resolver, [given[0].key_name])
    verdict = verify.verify(found, given, known, datetime.now(UTC))[0]
    assert (verdict.state, verdict.key.state, verdict.key.outcome) == ("key", "dns", "servfail")


async def test_weak():
    """RFC 8301: neither SHA-1 nor keys below 1024 bits."""
    assert (await verdict_of(signed(algorithm=b"rsa-sha1"), rsa_pair()[1])).state == "weak"


def test_keys_that_only_cost_time_are_not_used():
    """A modulus or exponent of thousands of bits would keep a processor busy for minutes."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    from lookups.engine.records import dkim as records

    def record(modulus: int, exponent: int):
        def integer(n: int) -> bytes:
            octets = n.to_bytes(n.bit_length() // 8 + 1, "big")
            return b"\x02" + length(len(octets)) + octets

        def length(n: int) -> bytes:
            return bytes([0x82, n >> 8, n & 255])

        inner = integer(modulus) + integer(exponent)
        import base64

        octets = b"\x30" + length(len(inner)) + inner
        return records.parse("v=DKIM1; p=" + base64.b64encode(octets).decode())

    honest = rsa.generate_private_key(65537, 2048).public_key().public_numbers()
    assert keys.judged("x", record(honest.n, 65537)).state == "found"
    assert keys.judged("x", record(honest.n, 2**2000 + 1)).state == "unusable"
    assert keys.judged("x", record(2**16000 + 1, 65537)).state == "unusable"


async def test_times():
    raw = signed()
    assert (await verdict_of(raw, rsa_pair()[1], now=datetime(2020, 1, 1, tzinfo=UTC))).state == (
        "future"
    )
    expiring = raw.replace(b"v=1;", b"v=1; x=1700000000;")
    assert (await verdict_of(expiring, rsa_pair()[1])).state == "expired"
    assert (
        await verdict_of(raw, rsa_pair()[1], now=datetime.now(UTC) + timedelta(days=999))
    ).passed


def problem_of(tags: bytes) -> str:
    raw = b"DKIM-Signature: " + tags + b"\r\n" + MESSAGE
    return signatures.signatures(message.read(raw))[0].problem


@pytest.mark.parametrize(
    "old, new, problem",
    [
        (b"", b"", ""),
        (b"v=1;", b"", "missing"),
        (b"v=1", b"v=2", "version"),
        (b"rsa-sha256", b"rsa-md5", "algorithm"),
        (b"d=a.test", b"d=a..test", "domain"),
        (b"d=a.test", b"d=<script>", "domain"),
        (b"s=x", b"s=" + b"x" * 300, "domain"),
        (b"h=from", b"h=to", "missing"),
        (b"h=from", b"h=from" + b":x" * 500, "too-large"),
        (b"d=a.test", b"d=a.test; i=@b.test", "identity"),
        (b"d=a.test", b"d=a.test; i=x@sub.a.test", ""),
        (b"d=a.test", b"d=a.test; d=b.test", "syntax"),
        (b"d=a.test", b"d=a.test; q=http", "query"),
        (b"d=a.test", b"d=a.test; l=minus", "syntax"),
        (b"d=a.test", b"d=a.test; z=" + b"x" * 20_000, "too-large"),
        (b"d=a.test", b"d=a.test; z=" + b" " * 300, "too-large"),
    ],
)
def test_what_is_refused_before_a_key_is_asked_for(old, new, problem):
    good = b"v=1; a=rsa-sha256; d=a.test; s=x; h=from; bh=AAAA; b=AAAA"
    assert problem_of(good.replace(old, new) if old else good) == problem


def test_coverage_length_and_oversigning():
    field = b"v=1; a=rsa-sha256; d=a.test; s=x; h=from:subject:from:cc; bh=AAAA; b=AAAA; l=12"
    found = signatures.signatures(message.read(b"DKIM-Signature: " + field + b"\r\n" + MESSAGE))[0]
    states = {cover.name: cover.state for cover in found.covers}
    assert found.length == 12
    assert states["From"] == "over" and states["Subject"] == "yes" and states["Date"] == "no"
    assert states["Cc"] == "absent-over" and states["Reply-To"] == "absent"


async def test_the_length_tag_is_honoured():
    raw = signed(length=True, canonical=(b"relaxed", b"simple"))
    verdict = await verdict_of(raw + b"more\r\n", rsa_pair()[1])
    assert verdict.state == "pass" and verdict.signature.length


async def test_many_signatures_cost_one_question_each_and_no_more():
    one = signed().removesuffix(MESSAGE)
    found = message.read(one * 60 + MESSAGE)
    given = signatures.signatures(found)
    assert len(given) == signatures.MAX_SIGNATURES
    async with serving(rsa_pair()[1]) as (resolver, server):
        known = await keys.fetch(resolver, [s.key_name for s in given])
        assert len(server.asked) == 1
        many = await keys.fetch(resolver, [f"s{n}._domainkey.author.test" for n in range(99)])
    assert [key.state for key in many.values()].count("limit") == 99 - keys.MAX_KEYS
    verdicts = verify.verify(found, given, known, datetime.now(UTC))
    assert {verdict.state for verdict in verdicts} == {"pass"}


async def test_the_library_never_asks_dns(monkeypatch):
    """Its own way to DNS is cut; verification runs in a thread all the same."""
    import dkim
    import dkim.dnsplug

    def forbidden(*_, **__):
        raise AssertionError("asked DNS")

    monkeypatch.setattr(dkim, "get_txt", forbidden)
    monkeypatch.setattr(dkim.dnsplug, "_get_txt", forbidden)
    before = threading.active_count()
    assert (await verdict_of(signed(), rsa_pair()[1])).passed
    assert threading.active_count() <= before + 1
