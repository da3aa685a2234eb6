"""The header analyser: its page, its command, its samples, and what it refuses."""

from __future__ import annotations

import json
import re
import resource
import time
from html import unescape
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lookups.engine.mail.analysis import analyse
from lookups.engine.mail.message import MAX_BYTES, read
from lookups.tools.dns import Dns
from lookups.tools.headers.tool import SAMPLES, sample
from lookups.tools.headers.view import Headers
from tests.lookups.commands import manage

URL = "/tools/headers/"
FILES = Path(__file__).parents[3] / "lookups/tools/headers/samples"
SHARED = Path(__file__).parents[3] / "../shared/data/mail"

pytestmark = pytest.mark.django_db


async def analysed(raw: bytes) -> Headers:
    async with Dns() as dns:
        return Headers(await analyse(read(raw), dns.resolver()))


def post(client, content: bytes, url: str = URL):
    return client.post(url, {"file": SimpleUploadedFile("m.eml", content)})


@pytest.mark.parametrize("prefix", ["", "/ja"])
@pytest.mark.parametrize("name", SAMPLES)
def test_samples(client, classroom, name, prefix):
    answer = client.get(f"{prefix}{URL}?sample={name}")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    assert "perfect.classroom.test" in page and "<svg" in page


async def test_the_good_sample_is_proven(classroom):
    found = (await analysed(sample("good"))).analysis
    assert [v.state for v in found.signatures] == ["pass"]
    assert found.dmarc.ruling.result == "pass"
    assert {i.kind for i in found.dmarc.identifiers if i.counts} == {"dkim", "mailfrom"}
    assert found.border.index == 1
    assert found.believed.server == "mx.example.net"
    assert [hop.delay for hop in found.way.hops] == [None, 12, 1]


async def test_the_forwarded_sample_rests_on_arc(classroom):
    result = await analysed(sample("forwarded"))
    found = result.analysis
    assert [v.state for v in found.signatures] == ["pass", "fail"]
    assert found.chain.state == "pass" and len(found.chain.sets) == 1
    assert found.dmarc.ruling.result == "fail"
    assert result.verdict[0] == "warning" and "ARC" in result.verdict[1]


async def test_the_forged_sample_is_found_out(classroom):
    result = await analysed(sample("forged"))
    found = result.analysis
    assert found.dmarc.ruling.disposition == "reject"
    assert result.verdict[0] == "error"
    assert [view.believed for view in result.results] == [True, False]
    assert found.way.skewed and result.hops[0].forgeable and not result.hops[1].forgeable


def test_a_pasted_header(client, classroom):
    head = sample("good").partition(b"\r\n\r\n")[0].decode()
    page = unescape(client.post(URL, {"headers": head}).content.decode())
    assert "Only the header was given" in page
    assert "fits the header" in page
    assert client.get(URL, {"headers": head}).status_code == 200


def test_the_body_makes_the_difference(client, classroom):
    changed = sample("good").replace(b"Friday at ten", b"Friday at six")
    page = post(client, changed).content.decode()
    assert "the body was changed on the way" in page


@pytest.mark.parametrize(
    "content, told",
    [
        (b"", "nothing to read"),
        (b"<!doctype html><p>From: x", "a web page"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99, "Outlook"),
        (bytes(range(256)) * 40, "no message"),
        (b"hello\n", "no message header"),
        (b"Subject: " + b"x" * 3_000_000, "larger than 512 kB"),
        (b"From: x\r\n" + b"x" * MAX_BYTES, "too large"),
    ],
)
def test_refusals(client, content, told):
    answer = post(client, content)
    assert answer.status_code == 400
    assert told in unescape(answer.content.decode())


def test_the_other_tool_is_filled_in(client, classroom):
    page = client.get(f"{URL}?sample=forwarded").content.decode()
    [query] = re.findall(r'href="/tools/would-it-pass/\?([^"]+)"', page)
    answer = client.get("/tools/would-it-pass/?" + unescape(query))
    assert answer.status_code == 200
    assert "perfect.classroom.test" in answer.content.decode()


def test_nothing_given(client):
    assert client.post(URL, {"headers": ""}).status_code == 400
    assert client.post(URL, {}).status_code in (200, 400)
    assert client.get(f"{URL}?sample=nonsense").status_code == 400


def test_a_monstrous_body_is_refused_by_its_length(client):
    answer = client.post(
        URL, b"x", content_type="multipart/form-data; boundary=a", CONTENT_LENGTH="50000000"
    )
    assert answer.status_code == 413


HEAD = b"From: a@perfect.classroom.test\r\nSubject: x\r\n"
HOSTILE = {
    "received": HEAD + b"Received: from a by b; Mon, 23 Nov 99999 00:00:00 +0000\r\n" * 4000,
    "fields": HEAD + b"".join(b"X-%d: y\r\n" % n for n in range(9000)),
    "signatures": HEAD + b"DKIM-Signature: v=1; a=rsa-sha256; d=perfect.classroom.test; "
    b"s=default; h=from; bh=AAAA; b=AAAA\r\n" * 500,
    "arc": HEAD + b"ARC-Seal: i=1; cv=none\r\n" * 900,
    "results": HEAD + (b"Authentication-Results: a; " + b"spf=pass x.y=z; " * 400 + b"\r\n") * 40,
    "authors": HEAD + b"From: " + b"a@b.classroom.test, " * 5000 + b"c@d.test\r\n",
    "markup": b"From: <script>alert(1)</script>@x.test\r\nSubject: <script>alert(1)</script>\r\n"
    b"Received: from <script>alert(1)</script> by <script>alert(1)</script>; x\r\n"
    b"Authentication-Results: <script>alert(1)</script>; <script>=<script>alert(1)</script>\r\n"
    b"DKIM-Signature: v=1; a=<script>alert(1)</script>; d=<script>; s=%(domain)s%d; h=from;"
    b" b=A; bh=A\r\n"
    b"List-Unsubscribe: <script>alert(1)</script>\r\n%(x)s: %s%d\r\n",
    "percent": HEAD + b"DKIM-Signature: v=%(domain)s%d; a=%s; d=a.test; s=x; h=from; b=A; bh=A\r\n",
    "bare": b"From: a@b.test\rSubject: x\n\rReceived: \0\0\r\n\r\r\n\0",
    "steering": HEAD + "Subject: \u202egnp.exe \u2066\u200b\x1b[31m\r\n".encode(),
    "latin": HEAD + b"Subject: caf\xe9 \xff\xfe\r\nTo: \xe9@\xe9.test\r\n\r\n\xff",
    "idn": "From: a@例え.テスト\r\n".encode(),
    "long name": b"From: a@" + b"x" * 900 + b".test\r\n"
    b"Return-Path: <a@" + b"y." * 300 + b"test>\r\n",
    "no domain": b"From: nobody\r\nReceived: from [192.0.2.1] by x; x\r\n",
    "dots": b"From: a@..\r\nReceived: from .. ([192.0.2.1]) by ..; x\r\nReturn-Path: <@..>\r\n",
}  # fmt: skip


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_hostile_messages_are_answered(client, classroom, settings, raw):
    settings.QUERY_TIMEOUT = 0.3
    settings.RESOLVERS = ["127.0.0.1:9"]
    began = time.process_time()
    for url in (URL, "/ja" + URL):
        answer = post(client, raw, url)
        assert answer.status_code in (200, 400)
        assert b"<script>alert" not in answer.content
        assert "\u202e".encode() not in answer.content and b"\x1b" not in answer.content
        assert len(answer.content) < 2_000_000
    assert time.process_time() - began < 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 1_500_000  # kB, of all tests


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Received", "From", "To", "Subject", "Date", "Return-Path",
                             "Authentication-Results", "Received-SPF", "List-Unsubscribe",
                             "Reply-To", "X-Spam-Status", "Auto-Submitted", "Content-Type"]),
            st.text(st.characters(blacklist_categories=("Cs",)), max_size=80),
        ),
        max_size=8,
    )
)  # fmt: skip
def test_any_message_is_put_into_words(django_db_blocker, fields):
    import asyncio

    from django.template.loader import render_to_string

    from lookups.engine.resolver import ResolverSettings

    raw = b"Message-ID: <1@x>\r\n" + b"".join(
        f"{name}: {' '.join(text.split())}\r\n".encode() for name, text in fields
    )

    async def run() -> Headers:
        async with Dns(ResolverSettings(servers=())) as dns:
            return Headers(await analyse(read(raw), dns.resolver()))

    result = asyncio.run(run())
    json.dumps(result.as_json())
    assert all(isinstance(line, str) for line in result.lines())
    for part in ("way", "dmarc", "signatures", "arc", "results", "rest"):
        context = {"result": result, "found": result.analysis, "verdict": result.verdict}
        render_to_string(f"tools/headers/_{part}.html", context)


def test_the_command():
    done = manage("headers", str(FILES / "good.eml"), "--format", "json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["verdict"]["level"] == "good"
    assert told["dkim"][0]["state"] == "pass"
    assert told["dmarc"]["result"] == "pass"
    japanese = manage("headers", str(FILES / "good.eml"), "--language", "ja")
    assert "perfect.classroom.test" in japanese.stdout


def test_the_command_refuses(tmp_path):
    assert manage("headers", str(tmp_path / "none.eml")).returncode == 2
    empty = tmp_path / "empty.eml"
    empty.write_bytes(b"")
    done = manage("headers", str(empty))
    assert done.returncode == 2 and done.stderr.startswith("headers: There is nothing")


@pytest.mark.skipif(not SHARED.exists(), reason="the messages by others are not here")
@pytest.mark.parametrize("name", ["arc-pass.eml", "message1.eml"])
async def test_messages_by_others(name, settings):
    settings.RESOLVERS, settings.QUERY_TIMEOUT = ["127.0.0.1:9"], 0.3
    result = await analysed((SHARED / name).read_bytes())
    assert list(result.lines())
    if name == "arc-pass.eml":
        assert [each.instance for each in result.analysis.chain.sets] == [1, 2]
        assert result.analysis.chain.reason == "dns"  # without network its keys are out of reach
        assert [hop.delay for hop in result.analysis.way.hops] == [None, 0, 2, 1, 0]
        assert all(v.body for v in result.analysis.signatures)  # the body is as it was signed
