"""The records of domains without mail (RFC 7505, RFC 7208 §10.1.2, RFC 9989)."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lookups.tools.dns import Dns
from lookups.tools.generate.no_mail import TOOL
from tests.lookups.commands import manage
from tests.lookups.engine.scripted import answer, resolving
from tests.lookups.tools.made import assert_sound
from tests.lookups.tools.tooling import form_of, result_of
from tests.lookups.tools.unreachable import unreachable


async def records_of(**data):
    made = await result_of(TOOL, dns=unreachable(), **{"domain": "parked.example"} | data)
    assert_sound(made)
    return [f"{r['name']} {r['type']} {r['value']}" for r in made.as_json()["records"]]


async def test_four_records():
    assert await records_of() == [
        "parked.example MX 0 .",
        "parked.example TXT v=spf1 -all",
        "_dmarc.parked.example TXT v=DMARC1; p=reject",
        "*._domainkey.parked.example TXT v=DKIM1; p=",
    ]


async def test_options():
    assert await records_of(mail="takes", without_dkim="on", below="on", rua="d@example.org") == [
        "parked.example TXT v=spf1 -all",
        "_dmarc.parked.example TXT v=DMARC1; p=reject; rua=mailto:d@example.org",
        "*.parked.example TXT v=spf1 -all",
    ]
    assert "*.parked.example MX 0 ." in await records_of(below="on")


async def test_reports_elsewhere_need_consent():
    made = await result_of(TOOL, dns=unreachable(), domain="parked.example", rua="d@example.org")
    assert any("parked.example._report._dmarc.example.org" in note for note in made.notes)


@pytest.mark.parametrize(
    ("rua", "says"),
    [
        ("nobody", "no mail address"),
        ("d@parked.example", "takes no mail"),
        ("a@b.c d@e.f g@h.i", "At most"),
    ],
)
def test_refusals(rua, says):
    assert says in form_of(TOOL, domain="parked.example", rua=rua).errors["rua"][0]


async def test_what_contradicts_is_told(classroom):
    made = await result_of(TOOL, domain="perfect.classroom.test")
    states = {(p.name, p.type): p.state for p in made.present}
    assert states == {
        ("perfect.classroom.test", "MX"): "different",
        ("perfect.classroom.test", "TXT"): "different",
        ("_dmarc.perfect.classroom.test", "TXT"): "same",  # rejects, and asks for reports
        ("*._domainkey.perfect.classroom.test", "TXT"): "absent",
    }
    assert any("10 mx1.perfect.classroom.test" in line for line in made.lines())
    made = await result_of(TOOL, domain="dkim-wildcard-revoked.classroom.test")
    assert [p.state for p in made.present] == ["same", "same", "absent", "same"]


@pytest.mark.django_db
def test_the_page_in_both_languages(client, classroom):
    for prefix in ("", "/ja"):
        query = {"domain": "perfect.classroom.test"}
        page = client.get(f"{prefix}/tools/no-mail/", query).content.decode()
        assert "v=spf1 -all" in page and "10 mx1.perfect.classroom.test." in page


def test_the_command():
    done = manage("generate", "no-mail", "parked.example", "--below", "--resolver", "127.0.0.1:9")
    assert done.returncode == 0, done.stderr
    assert "*.parked.example. 3600 IN MX 0 .\n" in done.stdout
    assert manage("generate", "no-mail", "parked.example", "--rua", "x").returncode == 2


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(
    domain=st.sampled_from(["example.com", "例え.jp", ".".join(["x" * 60] * 4)]),
    mail=st.sampled_from(["none", "takes", "sends"]),
    below=st.sampled_from(["", "on"]),
    without_dkim=st.sampled_from(["", "on"]),
    rua=st.lists(st.one_of(st.emails(), st.text(max_size=10)), max_size=2).map(" ".join),
)
def test_whatever_the_form_takes_is_sound(**data):
    form = form_of(TOOL, **data)
    if form.is_valid():
        assert_sound(asyncio.run(TOOL.run(form.cleaned_data, unreachable())))


@pytest.mark.parametrize(
    ("target", "state"), [("v=DMARC1; p=reject", "same"), ("v=DMARC1; p=none", "alias")]
)
async def test_an_alias_that_leads_to_the_right_record_is_right(target, state):
    """Many parked domains may share one DMARC record by a CNAME."""

    def decide(query, transport):
        name = query.question[0].name.to_text()
        if name != "_dmarc.parked.example.":
            return answer(query)
        return answer(
            query,
            f"{name} 60 IN CNAME _dmarc.other.example.",
            f'_dmarc.other.example. 60 IN TXT "{target}"',
        )

    async with resolving(decide) as (resolver, _):
        made = await result_of(TOOL, dns=Dns(resolver.settings), domain="parked.example")
    found = next(p for p in made.present if p.name.startswith("_dmarc."))
    assert (found.state, found.alias) == (state, "_dmarc.other.example")
