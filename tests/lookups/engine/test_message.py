"""Replies read lazily: what dnspython makes of the same octets, and nothing worse on others."""

from __future__ import annotations

from ipaddress import ip_address

import dns.flags
import dns.message
import dns.name
import dns.rdata
import dns.rdatatype
import dns.rrset
import pytest
from dns.rdataclass import IN
from hypothesis import given
from hypothesis import strategies as st

from lookups.engine import message as messages
from lookups.engine.rdata import FormatError, name_key, read

labels = st.binary(min_size=1, max_size=12)
names = st.lists(labels, min_size=1, max_size=5).map(lambda ls: dns.name.Name([*ls, b""]))
RRSIG = "MX 13 2 3600 20270101000000 20260101000000 4711 Example.test. YWJjZA=="


def wire(reply: dns.message.Message) -> bytes:
    return reply.to_wire(max_size=65535)


def answer_of(rrset: dns.rrset.RRset) -> messages.RRset:
    """The one RRset of a reply that holds `rrset`."""
    reply = dns.message.make_response(dns.message.make_query(rrset.name, rrset.rdtype))
    reply.answer.append(rrset)
    [found] = messages.parse(wire(reply)).answer
    return found


def dnspythons(type: str, *fields):
    """dnspython's own rdata of a type."""
    number = dns.rdatatype.from_text(type)
    return dns.rdata.get_rdata_class(IN, number)(IN, number, *fields)


@given(names, st.integers(0, 65535), names, st.integers(0, 2**31 - 1))
def test_mx_is_dnspythons(owner, preference, exchange, ttl):
    rdata = dnspythons("MX", preference, exchange)
    found = answer_of(dns.rrset.from_rdata(owner, ttl, rdata))
    [record] = found.records
    assert (record.preference, record.exchange) == (preference, exchange)
    assert record.to_digestable() == rdata.to_digestable()
    assert record.to_text().lower() == rdata.to_text().lower()
    assert found.name == owner and found.ttl == ttl and found.key == name_key(owner)


@pytest.mark.parametrize("type", ["NS", "CNAME", "PTR"])
@given(owner=names, target=names)
def test_names_are_dnspythons(type, owner, target):
    rdata = dnspythons(type, target)
    [record] = answer_of(dns.rrset.from_rdata(owner, 60, rdata)).records
    assert record.target == target and record.to_digestable() == rdata.to_digestable()


@given(st.ip_addresses())
def test_addresses_are_dnspythons(address):
    type = "A" if address.version == 4 else "AAAA"
    rrset = dns.rrset.from_text("a.test.", 60, "IN", type, str(address))
    [record] = answer_of(rrset).records
    assert record.address == rrset[0].address and ip_address(record.address) == address


def test_signatures_are_dnspythons():
    rrset = dns.rrset.from_text("a.test.", 60, "IN", "RRSIG", RRSIG)
    [record] = answer_of(rrset).records
    for field in record._fields:
        assert getattr(record, field) == getattr(rrset[0], field), field


def test_signatures_of_a_set_are_those_of_its_type():
    reply = dns.message.make_response(dns.message.make_query("a.test.", "MX"))
    reply.answer.append(dns.rrset.from_text("a.test.", 60, "IN", "MX", "10 b.test."))
    for text in (RRSIG.replace("MX", "TXT", 1), RRSIG):
        reply.answer.append(dns.rrset.from_text("a.test.", 60, "IN", "RRSIG", text))
    message = messages.parse(wire(reply))
    mx = message.find(message.answer, dns.name.from_text("A.test."), dns.rdatatype.MX)
    assert [s.type_covered for s in message.signatures(mx)] == [dns.rdatatype.MX]


def test_one_name_and_type_is_one_set_with_the_smallest_ttl():
    head = b"\x00\x01\x84\x00\x00\x00\x00\x02\x00\x00\x00\x00"
    record = b"\x01a\x00\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x01\x02\x03\x04"
    second = b"\x01A\x00\x00\x01\x00\x01\x00\x00\x00\x1e\x00\x04\x01\x02\x03\x05"
    [found] = messages.parse(head + record + second).answer
    assert found.ttl == 30 and [r.address for r in found.records] == ["1.2.3.4", "1.2.3.5"]


def test_a_ttl_with_its_highest_bit_is_zero():
    """RFC 2181 §8."""
    head = b"\x00\x01\x84\x00\x00\x00\x00\x01\x00\x00\x00\x00"
    record = b"\x01a\x00\x00\x01\x00\x01\x80\x00\x00\x3c\x00\x04\x01\x02\x03\x04"
    assert messages.parse(head + record).answer[0].ttl == 0


def test_extended_rcodes_and_options():
    reply = dns.message.make_response(dns.message.make_query("a.test.", "A", use_edns=0))
    reply.use_edns(0, options=[dns.edns.EDEOption(22, "why")])
    reply.set_rcode(dns.rcode.BADVERS)
    message = messages.parse(wire(reply))
    assert message.rcode_text == "BADVERS" and message.has_edns
    assert [(e.code, e.text) for e in message.extended_errors()] == [(22, "why")]


@given(st.binary(max_size=600))
def test_any_octets_are_a_message_or_a_format_error(data):
    try:
        message = messages.parse(data)
    except FormatError:
        return
    for section in (message.answer, message.authority, message.additional):
        for rrset in section:
            assert isinstance(rrset.readable, tuple)


@given(
    st.sampled_from([1, 2, 5, 12, 15, 16, 28, 43, 46, 48, 50, 52, 65535]),
    st.binary(max_size=80),
    st.integers(0, 90),
    st.integers(0, 90),
)
def test_any_rdata_is_read_or_refused(rdtype, data, start, length):
    rrset = messages.RRset(dns.name.root, (b"",), rdtype, 0, data, [(start, length)])
    assert isinstance(rrset.readable, tuple)


def test_a_name_that_does_not_fill_its_record_is_refused():
    with pytest.raises(FormatError):
        read(2, b"\x01a\x00\x00", 0, 4)
    with pytest.raises(FormatError):
        read(15, b"\x00\x0a\x01a\x00\xff", 0, 6)


def test_compression_that_goes_in_circles():
    head = b"\x00\x01\x84\x00\x00\x00\x00\x01\x00\x00\x00\x00"
    with pytest.raises(FormatError):
        messages.parse(head + b"\xc0\x0c" + b"\x00\x01\x00\x01" + b"\x00" * 6)
