"""The picture of a message's way: the servers down a line, and between two of them a bar as long
as the message waited there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lookups.drawings.text import shortened
from lookups.engine.mail.received import Hop, Way

WIDTH = 360
TOP, ROW = 16, 58
LINE_X, TEXT_X = 10, 30
BAR_X, BAR_WIDTH = 30, 190
MAX_ROWS = 16  # hops; what is newer stands in the table alone
LABEL_CELLS = 43


@dataclass(frozen=True, slots=True)
class Row:
    """A server, and the step to the next one. `bar` is the width of its delay, `mark` how the step
    looks: "good" (encrypted), "warn" (not), "inside" (within a network), "open" (not told)."""

    y: int
    label: str
    said: str
    bar: float
    mark: str
    skewed: bool
    border: bool
    last: bool

    @property
    def end(self) -> int:
        return self.y + ROW


@dataclass(frozen=True, slots=True)
class Timeline:
    width: int
    height: int
    rows: tuple[Row, ...]
    more: int


def timeline(way: Way, border: int | None, say: Callable[[Hop], str]) -> Timeline | None:
    """The drawing of `way`; `say` puts a step into words. None where there is no hop."""
    hops = way.hops[:MAX_ROWS]
    if not hops:
        return None
    longest = way.longest or 1
    rows = []
    for index, hop in enumerate(hops):
        label = hop.name if index == 0 else hops[index - 1].receiver or hop.name
        delay = max(0, hop.delay or 0)
        rows.append(
            Row(
                y=TOP + index * ROW,
                label=shortened(label or "?", LABEL_CELLS),
                said=shortened(say(hop), LABEL_CELLS),
                bar=round(BAR_WIDTH * delay / longest, 1) if delay else 0,
                mark=mark_of(hop),
                skewed=(hop.delay or 0) < 0,
                border=index == border,
                last=False,
            )
        )
    end = shortened(hops[-1].receiver or "?", LABEL_CELLS)
    bottom = TOP + len(hops) * ROW
    rows.append(Row(bottom, end, "", 0, "", False, False, True))
    return Timeline(WIDTH, bottom + 14, tuple(rows), len(way.hops) - len(hops))


def mark_of(hop: Hop) -> str:
    if hop.kind in ("loopback", "local"):
        return "inside"
    if hop.encrypted:
        return "good"
    if hop.kind == "internal":
        return "inside"
    return "open" if hop.encrypted is None else "warn"
