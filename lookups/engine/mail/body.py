"""A body in canonical form, and its hash (RFC 6376 §3.4.3, §3.4.4, §3.7), in linear time."""

from __future__ import annotations

import base64
import hashlib

_CRLF = b"\r\n"
_MANY = _CRLF * 4096


class BodyHashes:
    """The hashes of one body, each made once. `body` has CRLF at the end of its lines."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._relaxed: bytes | None = None
        self._made: dict[tuple[str, str, int | None], str] = {}

    def of(self, canonical: str, algorithm: str, length: int | None = None) -> str:
        """The hash in base64. `canonical`: "simple" or "relaxed"; `algorithm` as in a=."""
        key = (canonical, algorithm, length)
        if key not in self._made:
            hasher = hashlib.sha1 if algorithm.endswith("sha1") else hashlib.sha256
            octets = hasher(self.canonical(canonical)[:length]).digest()
            self._made[key] = base64.b64encode(octets).decode("ascii")
        return self._made[key]

    def canonical(self, canonical: str) -> bytes:
        if canonical == "simple":
            return simple(self._body)
        if self._relaxed is None:
            self._relaxed = relaxed(self._body)
        return self._relaxed


def simple(body: bytes) -> bytes:
    """§3.4.3: one CRLF at the end, also where there is no body at all."""
    return _without_blank_end(body) + _CRLF


def relaxed(body: bytes) -> bytes:
    """§3.4.4: white space is one space, none at the end of a line, no blank lines at the end."""
    spaced = body.replace(b"\t", b" ")
    while b"  " in spaced:  # halves each run; a regular expression would need far more memory
        spaced = spaced.replace(b"  ", b" ")
    spaced = spaced.replace(b" \r\n", _CRLF)
    kept = _without_blank_end(spaced.removesuffix(b" "))
    return kept + _CRLF if kept else b""


def _without_blank_end(body: bytes) -> bytes:
    end = len(body)
    while body.endswith(_MANY, 0, end):
        end -= len(_MANY)
    while body.endswith(_CRLF, 0, end):
        end -= len(_CRLF)
    return body[:end]
