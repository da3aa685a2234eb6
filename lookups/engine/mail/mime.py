"""How a message is built (RFC 2046 §5.1), counted line by line however deep it is nested."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .message import Message

MAX_PARTS = 500
MAX_DEPTH = 50  # of multiparts within multiparts
MAX_LINES = 20_000  # beginning with "--" that are looked at
MAX_HEADER_LINES = 100  # of one part

_BOUNDARY = re.compile(
    r'\bboundary\s{0,9}=\s{0,9}(?:"([^"]{1,200})"|([^\s;"]{1,200}))', re.IGNORECASE
)
_LINE = re.compile(rb"[^\n]*\n|[^\n]+")


@dataclass(frozen=True, slots=True)
class Structure:
    """`types` are the media types of the parts that are no multipart, at most MAX_PARTS. `cut`:
    there were more, or deeper ones, than are counted."""

    types: tuple[str, ...]
    cut: bool = False

    @property
    def parts(self) -> int:
        return len(self.types)


def structure(message: Message) -> Structure:
    """The parts of `message`. Never raises, never recurses."""
    content = message.first("content-type")
    boundary = _boundary(content)
    if message.body is None or not boundary:
        return Structure((_type(content),) if message.body is not None else ())
    types: list[str] = []
    stack = [boundary]
    for number, (line, at) in enumerate(_delimiters(message.body)):
        if number == MAX_LINES:
            return Structure(tuple(types), cut=True)
        level = next((n for n in reversed(range(len(stack))) if line.startswith(stack[n])), None)
        if level is None:
            continue
        rest = line[len(stack[level]) :].strip()
        if rest == b"--":
            del stack[level:]
            if not stack:
                break
            continue
        if rest:
            continue
        del stack[level + 1 :]
        content = _part_header(message.body, at)
        inner = _boundary(content)
        if inner and len(stack) < MAX_DEPTH:
            stack.append(inner)
        elif len(types) == MAX_PARTS or inner:
            return Structure(tuple(types), cut=True)
        else:
            types.append(_type(content))
    return Structure(tuple(types))


def _boundary(content: str) -> bytes:
    """The delimiter of a multipart, "--" included; empty for everything else."""
    if not content.lower().startswith("multipart/"):
        return b""
    match = _BOUNDARY.search(content[:2000])
    return b"--" + (match[1] or match[2]).encode("utf-8", "replace") if match else b""


def _type(content: str) -> str:
    """The media type; text/plain where none is told (RFC 2045 §5.2)."""
    found = re.match(r"[A-Za-z0-9!#$&^_.+-]{1,60}/[A-Za-z0-9!#$&^_.+-]{1,60}", content)
    return found[0].lower() if found else "text/plain"


def _delimiters(body: bytes) -> Iterator[tuple[bytes, int]]:
    """Lines that begin with "--", and where the next line begins."""
    at = 0 if body.startswith(b"--") else body.find(b"\n--") + 1
    while at > 0 or (at == 0 and body.startswith(b"--")):
        end = body.find(b"\n", at)
        end = len(body) if end < 0 else end
        yield body[at : min(end, at + 300)], end + 1
        at = body.find(b"\n--", end) + 1
        if not at:
            return


def _part_header(body: bytes, at: int) -> str:
    """The Content-Type in the header of a part that begins at `at`."""
    found: list[bytes] = []
    for number, match in enumerate(_LINE.finditer(body, at, min(len(body), at + 32768))):
        line = match[0].rstrip(b"\r\n")
        if not line or number == MAX_HEADER_LINES:
            break
        if found and line[:1] in (b" ", b"\t"):
            found.append(line)
        elif found:
            break
        elif line[:13].lower() == b"content-type:":
            found.append(line[13:])
    return b"".join(found)[:4000].decode("utf-8", "replace").strip()
