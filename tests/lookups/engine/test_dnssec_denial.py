"""Proofs of absence, record by record: RFC 4035 §5.4, RFC 6840 §4, RFC 5155 §8, RFC 9824."""

from __future__ import annotations

import base64
import hashlib

import dns.dnssec
import dns.name
import dns.rdata
import pytest
from dns.rdatatype import CNAME, DS, MX, NSEC3, TLSA, A
from hypothesis import given
from hypothesis import strategies as st

from lookups.engine.dnssec.denial import MAX_ITERATIONS, Cut, Denial, has, proofs_of

ZONE = dns.name.from_text("example.")


def n(text: str) -> dns.name.Name:
    return dns.name.from_text(text)


def nsec(*rows: str):
    """Proofs from rows such as "a.example. d.example. A MX"."""
    records = []
    for row in rows:
        owner, rest = row.split(maxsplit=1)
        records.append((n(owner), dns.rdata.from_text("IN", "NSEC", rest)))
    return proofs_of(ZONE, records)


# --- NSEC: the examples of RFC 4035 §B, and what attackers would like to pass off as proofs -------
def test_nsec_no_type():
    proofs = nsec("a.example. d.example. A RRSIG NSEC")
    assert proofs.no_type(n("a.example."), MX) is Denial.PROVEN
    assert proofs.no_type(n("a.example."), A) is Denial.NOTHING
    assert proofs.no_type(n("b.example."), MX) is Denial.NOTHING


def test_nsec_alias_is_no_absence():
    """At a CNAME the answer would have been the CNAME (RFC 6840 §4.3)."""
    proofs = nsec("a.example. d.example. CNAME RRSIG NSEC")
    assert proofs.no_type(n("a.example."), MX) is Denial.NOTHING


def test_nsec_no_name():
    proofs = nsec("b.example. ns1.example. NS DS RRSIG NSEC", "example. a.example. SOA NS MX")
    assert proofs.no_name(n("ml.example.")) is Denial.PROVEN
    assert proofs.no_name(n("zz.example.")) is Denial.NOTHING
    assert proofs.no_name(n("ml.other.")) is Denial.NOTHING


def test_nsec_no_name_needs_the_wildcard_denied_too():
    assert nsec("b.example. ns1.example. A").no_name(n("ml.example.")) is Denial.NOTHING


def test_nsec_the_last_record_points_to_the_apex():
    proofs = nsec("xx.example. example. A", "example. a.example. SOA NS")
    assert proofs.no_name(n("zz.example.")) is Denial.PROVEN


def test_nsec_empty_non_terminal():
    """ent.example. exists, as there are names below it (RFC 4592 §2.2.2)."""
    proofs = nsec("a.example. x.ent.example. A")
    assert proofs.no_type(n("ent.example."), MX) is Denial.PROVEN
    assert proofs.no_name(n("ent.example.")) is Denial.NOTHING
    assert proofs.cut(n("ent.example.")) is Cut.NONE


def test_nsec_wildcard_without_the_type():
    proofs = nsec("a.example. z.example. A", "*.example. a.example. A RRSIG NSEC")
    assert proofs.no_type(n("m.example."), MX) is Denial.PROVEN
    assert proofs.no_type(n("m.example."), A) is Denial.NOTHING


def test_nsec_expanded_wildcard():
    """RFC 4035 §5.3.4: no closer match than the wildcard."""
    proofs = nsec("a.example. z.example. A")
    assert proofs.no_closer(n("m.example."), 1) is Denial.PROVEN
    assert proofs.no_closer(n("m.example."), 0) is Denial.NOTHING  # *.example. was closer
    assert proofs.no_closer(n("zz.example."), 1) is Denial.NOTHING


def test_nsec_of_the_parent_side_denies_only_ds():
    """RFC 6840 §4.1: the parent of a delegation knows nothing of the child."""
    proofs = nsec("sub.example. z.example. NS RRSIG NSEC", "example. a.example. SOA NS")
    assert proofs.no_type(n("sub.example."), MX) is Denial.NOTHING
    assert proofs.no_type(n("sub.example."), DS) is Denial.PROVEN
    assert proofs.no_name(n("mx.sub.example.")) is Denial.NOTHING
    assert proofs.no_type(n("mx.sub.example."), A) is Denial.NOTHING


def test_nsec_of_the_child_side_does_not_deny_ds():
    proofs = nsec("sub.example. z.example. NS SOA RRSIG NSEC DNSKEY")
    assert proofs.no_type(n("sub.example."), DS) is Denial.NOTHING
    assert proofs.cut(n("sub.example.")) is Cut.UNKNOWN


def test_nsec_below_a_dname():
    proofs = nsec("d.example. z.example. DNAME RRSIG NSEC", "example. a.example. SOA NS")
    assert proofs.no_name(n("x.d.example.")) is Denial.NOTHING


@pytest.mark.parametrize(
    ("types", "cut"),
    [
        ("NS RRSIG NSEC", Cut.UNSIGNED),
        ("A RRSIG NSEC", Cut.NONE),
        ("NS DS RRSIG NSEC", Cut.UNKNOWN),
        ("CNAME RRSIG NSEC", Cut.UNKNOWN),
    ],
)
def test_nsec_cuts(types, cut):
    """RFC 4035 §5.2, RFC 6840 §4.4: NS without SOA and DS makes an unsigned delegation."""
    assert nsec(f"sub.example. z.example. {types}").cut(n("sub.example.")) is cut


def test_nsec_a_name_that_does_not_exist_is_no_cut():
    proofs = nsec("b.example. x.example. A", "example. a.example. SOA NS")
    assert proofs.cut(n("m.example.")) is Cut.NONE


def test_compact_denial():
    """RFC 9824: the record is made for the very name, and says so with NXNAME."""
    proofs = nsec("m.example. \\000.m.example. RRSIG NSEC TYPE128")
    assert proofs.no_name(n("m.example.")) is Denial.PROVEN
    assert proofs.no_type(n("m.example."), MX) is Denial.PROVEN
    assert proofs.cut(n("m.example.")) is Cut.NONE


def test_nothing_proves_nothing():
    proofs = proofs_of(ZONE, [])
    assert proofs.no_name(n("a.example.")) is Denial.NOTHING
    assert proofs.no_type(n("a.example."), A) is Denial.NOTHING
    assert proofs.cut(n("a.example.")) is Cut.UNKNOWN


# --- NSEC3 ----------------------------------------------------------------------------------------
def digest(name: str, iterations: int = 0, salt: str = "") -> str:
    return dns.dnssec.nsec3_hash(n(name), salt, iterations, "SHA1").lower()


def nudged(text: str, by: int) -> str:
    octets = base64.b32hexdecode(text.upper())
    number = (int.from_bytes(octets, "big") + by) % (1 << 160)
    return base64.b32hexencode(number.to_bytes(20, "big")).decode().lower()


def hashed(*rows: str, flags: int = 0, iterations: int = 0, salt: str = "-", algorithm: int = 1):
    """Proofs from rows "=name TYPES" (a record at that name) and "!name" (one that covers it)."""
    records = []
    for row in rows:
        name, *types = row[1:].split()
        hash = digest(name, iterations, salt.replace("-", ""))
        owner = hash if row[0] == "=" else nudged(hash, -1)
        text = f"{algorithm} {flags} {iterations} {salt} {nudged(hash, 1)} {' '.join(types)}"
        record = dns.rdata.from_text("IN", "NSEC3", text)
        records.append((n(f"{owner}.example."), record))
    return proofs_of(ZONE, records)


def test_nsec3_no_type():
    """RFC 5155 §8.5 and §8.6."""
    proofs = hashed("=a.example. A RRSIG")
    assert proofs.no_type(n("a.example."), MX) is Denial.PROVEN
    assert proofs.no_type(n("a.example."), A) is Denial.NOTHING
    assert proofs.no_type(n("b.example."), MX) is Denial.NOTHING
    assert hashed("=a.example. CNAME").no_type(n("a.example."), MX) is Denial.NOTHING


def test_nsec3_no_name():
    """RFC 5155 §8.4: closest encloser, next closer name, and the wildcard."""
    whole = ["=example. SOA NS", "!c.example.", "!*.example."]
    assert hashed(*whole).no_name(n("a.c.example.")) is Denial.PROVEN
    for index in range(3):
        rest = whole[:index] + whole[index + 1 :]
        assert hashed(*rest).no_name(n("a.c.example.")) is Denial.NOTHING


def test_nsec3_the_encloser_must_not_be_a_delegation():
    """RFC 5155 §8.3: nor one with a DNAME record."""
    for types in ("NS", "DNAME"):
        proofs = hashed(f"=c.example. {types}", "!a.c.example.", "!*.c.example.")
        assert proofs.no_name(n("a.c.example.")) is Denial.NOTHING


def test_nsec3_opt_out_proves_less():
    """RFC 5155 §6 and §9.2."""
    proofs = hashed("=example. SOA NS", "!c.example.", "!*.example.", flags=1)
    assert proofs.no_name(n("c.example.")) is Denial.OPT_OUT
    assert proofs.no_type(n("c.example."), DS) is Denial.OPT_OUT
    assert proofs.cut(n("c.example.")) is Cut.UNSIGNED


def test_nsec3_no_ds_without_opt_out_is_not_proven_by_a_gap():
    proofs = hashed("=example. SOA NS", "!c.example.")
    assert proofs.no_type(n("c.example."), DS) is Denial.NOTHING
    assert proofs.cut(n("c.example.")) is Cut.UNKNOWN


@pytest.mark.parametrize(
    ("types", "cut"), [("NS", Cut.UNSIGNED), ("A RRSIG", Cut.NONE), ("NS DS RRSIG", Cut.UNKNOWN)]
)
def test_nsec3_cuts(types, cut):
    assert hashed(f"=sub.example. {types}").cut(n("sub.example.")) is cut


def test_nsec3_wildcard_without_the_type():
    """RFC 5155 §8.7."""
    proofs = hashed("=example. SOA NS", "!c.example.", "=*.example. A")
    assert proofs.no_type(n("c.example."), MX) is Denial.PROVEN
    assert proofs.no_type(n("c.example."), A) is Denial.NOTHING


def test_nsec3_expanded_wildcard():
    """RFC 5155 §8.8."""
    proofs = hashed("!c.example.")
    assert proofs.no_closer(n("a.c.example."), 1) is Denial.PROVEN
    assert proofs.no_closer(n("a.d.example."), 1) is Denial.NOTHING


def test_nsec3_iterations_and_salt_count():
    proofs = hashed("=a.example. A", iterations=7, salt="aabb")
    assert proofs.no_type(n("a.example."), MX) is Denial.PROVEN


def test_nsec3_too_many_iterations_are_not_computed():
    """RFC 9276 §3.2: as if the zone were unsigned."""
    proofs = hashed("=a.example. A", iterations=MAX_ITERATIONS + 1)
    assert proofs.no_type(n("a.example."), MX) is Denial.COSTLY
    assert proofs.no_name(n("b.example.")) is Denial.COSTLY
    assert proofs.no_closer(n("b.example."), 1) is Denial.COSTLY
    assert proofs.cut(n("b.example.")) is Cut.UNSIGNED


@pytest.mark.parametrize("changes", [{"flags": 2}, {"algorithm": 6}])
def test_nsec3_unknown_records_are_ignored(changes):
    """RFC 5155 §8.1 and §8.2."""
    assert hashed("=a.example. A", **changes).no_type(n("a.example."), MX) is Denial.NOTHING


# --- whatever the records are ---------------------------------------------------------------------
labels = st.sampled_from(["a", "b", "m", "*", "ent", "sub", "zz"])
names = st.lists(labels, max_size=4).map(lambda parts: n(".".join([*parts, "example."])))
types = st.lists(
    st.sampled_from(["A", "NS", "SOA", "DS", "CNAME", "DNAME", "MX", "TYPE128"]), max_size=4
)
rows = st.lists(st.tuples(names, names, types), max_size=5)


@given(rows, names, st.sampled_from([A, MX, DS, CNAME, TLSA]))
def test_nsec_never_raises_and_never_denies_what_a_record_lists(found, name, rdtype):
    proofs = nsec(*(f"{owner} {end} {' '.join(listed)}" for owner, end, listed in found))
    if proofs.no_type(name, rdtype) is Denial.PROVEN:
        record = proofs.match(name)
        assert record is None or not has(record, rdtype)
    assert proofs.no_name(name) in Denial
    assert proofs.no_closer(name, 1) in Denial
    assert proofs.cut(name) in Cut


@given(
    st.lists(
        st.tuples(
            st.binary(max_size=40),
            st.integers(0, 3),
            st.integers(0, 2),
            st.integers(0, 65535),
            st.binary(max_size=4),
            st.binary(min_size=1, max_size=30),
        ),
        max_size=4,
    ),
    names,
)
def test_nsec3_never_raises(found, name):
    records = []
    for label, algorithm, flags, iterations, salt, end in found:
        owner = dns.name.Name((label or b"x", *ZONE.labels))
        wire = bytes([algorithm, flags]) + iterations.to_bytes(2, "big")
        wire += bytes([len(salt)]) + salt + bytes([len(end)]) + end
        records.append((owner, dns.rdata.from_wire("IN", NSEC3, wire, 0, len(wire))))
    proofs = proofs_of(ZONE, records)
    for denial in (proofs.no_type(name, MX), proofs.no_name(name), proofs.no_closer(name, 1)):
        assert denial in Denial
    assert proofs.cut(name) in Cut


def test_the_hash_is_that_of_the_rfc():
    """RFC 5155 appendix A: H(example) with 12 iterations of the salt aabbccdd."""
    data = n("example.").to_wire() + bytes.fromhex("aabbccdd")
    found = hashlib.sha1(data).digest()
    for _ in range(12):
        found = hashlib.sha1(found + bytes.fromhex("aabbccdd")).digest()
    assert base64.b32hexencode(found).lower() == b"0p9mhaveqvm6t7vbl5lop2u3t2rp3tom"
    proofs = hashed("=example. SOA", iterations=12, salt="aabbccdd")
    assert proofs.match(n("example.")) is not None
