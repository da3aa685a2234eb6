"""Pages whose greatest part is the same for every reader: that part is compressed once and kept.

A gzip file is one row of DEFLATE blocks (RFC 1951, 1952). A piece that was compressed by itself
and ends on a byte may stand between others, so a page is put together from what was compressed
long ago and the little around it that differs from reader to reader. The checksum of the whole
follows from those of the parts.
"""

from __future__ import annotations

import secrets
import struct
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse

SHELF_OCTETS = 64 * 2**20  # two thousand reports and more
PADDING_OCTETS = 100  # as django.middleware.gzip has it, against BREACH
_CRC_POLYNOMIAL = 0xEDB88320  # RFC 1952, section 8, reflected
_ONE = 1 << 31  # the polynomial 1, reflected


@dataclass(frozen=True, slots=True)
class Piece:
    """The kept part of a page. `head` is a small further part of it, shown higher up."""

    packed: bytes
    size: int  # octets, unpacked
    crc: int
    shift: int  # x to the power of 8 * size, modulo the polynomial of the CRC
    head: str = ""

    @classmethod
    def of(cls, html: str, head: str = "") -> Piece:
        data = html.encode()
        packed = _packed(data, zlib.Z_FULL_FLUSH)
        return cls(packed, len(data), zlib.crc32(data), _shift(len(data)), head)

    @property
    def unpacked(self) -> bytes:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(self.packed)

    def crc_after(self, crc: int) -> int:
        """The CRC of something with the checksum `crc` and of this piece behind it."""
        return _multiplied(self.shift, crc) ^ self.crc


class PiecedResponse(HttpResponse):
    """A page of which `piece` is the middle. It is unpacked only where somebody wants it so."""

    def __init__(self, before: bytes, piece: Piece, after: bytes, **more: Any) -> None:
        super().__init__(**more)
        self._parts: tuple[bytes, Piece, bytes] | None = (before, piece, after)
        # Known without unpacking, so that no middleware asks for the content to count it.
        self["Content-Length"] = str(len(before) + piece.size + len(after))

    @property
    def content(self) -> bytes:
        if self._parts:
            before, piece, after = self._parts
            self.content = b"".join((before, piece.unpacked, after))
        return b"".join(self._container)

    @content.setter
    def content(self, value: Any) -> None:
        self._parts = None
        HttpResponse.content.fset(self, value)

    def compress(self) -> None:
        """Makes it a gzip file; nothing where its content was changed since."""
        if self._parts is None or self.has_header("Content-Encoding"):
            return
        self.content = gzipped(*self._parts)
        self["Content-Encoding"] = "gzip"
        self["Content-Length"] = str(len(self.content))


def gzipped(before: bytes, piece: Piece, after: bytes) -> bytes:
    """All three as one gzip file of one member, its header as long as chance will have it."""
    crc = zlib.crc32(after, piece.crc_after(zlib.crc32(before)))
    size = len(before) + piece.size + len(after)
    name = b"a" * secrets.randbelow(PADDING_OCTETS)
    return b"".join(
        (
            b"\x1f\x8b\x08\x08\0\0\0\0\0\xff" + name + b"\0",
            _packed(before, zlib.Z_FULL_FLUSH),
            piece.packed,
            _packed(after, zlib.Z_FINISH),
            struct.pack("<LL", crc, size & 0xFFFFFFFF),
        )
    )


def _packed(data: bytes, ending: int) -> bytes:
    """DEFLATE blocks that refer to nothing before them."""
    compressor = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush(ending)


def _multiplied(a: int, b: int) -> int:
    """The product of two polynomials modulo that of the CRC; all reflected, as in zlib."""
    product = 0
    while a:
        if a & _ONE:
            product ^= b
        a = (a << 1) & 0xFFFFFFFF
        b = (b >> 1) ^ _CRC_POLYNOMIAL if b & 1 else b >> 1
    return product


def _shift(octets: int) -> int:
    """What a checksum is multiplied by when `octets` follow: x to the power of 8 * octets."""
    power, square = _ONE, _ONE >> 8  # x to the power of 0 and of 8
    while octets:
        if octets & 1:
            power = _multiplied(power, square)
        square = _multiplied(square, square)
        octets >>= 1
    return power


@dataclass
class Shelf:
    """The pieces that were wanted last, in this process. What is not here is made anew."""

    limit: int = SHELF_OCTETS
    _pieces: OrderedDict[Hashable, Piece] = field(default_factory=OrderedDict)
    _octets: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _making: threading.Lock = field(default_factory=threading.Lock)

    def get(self, key: Hashable, make: Callable[[], Piece]) -> Piece:
        """The piece of `key`. Many who want a new one at once wait for the first to make it."""
        found = self._find(key)
        if found is None:
            with self._making:  # rendering is work of the one processor that a process has
                found = self._find(key)
                if found is None:
                    found = make()
                    self._put(key, found)
        return found

    def clear(self) -> None:
        with self._lock:
            self._pieces.clear()
            self._octets = 0

    def _find(self, key: Hashable) -> Piece | None:
        with self._lock:
            found = self._pieces.get(key)
            if found is not None:
                self._pieces.move_to_end(key)
            return found

    def _put(self, key: Hashable, piece: Piece) -> None:
        with self._lock:
            self._pieces[key] = piece
            self._octets += len(piece.packed)
            while self._octets > self.limit and self._pieces:
                _, gone = self._pieces.popitem(last=False)
                self._octets -= len(gone.packed)
