"""The generator of DKIM keys: records that verify, and a private key that is nowhere but there."""

from __future__ import annotations

import asyncio
import html
import json
import logging
import re
import stat
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookups.engine.records import dkim_keys
from lookups.tools.generate import dkim as dkim_tool
from lookups.tools.generate.dkim import TOOL
from tests.lookups.commands import manage
from tests.lookups.engine.records.test_dkim_keys import verify
from tests.lookups.tools.made import assert_sound
from tests.lookups.tools.tooling import form_of, result_of

URL = "/tools/dkim-generator/"
PAIR = dkim_keys.make_pair("rsa-2048")
KEYS = [PAIR.public, dkim_keys.make_pair("ed25519").public, dkim_keys.make_pair("rsa-4096").public]
WANTED = frozenset({"dkim-testing"})


async def test_without_a_key_there_is_no_record():
    made = await result_of(TOOL, domain="example.org", selector="s1")
    assert made.records == () and made.as_json() == {"records": [], "notes": []}


@pytest.mark.parametrize("key", KEYS, ids=["rsa-2048", "ed25519", "rsa-4096"])
async def test_a_public_key_becomes_a_record(key):
    made = await result_of(TOOL, domain="例え.jp", selector="S1", key=key, sha256="on", strict="on")
    assert_sound(made)
    record = made.as_json()["records"][0]
    assert record["name"] == "s1._domainkey.xn--r8jz45g.jp"
    assert "h=sha256; t=s; p=" in record["value"]
    assert "private_key" not in made.as_json()


@pytest.mark.parametrize("algorithm", ["rsa-2048", "ed25519"])
async def test_a_pair_made_here_belongs_together(algorithm):
    form = form_of(TOOL, domain="example.com", algorithm=algorithm)
    assert form.is_valid()
    made = await TOOL.secret(form.cleaned_data, None)
    assert_sound(made)
    verify(made.secret, made.records[0][0].value)
    assert made.secret in "\n".join(made.lines()) + "\n"
    assert "PRIVATE" not in json.dumps(made.without_secret().as_json())


@given(
    domain=st.sampled_from(["example.com", "例え.jp", "a.b.example", "x" * 300]),
    selector=st.sampled_from(["s1", "mail.2026", "-", "a" * 64]) | st.text(max_size=20),
    key=st.sampled_from(KEYS) | st.text(max_size=60),
    notes=st.text(max_size=130),
    flags=st.lists(st.sampled_from(["sha256", "strict", "testing"]), unique=True),
)
def test_whatever_the_form_takes_is_sound(domain, selector, key, notes, flags):
    form = form_of(
        TOOL, domain=domain, selector=selector, key=key, notes=notes, **dict.fromkeys(flags, "on")
    )
    if form.is_valid() and form.cleaned_data["key"]:
        assert_sound(asyncio.run(TOOL.run(form.cleaned_data, None)), WANTED)


@pytest.mark.django_db
def test_the_server_makes_a_key_and_keeps_nothing(client, caplog):
    caplog.set_level(logging.DEBUG)
    answer = client.post(URL, {"domain": "example.org", "selector": "s1"})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    pem = html.unescape(re.search(r"-----BEGIN PRIVATE KEY-----[^<]+", page)[0])
    value = html.unescape(re.search(r'id="record-1-value"[^>]*>([^<]+)', page)[1])
    verify(pem, value)
    body = "".join(pem.split()[3:-3])[:40]
    assert page.count(body[:30]) == 1  # in its field, not in the command beside it
    assert "generate dkim example.org" in page
    headers = " ".join(f"{name}: {value}" for name, value in answer.items())
    assert body[:30] not in headers + caplog.text + str(dict(client.session))
    assert "PRIVATE KEY" not in client.get(URL).content.decode().replace("BEGIN PUBLIC", "")


@pytest.mark.django_db
@pytest.mark.parametrize("prefix", ["", "/ja"])
def test_a_private_key_is_refused_and_not_repeated(client, prefix):
    answer = client.get(prefix + URL, {"domain": "example.org", "key": PAIR.private_pem})
    page = answer.content.decode()
    assert answer.status_code == 400
    assert answer["Cache-Control"] == "no-store"
    for line in PAIR.private_pem.split()[3:-3]:
        assert line[:12] not in page and quote(line)[:12] not in page
    assert "PRIVATE" not in page


@pytest.mark.django_db
def test_the_address_holds_the_public_key(client):
    answer = client.get(URL, {"domain": "example.org", "selector": "s1", "key": PAIR.public})
    page = answer.content.decode()
    assert answer.status_code == 200 and "s1._domainkey.example.org" in page
    assert "/etc/dkimkeys/example.org.s1.pem" in page
    assert "private-key" in page  # the template for a key that the browser makes


@pytest.mark.django_db
def test_keys_are_not_made_without_limit(client, monkeypatch):
    monkeypatch.setattr(dkim_tool, "PATIENCE", 0.01)
    for _ in range(2):
        assert dkim_tool.AT_ONCE.acquire(blocking=False)
    try:
        answer = client.post(URL, {"domain": "example.org"})
    finally:
        dkim_tool.AT_ONCE.release(2)
    assert answer.status_code == 400 and "Too many keys" in answer.content.decode()


@pytest.mark.django_db
def test_posting_needs_the_token_of_the_form():
    from django.test import Client

    assert Client(enforce_csrf_checks=True).post(URL, {"domain": "example.org"}).status_code == 403


def test_command(tmp_path):
    done = manage("generate", "dkim", "example.org", "--algorithm", "ed25519", "--format", "json")
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    verify(made["private_key"], made["records"][0]["value"])
    path = tmp_path / "key.pem"
    arguments = ("generate", "dkim", "example.org", "--selector", "s1", "--out", str(path))
    done = manage(*arguments)
    assert done.returncode == 0, done.stderr
    assert "PRIVATE" not in done.stdout
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    value = "".join(re.findall(r'"([^"]*)"', done.stdout.splitlines()[0]))
    verify(path.read_text(), value)
    again = manage(*arguments)
    assert again.returncode == 2 and "not overwritten" in again.stderr


def test_command_for_a_key_that_is_there():
    done = manage("generate", "dkim", "example.org", "--key", PAIR.public, "--selector", "s1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("s1._domainkey.example.org. 3600 IN TXT")
    assert manage("generate", "dkim", "example.org", "--key", PAIR.private_pem).returncode == 2
