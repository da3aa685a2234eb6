"""A mail taken apart into its leaves (RFC 2045, RFC 2046): as much as reports need, and bounded.

Nothing is copied but the leaves that are decoded, so that a mail costs little more than its size.
"""

from __future__ import annotations

import binascii
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser

from .errors import ReportError

MAX_HEADER = 200_000  # octets of one header section
MAX_PARTS = 100  # of a mail, in all
MAX_DEPTH = 5  # multiparts and mails within each other
_END_OF_HEADER = re.compile(rb"\r?\n[ \t]*\r?\n")
_FIELD = re.compile(rb"[!-9;-~]{1,80}[ \t]*:")
_LINE_END = re.compile(rb"\r?\n")


@dataclass(frozen=True, slots=True)
class Part:
    """A leaf. `type` is its media type in lower case, `body` what stands there, still encoded;
    `within` the type of the multipart around it."""

    type: str
    header: Message
    body: bytes
    within: str = ""

    def decoded(self) -> bytes:
        """The octets that the transfer encoding stands for (RFC 2045 §6). Raises ReportError."""
        encoding = str(self.header.get("Content-Transfer-Encoding", "")).strip().lower()
        if encoding == "base64":
            try:
                return binascii.a2b_base64(self.body)
            except binascii.Error:
                raise ReportError("truncated") from None
        if encoding == "quoted-printable":
            return quopri.decodestring(self.body)
        return self.body


def looks_like_mail(data: bytes) -> bool:
    """Whether it begins with a header field, or with the "From " of a mailbox file."""
    start = data[:2000].lstrip(b"\xef\xbb\xbf \t\r\n")
    return start.startswith(b"From ") or _FIELD.match(start) is not None


def parts(data: bytes) -> Iterator[Part]:
    """The leaves of a mail, in order; those after MAX_PARTS are left out."""
    data = data.lstrip(b"\xef\xbb\xbf \t\r\n") if data[:1] in b"\xef \t\r\n" else data
    if data.startswith(b"From "):
        end = _LINE_END.search(data)
        data = data[end.end() :] if end else b""
    left = [MAX_PARTS]
    yield from _leaves(data, "", 0, left)


def _leaves(data: bytes, within: str, depth: int, left: list[int]) -> Iterator[Part]:
    header, body = split(data)
    kind = _type_of(header, within)
    boundary = _boundary(header) if kind.startswith("multipart/") else b""
    if boundary and depth < MAX_DEPTH:
        for piece in _pieces(body, boundary, left):
            yield from _leaves(piece, kind, depth + 1, left)
        return
    if kind == "message/rfc822" and within != "multipart/report" and depth < MAX_DEPTH:
        yield from _leaves(body, kind, depth + 1, left)
        return
    yield Part(kind, header, body, within)


def split(data: bytes) -> tuple[Message, bytes]:
    """The header section and what follows it."""
    if data.startswith((b"\n", b"\r\n")):
        return Message(), data[data.index(b"\n") + 1 :]
    found = _END_OF_HEADER.search(data, 0, MAX_HEADER)
    head, body = (data[: found.start()], data[found.end() :]) if found else (data, b"")
    if len(head) > MAX_HEADER:
        head = head[:MAX_HEADER]
    return HeaderParser().parsestr(head.decode("utf-8", "replace")), body


def _type_of(header: Message, within: str) -> str:
    default = "message/rfc822" if within == "multipart/digest" else "text/plain"
    value = str(header.get("Content-Type", "")).split(";", 1)[0].strip().lower()[:100]
    return value or default


_BOUNDARY = re.compile(r';\s*boundary\s*=\s*(?:"([^"]{1,200})"|([^\s;"]{1,200}))', re.IGNORECASE)


def _boundary(header: Message) -> bytes:
    found = _BOUNDARY.search(str(header.get("Content-Type", ""))[:2000].replace("\n", " "))
    return (found[1] or found[2]).encode("utf-8", "replace") if found else b""


def _pieces(body: bytes, boundary: bytes, left: list[int]) -> Iterator[bytes]:
    """What stands between the lines of the boundary (RFC 2046 §5.1.1), even if the last is cut."""
    line = re.compile(rb"(?:^|\r?\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?=\r?\n|$)")
    begin = -1
    for found in line.finditer(body):
        if begin >= 0:
            if left[0] <= 0:
                return
            left[0] -= 1
            yield body[begin : found.start()]
        begin = _after_line(body, found.end())
        if found[1]:
            return
    if 0 <= begin < len(body) and left[0] > 0:
        left[0] -= 1
        yield body[begin:]


def _after_line(body: bytes, at: int) -> int:
    end = _LINE_END.match(body, at)
    return end.end() if end else at
