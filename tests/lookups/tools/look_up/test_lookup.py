"""Any record of any name: whom to ask, raw and explained."""

from __future__ import annotations

import json

import dns.flags
import dns.message
import dns.rcode
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookups.engine.resolver import ResolverSettings
from lookups.tools.dns import Dns
from lookups.tools.look_up.lookup import TOOL
from tests.lookups.commands import manage
from tests.lookups.engine.scripted import Scripted, answer
from tests.lookups.tools.tooling import form_of, result_of

PAGE = "/tools/lookup/"
pytestmark = pytest.mark.django_db


async def ask(query, classroom=None, **data):
    return await result_of(TOOL, query, **data)


async def played(decide, query, **settings):
    """The answer where the site's resolver is played by `decide`."""
    server = Scripted(decide)
    await server.start()
    known = ResolverSettings((server.server,), query_timeout=0.3, **settings)
    try:
        return await result_of(TOOL, query, Dns(known))
    finally:
        server.stop()


async def test_records_raw_and_taken_apart(classroom):
    found = await ask("name=perfect.classroom.test&type=MX")
    shape = found.as_json()
    assert shape["outcome"] == "answer" and shape["rcode"] == "NOERROR"
    assert {record["data"] for record in shape["answer"]} == {
        "10 mx1.perfect.classroom.test.",
        "20 mx2.perfect.classroom.test.",
    }
    assert "NOERROR: there are 2 MX records." in found.sentences
    [section] = found.reply.sections
    assert all(view.record["parts"] for view in section.records)
    assert section.records[0].ttl_words == "1 hour"
    json.dumps(shape)


async def test_a_txt_record_is_recognised_by_its_text_and_name(classroom):
    found = await ask("name=_dmarc.perfect.classroom.test&type=TXT")
    [view] = found.reply.sections[0].records
    assert view.record["value"].startswith("v=DMARC1")
    assert any(part["kind"].startswith("dmarc") for part in view.record["parts"])


@pytest.mark.parametrize(
    ("name", "outcome", "told"),
    [
        ("nothing.classroom.test", "nxdomain", "Resolvers may remember this absence for"),
        ("no-mail.classroom.test", "nodata", "Resolvers may remember this absence for"),
        ("servfail.classroom.test", "servfail", "SERVFAIL"),
        ("refused.classroom.test", "refused", "REFUSED"),
        ("notimp.classroom.test", "other-rcode", "NOTIMP"),
        ("garbled.classroom.test", "malformed", "no DNS message"),
        ("alias.classroom.test", "answer", "stands for perfect.classroom.test"),
    ],
)
async def test_what_a_status_means(classroom, name, outcome, told):
    found = await ask(f"name={name}&type=MX")
    assert found.reply.outcome == outcome
    assert told in " ".join(found.sentences)
    assert found.reply.raw and found.reply.is_failure == (
        outcome not in ("answer", "nodata", "nxdomain")
    )


async def test_silence_is_told(classroom, settings):
    settings.QUERY_TIMEOUT = 0.2
    found = await ask("name=silent.classroom.test&type=MX")
    assert found.reply.outcome == "timeout" and "no servers could be reached" in found.reply.raw


async def test_options_set_flags(classroom):
    found = await ask("name=perfect.classroom.test&type=MX&dnssec=on&cd=on&tcp=on&norec=on")
    shape = found.as_json()
    assert shape["transport"] == "tcp" and shape["edns"]["do"]
    assert {record["type"] for record in shape["answer"]} == {"MX", "RRSIG"}
    assert "rd" not in shape["flags"]
    assert found.reply.dig_command.endswith("MX +norecurse +cdflag +dnssec +tcp")
    assert [flag for flag in found.reply.flags if not flag.text] == []


async def test_the_zones_own_servers(classroom):
    found = await ask("name=perfect.classroom.test&type=MX&at=zone")
    assert found.zone == "perfect.classroom.test" and len(found.tries) == 1
    assert "aa" in found.as_json()["flags"]


async def test_one_server_after_the_other_until_one_answers(classroom):
    found = await ask("name=delegation-dead.classroom.test&type=MX&at=zone")
    assert len(found.tries) >= 2 and found.reply.is_failure
    assert {each.outcome for each in found.tries} == {"refused", "lame"}


async def test_one_machine_of_a_lesson(classroom):
    found = await ask("name=delegation-servers.classroom.test&type=MX&server=198.19.130.12")
    assert found.reply.outcome == "refused"
    assert "@198.19.130.12" in found.reply.dig_command


async def test_public_resolvers_are_not_asked_for_lessons(classroom):
    found = await ask("name=perfect.classroom.test&type=MX&at=8.8.8.8")
    assert found.reply.outcome == "answer" and found.notes


async def test_an_address_means_its_reverse_name(classroom):
    found = await ask("name=198.18.1.1")
    assert found.type == "PTR" and found.notes
    assert found.as_json()["answer"][0]["data"] == "mx1.perfect.classroom.test."


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("name=a..b", "name"),
        ("name=", "name"),
        ("name=example.com&type=AXFR", "type"),
        ("name=example.com&type=NONSENSE", "type"),
        ("name=example.com&at=1.2.3.4", "at"),
        ("name=example.com&server=nobody", "server"),
    ],
)
def test_bad_input_is_refused(query, field):
    assert list(form_of(TOOL, query).errors) == [field]


async def test_a_referral_and_an_extended_error():
    def refer(query, transport):
        reply = dns.message.make_response(query)
        ns = dns.rrset.from_text("example.", 60, "IN", "NS", "ns.example.")
        reply.authority.append(ns)
        return reply

    found = await played(refer, "name=www.example&type=A")
    assert found.reply.outcome == "referral"
    assert "The servers of example know more." in found.sentences

    def fail(query, transport):
        reply = dns.message.make_response(query, recursion_available=True)
        reply.set_rcode(dns.rcode.SERVFAIL)
        reply.use_edns(0, 0, 1232, options=[dns.edns.EDEOption(7, "<b>")])
        return reply

    found = await played(fail, "name=www.example&type=A")
    [error] = found.reply.errors
    assert error.name == "EDE 7: Signature Expired" and "<b>" in error.text


async def test_hostile_records_are_text(client):
    def hostile(query, transport):
        return answer(
            query,
            'x.example. 60 IN TXT "<script>alert(1)</script>\\027[31m"',
            flags=dns.flags.RA,
        )

    found = await played(hostile, "name=x.example&type=TXT")
    assert all("\x1b" not in line for line in found.lines())


def test_the_page(client, classroom):
    for prefix in ("", "/ja"):
        page = client.get(f"{prefix}{PAGE}?name=perfect.classroom.test&type=TXT&dnssec=on").text
        assert "-&gt;&gt;HEADER&lt;&lt;-" in page and "v=spf1" in page
        assert 'datalist id="record-types"' in page
        assert "manage.py query perfect.classroom.test TXT --dnssec" in page


def test_strange_names_are_harmless(client, classroom):
    page = client.get(PAGE, {"name": "strange-names.classroom.test", "type": "MX"}).text
    assert "<script>alert" not in page


def test_the_command():
    done = manage("query", "perfect.classroom.test", "mx", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["answer"]) == 2
    done = manage("query", "198.18.1.1")
    assert done.returncode == 0 and "mx1.perfect.classroom.test." in done.stdout
    silent = manage("query", "example.com", "--server", "127.0.0.1:9")
    assert silent.returncode == 3 and "no servers could be reached" in silent.stdout
    refused = manage("query", "example.com", "AXFR", "--language", "ja")
    assert refused.returncode == 2 and "AXFR" in refused.stderr


@given(
    name=st.text(max_size=60),
    rdtype=st.text(max_size=12),
    server=st.text(max_size=30),
    at=st.sampled_from(["site", "zone", "1.1.1.1", "x"]),
)
def test_any_form_is_taken_or_refused(name, rdtype, server, at):
    form = form_of(TOOL, name=name, type=rdtype, server=server, at=at)
    if form.is_valid():
        assert len(form.cleaned_data["name"].name.to_wire()) <= 255
