"""The SPF flattener: what it makes of lessons, and what it says of the upkeep."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lookups.engine.addresses import parse
from lookups.engine.spf import check_host
from lookups.tools.base import ToolError
from lookups.tools.dns import Dns
from lookups.tools.generate.spf_flat import TOOL
from tests.lookups.commands import manage
from tests.lookups.tools.made import assert_sound
from tests.lookups.tools.tooling import form_of, result_of
from tests.lookups.tools.unreachable import unreachable

LOOKUPS = "spf-lookups.classroom.test"


async def test_a_record_over_the_limit(classroom):
    made = await result_of(TOOL, domain=LOOKUPS)
    assert_sound(made)
    shown = made.as_json()
    assert shown["records"][0]["value"] == (
        "v=spf1 ip4:198.18.140.16 ip4:198.18.142.0/25 ip4:198.18.142.128/26 ip4:198.18.142.192/27 "
        "ip6:2001:2::140:16 -all"
    )
    assert (shown["before"]["lookups"], shown["after"]["lookups"]) == (12, 0)
    assert made.needed and shown["sources"][0]["owner"] == LOOKUPS and not made.foreign
    assert shown["until"] and shown["difference"] is None


@pytest.mark.parametrize("lesson", [LOOKUPS, "spf-near-limit", "spf-shared", "spf-softfail"])
async def test_the_same_hosts_pass(classroom, lesson):
    """The lesson's own record against the flat one, by check_host()."""
    domain = lesson if "." in lesson else f"{lesson}.classroom.test"
    made = await result_of(TOOL, domain=domain, limit="100")
    async with Dns() as dns:
        forged = {(r.name, r.type): (r.rdata,) for r, _kind in made.records}
        before, after = dns.resolver(max_queries=5000), dns.resolver(as_if=forged, max_queries=5000)
        for ip in ("198.18.140.16", "198.18.142.1", "198.18.142.223", "198.18.142.224", "9.9.9.9"):
            one, other = [
                await check_host(r, parse(ip), f"x@{domain}", "h.test") for r in (before, after)
            ]
            if one.result != "permerror":
                assert one.result == other.result, ip
            assert other.result != "permerror"


async def test_what_changed_since_it_was_flattened(classroom):
    made = await result_of(
        TOOL, domain=LOOKUPS, record="v=spf1 ip4:198.18.142.0/25 ip4:9.9.9.9 -all"
    )
    assert made.difference.added == ("9.9.9.9/32",)
    assert "198.18.142.128/26" in made.difference.removed
    assert any(line == "; + 9.9.9.9/32" for line in made.lines())


async def test_what_depends_on_the_message_is_kept_and_told(classroom):
    made = await result_of(TOOL, domain="spf-old-habits.classroom.test")
    shown = made.as_json()
    assert {kept["why"] for kept in shown["kept"]} == {"ptr", "exists"}
    assert "ptr exists:%{l}._users.%{d} ?all" in shown["records"][0]["value"]
    assert not made.needed


async def test_broken_includes_are_left_out(classroom):
    made = await result_of(TOOL, domain="spf-broken-includes.classroom.test")
    whys = {left["why"] for left in made.as_json()["left_out"]}
    assert {"none", "multiple", "invalid", "loop"} <= whys


async def test_long_records_are_split_and_published_from_below(classroom):
    made = await result_of(TOOL, domain=LOOKUPS, limit="100")
    names = [record.name for record, _kind in made.records]
    assert names[:2] == [LOOKUPS, f"_s1.{LOOKUPS}"]
    assert_sound(made)
    assert all(len(record.value) <= 100 for record, _kind in made.records[1:])
    assert made.lookups == len(names) - 1
    assert made.notes


@pytest.mark.parametrize(
    ("domain", "record", "says"),
    [
        ("null-mx.classroom.test", "", "no SPF record"),
        ("spf-twice.classroom.test", "", "several"),
        ("spf-typos.classroom.test", "", "is wrong"),
        ("servfail.classroom.test", "", "DNS did not say"),
        ("spf-everyone.classroom.test", "", "everybody may send"),
        ("a.classroom.test", "v=spf1 " + " ".join(f"ip4:9.{n}.9.9" for n in range(99)), "records"),
    ],
)
async def test_what_cannot_be_written_out(classroom, domain, record, says):
    with pytest.raises(ToolError) as refusal:
        await result_of(TOOL, domain=domain, record=record, limit="100")
    assert says in refusal.value.message


@pytest.mark.parametrize(
    "record", ["nothing", "v=spf1 moo", "v=spf1 a\nv=spf1 b", "v=DMARC1; p=none"]
)
def test_pasted_records_are_read_first(record):
    assert list(form_of(TOOL, domain="example.com", record=record).errors) == ["record"]


def test_pasted_records_may_be_quoted():
    form = form_of(TOOL, domain="example.com", record='example.com. IN TXT "v=spf1 " "mx -all"')
    assert form.is_valid() and form.cleaned_data["record"] == "v=spf1 mx -all"


@pytest.mark.django_db
def test_the_page_in_both_languages(client, classroom):
    page = client.get("/tools/spf-flattener/", {"domain": LOOKUPS}).content.decode()
    assert "ip4:198.18.142.0/25" in page and "Look again by then" in page
    page = client.get("/tools/spf-flattener/", {"domain": "spf-softfail.classroom.test"})
    assert "You do not need this" in page.content.decode()
    page = client.get("/ja/tools/spf-flattener/", {"domain": LOOKUPS}).content.decode()
    assert "ip4:198.18.142.0/25" in page


def test_the_command_fails_where_nobody_answers():
    done = manage("generate", "spf-flat", "example.com", "--resolver", "127.0.0.1:9")
    assert done.returncode == 2 and "DNS did not say" in done.stderr


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(
    record=st.lists(
        st.one_of(
            st.builds(lambda ip, n: f"ip4:{ip}/{n}", st.ip_addresses(v=4), st.integers(1, 32)),
            st.builds(lambda ip, n: f"-ip6:{ip}/{n}", st.ip_addresses(v=6), st.integers(1, 128)),
            st.sampled_from(["include:x.example", "a", "mx/24", "exists:%{i}.y.example"]),
            st.text(max_size=10),
        ),
        max_size=8,
    ),
    limit=st.sampled_from(["100", "450", "99", "x"]),
)
def test_whatever_the_form_takes_is_sound(record, limit):
    text = " ".join(["v=spf1", *record, "-all"])
    form = form_of(TOOL, domain="example.com", record=text, limit=limit)
    if form.is_valid():
        made = asyncio.run(TOOL.run(form.cleaned_data, unreachable()))
        assert len(made.records) <= 11
        if not made.as_json()["kept"] and "spf-term-after-all" not in made.as_json():
            assert_sound(made)
