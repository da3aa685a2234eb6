"""The generator of DMARC records (RFC 9989), new or from what is published."""

from __future__ import annotations

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookups.engine.names import parse_domain
from lookups.engine.records import dmarc
from lookups.engine.records.dmarc_write import settings_of
from lookups.tools.dns import Dns
from lookups.tools.generate import dmarc_words
from lookups.tools.generate.dmarc import TOOL, Form, _typed
from tests.lookups.commands import manage
from tests.lookups.tools.made import assert_sound
from tests.lookups.tools.tooling import form_of, result_of

URL = "/tools/dmarc-generator/"
CHOICES = {
    name: st.sampled_from([value for value, _ in field.choices])
    for name, field in Form.base_fields.items()
    if hasattr(field, "choices")
}
TEXTS = st.text(
    alphabet=st.sampled_from("v=DMARC1;p ruaspnt,:!@.mailto%&?none quarantine\"'例0"), max_size=120
)


async def value(**data) -> str:
    made = await result_of(TOOL, **data)
    assert_sound(made)
    return made.as_json()["records"][0]["value"]


async def test_it_begins_with_monitoring():
    text = await value(domain="example.com")
    assert text == "v=DMARC1; p=none; rua=mailto:dmarc-reports@example.com"


async def test_every_tag():
    text = await value(
        domain="example.com", p="reject", sp="quarantine", np="reject", t="on", adkim="s",
        aspf="s", rua="a@example.com,mailto:b@example.com", ruf="c@example.com", fo="1:d", psd="n",
    )  # fmt: skip
    assert text == (
        "v=DMARC1; p=reject; sp=quarantine; np=reject; t=y; psd=n; adkim=s; aspf=s; "
        "rua=mailto:a@example.com,mailto:b@example.com; ruf=mailto:c@example.com; fo=1:d"
    )


async def test_what_says_nothing_new_stays_out():
    text = await value(domain="example.com", p="reject", sp="reject", np="reject", fo="1")
    assert text == "v=DMARC1; p=reject; rua=mailto:dmarc-reports@example.com"


@pytest.mark.parametrize("rua", ["nobody", "https://example.com/x", "a@b!10m", "a@b c@example.com"])
def test_only_mail_addresses(rua):
    assert list(form_of(TOOL, rua=rua).errors) == ["rua"]


@pytest.mark.parametrize(
    ("p", "t", "stage"),
    [
        ("none", "", "monitor"),
        ("none", "on", "monitor"),
        ("quarantine", "on", "test"),
        ("quarantine", "", "quarantine"),
        ("reject", "on", "quarantine"),
        ("reject", "", "reject"),
    ],
)
async def test_the_stage_of_enforcement(p, t, stage):
    made = await result_of(TOOL, domain="example.com", p=p, **({"t": t} if t else {}))
    assert made.as_json()["stage"] == stage
    assert [s.id for s in made.stages if s.todo] == [stage]


@given(
    domain=st.sampled_from(["example.com", "例え.jp", "a.b.example"]),
    rua=st.lists(st.emails() | st.just("x"), max_size=3).map(" ".join),
    ruf=st.emails() | st.just(""),
    t=st.sampled_from(["on", ""]),
    rest=st.fixed_dictionaries({}, optional=CHOICES),
)
def test_whatever_the_form_takes_is_sound(domain, rua, ruf, t, rest):
    form = form_of(TOOL, domain=domain, rua=rua, ruf=ruf, **({"t": t} if t else {}), **rest)
    if form.is_valid():
        data = form.cleaned_data
        made = asyncio.run(_without_dns(data))
        assert_sound(made)
        found = dmarc.parse(made.records[0][0].value)
        assert found.policy == data["p"] and not found.problems


async def _without_dns(data):
    """Reports to others are asked about; no server answers here."""
    from dataclasses import replace

    async with Dns() as dns:
        dns.settings = replace(dns.settings, servers=(), routes={}, classroom=None)
        return await TOOL.run(data, dns)


@given(TEXTS)
def test_any_record_fills_the_form(text):
    record = dmarc.parse(text)
    mended = settings_of(record)
    form = form_of(TOOL, domain="example.com", **_typed(mended))
    assert set(form.errors) <= {"rua", "ruf"}
    assert all(dmarc_words.changes(record, mended))


# --- with the classroom ----------------------------------------------------------------------
async def begun(name: str):
    async with Dns() as dns:
        return await TOOL.begin(parse_domain(name), dns)


async def test_an_old_record_is_brought_up_to_date(classroom):
    """dmarc-legacy has pct=20, rf, ri and a size limit."""
    beginning = await begun("dmarc-legacy.classroom.test")
    assert beginning.data == {
        "domain": "dmarc-legacy.classroom.test",
        "p": "reject",
        "rua": "dmarc-reports@dmarc-legacy.classroom.test",
    }
    notes = " ".join(beginning.notes)
    assert "pct=20 was taken out" in notes and "rf=afrf, ri=86400" in notes and "“!”" in notes
    assert beginning.present


async def test_an_inherited_record(classroom):
    beginning = await begun("news.dmarc-parent.classroom.test")
    assert beginning.data["domain"] == "dmarc-parent.classroom.test"
    assert "no record of its own" in beginning.notes[0]


@pytest.mark.parametrize("lesson", ["dmarc-typos", "dmarc-twice", "dmarc-version", "no-mail"])
async def test_whatever_is_published_fills_the_form(classroom, lesson):
    beginning = await begun(f"{lesson}.classroom.test")
    form = TOOL.form(TOOL.form.completed(beginning.data))
    assert form.is_valid(), form.errors


async def test_the_consent_of_other_organizations(classroom):
    """dmarc-quarantine agreed, ttl-low did not (RFC 9990 §4)."""
    async with Dns() as dns:
        made = await result_of(
            TOOL,
            dns=dns,
            domain="dmarc-reports.classroom.test",
            rua="in@dmarc-quarantine.classroom.test in@ttl-low.classroom.test",
        )
    assert_sound(made)
    assert [each["consent"] for each in made.destinations] == ["given", "missing"]
    record = made.as_json()["records"][1]
    assert record["name"] == "dmarc-reports.classroom.test._report._dmarc.ttl-low.classroom.test"
    assert record["value"] == "v=DMARC1"


@pytest.mark.django_db
@pytest.mark.parametrize("prefix", ["", "/ja"])
def test_page_begun_from_a_domain(client, classroom, prefix):
    page = client.get(f"{prefix}{URL}?from=dmarc-legacy.classroom.test").content.decode()
    assert 'value="dmarc-reports@dmarc-legacy.classroom.test"' in page
    assert "dmarc-removed-tags" in page
    assert "p=reject; rua=mailto" in page


@pytest.mark.django_db
def test_page_refuses_what_is_no_domain(client):
    answer = client.get(f"{URL}?from=nonsense")
    assert answer.status_code == 400 and 'id="id_from"' in answer.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "text", ["", "\0", "x" * 9000, "<script>alert(1)</script>", "例え。テスト"]
)
def test_hostile_domains_to_begin_from(client, classroom, text):
    for slug in ("dmarc-generator", "mta-sts-generator"):
        answer = client.get(f"/tools/{slug}/", {"from": text})
        assert answer.status_code in (200, 400)
        assert b"<script>alert" not in answer.content


def test_command_from_a_domain():
    arguments = ("generate", "dmarc", "--from", "dmarc-legacy.classroom.test", "--format", "json")
    done = manage(*arguments, "--p", "quarantine")
    assert done.returncode == 0, done.stderr
    assert "pct=20" in done.stderr
    made = json.loads(done.stdout)
    assert made["records"][0]["value"].startswith("v=DMARC1; p=quarantine; rua=")
    assert made["stage"] == "quarantine"
