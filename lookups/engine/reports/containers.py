"""What a report is packed in: gzip, zip or a mail, recognised by content and never by name.

Everything is unpacked in pieces and stopped at a limit, so that a bomb costs no more than a report.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from . import mime
from .errors import MAX_FILE, MAX_INFLATED, Budget, ReportError

MAX_MEMBERS = 50  # of a zip, and of a gzip
MAX_RATIO = 250  # unpacked to packed octets, where more than RATIO_FROM are unpacked
RATIO_FROM = 2_000_000
CHUNK = 64_000
SNIFFED = 1_000  # octets looked at
_CENTRAL_ENTRY = b"PK\x01\x02"
_SPACE = b" \t\r\n\0"
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Packed:
    """A document within a file: `kind` "xml", "json" or "failure" (then with the original)."""

    name: str
    kind: str
    data: bytes
    original: bytes = b""


def sniff(data: bytes) -> str:
    """ "gzip", "zip", "xml", "json", "mail", "empty" or "unknown"."""
    if data.startswith(b"\x1f\x8b"):
        return "gzip"
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    start = data[:SNIFFED]
    for mark in _MARKS:
        start = start.removeprefix(mark)
    start = start.replace(b"\0", b"").lstrip(_SPACE)
    if not start:
        return "unknown" if data.strip(_SPACE) else "empty"
    if start.startswith(b"<"):
        return "xml"
    if start[:1] in (b"{", b"["):
        return "json"
    return "mail" if mime.looks_like_mail(start) else "unknown"


def unpack(data: bytes, budget: Budget | None = None) -> Iterator[Packed]:
    """The documents in a file, one after the other. Raises ReportError, also in mid-way."""
    budget = budget or Budget()
    if len(data) > MAX_FILE:
        raise ReportError("too-large")
    yield from _unpack("", data, budget, within="")


def _unpack(name: str, data: bytes, budget: Budget, within: str) -> Iterator[Packed]:
    kind = sniff(data)
    if kind in ("empty", "unknown"):
        raise ReportError(kind)
    if kind in ("xml", "json"):
        if within in ("", "mail"):
            budget.unpack(len(data))  # what comes out of an archive was counted there
        yield Packed(name, kind, data)
    elif kind == "mail":
        if within:
            raise ReportError("nested")
        yield from _mail(data, budget)
    elif within not in ("", "mail"):
        raise ReportError("nested")
    elif kind == "gzip":
        yield from _unpack(name, _gunzip(data, budget), budget, within="gzip")
    else:
        for member, content in _unzip(data, budget):
            yield from _unpack(member, content, budget, within="zip")


def _collect(pieces: Iterator[bytes], packed: int, budget: Budget) -> bytes:
    """The pieces as one, unless they become too much."""
    kept: list[bytes] = []
    size = 0
    for piece in pieces:
        size += len(piece)
        budget.unpack(len(piece))
        if size > MAX_INFLATED or (size > RATIO_FROM and size > packed * MAX_RATIO):
            raise ReportError("inflated")
        kept.append(piece)
    return b"".join(kept)


def _gunzip(data: bytes, budget: Budget) -> bytes:
    try:
        return _collect(_gzip_pieces(data), len(data), budget)
    except zlib.error:
        raise ReportError("corrupt") from None


def _gzip_pieces(data: bytes) -> Iterator[bytes]:
    """RFC 1952: members one after the other; what follows the last one is left aside."""
    at = 0
    for _ in range(MAX_MEMBERS):
        member = zlib.decompressobj(wbits=31)
        while not member.eof:
            fed = member.unconsumed_tail or data[at : at + CHUNK]
            if not member.unconsumed_tail:
                at += len(fed)
            if not fed:
                raise ReportError("truncated")
            piece = member.decompress(fed, CHUNK)
            if piece:
                yield piece
        at -= len(member.unused_data)
        if data[at : at + 2] != b"\x1f\x8b":
            return
    raise ReportError("members")


def _unzip(data: bytes, budget: Budget) -> Iterator[tuple[str, bytes]]:
    # Each member has an entry with this mark; counted before anything is made of them.
    if data.count(_CENTRAL_ENTRY) > MAX_MEMBERS:
        raise ReportError("members")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [member for member in archive.infolist() if _is_wanted(member)]
            _check(members)
            if not members:
                raise ReportError("empty")
            for member in members:
                with archive.open(member) as packed:
                    pieces = iter(lambda: packed.read(CHUNK), b"")  # noqa: B023 used at once
                    content = _collect(pieces, member.compress_size, budget)
                yield member.filename, content
    except ReportError:
        raise
    except EOFError:
        raise ReportError("truncated") from None
    except zipfile.BadZipFile:
        cut = b"PK\x05\x06" not in data[-70_000:]  # the end, which says where everything is
        raise ReportError("truncated" if cut else "corrupt") from None
    except (
        zlib.error, struct.error, NotImplementedError, RuntimeError, ValueError, OSError,
        OverflowError, LookupError,
    ):  # fmt: skip
        raise ReportError("corrupt") from None


def _is_wanted(member: zipfile.ZipInfo) -> bool:
    """No folders, and nothing that a Mac adds of its own."""
    last = member.filename.rsplit("/", 1)[-1]
    return not member.is_dir() and not member.filename.startswith("__MACOSX/") and last[:1] != "."


def _check(members: list[zipfile.ZipInfo]) -> None:
    end = 0
    for member in sorted(members, key=lambda one: one.header_offset):
        if member.flag_bits & 0x1:
            raise ReportError("encrypted")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ReportError("compression")
        if member.file_size > MAX_INFLATED:
            raise ReportError("inflated")
        if member.header_offset < end:
            raise ReportError("overlap")
        end = member.header_offset + member.compress_size


def _mail(data: bytes, budget: Budget) -> Iterator[Packed]:
    """What is attached to a mail. Text beside it is for people."""
    leaves = list(mime.parts(data))
    fields = next((part for part in leaves if part.type == "message/feedback-report"), None)
    if fields is not None:
        budget.unpack(len(data))
        original = next((part for part in leaves if part.type in _ORIGINALS), None)
        about = original.decoded() if original else b""
        yield Packed("", "failure", fields.decoded(), about)
        return
    found = False
    for part in leaves:
        if part.type in ("text/html", "text/rfc822-headers"):
            continue
        content = part.decoded()
        kind = sniff(content)
        if kind in ("gzip", "zip", "xml", "json") and (part.type != "text/plain" or kind != "json"):
            found = True
            yield from _unpack(_name_of(part), content, budget, within="mail")
    if not found:
        raise ReportError("mail")


_ORIGINALS = ("message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global")


def _name_of(part: mime.Part) -> str:
    try:
        return str(part.header.get_filename() or "")[:255]
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""
