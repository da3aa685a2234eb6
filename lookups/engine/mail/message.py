"""A message's header fields and its body, from octets of any origin (RFC 5322 §2.2).

Lines may end in CRLF, LF or CR; what mail programs add when they save or show a source (a BOM, an
mbox line, blank lines at the top) is passed over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

MAX_BYTES = 10_000_000  # of a whole message
MAX_HEADER_BYTES = 512 * 1024
MAX_FIELDS = 1000  # more are not read
MAX_TEXT = 16 * 1024  # characters of a field's value that are looked at

_NAME = re.compile(rb"([\x21-\x39\x3b-\x7e]{1,200})[ \t]*:")
_END_OF_HEADER = re.compile(rb"\n\r?\n")
_FOLD = re.compile(r"\r?\n")
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_OUTLOOK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # a compound file: Outlook's .msg
# A header has at least one of these; anything else with colons is something else.
_KNOWN = frozenset((
    "received", "from", "to", "cc", "date", "subject", "message-id", "return-path",
    "delivered-to", "dkim-signature", "sender", "reply-to", "mime-version", "content-type",
    "authentication-results", "arc-seal", "received-spf", "x-received", "list-id",
    "arc-message-signature", "arc-authentication-results",
))  # fmt: skip


class MessageError(ValueError):
    """Octets that are no message. `code` is one of CODES."""

    CODES = ("empty", "too-large", "header-too-large", "html", "outlook", "binary", "no-header")

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Field:
    """A header field. `value` are the octets after the colon, lines ending in CRLF."""

    name: str
    value: bytes

    @property
    def key(self) -> str:
        return self.name.lower()

    @cached_property
    def text(self) -> str:
        """The value unfolded (RFC 5322 §2.2.3), at most MAX_TEXT characters."""
        text = self.value[: 4 * MAX_TEXT].decode("utf-8", "replace")
        return _FOLD.sub("", text).replace("\t", " ").strip()[:MAX_TEXT]


@dataclass(frozen=True)
class Message:
    """`body` is None where only a header was given. `junk` counts lines of the header that are no
    field; `cut` tells that there were more than MAX_FIELDS fields. `size` is in octets."""

    fields: tuple[Field, ...]
    body: bytes | None
    size: int
    junk: int = 0
    cut: bool = False

    def all(self, name: str) -> tuple[Field, ...]:
        """The fields of this name, the topmost first."""
        key = name.lower()
        return tuple(field for field in self.fields if field.key == key)

    def first(self, name: str) -> str:
        """The text of the topmost field of this name; empty where there is none."""
        found = self.all(name)
        return found[0].text if found else ""


def read(raw: bytes, pasted: bool = False) -> Message:
    """The message in `raw`; raises MessageError.

    `pasted`: it came out of a text field, where blank lines at the end mean nothing.
    """
    if len(raw) > MAX_BYTES:
        raise MessageError("too-large")
    size = len(raw)
    start = _tidy_start(raw)
    _refuse_others(start)
    if b"\n" not in start[: MAX_HEADER_BYTES + 1]:
        start = start.replace(b"\r\r", b"\n\n").replace(b"\r", b"\n")
    head, body = _divided(start)
    if len(head) > MAX_HEADER_BYTES:
        raise MessageError("header-too-large")
    fields, junk, cut = _fields(head)
    if not any(field.key in _KNOWN for field in fields) or junk > max(3, len(fields)):
        raise MessageError("binary" if _BINARY.search(start[:4096]) else "no-header")
    if pasted and body is not None and not body.strip():
        body = None
    if body is not None:
        body = body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return Message(tuple(fields), body, size, junk, cut)


def _tidy_start(raw: bytes) -> bytes:
    """Without a byte order mark, blank lines and an mbox line (RFC 4155) at the top."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raw = raw[: 2 * MAX_BYTES].decode("utf-16", "replace").encode("utf-8", "replace")
    start = raw.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n\t ")
    if start.startswith((b"From ", b">From ")):
        start = start.partition(b"\n")[2].lstrip(b"\r\n\t ")
    return start


def _refuse_others(start: bytes) -> None:
    """What people drop by mistake."""
    if not start:
        raise MessageError("empty")
    if start.startswith(_OUTLOOK):
        raise MessageError("outlook")
    if start[:1] == b"<" and re.match(
        rb"<(?:!doctype|html|head|body|!--|\?xml)", start[:20].lower()
    ):
        raise MessageError("html")


def _divided(start: bytes) -> tuple[bytes, bytes | None]:
    """The header, and the body behind the first blank line."""
    end = _END_OF_HEADER.search(start)
    if end is None:
        return start, None
    return start[: end.start() + 1], start[end.end() :]


def _fields(head: bytes) -> tuple[list[Field], int, bool]:
    """Fields, the number of lines that are none, and whether there were too many."""
    found: list[tuple[str, list[bytes]]] = []
    junk = 0
    for line in head.split(b"\n"):
        line = line.removesuffix(b"\r")
        if not line:
            continue
        if line[:1] in (b" ", b"\t"):
            if found:
                found[-1][1].append(line)
            continue
        match = _NAME.match(line)
        if match is None:
            junk += 1
        elif len(found) == MAX_FIELDS:
            return _made(found), junk, True
        else:
            found.append((match[1].decode("ascii"), [line[match.end() :]]))
    return _made(found), junk, False


def _made(found: list[tuple[str, list[bytes]]]) -> list[Field]:
    return [Field(name, b"\r\n".join(lines) + b"\r\n") for name, lines in found]
