"""The reports of the last 24 hours as bars. Units: the viewBox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lookups.observing.lately import Hour

WIDTH, HEIGHT = 720, 170
LEFT, TOP, FOOT = 44, 12, 142
GAP = 4


@dataclass(frozen=True, slots=True)
class Bar:
    """One hour: those that were finished, and on top of them those that failed."""

    hour: Hour
    x: float
    width: float
    done_y: float
    done_height: float
    failed_y: float
    failed_height: float
    is_named: bool  # whether its time stands below it


@dataclass(frozen=True, slots=True)
class Chart:
    bars: tuple[Bar, ...]
    top: int  # the number at the upper line
    total: int
    failed: int
    domains: int
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    upper: int = TOP
    foot: int = FOOT

    @property
    def hours(self) -> list[Hour]:
        """The newest first."""
        return [bar.hour for bar in reversed(self.bars)]

    @property
    def busiest(self) -> datetime | None:
        most = max(self.bars, key=lambda bar: bar.hour.done + bar.hour.failed)
        return most.hour.start if self.total else None


def chart_of(hours: Sequence[Hour]) -> Chart:
    top = _round_up(max(hour.done + hour.failed for hour in hours))
    step = (WIDTH - LEFT) / len(hours)
    bars = []
    for number, hour in enumerate(hours):
        done = (FOOT - TOP) * hour.done / top
        failed = (FOOT - TOP) * hour.failed / top
        bars.append(
            Bar(
                hour=hour,
                x=round(LEFT + number * step + GAP / 2, 1),
                width=round(step - GAP, 1),
                done_y=round(FOOT - done, 1),
                done_height=round(done, 1),
                failed_y=round(FOOT - done - failed, 1),
                failed_height=round(failed, 1),
                is_named=hour.start.hour % 6 == 0,
            )
        )
    return Chart(
        bars=tuple(bars),
        top=top,
        total=sum(hour.done + hour.failed for hour in hours),
        failed=sum(hour.failed for hour in hours),
        domains=sum(hour.domains for hour in hours),
    )


def _round_up(number: int) -> int:
    """The next of 10, 20, 50, 100, 200, …"""
    size = 10
    while True:
        for factor in (1, 2, 5):
            if number <= size * factor:
                return size * factor
        size *= 10
