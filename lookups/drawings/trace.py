"""A trace as a picture: one box for each zone on the way down, with the servers asked in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from lookups.drawings.text import shortened
from lookups.engine.names import to_unicode
from lookups.engine.resolver import name_text
from lookups.engine.trace import Step, Trace

WIDTH = 360
INDENT, MAX_INDENT = 16, 6
HEAD, ROW, GAP = 30, 24, 18
PADDING = 6
CELL = 7.3  # units of one column of the monospace font
RAIL = 8  # from a box's left edge to the arrow that leaves it
MARKS = {"failed": "bad", "nxdomain": "warn", "nodata": "warn", "alias": "warn"}


@dataclass(frozen=True, slots=True)
class Row:
    """A server that was asked. `mark`: good, warn or bad."""

    y: int
    label: str
    mark: str
    time: str


@dataclass(frozen=True, slots=True)
class Box:
    """A zone. `arrow` leads to it from the one above; empty for the first."""

    x: int
    y: int
    width: int
    height: int
    zone: str
    rows: tuple[Row, ...]
    arrow: str

    @property
    def text_x(self) -> int:
        return self.x + 10

    @property
    def label_x(self) -> int:
        return self.x + 32

    @property
    def time_x(self) -> int:
        return self.x + self.width - 10


@dataclass(frozen=True, slots=True)
class Drawing:
    width: int
    height: int
    boxes: tuple[Box, ...]


def descent(trace: Trace) -> Drawing | None:
    """The picture of `trace`; None where nobody was asked."""
    if not trace.steps:
        return None
    boxes: list[Box] = []
    y = 2
    groups = [list(group) for _, group in groupby(trace.steps, lambda step: step.zone)]
    for place, steps in enumerate(groups):
        box = _box(place, y, steps, boxes[-1] if boxes else None)
        boxes.append(box)
        y = box.y + box.height + GAP
    return Drawing(WIDTH, y - GAP + 2, tuple(boxes))


def _box(place: int, y: int, steps: Sequence[Step], above: Box | None) -> Box:
    x = 2 + INDENT * min(place, MAX_INDENT)
    width = WIDTH - x - 2
    arrow = ""
    if above is not None:
        middle, start = y + HEAD // 2, above.y + above.height
        from_x = above.x + RAIL
        to_x = max(x, from_x + 1)
        arrow = f"M{from_x} {start}V{middle}H{to_x}" if x > from_x else f"M{x + RAIL} {start}V{y}"
    rows = []
    for at, step in enumerate(steps):
        time = f"{step.answer.ms:.0f} ms" if step.replied else "–"
        room = int((width - 42 - CELL * (len(time) + 2)) / CELL)
        label = shortened(name_text(step.host), max(8, room))
        rows.append(Row(y + HEAD + at * ROW, label, MARKS.get(step.kind, "good"), time))
    zone = shortened(to_unicode(name_text(steps[0].zone)), int((width - 20) / CELL))
    height = HEAD + ROW * len(steps) + PADDING
    return Box(x, y, width, height, zone, tuple(rows), arrow)
