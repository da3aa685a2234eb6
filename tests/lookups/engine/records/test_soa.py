"""SOA records: the limits of RFC 1912 §2.2 and RFC 2308 §5, and the record that mends them."""

from __future__ import annotations

import dns.name
import dns.rdata
import pytest
from dns.rdataclass import IN
from dns.rdatatype import SOA
from hypothesis import given
from hypothesis import strategies as st

from lookups.engine.records import soa

ZONE = dns.name.from_text("example.com.")
SOUND = "ns1.example.com. hostmaster.example.com. 7 86400 7200 3600000 3600"


def record(text: str):
    return dns.rdata.from_text(IN, SOA, text)


def faults(text: str, ttl: int | None = None) -> set[str]:
    found = soa.faults_of(record(text), ttl)
    return {name for name in found.__slots__ if getattr(found, name)}


def with_values(refresh=86400, retry=7200, expire=3600000, minimum=3600) -> str:
    names = "ns1.example.com. hostmaster.example.com. 7"
    return f"{names} {refresh} {retry} {expire} {minimum}"


def test_a_sound_record_has_no_faults_and_needs_no_mending():
    assert faults(SOUND) == set()
    assert soa.mended(record(SOUND), ZONE, None) == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (with_values(refresh=1199, retry=600), {"refresh"}),
        (with_values(refresh=1200, retry=600), set()),
        (with_values(refresh=86401), {"refresh"}),
        (with_values(retry=179), {"retry"}),
        (with_values(retry=180), set()),
        (with_values(retry=86400), {"retry"}),  # must be smaller than refresh
        (with_values(expire=1209599), {"expire"}),
        (with_values(expire=1209600), set()),
        (with_values(expire=3600001), {"expire"}),
        (with_values(expire=93599), {"expire_below"}),  # refresh and retry together
        (with_values(minimum=86400), set()),
        (with_values(minimum=86401), {"minimum"}),
    ],
)
def test_intervals(text, expected):
    assert faults(text) == expected


def test_the_ttl_bounds_negative_answers():
    """RFC 2308 §3: the smaller of the record's TTL and its last field counts."""
    text = with_values(minimum=604800)
    assert faults(text, 3600) == set() and faults(text, 604800) == {"minimum"}
    assert soa.negative_ttl(record(text), 60) == 60


@pytest.mark.parametrize(
    ("mname", "rname", "expected"),
    [
        (".", "hostmaster.example.com.", {"mname"}),
        ("under_score.example.com.", "hostmaster.example.com.", {"mname"}),
        ("ns1.example.com.", r"hostmaster\@example.com.", {"at_sign"}),
        ("ns1.example.com.", r"first\.last.example.com.", set()),  # RFC 1035 §8
        ("ns1.example.com.", "hostmaster.", {"rname"}),
        ("ns1.example.com.", ".", {"rname"}),
    ],
)
def test_names(mname, rname, expected):
    assert faults(f"{mname} {rname} 7 86400 7200 3600000 3600") == expected


@pytest.mark.parametrize(
    ("rname", "mended"),
    [
        (r"hostmaster\@example.com.", "hostmaster.example.com."),
        (r"hostmaster\@.example.com.", "hostmaster.example.com."),
        ("hostmaster.", "hostmaster.example.com."),
        (".", "hostmaster.example.com."),
    ],
)
def test_the_mailbox_is_mended(rname, mended):
    text = soa.mended(record(f"ns1.example.com. {rname} 7 86400 7200 3600000 3600"), ZONE, None)
    assert text.split()[1] == mended


def test_the_mended_record():
    """Faulty values only are replaced, retry and refresh together; the serial grows."""
    primary = dns.name.from_text("ns2.example.com.")
    faulty = record(". hostmaster.example.com. 4294967295 60 30 1209600 600")
    assert (
        soa.mended(faulty, ZONE, primary)
        == "ns2.example.com. hostmaster.example.com. 0 86400 7200 1209600 600"
    )


def test_a_mailbox_is_shown_as_an_address():
    name = dns.name.from_text(r"first\.last.example.com.")
    assert soa.mailbox(name) == "first.last@example.com"


def test_parts_cover_the_text_and_mark_what_is_wrong():
    text = ". hostmaster.example.com. 1 60 120 90 604800"
    parts = soa.parts(text, soa.faults_of(record(text)))
    assert "".join(part.text for part in parts) == text
    wrong = {part.kind for part in parts if part.error}
    assert wrong == {f"delegation.{k}" for k in ("mname", "refresh", "retry", "expire", "minimum")}


labels = st.binary(min_size=1, max_size=20)
names = st.lists(labels, max_size=6).map(lambda found: dns.name.Name((*found, b"")))
numbers = st.integers(0, 2**32 - 1)


@given(names, names, st.tuples(*[numbers] * 5))
def test_any_record_can_be_mended(mname, rname, values):
    hostile = record(SOUND).replace(
        mname=mname,
        rname=rname,
        **dict(zip(("serial", "refresh", "retry", "expire", "minimum"), values, strict=True)),
    )
    text = soa.text_of(hostile)
    assert "".join(part.text for part in soa.parts(text)) == text
    assert isinstance(soa.mailbox(rname), str)
    mended = soa.mended(hostile, ZONE, dns.name.from_text("ns1.example.com."))
    if mended:
        assert len(mended) < 3000
        assert faults(mended) == set()
