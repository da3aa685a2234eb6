"""Texts in TXT records: strings of at most 255 octets that are read as one, and their parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

MAX_STRING = 255  # octets: a length octet stands before each string (RFC 1035 §3.3)
MAX_TEXT = 8192  # characters of one record that are looked at
UNKNOWN = "\ufffd"


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a record's text. `kind` is "" for punctuation, else as in "dkim.p".

    The texts of all parts together give the record. `error` is a code where the piece is wrong.
    """

    text: str
    kind: str = ""
    error: str = ""

    def as_json(self) -> dict[str, str]:
        shape = {"text": self.text, "kind": self.kind}
        return shape | {"error": self.error} if self.error else shape


def text_of(strings: Sequence[bytes]) -> str:
    """The strings of one record joined without a space (RFC 6376 §3.6.2.2, RFC 7208 §3.3).

    Octets that are no UTF-8, and NUL, which no database keeps, become U+FFFD.
    """
    text = b"".join(strings)[: 4 * MAX_TEXT].decode("utf-8", "replace")
    return text.replace("\0", UNKNOWN)[:MAX_TEXT]


def split_strings(text: str) -> list[str]:
    """`text` in pieces of at most 255 octets; never in the middle of a character."""
    pieces: list[str] = []
    octets = text.encode("utf-8", "replace")
    start = 0
    while start < len(octets):
        end = min(start + MAX_STRING, len(octets))
        while end < len(octets) and octets[end] & 0xC0 == 0x80:
            end -= 1
        pieces.append(octets[start:end].decode("utf-8", "replace"))
        start = end
    return pieces or [""]


def quoted_strings(text: str) -> str:
    """`text` as a zone file writes it: quoted strings side by side (RFC 1035 §5.1)."""
    return " ".join(f'"{_escaped(piece)}"' for piece in split_strings(text))


def raw_record(name: str, text: str, parts: Sequence[Part], type: str = "TXT") -> dict[str, Any]:
    """A record as sections show it: {"name", "type", "value", "parts"}."""
    return {
        "name": name,
        "type": type,
        "value": text,
        "parts": [part.as_json() for part in parts],
    }


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
