"""The generator of BIMI records, and the check of logos."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given
from hypothesis import strategies as st

from lookups.engine.records import bimi
from lookups.tools.dns import Dns
from lookups.tools.generate import bimi_logo
from lookups.tools.generate.bimi import TOOL
from tests.lookups.commands import manage
from tests.lookups.tools.made import assert_sound
from tests.lookups.tools.tooling import form_of, result_of

URL = "/tools/bimi-generator/"
WEB = Path(__file__).parents[4] / "learn/classroom/web"
GOOD = (WEB / "bimi.perfect.classroom.test/logo.svg").read_bytes()
BAD = (WEB / "logo.bimi-svg.classroom.test/logo.svg").read_bytes()
LOGO = "https://bimi.perfect.classroom.test/logo.svg"
MARK = "https://bimi.perfect.classroom.test/mark.pem"
URIS = st.sampled_from(["", LOGO, "http://example.com/x.svg", "https://example.com/a;b"]) | st.text(
    max_size=30
)


async def test_the_record_is_checked_as_if_published(classroom):
    made = await result_of(TOOL, domain="perfect.classroom.test", logo=LOGO, evidence=MARK)
    assert_sound(made)
    assert made.as_json()["records"][0]["value"] == f"v=BIMI1; l={LOGO}; a={MARK};"
    ids = {finding["id"] for finding in made.as_json()["findings"]}
    assert {"bimi-logo-valid", "bimi-dmarc-ready", "bimi-certificate-valid"} <= ids


async def test_a_domain_that_publishes_none(classroom):
    """Its DMARC is not strict enough, and a logo that cannot be had is told."""
    made = await result_of(
        TOOL, domain="dmarc-monitoring.classroom.test", logo="https://nowhere.classroom.test/l.svg"
    )
    ids = {finding["id"] for finding in made.as_json()["findings"]}
    assert "bimi-dmarc-policy" in ids and any(id.startswith("bimi-fetch") for id in ids)


async def test_declining(classroom):
    made = await result_of(TOOL, domain="perfect.classroom.test", decline="on")
    assert_sound(made)
    value = made.as_json()["records"][0]["value"]
    assert bimi.parse(value).is_declined


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({}, "logo"),
        ({"logo": "http://example.com/l.svg"}, "logo"),
        ({"logo": "https://example.com/l.png"}, "logo"),
        ({"logo": LOGO, "decline": "on"}, "decline"),
        ({"logo": LOGO, "evidence": "https://example.com/a,b"}, "evidence"),
        ({"logo": LOGO, "selector": "a b"}, "selector"),
    ],
)
def test_what_is_refused(data, field):
    assert list(form_of(TOOL, domain="example.com", **data).errors) == [field]


@given(
    logo=URIS,
    evidence=URIS,
    selector=st.sampled_from(["default", "v1", "x" * 63]) | st.text(max_size=10),
    avatar=st.sampled_from(["", "brand", "personal"]),
    flags=st.sampled_from([{}, {"decline": "on"}]),
)
def test_whatever_the_form_takes_is_sound(logo, evidence, selector, avatar, flags):
    form = form_of(
        TOOL, domain="a.example", logo=logo, evidence=evidence, selector=selector, avatar=avatar,
        **flags,
    )  # fmt: skip
    if form.is_valid():
        assert_sound(asyncio.run(_without_dns(form.cleaned_data)))


async def _without_dns(data):
    async with Dns() as dns:
        dns.settings = replace(dns.settings, servers=(), routes={}, classroom=None)
        return await TOOL.run(data, dns)


@pytest.mark.django_db
@pytest.mark.parametrize("prefix", ["", "/ja"])
def test_page(client, classroom, prefix):
    query = {"domain": "perfect.classroom.test", "logo": LOGO}
    page = client.get(prefix + URL, query).content.decode()
    assert "data:image/svg+xml;base64," in page
    assert "default._bimi.perfect.classroom.test" in page


def test_command():
    arguments = ("generate", "bimi", "perfect.classroom.test", "--logo", LOGO, "--format", "json")
    done = manage(*arguments)
    assert done.returncode == 0, done.stderr
    assert "bimi-certificate-missing" in done.stdout


# --- the logo alone --------------------------------------------------------------------------
@pytest.mark.django_db
@pytest.mark.parametrize("prefix", ["", "/ja"])
def test_a_file_is_checked(client, prefix):
    url = f"{prefix}/tools/bimi-logo/"
    answer = client.post(url, {"file": SimpleUploadedFile("logo.svg", GOOD)})
    assert answer.status_code == 200 and answer["Cache-Control"] == "no-store"
    assert "data:image/svg+xml;base64," in answer.content.decode()
    page = client.post(url, {"text": BAD.decode()}).content.decode()
    assert "&lt;script&gt;" in page and "data:image/svg+xml" not in page


@pytest.mark.django_db
def test_files_out_of_all_proportion(client):
    big = SimpleUploadedFile("logo.svg", b" " * 200_000)
    assert client.post("/tools/bimi-logo/", {"file": big}).status_code == 400
    assert client.post("/tools/bimi-logo/", {"text": ""}).status_code == 400


def test_logo_command(tmp_path):
    path = tmp_path / "logo.svg"
    path.write_bytes(BAD)
    done = manage("bimi-logo", str(path), "--format", "json")
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert made["valid"] is False and "element" in {p["code"] for p in made["problems"]}
    assert manage("bimi-logo", str(tmp_path / "none")).returncode == 2


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: f"<svg>{text}".encode()))
def test_any_file_is_examined(octets):
    made = asyncio.run(bimi_logo.run({"file": octets or b" ", "text": ""}, None))
    assert json.dumps(made.as_json()) and list(made.lines())
