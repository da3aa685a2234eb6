"""Texts of TXT records: joined, split and quoted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lookups.engine.records import txt


def test_strings_are_joined_without_a_space():
    """RFC 6376 §3.6.2.2."""
    assert txt.text_of([b"v=DK", b"IM1"]) == "v=DKIM1"


def test_what_no_database_keeps_is_replaced():
    assert txt.text_of([b"a\0b\xff"]) == "a\ufffdb\ufffd"
    assert len(txt.text_of([b"x" * 255] * 250)) == txt.MAX_TEXT


def test_quoting_for_zone_files():
    """RFC 1035 §5.1."""
    assert txt.quoted_strings('a"b\\') == '"a\\"b\\\\"'
    assert txt.quoted_strings("x" * 256) == f'"{"x" * 255}" "x"'
    assert txt.quoted_strings("") == '""'


@given(st.text(max_size=600))
def test_splitting_keeps_everything(text):
    """RFC 1035 §3.3: at most 255 octets a string; no character is torn apart."""
    text = text.encode("utf-8", "replace").decode()
    strings = txt.split_strings(text)
    assert "".join(strings) == text
    assert all(len(string.encode()) <= 255 for string in strings)
