"""The generator of MTA-STS policies (RFC 8461 §3)."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookups.engine.names import parse_domain
from lookups.engine.records import mta_sts
from lookups.tools.base import ToolError
from lookups.tools.dns import Dns
from lookups.tools.generate.mta_sts import AGES, TOOL
from tests.lookups.commands import manage
from tests.lookups.tools.made import assert_sound
from tests.lookups.tools.tooling import form_of, result_of

URL = "/tools/mta-sts-generator/"
PATTERNS = st.lists(
    st.sampled_from(["mx1.example.com", "*.example.com", "MX.例え.jp", "mx.", "*", "a b"])
    | st.text(max_size=20),
    max_size=4,
)


def parsed(made) -> mta_sts.Policy:
    policy = mta_sts.parse_policy(made.policy.encode())
    assert policy.problems == ()
    return policy


async def without_dns(data):
    async with Dns() as dns:
        dns.settings = replace(dns.settings, servers=(), routes={}, classroom=None)
        return await TOOL.run(data, dns)


async def test_the_hosts_of_the_mx_records(classroom):
    made = await result_of(TOOL, domain="perfect.classroom.test")
    assert_sound(made)
    policy = parsed(made)
    assert policy.mode == "testing" and policy.max_age == 604800
    assert policy.mx == ("mx1.perfect.classroom.test", "mx2.perfect.classroom.test")
    assert made.url == "https://mta-sts.perfect.classroom.test/.well-known/mta-sts.txt"
    assert all(row["pattern"] for row in made.hosts)


async def test_a_host_that_no_pattern_allows(classroom):
    made = await result_of(TOOL, domain="perfect.classroom.test", mx="mx1.perfect.classroom.test")
    assert [row["pattern"] != "" for row in made.hosts] == [True, False]
    assert "No pattern allows mx2.perfect.classroom.test" in made.notes[0]


async def test_a_domain_without_mail_has_nothing_to_protect(classroom):
    with pytest.raises(ToolError):
        await result_of(TOOL, domain="null-mx.classroom.test")


async def test_withdrawing_needs_no_hosts():
    form = form_of(TOOL, domain="example.com", mode="none", max_age="86400", mx="mx.example.com")
    assert form.is_valid()
    made = await without_dns(form.cleaned_data)
    assert parsed(made).mode == "none"
    assert "§8.3" in " ".join(made.notes)


@given(
    domain=st.sampled_from(["example.com", "例え.jp", "a.b.example"]),
    mode=st.sampled_from(mta_sts.MODES),
    mx=PATTERNS.map("\n".join),
    age=st.sampled_from(AGES).map(str),
    id=st.sampled_from(["", "20261124", "x" * 32]) | st.text(max_size=33),
)
def test_whatever_the_form_takes_is_sound(domain, mode, mx, age, id):
    form = form_of(TOOL, domain=domain, mode=mode, mx=mx, max_age=age, id=id)
    if not form.is_valid():
        return
    try:
        made = asyncio.run(without_dns(form.cleaned_data))
    except ToolError:
        assert not form.cleaned_data["mx"]
        return
    assert_sound(made)
    assert parsed(made).mode == mode


async def begun(name: str):
    async with Dns() as dns:
        return await TOOL.begin(parse_domain(name), dns)


async def test_begin_with_the_policy_in_force(classroom):
    data = (await begun("mta-sts-uncovered.classroom.test")).data
    form = TOOL.form(TOOL.form.completed(data))
    assert form.is_valid(), form.errors
    async with Dns() as dns:
        made = await TOOL.run(form.cleaned_data, dns)
    assert made.hosts and all(row["pattern"] for row in made.hosts)  # what was missing is added


async def test_begin_without_a_policy(classroom):
    data = (await begun("single-mx.classroom.test")).data
    assert set(data) == {"domain", "mx"}


@pytest.mark.django_db
@pytest.mark.parametrize("prefix", ["", "/ja"])
def test_page(client, classroom, prefix):
    page = client.get(f"{prefix}{URL}?domain=perfect.classroom.test").content.decode()
    assert "server_name mta-sts.perfect.classroom.test;" in page
    assert "version: STSv1\nmode: testing\n" in page
    assert "mta-sts.perfect.classroom.test/.well-known/mta-sts.txt" in page


def test_command():
    done = manage("generate", "mta-sts", "perfect.classroom.test", "--id", "1", "--format", "json")
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert made["records"][0]["value"] == "v=STSv1; id=1;"
    assert made["policy"]["text"].startswith("version: STSv1\nmode: testing\nmx: mx1.")
    assert manage("generate", "mta-sts", "null-mx.classroom.test").returncode == 2
