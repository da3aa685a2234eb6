"""Messages from any origin are read or refused, in bounded time and memory."""

from __future__ import annotations

import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookups.engine.mail import arc, mime, signatures
from lookups.engine.mail.body import BodyHashes, relaxed, simple
from lookups.engine.mail.message import MAX_BYTES, MAX_FIELDS, MessageError, read
from lookups.engine.mail.text import decoded, mailboxes, shown

HEAD = b"From: a@example.org\r\nSubject: x\r\n"


def code_of(raw: bytes) -> str:
    with pytest.raises(MessageError) as error:
        read(raw)
    return error.value.code


@pytest.mark.parametrize(
    "raw, code",
    [
        (b"", "empty"),
        (b" \r\n\r\n\t", "empty"),
        (b"<!DOCTYPE html><html>\nFrom: x\n", "html"),
        (b"<html>From: x", "html"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 900, "outlook"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 9, "binary"),
        (b"hello, how are you?\nfine", "no-header"),
        (b"color: red\nmargin: 0\n", "no-header"),
        (b"From: x\n" + b"this is no field\n" * 50, "no-header"),
        (b"x" * (MAX_BYTES + 1), "too-large"),
        (b"Subject: " + b"x" * 5_000_000, "header-too-large"),
        (b"Subject: x\n" + b" folded\n" * 200_000, "header-too-large"),
    ],
)
def test_refusals(raw, code):
    assert code_of(raw) == code


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"])
def test_line_ends(end):
    found = read(end.join([b"From: a@example.org", b"Subject: b", b"\tc", b"", b"body", b""]))
    assert [field.name for field in found.fields] == ["From", "Subject"]
    assert found.first("subject") == "b c"
    if end != b"\r":
        assert found.body == b"body\r\n"


def test_what_mail_programs_add_is_passed_over():
    raw = b"\xef\xbb\xbf\r\n\r\nFrom someone Mon Nov 23 2026\r\n" + HEAD + b"\r\nbody"
    assert [field.name for field in read(raw).fields] == ["From", "Subject"]
    assert read(HEAD.decode().encode("utf-16")).first("from") == "a@example.org"
    assert read(b"  " + HEAD).first("from") == "a@example.org"


def test_headers_alone_have_no_body():
    assert read(HEAD).body is None
    assert read(HEAD + b"\r\n", pasted=True).body is None
    assert read(HEAD + b"\r\n").body == b""


def test_thousands_of_fields_are_cut():
    found = read(b"Received: x\n" * 20_000)
    assert len(found.fields) == MAX_FIELDS and found.cut


MIXED = HEAD + b"Content-Type: multipart/mixed; boundary=a\r\n\r\n"
HOSTILE = {
    "white space": HEAD + b"\r\n" + b" " * 9_900_000,
    "tabs and lines": HEAD + b"\r\n" + b"\t\r\n" * 3_300_000,
    "blank lines": HEAD + b"\r\n" + b"\n" * 9_900_000,
    "short words": HEAD + b"\r\n" + b"ab " * 3_300_000,
    "nuls": HEAD + b"\r\n" + b"\0" * 9_900_000,
    "carriage returns": HEAD + b"\r\n" + b"\r" * 9_900_000,
    "delimiters": MIXED + b"--a\n" * 2_400_000,
    "dashes": MIXED + b"--\n" * 3_300_000,
    "nesting": HEAD + b"Content-Type: multipart/mixed; boundary=b0\r\n\r\n" + b"".join(
        b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (n, n + 1)
        for n in range(9000)
    ),
}  # fmt: skip


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_hostile_bodies_cost_little(raw):
    tracemalloc.start()
    began = time.process_time()
    try:
        found = read(raw)
        hashes = BodyHashes(found.body)
        assert hashes.of("relaxed", "rsa-sha256") and hashes.of("simple", "rsa-sha256", 7)
        built = mime.structure(found)
        assert built.parts <= mime.MAX_PARTS
        signatures.signatures(found)
        arc.chain(found, {})
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 120_000_000
    assert time.process_time() - began < 10


def test_parts():
    raw = (
        HEAD
        + b'Content-Type: multipart/mixed; boundary="a b"\r\n\r\n--a b\r\n\r\ntext\r\n--a b\r\n'
        b"Content-Type: multipart/alternative;\r\n boundary=c\r\n\r\n--c\r\n"
        b"content-type: text/html; charset=x\r\n\r\n--c--\r\n--a b\r\n"
        b"Content-Type: image/png\r\n\r\n--a b--\r\n--a b\r\nafter the end"
    )
    found = mime.structure(read(raw))
    assert found.types == ("text/plain", "text/html", "image/png")


def test_canonical_bodies():
    """RFC 6376 §3.4.5."""
    body = b" C \r\nD \t E\r\n\r\n\r\n"
    assert relaxed(body) == b" C\r\nD E\r\n"
    assert simple(body) == b" C \r\nD \t E\r\n"
    assert (relaxed(b""), simple(b"")) == (b"", b"\r\n")
    assert relaxed(b"\r\n\r\n") == b""
    assert relaxed(b"a") == simple(b"a") == b"a\r\n"


@given(st.binary(max_size=300).map(lambda b: b.replace(b"\r", b"").replace(b"\n", b"\r\n")))
def test_canonical_bodies_are_those_of_dkimpy(body):
    from dkim.canonicalization import Relaxed, Simple

    ended = body if body.endswith(b"\r\n") or not body else body + b"\r\n"
    assert relaxed(body) == Relaxed.canonicalize_body(ended)
    assert simple(body) == (Simple.canonicalize_body(ended) if ended else b"\r\n")


def test_encoded_words():
    """RFC 2047 §8."""
    assert decoded("=?ISO-8859-1?Q?a?= b") == "a b"
    assert decoded("=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=") == "ab"
    assert decoded("=?ISO-8859-1?Q?a_b?=") == "a b"
    assert decoded("=?ISO-2022-JP?B?GyRCRnxLXBsoQg==?=") == "日本"
    assert decoded("=?utf-8?B?!!?= =?zip?B?AAAA?= =?nonsense?Q?x?=").endswith("=?nonsense?Q?x?=")


def test_what_steers_a_display_is_replaced():
    assert decoded("=?utf-8?Q?=E2=80=AEgpj.exe?=") == "\ufffdgpj.exe"
    assert shown("a\x1b[2J\0b") == "a\ufffd[2J\ufffdb"
    assert len(shown("x" * 5000)) == 301


def test_mailboxes():
    found = mailboxes('"Mori, Hana" <hana@a.example>, ken@b.example (Ken), G: x@c.example;')
    assert [(box.name, box.address) for box in found] == [
        ("Mori, Hana", "hana@a.example"), ("", "ken@b.example"), ("", "x@c.example")
    ]  # fmt: skip
    assert mailboxes('"a@b.example" <evil@c.example>')[0].domain == "c.example"
    assert len(mailboxes("a@b.example," * 5000)) <= 100


@given(st.binary(max_size=600))
def test_nothing_else_raises(raw):
    for octets in (raw, HEAD + raw, b"DKIM-Signature: " + raw + b"\r\nARC-Seal: i=1;" + raw):
        try:
            found = read(octets)
        except MessageError:
            continue
        mime.structure(found)
        signatures.signatures(found)
        arc.chain(found, {})
        for field in found.fields:
            mailboxes(field.text)
            assert len(decoded(field.text, 50)) <= 51


@given(st.text(max_size=300))
def test_text_never_raises(text):
    assert len(mailboxes(text)) <= 100
    decoded(text)
    signatures.read_tags(text)
