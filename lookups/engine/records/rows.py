"""Records written as a row of fields, the last of which may be divided by spaces (DS, TLSA)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .txt import MAX_TEXT, Part

_PIECE = re.compile(r"\s+|\S+")


def parts(text: str, kinds: Sequence[str]) -> list[Part]:
    """`text` in parts: each field of its kind, and all that is left of the last kind."""
    found: list[Part] = []
    number = 0
    for match in _PIECE.finditer(text[:MAX_TEXT]):
        piece = match[0]
        if piece.isspace():
            found.append(Part(piece))
            continue
        found.append(Part(piece, kinds[min(number, len(kinds) - 1)]))
        number += 1
    if len(text) > MAX_TEXT:
        found.append(Part(text[MAX_TEXT:]))
    return found
