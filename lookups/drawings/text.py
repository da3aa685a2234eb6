"""Text in pictures: how wide it is, and how it is shortened."""

from __future__ import annotations

from unicodedata import east_asian_width

LABEL_CELLS = 32  # characters of 7.2 units that fit into a box beside its mark


def cells(text: str) -> int:
    """Columns of a monospace font that `text` takes: wide and full-width characters take two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def shortened(text: str, limit: int = LABEL_CELLS) -> str:
    """`text` cut in the middle, where host names differ least, to at most `limit` columns."""
    if cells(text) <= limit:
        return text
    head, tail = "", ""
    for front, back in zip(text, reversed(text), strict=True):
        if cells(head + front + tail) >= limit:
            break
        head += front
        if cells(head + back + tail) >= limit:
            break
        tail = back + tail
    return f"{head}…{tail}"
