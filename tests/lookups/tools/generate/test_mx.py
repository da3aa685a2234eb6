"""The generator of MX records (RFC 5321 §5.1)."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lookups.tools.generate.mx import MAX_HOSTS, TOOL
from lookups.tools.providers import mailboxes
from tests.lookups.commands import manage
from tests.lookups.tools.made import assert_sound
from tests.lookups.tools.tooling import form_of, result_of
from tests.lookups.tools.unreachable import unreachable


async def values_of(**data):
    made = await result_of(TOOL, dns=unreachable(), **{"domain": "example.com"} | data)
    assert_sound(made)
    return [record["value"] for record in made.as_json()["records"]]


async def test_hosts_in_the_order_of_their_preference():
    lines = "20 MX2.example.com.\n10 mx1.example.com\n\n10 例え.jp"
    assert await values_of(hosts=lines) == [
        "10 mx1.example.com.",
        "10 xn--r8jz45g.jp.",
        "20 mx2.example.com.",
    ]
    assert await values_of(hosts="a.example\nb.example") == ["10 a.example.", "20 b.example."]


async def test_hosts_of_services():
    assert await values_of(provider="google") == ["1 smtp.google.com."]
    assert await values_of(provider="microsoft-365", domain="a-b.example.jp") == [
        "0 a-b-example-jp.mail.protection.outlook.com."
    ]
    assert len(await values_of(provider="google-five")) == 5


@pytest.mark.parametrize(
    ("hosts", "says"),
    [
        ("10 192.0.2.1", "is an address"),
        ("10 [2001:db8::1]", "is an address"),
        ("65536 mx.example.com", "0 to 65535"),
        ("0 .", "takes no mail"),
        (".", "takes no mail"),
        ("10 mx.example.com mx2.example.com", "no host"),
        ("10 a.example\n20 A.example.", "twice"),
        ("10 mx_1.example.com", "underscore"),
        ("10", "single word"),
        ("", "at least one host"),
        ("\n".join(f"h{n}.example" for n in range(MAX_HOSTS + 1)), "At most"),
    ],
)
def test_refusals(hosts, says):
    form = form_of(TOOL, domain="example.com", hosts=hosts)
    assert says in form.errors["hosts"][0]


def test_a_service_and_hosts_exclude_each_other():
    assert "hosts" in form_of(TOOL, domain="a.example", provider="google", hosts="a.example").errors
    long = "a" * 40 + "." + "b" * 40 + ".example"
    assert "domain" in form_of(TOOL, domain=long, provider="microsoft-365").errors


async def test_hosts_are_looked_at(classroom):
    lines = "10 mail.mx-is-cname.classroom.test\n20 nothing.perfect.classroom.test"
    made = await result_of(TOOL, domain="mx-is-cname.classroom.test", hosts=lines)
    assert {"mx-host-missing"} <= set(made.as_json()["findings"])
    made = await result_of(TOOL, "domain=perfect.classroom.test&hosts=10+mx1.perfect.classroom.test"
                                 "%0D%0A20+mx2.perfect.classroom.test")  # fmt: skip
    assert made.as_json()["findings"] == [] and made.present.state == "same"


async def test_what_was_worked_out_has_to_be_confirmed():
    made = await result_of(TOOL, dns=unreachable(), domain="example.com", provider="microsoft-365")
    assert any("console of Microsoft 365" in note for note in made.notes)
    assert made.spf_query == "domain=example.com&services=microsoft-365"


@pytest.mark.django_db
def test_the_page_in_both_languages(client, classroom):
    for prefix in ("", "/ja"):
        query = {"domain": "perfect.classroom.test", "provider": "google-five"}
        page = client.get(f"{prefix}/tools/mx-generator/", query).content.decode()
        assert "10 alt3.aspmx.l.google.com." in page
        assert "services=google" in page and 'id="mx-set-lines"' in page


def test_the_command():
    done = manage(
        "generate", "mx", "example.com", "--provider", "fastmail", "--resolver", "127.0.0.1:9"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("example.com. 3600 IN MX 10 in1-smtp.messagingengine.com.\n")
    assert manage("generate", "mx", "example.com", "--hosts", "10 9.9.9.9").returncode == 2


LINE = st.one_of(
    st.builds(lambda n, h: f"{n} {h}", st.integers(0, 70000),
              st.sampled_from(["a.example", "b.example.", "例え.jp", "9.9.9.9", "."])),
    st.text(max_size=20),
)  # fmt: skip


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(
    domain=st.sampled_from(["example.com", "例え.jp", "x" * 63 + ".example"]),
    provider=st.sampled_from(["", "", "nobody", *(p.id for p in mailboxes())]),
    hosts=st.lists(LINE, max_size=4).map("\n".join),
)
def test_whatever_the_form_takes_is_sound(**data):
    form = form_of(TOOL, **data)
    if form.is_valid():
        made = asyncio.run(TOOL.run(form.cleaned_data, unreachable()))
        assert_sound(made)
        assert len(made.records) <= MAX_HOSTS
