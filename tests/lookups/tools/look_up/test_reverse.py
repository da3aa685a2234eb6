"""From an address to its names and back (RFC 8601 §2.7.3)."""

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
from lookups.tools.look_up.reverse import TOOL
from tests.lookups.commands import manage
from tests.lookups.engine.scripted import Scripted, answer
from tests.lookups.tools.tooling import form_of, result_of

PAGE = "/tools/reverse/"
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("address", "state", "iprev"),
    [
        ("198.18.1.1", "confirmed", "pass"),
        ("2001:2::1:1", "confirmed", "pass"),
        ("198.18.27.1", "unconfirmed", "fail"),
        ("198.18.26.1", "none", "permerror"),
        ("198.18.161.32", "failed", "temperror"),
    ],
)
async def test_lessons(classroom, address, state, iprev):
    found = await result_of(TOOL, address=address)
    assert (found.state, found.iprev) == (state, iprev) and found.verdict
    json.dumps(found.as_json())
    assert list(found.lines())


async def test_names_zone_and_servers(classroom):
    found = await result_of(TOOL, address="198.18.1.1")
    [name] = found.names
    assert name.confirmed and set(name.addresses) == {"198.18.1.1", "2001:2::1:1"}
    assert found.pointer == "1.1.18.198.in-addr.arpa"
    assert found.zone.name == "18.198.in-addr.arpa" and found.zone.servers
    assert "@" in found.zone.mailbox and found.records == ()


async def test_names_that_look_machine_made_are_noted(classroom):
    found = await result_of(TOOL, address="198.18.161.21")
    assert found.names[0].generic and any("machine-made" in note for note in found.notes)


async def test_names_that_no_ptr_record_should_have(classroom):
    notes = " ".join((await result_of(TOOL, address="198.18.161.12")).notes)
    assert "is an alias for" in notes and "is not a host name" in notes


async def test_many_names(classroom):
    found = await result_of(TOOL, address="198.18.161.11")
    assert found.count > len(found.names) and any("PTR records" in note for note in found.notes)


async def test_what_to_publish(classroom):
    found = await result_of(TOOL, address="198.18.26.1", host="mx1.no-ptr.classroom.test")
    pointer, forward = (record for record, _ in found.records)
    assert pointer.zone_line == "1.26.18.198.in-addr.arpa. 3600 IN PTR mx1.no-ptr.classroom.test."
    assert pointer.host == "1.26" and (forward.type, forward.value) == ("A", "198.18.26.1")
    assert all(view.anatomy and view.anatomy.is_sound for view in found.views)


async def test_the_way_back_is_what_an_unconfirmed_name_lacks(classroom):
    found = await result_of(TOOL, address="198.18.27.1")
    [(record, _)] = found.records
    assert (record.name, record.type) == ("customer.wrong-ptr.classroom.test", "A")


async def test_classless_delegation():
    """RFC 2317: the reverse name is an alias into a zone of the customer's."""
    alias = "25.2.0.8.in-addr.arpa. 60 IN CNAME 25.0/26.2.0.8.in-addr.arpa."
    pointer = "25.0/26.2.0.8.in-addr.arpa. 60 IN PTR mail.example."

    def decide(query, transport):
        [question] = query.question
        name, kind = question.name.to_text(), question.rdtype
        if kind == dns.rdatatype.PTR:
            return answer(query, alias, pointer, flags=dns.flags.RA)
        if kind == dns.rdatatype.A and name == "mail.example.":
            return answer(query, "mail.example. 60 IN A 8.0.2.25", flags=dns.flags.RA)
        if kind == dns.rdatatype.NS and name == "0/26.2.0.8.in-addr.arpa.":
            return answer(query, f"{name} 60 IN NS ns.example.", flags=dns.flags.RA)
        return dns.message.make_response(query, recursion_available=True)

    server = Scripted(decide)
    await server.start()
    try:
        known = ResolverSettings((server.server,), query_timeout=0.3)
        found = await result_of(TOOL, dns=Dns(known), address="8.0.2.25", host="new.example.com")
    finally:
        server.stop()
    assert found.state == "confirmed" and found.aliases == ("25.0/26.2.0.8.in-addr.arpa",)
    assert found.zone.name == "0/26.2.0.8.in-addr.arpa" and found.zone.servers == ("ns.example",)
    assert found.records[0][0].name == "25.0/26.2.0.8.in-addr.arpa"


def test_the_page(client, classroom):
    page = client.get(PAGE, {"address": "198.18.1.1"}).text
    assert "mx1.perfect.classroom.test" in page and "confirmed" in page
    assert 'name="domain" value="mx1.perfect.classroom.test"' in page
    assert "逆引き" in client.get(f"/ja{PAGE}", {"address": "198.18.1.1"}).text


@pytest.mark.parametrize(
    "bad", ["x", "1.2.3", "::g", "10.0.0.1", "127.0.0.1", "192.0.2.1", "fe80::1%eth0", "a" * 300]
)
def test_bad_and_private_addresses_are_refused(client, classroom, bad):
    answered = client.get(PAGE, {"address": bad})
    assert answered.status_code == 400 and 'role="alert"' in answered.text


def test_the_reason_is_told(client, classroom):
    page = client.get(PAGE, {"address": "10.0.0.1"}).text
    assert "10.0.0.1 is a private address" in page


def test_the_command():
    done = manage("reverse", "198.18.1.1", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["iprev"] == "pass"
    refused = manage("reverse", "192.168.1.1")
    assert refused.returncode == 2 and "private" in refused.stderr


@given(address=st.text(max_size=60) | st.ip_addresses().map(str), host=st.text(max_size=60))
def test_any_form_is_taken_or_refused(address, host):
    form_of(TOOL, address=address, host=host).is_valid()
