"""Bars of two parts, what passed and what failed: lying for names, standing for days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from lookups.drawings.text import shortened

WIDTH = 360
LABEL_CELLS = 34
ROW, BAR = 44, 14  # a label above its bar
COLUMNS_HEIGHT = 150
MAX_COLUMNS = 60
GAP = 2

Part = tuple[str, int, int]  # label, passed, failed


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: `first` is the length of the part that passed, `second` of that which failed."""

    label: str
    passed: int
    failed: int
    at: float
    first: float
    second: float
    thickness: float = BAR

    @property
    def messages(self) -> int:
        return self.passed + self.failed

    @property
    def turn(self) -> float:
        """Where the second part begins, in a lying bar."""
        return self.first

    @property
    def first_top(self) -> float:
        """Where the part that passed begins, in a standing bar: it stands at the bottom."""
        return round(COLUMNS_HEIGHT - self.first, 2)

    @property
    def second_top(self) -> float:
        return round(COLUMNS_HEIGHT - self.first - self.second, 2)


@dataclass(frozen=True, slots=True)
class Bars:
    """`most` is what the longest bar stands for."""

    width: int
    height: int
    bars: tuple[Bar, ...]
    most: int


def lying(parts: Sequence[Part]) -> Bars | None:
    """A bar for each part, as long as its messages are many."""
    if not parts:
        return None
    most = max(passed + failed for _, passed, failed in parts) or 1
    bars = tuple(
        Bar(
            shortened(label, LABEL_CELLS), passed, failed, index * ROW + 18,
            _length(passed, most, WIDTH), _length(failed, most, WIDTH),
        )
        for index, (label, passed, failed) in enumerate(parts)
    )  # fmt: skip
    return Bars(WIDTH, len(parts) * ROW, bars, most)


def standing(days: Sequence[tuple[date, int, int]]) -> Bars | None:
    """A bar for each day from the first to the last; for several days where they are many."""
    if not days:
        return None
    slots = _slots(days)
    most = max(passed + failed for _, passed, failed in slots) or 1
    step = WIDTH / max(len(slots), 7)
    bars = tuple(
        Bar(
            label, passed, failed, round(index * step, 2),
            _length(passed, most, COLUMNS_HEIGHT), _length(failed, most, COLUMNS_HEIGHT),
            round(step - GAP, 2),
        )
        for index, (label, passed, failed) in enumerate(slots)
    )  # fmt: skip
    return Bars(WIDTH, COLUMNS_HEIGHT + 22, bars, most)


def _length(part: int, most: int, whole: int) -> float:
    """At least one unit, so that a single message can be seen."""
    return max(1.0, round(part / most * (whole - 3), 2)) if part else 0.0


def _slots(days: Sequence[tuple[date, int, int]]) -> list[Part]:
    first, last = min(day for day, _, _ in days), max(day for day, _, _ in days)
    span = (last - first).days + 1
    size = -(-span // MAX_COLUMNS)  # days that one column stands for
    count = -(-span // size)
    passed, failed = [0] * count, [0] * count
    for day, good, bad in days:
        slot = (day - first).days // size
        passed[slot] += good
        failed[slot] += bad
    labels = [(first + timedelta(days=slot * size)).isoformat() for slot in range(count)]
    return list(zip(labels, passed, failed, strict=True))
