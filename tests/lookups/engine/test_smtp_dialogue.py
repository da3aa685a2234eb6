"""Reading a stranger's SMTP: RFC 5321 §4.2, bounded whatever comes."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookups.engine.smtp.dialogue import (
    MAX_LINE,
    MAX_LINES,
    MAX_TEXT,
    Dialogue,
    SmtpError,
    clean,
    parse_line,
)
from lookups.engine.smtp.probe import ehlo_name


class _Connection:
    """A connection whose incoming octets the test decides."""

    def __init__(self, octets: bytes) -> None:
        self.reader = asyncio.StreamReader(limit=1 << 16)
        self.reader.feed_data(octets)
        self.reader.feed_eof()
        self.sent = b""
        self.writer = self

    def write(self, octets: bytes) -> None:
        self.sent += octets


def dialogue(octets: bytes) -> Dialogue:
    return Dialogue(_Connection(octets), lambda: 5.0)


async def reply_to(octets: bytes):
    return await dialogue(octets).reply()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"220 mx.example ESMTP\r\n", (220, True, "mx.example ESMTP")),
        (b"250-PIPELINING\r\n", (250, False, "PIPELINING")),
        (b"250\r\n", (250, True, "")),  # RFC 5321 §4.2: the text may be missing
        (b"250 ok\n", (250, True, "ok")),  # a bare LF is tolerated
        (b"250 \xff\x1b[2J\r\n", (250, True, "��[2J")),
    ],
)
def test_lines(line, expected):
    assert parse_line(line) == expected


@pytest.mark.parametrize(
    "line",
    [b"\r\n", b"hello\r\n", b"22\r\n", b"120 x\r\n", b"999 x\r\n", b"220_x\r\n", b" 220 x\r\n"],
)
def test_what_is_no_reply(line):
    with pytest.raises(SmtpError) as caught:
        parse_line(line)
    assert caught.value.code == "protocol"


@given(st.binary(max_size=3000) | st.text(max_size=500).map(lambda t: b"250 " + t.encode()))
def test_any_octets(octets):
    try:
        code, _, text = parse_line(octets)
    except SmtpError as error:
        assert error.code in SmtpError.CODES and len(error.detail) <= MAX_TEXT
    else:
        assert 200 <= code < 600 and len(text) <= MAX_TEXT and "\x1b" not in text


@given(st.text())
def test_clean_text_moves_no_cursor(text):
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in clean(text))


async def test_a_reply_of_several_lines():
    reply = await reply_to(b"250-mx.example\r\n250-SIZE 10\r\n250 STARTTLS\r\n")
    assert reply.code == 250 and reply.lines == ("mx.example", "SIZE 10", "STARTTLS")


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (b"", "closed"),
        (b"220 no end", "closed"),
        (b"250-a\r\n", "closed"),
        (b"250-a\r\n251 b\r\n", "protocol"),  # RFC 5321 §4.2.1: one code for all lines
        (b"220 " + b"a" * MAX_LINE + b"\r\n", "protocol"),
        (b"a" * (1 << 18), "protocol"),
        (b"250-more\r\n" * (MAX_LINES + 1), "protocol"),
    ],
)
async def test_replies_that_end_the_conversation(octets, code):
    with pytest.raises(SmtpError) as caught:
        await reply_to(octets)
    assert caught.value.code == code


async def test_silence_ends_it():
    connection = _Connection(b"")
    connection.reader = asyncio.StreamReader()
    with pytest.raises(SmtpError) as caught:
        await Dialogue(connection, lambda: 0.05).reply()
    assert caught.value.code == "silent"


async def test_nothing_said_holds_a_second_line():
    talk = dialogue(b"250 ok\r\n")
    for text in ("EHLO a\r\nMAIL FROM:<>", "EHLO a\nb", "EHLO ü"):
        with pytest.raises(ValueError):
            talk.say(text)
    assert talk.connection.sent == b""


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mxplain.example", "mxplain.example"),
        ("MXplain.example", "mxplain.example"),
        ("192.0.2.1", "[192.0.2.1]"),  # RFC 5321 §4.1.3
        ("2001:db8::1", "[IPv6:2001:db8::1]"),
        ("evil\r\nMAIL FROM:<>", "localhost"),
        ("", "localhost"),
    ],
)
def test_who_this_site_says_it_is(name, said):
    assert ehlo_name(name) == said
