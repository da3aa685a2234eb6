"""The score of a domain over time: a chart, and the small line in a list. Units: the viewBox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

MAX_POINTS = 100
MAX_MARKS = 30  # more marks than this would cover each other
WIDTH, HEIGHT = 640, 210
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 18, 36
MARK = 16  # units of the box of a mark
SPARK_WIDTH, SPARK_HEIGHT, SPARK_EDGE = 120, 32, 4
LINES = (0, 50, 100)  # scores at which a line is drawn across


@dataclass(frozen=True, slots=True)
class Point:
    """One finished report. `score` is 0 to 100, `status` the verdict."""

    at: datetime
    score: int
    status: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A verdict on the line, drawn as its shape in a box of MARK units, whose corner is at x, y."""

    x: float
    y: float
    point: Point


@dataclass(frozen=True, slots=True)
class Level:
    """A line across the chart."""

    score: int
    y: float


@dataclass(frozen=True, slots=True)
class Chart:
    """`points` are those drawn, the oldest first; `left_out` says how many were thinned away."""

    points: tuple[Point, ...]
    line: str
    marks: tuple[Mark, ...]
    levels: tuple[Level, ...]
    left_out: int
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    foot: int = HEIGHT - BOTTOM
    mark: int = MARK

    @property
    def first(self) -> Point:
        return self.points[0]

    @property
    def last(self) -> Point:
        return self.points[-1]

    @property
    def lowest(self) -> Point:
        return min(self.points, key=lambda point: point.score)

    @property
    def newest_first(self) -> tuple[Point, ...]:
        return self.points[::-1]


@dataclass(frozen=True, slots=True)
class Spark:
    """A line as high as a line of text, with a dot at its end."""

    line: str
    x: float
    y: float
    first: Point
    last: Point
    count: int
    width: int = SPARK_WIDTH
    height: int = SPARK_HEIGHT


def chart(points: Sequence[Point]) -> Chart | None:
    """The chart of points in order of time; None where one alone would be drawn."""
    if len(points) < 2:
        return None
    shown = thinned(points)
    places = _places(shown, LEFT, WIDTH - RIGHT, TOP, HEIGHT - BOTTOM)
    levels = tuple(Level(score, _y(score, TOP, HEIGHT - BOTTOM)) for score in LINES)
    marks = tuple(
        Mark(round(x - MARK / 2, 1), round(y - MARK / 2, 1), point)
        for (x, y), point, is_marked in zip(places, shown, _marked(shown), strict=True)
        if is_marked
    )
    return Chart(tuple(shown), _line(places), marks, levels, len(points) - len(shown))


def spark(points: Sequence[Point]) -> Spark | None:
    """The small line; None where there is nothing to connect."""
    if len(points) < 2:
        return None
    edge = SPARK_EDGE
    places = _places(points, edge, SPARK_WIDTH - edge, edge, SPARK_HEIGHT - edge)
    return Spark(_line(places), *places[-1], points[0], points[-1], len(points))


def thinned(points: Sequence[Point], most: int = MAX_POINTS) -> list[Point]:
    """At most `most` points: the first, the last, and of each stretch between them the lowest, so
    that no trouble vanishes."""
    if len(points) <= most:
        return list(points)
    inner, stretches = points[1:-1], most - 2
    bounds = [len(inner) * number // stretches for number in range(stretches + 1)]
    lowest = [
        min(inner[start:end], key=lambda point: point.score)
        for start, end in zip(bounds, bounds[1:], strict=False)
    ]
    return [points[0], *lowest, points[-1]]


def _marked(points: Sequence[Point]) -> list[bool]:
    """All of a few; of many the first, the last, and those whose verdict is another than before."""
    if len(points) <= MAX_MARKS:
        return [True] * len(points)
    changed = [new.status != old.status for old, new in zip(points, points[1:], strict=False)]
    changed = [True, *changed]
    changed[-1] = True
    return changed


def _places(
    points: Sequence[Point], left: float, right: float, top: float, foot: float
) -> list[tuple[float, float]]:
    first = points[0].at
    span = (points[-1].at - first).total_seconds()
    return [
        (
            round(left + (right - left) * _share((point.at - first).total_seconds(), span), 1),
            _y(point.score, top, foot),
        )
        for point in points
    ]


def _share(seconds: float, span: float) -> float:
    return seconds / span if span > 0 else 0.5


def _y(score: int, top: float, foot: float) -> float:
    return round(foot - (foot - top) * min(100, max(0, score)) / 100, 1)


def _line(places: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x} {y}" for x, y in places)
