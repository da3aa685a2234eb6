"""The picture of alignment: From at the top, and below it each domain that SPF or DKIM speaks for,
on a line that holds or does not (RFC 9989 §4.4).
"""

from __future__ import annotations

from dataclasses import dataclass

from lookups.drawings.text import shortened
from lookups.engine.delivery import Identifier, Judgement
from lookups.engine.names import to_unicode

WIDTH = 360
HEAD = 58  # height of the box of From
STEM = 18  # x of the line that the boxes hang from
BOX_X, BOX_HEIGHT, GAP = 44, 74, 14
MAX_ROWS = 6
HEAD_CELLS, CELLS = 45, 38  # columns of 7.2 units


@dataclass(frozen=True, slots=True)
class Row:
    """One identifier. `mark`: "good" if the mail passes by it, "none" if it is not used, "warn" if
    DNS left it open, else "bad"."""

    y: int
    label: str
    mark: str
    identifier: Identifier

    @property
    def middle(self) -> int:
        return self.y + BOX_HEIGHT // 2

    @property
    def branch(self) -> str:
        """SVG path from the stem to the box."""
        return f"M{STEM} {self.middle}H{BOX_X}"


@dataclass(frozen=True, slots=True)
class Drawing:
    """`passes`: whether the mail passes by any of them. `more` are not drawn."""

    width: int
    height: int
    label: str
    organization: str
    rows: tuple[Row, ...]
    more: int
    passes: bool

    @property
    def stem(self) -> str:
        last = self.rows[-1].middle if self.rows else HEAD
        return f"M{STEM} {HEAD}V{last}"


def alignment(judged: Judgement) -> Drawing:
    """Those that count are drawn in any case."""
    found = sorted(judged.identifiers, key=lambda one: not one.counts)[:MAX_ROWS]
    shown = [one for one in judged.identifiers if one in found]
    rows = tuple(
        Row(
            HEAD + GAP + index * (BOX_HEIGHT + GAP),
            shortened(to_unicode(one.domain) or "–", CELLS),
            _mark(one),
            one,
        )
        for index, one in enumerate(shown[:MAX_ROWS])
    )
    more = len(judged.identifiers) - len(rows)
    height = HEAD + len(rows) * (BOX_HEIGHT + GAP) + (24 if more else 4)
    label = shortened(to_unicode(judged.mail.author.domain), HEAD_CELLS)
    organization = shortened(to_unicode(judged.ruling.organizational_domain), HEAD_CELLS - 15)
    passes = judged.ruling.result == "pass"
    return Drawing(WIDTH, height, label, organization, rows, more, passes)


def _mark(one: Identifier) -> str:
    if not one.used:
        return "none"
    if one.counts:
        return "good"
    return "warn" if one.may_count else "bad"
