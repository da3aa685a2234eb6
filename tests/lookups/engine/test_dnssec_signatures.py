"""One RRset and its signatures: RFC 4034 §3.1.8.1, RFC 4035 §5.3, and what attackers try."""

from __future__ import annotations

import struct

import dns.dnssec
import dns.message
import dns.name
import dns.rdata
import dns.rrset
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from lookups.engine.dnssec.algorithms import algorithm_name, digest_name, key_bits
from lookups.engine.dnssec.signatures import (
    MAX_COLLISIONS,
    MAX_SIGNATURES,
    Effort,
    Fault,
    Key,
    fits,
    keys_of,
    usable_ds,
    verify,
)
from lookups.engine.message import RRset, parse

ZONE = dns.name.from_text("example.")
NOW = 1_800_000_000
DAY = 86_400
PRIVATE = ec.derive_private_key(4711, ec.SECP256R1())


def dnskey(private=PRIVATE, algorithm: int = 13, flags: int = 257):
    return dns.dnssec.make_dnskey(private.public_key(), algorithm, flags)


def signed(
    owner="mx.example.",
    rdtype="A",
    texts=("198.18.0.1", "198.18.0.2"),
    private=PRIVATE,
    algorithm=13,
    since=NOW - DAY,
    until=NOW + DAY,
    signer=ZONE,
):
    """An RRset as the engine reads it from a reply, its signature, and the key."""
    rrset = dns.rrset.from_text_list(owner, 300, "IN", rdtype, list(texts))
    key = dnskey(private, algorithm)
    signature = dns.dnssec.sign(
        rrset,
        private,
        signer,
        key,
        inception=since,
        expiration=until,
        policy=dns.dnssec.allow_all_policy,
    )
    return read(rrset), signature, key


def read(rrset) -> RRset:
    """As it stands in a reply, names compressed."""
    reply = dns.message.make_response(dns.message.make_query(rrset.name, rrset.rdtype))
    reply.answer = [rrset]
    return parse(reply.to_wire()).answer[0]


def judge(rrset, signatures, keys, now=NOW, effort=None, zone=ZONE):
    return verify(rrset, signatures, zone, keys_of(keys), now, effort or Effort(100)).fault


@pytest.mark.parametrize(
    ("private", "algorithm"),
    [
        (PRIVATE, 13),
        (ec.derive_private_key(4711, ec.SECP384R1()), 14),
        (ed25519.Ed25519PrivateKey.from_private_bytes(b"x" * 32), 15),
        (rsa.generate_private_key(65537, 2048), 8),
        (rsa.generate_private_key(65537, 1024), 5),
        (rsa.generate_private_key(65537, 1024), 10),
    ],
)
def test_algorithms(private, algorithm):
    rrset, signature, key = signed(private=private, algorithm=algorithm)
    assert judge(rrset, [signature], [key]) is None


@pytest.mark.parametrize(
    ("owner", "rdtype", "texts"),
    [
        ("Example.", "MX", ["10 MX1.example.", "20 mx2.EXAMPLE."]),
        ("example.", "SOA", ["NS.example. Host.example. 1 2 3 4 5"]),
        ("a.example.", "CNAME", ["B.example."]),
        ("*.example.", "TXT", ['"a" "b"']),
        ("a.example.", "NSEC", ["B.example. A NSEC"]),
        ("a.example.", "TLSA", ["3 1 1 " + "ab" * 32]),
    ],
)
def test_canonical_form(owner, rdtype, texts):
    """Capitals and the order of records do not matter (RFC 4034 §6)."""
    rrset, signature, key = signed(owner, rdtype, texts)
    assert judge(rrset, [signature], [key]) is None


def test_order_and_repetition_do_not_matter():
    rrset, signature, key = signed()
    rrset.spans = [*reversed(rrset.spans), rrset.spans[0]]
    assert judge(rrset, [signature], [key]) is None


@pytest.mark.parametrize(
    ("now", "fault"),
    [
        (NOW - DAY - 1, Fault.NOT_YET),
        (NOW - DAY, None),
        (NOW + DAY, None),
        (NOW + DAY + 1, Fault.EXPIRED),
    ],
)
def test_times(now, fault):
    """RFC 4035 §5.3.1: both ends are within."""
    rrset, signature, key = signed()
    assert judge(rrset, [signature], [key], now=now) is fault


def test_an_expired_signature_beside_one_that_holds():
    rrset, old, key = signed(until=NOW - 1)
    _, good, _ = signed()
    assert judge(rrset, [old, good], [key]) is None
    assert judge(rrset, [good, old], [key]) is None


def test_what_is_wrong():
    rrset, signature, key = signed()
    other, _, _ = signed(texts=["198.18.0.9"])
    stranger = dnskey(ec.derive_private_key(42, ec.SECP256R1()))
    assert judge(rrset, [], [key]) is Fault.MISSING
    assert judge(other, [signature], [key]) is Fault.WRONG
    assert judge(rrset, [signature], [stranger]) is Fault.UNKNOWN_KEY
    assert judge(rrset, [signature], []) is Fault.UNKNOWN_KEY
    _, foreign, _ = signed(signer=dns.name.from_text("test."), owner="mx.test.")
    assert judge(rrset, [foreign], [key]) is Fault.MISSING
    short = signature.replace(labels=9)
    assert judge(rrset, [short], [key]) is Fault.WRONG


def test_a_wildcard_signature_holds_for_the_names_it_was_expanded_to():
    """RFC 4035 §5.3.2; that it was rightly expanded is another question."""
    _, signature, key = signed("*.example.")
    expanded, _, _ = signed("a.b.example.")
    assert signature.labels == 1
    assert judge(expanded, [signature], [key]) is None


@pytest.mark.parametrize("flags", [256 | 128, 1, 0])
def test_keys_that_must_not_be_used(flags):
    """Revoked (RFC 5011 §2.1), or no zone key at all (RFC 4034 §2.1.1)."""
    rrset, _, _ = signed()
    key = dnskey(flags=flags)
    text = dns.rrset.from_text_list("mx.example.", 300, "IN", "A", ["198.18.0.1", "198.18.0.2"])
    signature = dns.dnssec.sign(
        text, PRIVATE, ZONE, dnskey(), inception=NOW - 1, expiration=NOW + 1
    ).replace(key_tag=dns.dnssec.key_id(key))
    assert judge(rrset, [signature], [key]) is Fault.UNKNOWN_KEY


def test_keys_with_one_tag_are_not_all_tried():
    """CVE-2023-50387: many keys with one tag times many signatures would keep us busy for hours."""
    rrset, signature, key = signed()
    tag = dns.dnssec.key_id(key)
    wrong = dnskey(ec.derive_private_key(99, ec.SECP256R1()))
    keys = [Key(tag, wrong)] * 20
    effort = Effort(1000)
    verify(rrset, [signature] * 50, ZONE, keys, NOW, effort)
    assert 1000 - effort.left <= MAX_COLLISIONS * MAX_SIGNATURES


def test_the_effort_of_a_report_is_limited():
    rrset, signature, key = signed()
    assert judge(rrset, [signature], [key], effort=Effort(0)) is Fault.COSTLY


def test_ds():
    key = dnskey()
    owner = dns.name.from_text("Example.")
    for digest in ("SHA1", "SHA256", "SHA384"):
        ds = dns.dnssec.make_ds(owner, key, digest, policy=dns.dnssec.allow_all_policy)
        [entry] = keys_of([key])
        assert fits(ds, owner, entry)
        assert not fits(ds, dns.name.from_text("other."), entry)
        assert not fits(ds.replace(digest=b"\0" * len(ds.digest)), owner, entry)


def test_sha1_counts_only_where_there_is_nothing_better():
    """RFC 4509 §3; unknown algorithms and digests are left out (RFC 4035 §5.2)."""
    old = dns.rdata.from_text("IN", "DS", "1 13 1 " + "00" * 20)
    new = dns.rdata.from_text("IN", "DS", "1 13 2 " + "00" * 32)
    unknown = dns.rdata.from_text("IN", "DS", "1 17 2 " + "00" * 32)
    strange = dns.rdata.from_text("IN", "DS", "1 13 99 " + "00" * 32)
    assert usable_ds([old, new, unknown, strange]) == [new]
    assert usable_ds([old, unknown]) == [old]
    assert usable_ds([unknown, strange]) == []


def test_sizes_and_names():
    assert key_bits(dnskey()) == 256
    assert key_bits(dnskey(rsa.generate_private_key(65537, 1024), 8)) == 1024
    assert algorithm_name(13) == "13 (ECDSAP256SHA256)" and algorithm_name(200) == "200"
    assert digest_name(2) == "2 (SHA-256)" and digest_name(77) == "77"


@given(st.binary(max_size=300), st.sampled_from([1, 3, 5, 8, 13, 15, 200]))
def test_key_bits_never_raises(octets, algorithm):
    wire = struct.pack("!HBB", 257, 3, algorithm) + octets
    key = dns.rdata.from_wire("IN", "DNSKEY", wire, 0, len(wire))
    bits = key_bits(key)
    assert bits is None or 0 < bits <= 8 * 300


SAMPLE = signed()


@given(st.binary(max_size=120), st.binary(max_size=80), st.sampled_from([5, 8, 13, 14, 15, 16]))
def test_no_garbage_is_ever_accepted(signature_octets, key_octets, algorithm):
    """Keys and signatures of any octets: never an exception, never a yes."""
    rrset, signature, _ = SAMPLE
    wire = struct.pack("!HBB", 257, 3, algorithm) + key_octets
    key = dns.rdata.from_wire("IN", "DNSKEY", wire, 0, len(wire))
    forged = signature.replace(
        algorithm=algorithm, signature=signature_octets, key_tag=dns.dnssec.key_id(key)
    )
    assert judge(rrset, [forged], [key]) is Fault.WRONG
