"""Zones as learners write them: what is read, what is refused and where, and in which words."""

from __future__ import annotations

import dns.name
import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from learn.classroom.own import DEFAULT_SERVERS, Published, read
from learn.own_zones.text import (
    MAX_RECORDS,
    MAX_TEXT,
    TYPES,
    Row,
    as_rows,
    read_rows,
    read_text,
    write_rows,
    zone_file,
)
from learn.own_zones.words import said

ORIGIN = dns.name.from_text("abcdefgh.zone.classroom.test.")
GOOD = """\
$TTL 600
@        MX    10 mx1      ; a comment
         TXT   "v=spf1 mx -all"
mx1  300 A     198.18.1.1
     IN 1h AAAA 2001:2::1
_25._tcp.mx1 TLSA ( 3 1 1
   8d4471dcba614d71baa36ffea6434c4ba68aae9ae004c5b2a406d0b3d7e0ee18 )
@        CAA   0 issue "ca.example"
_sip._tcp SRV  0 0 5060 mx1.abcdefgh.zone.classroom.test.
www      CNAME mx1
*        TXT   "any"
sub      NS    ns.sub
$ORIGIN sub.abcdefgh.zone.classroom.test.
ns       A     198.18.1.2
"""


def test_a_zone_is_read_with_names_relative_to_it():
    reading = read_text(GOOD, ORIGIN)
    assert not reading.errors and not reading.notes
    shown = [(r.name, r.ttl, r.type, r.data) for r in reading.records]
    assert shown[:4] == [
        ("@", 600, "MX", "10 mx1"),
        ("@", 600, "TXT", '"v=spf1 mx -all"'),
        ("mx1", 300, "A", "198.18.1.1"),
        ("mx1", 3600, "AAAA", "2001:2::1"),
    ]
    assert ("_sip._tcp", 600, "SRV", "0 0 5060 mx1") in shown
    assert ("ns.sub", 600, "A", "198.18.1.2") in shown


def test_rows_and_text_say_the_same():
    records = read_text(GOOD, ORIGIN).records
    rows = as_rows(records)
    again = read_rows(rows, ORIGIN)
    assert not again.errors and as_rows(again.records) == rows
    written = read_text(write_rows(rows), ORIGIN)
    assert not written.errors and as_rows(written.records) == rows


WRONG = {
    "@ MX mx1": ("fields", 6),
    "@ MX ten mx1": ("preference", 6),
    "@ MX 70000 mx1": ("preference", 6),
    "@ MX 10 mx1 mx2": ("fields", 13),
    "x A 1.2.3": ("ipv4", 5),
    "x A ::1": ("ipv6-here", 5),
    "x AAAA 1.2.3.4": ("ipv4-here", 8),
    "x AAAA 1:2": ("ipv6", 8),
    "@ CNAME x": ("cname-apex", 3),
    "x TXT v=spf1 mx -all": ("txt-quotes", 7),
    'x TXT "open': ("quote-open", 7),
    f'x TXT "{"a" * 256}"': ("string-long", 7),
    "x A ( 1.2.3.4": ("paren-open", 5),
    "x A 1.2.3.4 )": ("paren-close", 13),
    "x A ( ( 1.2.3.4 ) )": ("paren-again", 7),
    "a..b A 1.2.3.4": ("dots", 1),
    "a!b A 1.2.3.4": ("name-characters", 1),
    f"{'a' * 64} A 1.2.3.4": ("label-too-long", 1),
    "x.example.com. A 1.2.3.4": ("outside", 1),
    "x 0 A 1.2.3.4": ("ttl-range", 3),
    "x 604801 A 1.2.3.4": ("ttl-range", 3),
    "x 1y A 1.2.3.4": ("ttl", 3),
    "x HINFO a b": ("type", 3),
    "x CH TXT a": ("class", 3),
    "x": ("type-missing", 1),
    "$INCLUDE /etc/passwd": ("directive", 1),
    "$TTL": ("directive-value", 1),
    "x A １.2.3.4": ("not-ascii", 5),  # noqa: RUF001 a full-width digit
    "x\u3000A 1.2.3.4": ("not-ascii", 2),
    "x SRV 0 0 70000 y": ("number", 11),
    "x CAA 0 is-sue y": ("caa-tag", 9),
    "x TLSA 3 1 1 xyz": ("hex", 14),
    "x TLSA 3 1 1 abcd": ("tlsa-length", 14),
    "x TLSA 3 1 0 abc": ("tlsa-length", 14),
    "x CNAME y\nx A 1.2.3.4": ("cname-alone", 1),
    "x CNAME y\nx CNAME z": ("cname-twice", 1),
    "x A 1.2.3.4\nx A 1.2.3.4": ("twice", 1),
    "x 60 A 1.2.3.4\nx 61 A 1.2.3.5": ("ttl-differs", 1),
}


@pytest.mark.parametrize("line", WRONG)
def test_a_fault_is_told_with_its_place_in_both_languages(line):
    code, column = WRONG[line]
    text = f"; first\nok A 198.18.1.1\n{line}\nalso TXT ok\n"
    if code == "paren-open":
        text = text.removesuffix("also TXT ok\n")
    reading = read_text(text, ORIGIN)
    assert [error.code for error in reading.errors] == [code]
    [error] = reading.errors
    assert (error.line, error.column) == (3 + line.count("\n"), column)
    words = []
    for language in ("en", "ja"):
        with translation.override(language):
            words.append(said(error, text).message)
    assert words[0] != words[1] and not any("%(" in each for each in words)
    assert code == "paren-open" or any(record.name == "ok" for record in reading.records)


def test_the_first_record_needs_a_name():
    [error] = read_text(" A 1.2.3.4\n", ORIGIN).errors
    assert (error.code, error.line, error.column) == ("name-missing", 1, 2)


def test_all_faults_are_told_at_once_but_not_without_end():
    reading = read_text("x A 1\n" * 500, ORIGIN)
    assert len(reading.errors) == 20
    assert [error.line for error in reading.errors] == list(range(1, 21))


def test_how_much_there_may_be():
    many = "".join(f"h{n} A 198.18.1.1\n" for n in range(MAX_RECORDS))
    assert (
        len(read_text(many, ORIGIN).records) == MAX_RECORDS and not read_text(many, ORIGIN).errors
    )
    assert read_text(many + "x A 198.18.1.1\n", ORIGIN).errors[0].code == "too-many"
    assert read_text(";" * (MAX_TEXT + 1), ORIGIN).errors[0].code == "too-long"
    assert not read_text(";" * MAX_TEXT, ORIGIN).errors
    assert read_rows([Row("x", "", "TXT", "a" * MAX_TEXT)], ORIGIN).errors[0].code == "too-long"


def test_what_is_only_worth_a_word():
    [note] = read_text("@ MX 10 mx1.example.com\n", ORIGIN).notes
    assert note.code == "dot" and (note.line, note.column) == (1, 9)
    assert "mx1.example.com.abcdefgh.zone" in said(note).message
    reading = read_text("@ SOA a b 1 2 3 4 5\n", ORIGIN)
    assert [n.code for n in reading.notes] == ["soa"] and not reading.records


def test_rows_are_forgiving_with_texts_and_name_the_field():
    rows = [
        Row("", "", "TXT", "v=spf1 mx; -all"),
        Row("", "", "A", ""),
        Row("x", "soon", "A", "198.18.1.1"),
        Row("x_y!", "", "A", "198.18.1.1"),
        Row("x", "", "A", "no"),
    ]
    reading = read_rows(rows, ORIGIN)
    assert [r.data for r in reading.records] == ['"v=spf1 mx; -all"']
    found = [(error.line, error.part) for error in reading.errors]
    assert found == [(3, "ttl"), (4, "name"), (5, "data")]
    assert said(reading.errors[0]).target == "ttl-3"


def test_a_long_text_is_cut_into_strings_and_put_together_again():
    long = "v=DKIM1; p=" + "A" * 600
    reading = read_rows([Row("s._domainkey", "", "TXT", long)], ORIGIN)
    assert not reading.errors
    assert b"".join(reading.records[0].rdata.strings).decode() == long
    assert as_rows(reading.records)[0].data == long


ZONE_CHARACTERS = st.characters(codec="utf-8") | st.sampled_from('@$*()";\\ \t\n._-0aAx')
WORDS = st.sampled_from(
    [
        *TYPES,
        "@",
        "*",
        "x",
        "10",
        "1h",
        "mx1",
        '"a;b"',
        "(",
        ")",
        "\n",
        ";",
        "1.2.3.4",
        "::1",
        "$TTL",
    ]
)


@given(st.text(ZONE_CHARACTERS, max_size=200) | st.lists(WORDS, max_size=40).map(" ".join))
def test_any_text_is_read_or_refused_and_what_is_read_can_be_served(text):
    reading = read_text(text, ORIGIN)
    for trouble in (*reading.errors, *reading.notes):
        assert said(trouble, text).message
    if not reading.errors:
        served = zone_file(reading.records, ORIGIN, 1, DEFAULT_SERVERS)
        read(Published("abcdefgh", 1, served, True, 0))
        assert as_rows(read_rows(as_rows(reading.records), ORIGIN).records) == as_rows(
            reading.records
        )


CELL = st.text(ZONE_CHARACTERS, max_size=40) | WORDS


@given(st.lists(st.builds(Row, CELL, CELL, st.sampled_from(TYPES) | CELL, CELL), max_size=6))
def test_any_rows_are_read_or_refused_and_written(rows):
    reading = read_rows(rows, ORIGIN)
    for trouble in reading.errors:
        assert said(trouble).message
    text = write_rows(rows)
    if not reading.errors:
        assert as_rows(read_text(text, ORIGIN).records) == as_rows(reading.records)
