"""The SPF picture: the records that one record leads to as a tree, and a bar of the lookups spent.

The tree hangs from a stem at the left, each generation one step further in, so that it fits a
phone however deep it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lookups.drawings.text import shortened

WIDTH = 360
TOP = 4
ROW, BOX = 34, 26  # from one box to the next; the height of a box
STEP = 20  # of one generation to the right
MAX_DEPTH = 6  # steps to the right; what is deeper stands under the last
MAX_ROWS = 24
CELL = 7.2  # width of a character
COUNT_WIDTH = 40  # at the right of a box, for its lookups

BAR_WIDTH, BAR_HEIGHT = WIDTH, 16
MAX_CELLS = 15  # of the bar; more than that is told in words alone

_MARKS = {
    "ok": "good",
    "pending": "pending",
    "macro": "pending",
    "cut": "pending",
}


@dataclass(frozen=True, slots=True)
class Box:
    """One record: its place, its shortened domain, its lookups, and "good", "bad" or "pending".

    `stem` is the SVG path from the parent's stem to it.
    """

    x: int
    y: int
    width: int
    height: int
    label: str
    cost: int
    mark: str
    stem: str

    @property
    def baseline(self) -> int:
        return self.y + 17

    @property
    def text_x(self) -> int:
        return self.x + 10

    @property
    def count_x(self) -> int:
        return self.x + self.width - 8


@dataclass(frozen=True, slots=True)
class Drawing:
    """The tree; `more` counts the records that are not drawn."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    more: int


@dataclass(frozen=True, slots=True)
class Cell:
    """One lookup in the bar: "used", "over" the limit, or "free"."""

    x: float
    width: float
    kind: str


@dataclass(frozen=True, slots=True)
class Bar:
    width: int
    height: int
    cells: tuple[Cell, ...]
    limit_x: float  # where the limit stands; 0 where the bar ends there


def tree(top: Mapping[str, Any]) -> Drawing:
    """The drawing of the `tree` in the records of topic spf (docs/contracts.md)."""
    boxes: list[Box] = []
    last_row: dict[int, int] = {}  # depth -> y of the lowest stem drawn there
    total = 0
    for node, depth in _walk(top, 0):
        total += 1
        if len(boxes) == MAX_ROWS:
            continue
        step = min(depth, MAX_DEPTH)
        x, y = step * STEP, TOP + len(boxes) * ROW
        middle = y + BOX // 2
        stem = ""
        if depth:
            start = last_row.get(step - 1, TOP) if depth <= MAX_DEPTH else y - ROW + BOX
            stem = f"M{x - STEP + 10} {start}V{middle}H{x}"
        last_row[step] = y + BOX
        boxes.append(_box(node, x, y, stem))
    height = TOP * 2 + len(boxes) * ROW + (20 if total > len(boxes) else 0)
    return Drawing(WIDTH, height, tuple(boxes), total - len(boxes))


def bar(used: int, limit: int) -> Bar:
    """One cell for each lookup that is allowed or spent."""
    count = max(1, min(max(used, limit), MAX_CELLS))
    width = BAR_WIDTH / count
    cells = tuple(
        Cell(
            round(index * width + 1, 1),
            round(width - 2, 1),
            "over" if limit <= index < used else "used" if index < used else "free",
        )
        for index in range(count)
    )
    return Bar(BAR_WIDTH, BAR_HEIGHT, cells, round(limit * width, 1) if used > limit else 0)


def _walk(node: Mapping[str, Any], depth: int) -> Iterator[tuple[Mapping[str, Any], int]]:
    """The nodes as they are drawn from top to bottom, without recursion."""
    waiting = [(node, depth)]
    while waiting:
        found, level = waiting.pop()
        yield found, level
        waiting += [(child, level + 1) for child in reversed(found.get("children") or [])]


def _box(node: Mapping[str, Any], x: int, y: int, stem: str) -> Box:
    width = WIDTH - x - 1
    label = node.get("domain") or node.get("term") or ""
    cells = int((width - 20 - COUNT_WIDTH) / CELL)
    mark = _MARKS.get(node.get("state", ""), "bad")
    cost = int(node.get("cost") or 0)
    return Box(x, y, width, BOX, shortened(str(label), cells), cost, mark, stem)
