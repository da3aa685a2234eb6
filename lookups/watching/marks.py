"""Which characters of a record changed."""

from __future__ import annotations

from difflib import SequenceMatcher
from os.path import commonprefix

MAX_COMPARED = (
    1500  # characters between the first and the last change; comparing costs their square
)
ALIKE = 0.5  # less alike than this, and single letters that agree by chance would only confuse

Piece = tuple[str, bool]  # text, and whether it changed


def marked(before: str, after: str) -> tuple[list[Piece], list[Piece]]:
    """Both texts in pieces that are the same or not; joined they are the texts again."""
    head = len(commonprefix([before, after]))
    rest = before[head:], after[head:]
    tail = len(commonprefix([rest[0][::-1], rest[1][::-1]]))
    old, new = (text[: len(text) - tail] for text in rest)
    left, right = _between(old, new)
    start, end = (before[:head], False), (before[len(before) - tail :], False)
    return _joined([start, *left, end]), _joined([start, *right, end])


def _between(old: str, new: str) -> tuple[list[Piece], list[Piece]]:
    whole = [(old, True)], [(new, True)]
    if not old or not new or len(old) + len(new) > MAX_COMPARED:
        return whole
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if matcher.ratio() < ALIKE:
        return whole
    left: list[Piece] = []
    right: list[Piece] = []
    for kind, a, b, c, d in matcher.get_opcodes():
        left.append((old[a:b], kind != "equal"))
        right.append((new[c:d], kind != "equal"))
    return left, right


def _joined(pieces: list[Piece]) -> list[Piece]:
    """Without empty pieces, neighbours of one kind as one."""
    found: list[Piece] = []
    for text, changed in pieces:
        if not text:
            continue
        if found and found[-1][1] == changed:
            text = found.pop()[0] + text
        found.append((text, changed))
    return found
