"""The generator of SPF records (RFC 7208)."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lookups.engine.names import parse_domain
from lookups.engine.records import spf
from lookups.engine.spf.lookups import MAX_LOOKUPS
from lookups.tools.base import ToolError
from lookups.tools.dns import Dns
from lookups.tools.generate.spf import MAX_OCTETS, TOOL
from lookups.tools.generate.spf_begin import begin, fields_of
from lookups.tools.providers import senders
from tests.lookups.commands import manage
from tests.lookups.tools.made import assert_sound
from tests.lookups.tools.tooling import form_of, result_of
from tests.lookups.tools.unreachable import unreachable


async def value_of(query="", **data):
    made = await result_of(TOOL, query, unreachable(), **{"domain": "example.com"} | data)
    assert_sound(made)
    return made.as_json()["records"][0]["value"]


async def test_the_cheap_terms_stand_first_and_the_services_last():
    value = await value_of(
        mx="on",
        a="on",
        networks="8.8.8.0/24 2606:4700::/32 9.9.9.9",
        hosts="out.example.com",
        services=["google", "sendgrid"],
        includes="_spf.example.net",
        other="exists:%{i}.example.org -ip4:8.8.8.8",
        policy="fail",
    )
    assert value == (
        "v=spf1 -ip4:8.8.8.8 ip4:8.8.8.0/24 ip6:2606:4700::/32 ip4:9.9.9.9 a mx "
        "a:out.example.com include:_spf.google.com include:sendgrid.net include:_spf.example.net "
        "exists:%{i}.example.org -all"
    )


async def test_the_end_is_softfail_unless_told_otherwise():
    assert await value_of() == "v=spf1 ~all"
    assert await value_of(policy="neutral") == "v=spf1 ?all"
    assert (
        await value_of(redirect="_spf.example.org", mx="on")
        == "v=spf1 mx redirect=_spf.example.org"
    )
    assert list(form_of(TOOL, domain="example.com", policy="pass").errors) == ["policy"]


async def test_bits_behind_the_prefix_are_mended_and_told():
    made = await result_of(TOOL, dns=unreachable(), domain="example.com", networks="8.8.8.8/24")
    assert made.as_json()["records"][0]["value"] == "v=spf1 ip4:8.8.8.0/24 ~all"
    assert any("8.8.8.8/24" in note and "8.8.8.0/24" in note for note in made.notes)


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("networks", "0.0.0.0/0", "everybody"),
        ("networks", "::/0", "everybody"),
        ("networks", "10.1.2.3", "private"),
        ("networks", "fd00::/8", "private"),
        ("networks", "127.0.0.1", "the machine itself"),
        ("networks", "192.0.2.0/24", "examples"),
        ("networks", "198.18.0.0/15", "reserved"),
        ("networks", "224.0.0.1", "reserved"),
        ("networks", "mail.example.com", "no address"),
        ("networks", "8.8.8.0/33", "no address"),
        ("networks", "fe80::1%eth0", "no address"),
        ("hosts", "8.8.8.8", "IP address"),
        ("includes", "example", "single word"),
        ("includes", "example.com", "includes itself"),
        ("redirect", "example.com", "leads to itself"),
        ("other", "+all", "a field of its own"),
        ("other", "redirect=x.example", "only exp="),
        ("other", "ptr", "not to use it"),
        ("other", "exists:%{p}.x.example", "not to use it"),
        ("other", "exists:%{l}.x.example", "mailbox"),
        ("other", "ip4:0.0.0.0/0", "everybody"),
        ("other", "moo", "no term"),
        ("other", "exp=a.example exp=b.example", "does not fit"),
    ],
)
def test_refusals(field, value, says):
    form = form_of(TOOL, domain="example.com", **{field: value})
    assert list(form.errors) == [field]
    assert says in form.errors[field][0]


def test_classroom_addresses_are_taken_in_lessons():
    form = form_of(TOOL, domain="perfect.classroom.test", networks="198.18.0.0/24")
    assert form.is_valid()


def test_more_than_ten_terms_that_ask_are_refused():
    hosts = " ".join(f"h{n}.example.com" for n in range(11))
    assert "11 terms" in form_of(TOOL, domain="example.com", hosts=hosts).errors["__all__"][0]


async def test_lookups_of_the_whole_tree_are_counted(classroom):
    query = "domain=perfect.classroom.test&mx=on&includes=spf-lookups.classroom.test"
    made = await result_of(TOOL, query)
    shown = made.as_json()
    assert (shown["lookups"], shown["limit"], shown["reached"]) == (14, 10, True)
    assert "spf-too-many-lookups" in shown["findings"]
    assert made.over_limit
    assert any("14 of 10" in line for line in made.lines())
    assert made.present.state == "different"


async def test_without_dns_only_its_own_terms_are_counted():
    made = await result_of(
        TOOL, dns=unreachable(), domain="example.com", mx="on", services="google"
    )
    assert made.as_json()["lookups"] == 2
    assert not made.as_json()["reached"] and made.as_json()["findings"] == []
    assert any("cannot be reached" in note for note in made.notes)


async def test_services_with_a_domain_of_their_own_are_told():
    made = await result_of(TOOL, dns=unreachable(), domain="example.com", services="mailchimp")
    assert any("Mailchimp" in note and "MAIL FROM" in note for note in made.notes)


# --- from what is published -----------------------------------------------------------------------
async def filled(domain):
    async with Dns() as dns:
        begun = await begin(parse_domain(domain), dns)
    assert begun.notes
    assert form_of(TOOL, **begun.data).is_valid()
    return {name: value for name, value in begun.data.items() if name != "domain"}


async def test_the_form_is_filled_from_a_record(classroom):
    assert await filled("spf-softfail.classroom.test") == {
        "policy": "softfail",
        "networks": "198.18.141.7\n2001:2::141:7",
    }
    # mistakes are mended, two records become one
    found = await filled("spf-punctuation.classroom.test")
    assert found["includes"] == "_spf.spf-shared.classroom.test" and found["mx"] == "on"
    found = await filled("spf-twice.classroom.test")
    assert found["policy"] == "softfail" and found["mx"] == "on"
    assert (await filled("spf-misspelt.classroom.test"))["policy"]
    assert await filled("null-mx.classroom.test") == {"policy": "softfail"}
    with pytest.raises(ToolError):
        await filled("servfail.classroom.test")


async def test_what_is_published_comes_out_again():
    text = (
        "v=spf1 -ip4:8.8.8.8 ip4:9.9.9.0/24 a mx a:out.example.net include:_spf.google.com "
        "include:_spf.example.net ?include:x.example a:y.example/24 exists:%{i}.z.example "
        "redirect=r.example exp=e.example"
    )
    value = await value_of(**fields_of(spf.audit(text)))
    assert sorted(value.split()) == sorted(text.split())


@pytest.mark.django_db
def test_the_link_leads_to_the_filled_form(client, classroom):
    query = {"from": "spf-softfail.classroom.test"}
    page = client.get("/ja/tools/spf-generator/", query).content.decode()
    assert "v=spf1 ip4:198.18.141.7 ip6:2001:2::141:7 ~all" in page
    query = {"from": "not a domain"}
    assert client.get("/tools/spf-generator/", query).status_code == 400


def test_a_record_with_a_service_checks_its_box():
    fields = fields_of(spf.audit("v=spf1 include:_spf.google.com include:SENDGRID.net ?all"))
    assert fields == {"services": ["google", "sendgrid"], "policy": "neutral"}
    form = TOOL.form(TOOL.form.completed({"domain": "example.com", **fields}))
    assert form.is_valid() and form.cleaned_data["services"] == ["google", "sendgrid"]


@pytest.mark.django_db
def test_the_page_in_both_languages(client, classroom):
    query = {
        "domain": "perfect.classroom.test",
        "mx": "on",
        "includes": "spf-lookups.classroom.test",
    }
    page = client.get("/tools/spf-generator/", query).content.decode()
    assert "14 of 10" in page and "spf-too-many-lookups" in page and "<svg" in page
    assert "/tools/spf-flattener/?domain=perfect.classroom.test" in page
    page = client.get("/ja/tools/spf-generator/", query).content.decode()
    assert "問い合わせ" in page


def test_the_command():
    done = manage("generate", "spf", "example.com", "--mx", "--services", "google",
                  "--resolver", "127.0.0.1:9")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert '"v=spf1 mx include:_spf.google.com ~all"' in done.stdout
    done = manage("generate", "spf", "example.com", "--networks", "10.0.0.1")
    assert done.returncode == 2 and done.stderr.startswith("generate spf: --networks:")


TEXT = st.text(max_size=15)
NETWORK = st.one_of(
    st.ip_addresses().map(str),
    st.builds(lambda ip, n: f"{ip}/{n}", st.ip_addresses(v=4), st.integers(0, 33)),
    st.builds(lambda ip, n: f"{ip}/{n}", st.ip_addresses(v=6), st.integers(0, 129)),
    TEXT,
)
NAME = st.one_of(
    st.sampled_from(["_spf.example.net", "例え.jp", "a-b.example", "x_y.example"]), TEXT
)
OTHER = st.one_of(
    st.sampled_from(
        ["-ip4:9.9.9.9", "exists:%{i}.x.example", "a/24", "?mx:x.example", "exp=x.example"]
    ),
    TEXT,
)


def joined(items):
    return st.lists(items, max_size=5).map("\n".join)


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(
    domain=st.sampled_from(["example.com", "例え.jp", "perfect.classroom.test"]),
    networks=joined(NETWORK),
    hosts=joined(NAME),
    includes=joined(NAME),
    services=st.lists(st.sampled_from([p.id for p in senders()]), max_size=4, unique=True),
    other=joined(OTHER),
    policy=st.sampled_from(["fail", "softfail", "neutral", "pass"]),
    redirect=st.one_of(st.just(""), NAME),
    mx=st.sampled_from(["", "on"]),
)
def test_whatever_the_form_takes_is_sound(**data):
    form = form_of(TOOL, **data)
    if form.is_valid():
        made = asyncio.run(TOOL.run(form.cleaned_data, unreachable()))
        assert_sound(made)
        value = made.records[0][0].value
        assert len(value) <= MAX_OCTETS
        assert made.as_json()["lookups"] <= MAX_LOOKUPS
