"""The MX picture: a postal route. A rail leads down from the letter; each preference is a stop on
it, the lowest first (RFC 5321 §5.1); hosts of equal preference share a stop and the load.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from lookups.drawings.text import shortened

WIDTH = 360
RAIL = 28  # x of the rail
BOX_X, BOX_HEIGHT, BOX_GAP = 66, 34, 8
BOX_WIDTH = WIDTH - BOX_X - 2
TOP = 66  # below the letter
CAPTION = 22  # the line "preference 10" above a stop's hosts
STOP_GAP = 24

MAX_STOPS = 5
MAX_HOSTS = 4


@dataclass(frozen=True, slots=True)
class Box:
    """One host: where its box stands, its shortened name, and "pending", "ok" or "bad"."""

    x: int
    y: int
    width: int
    height: int
    label: str
    mark: str

    @property
    def middle(self) -> int:
        return self.y + self.height // 2


@dataclass(frozen=True, slots=True)
class Stop:
    """One preference: its place on the rail, its hosts, and how many of them are not drawn."""

    number: int
    preference: int
    x: int
    y: int
    caption_y: int
    boxes: tuple[Box, ...]
    more: int
    more_y: int

    @property
    def branches(self) -> list[str]:
        """SVG paths from the stop to each of its hosts."""
        return [f"M{self.x + 12} {self.y}H{BOX_X - 12}V{box.middle}H{BOX_X}" for box in self.boxes]


@dataclass(frozen=True, slots=True)
class Drawing:
    """The whole route. `more` counts the preferences that are not drawn."""

    width: int
    height: int
    rail_x: int
    rail_end: int
    stops: tuple[Stop, ...]
    more: int

    @property
    def is_cut(self) -> bool:
        """Whether hosts were left out; the table beside the picture has them all."""
        return self.more > 0 or any(stop.more for stop in self.stops)


def _mark(state: str) -> str:
    return state if state in ("pending", "ok") else "bad"


def _stop(number: int, preference: int, hosts: list[dict[str, Any]], top: int) -> Stop:
    first = top + CAPTION
    boxes = tuple(
        Box(
            BOX_X,
            first + index * (BOX_HEIGHT + BOX_GAP),
            BOX_WIDTH,
            BOX_HEIGHT,
            shortened(host["unicode"]),
            _mark(host["state"]),
        )
        for index, host in enumerate(hosts[:MAX_HOSTS])
    )
    bottom = boxes[-1].y + BOX_HEIGHT
    return Stop(
        number=number,
        preference=preference,
        x=RAIL,
        y=boxes[0].middle,
        caption_y=top + CAPTION - 8,
        boxes=boxes,
        more=max(0, len(hosts) - MAX_HOSTS),
        more_y=bottom + 16,
    )


def mx_order(records: dict[str, Any]) -> Drawing | None:
    """The route for the records of topic mx (docs/contracts.md); None where there are no hosts."""
    hosts = records.get("hosts") or []
    groups = [
        (preference, list(group))
        for preference, group in groupby(
            sorted(hosts, key=lambda host: host["preference"]), key=lambda host: host["preference"]
        )
    ]
    if not groups:
        return None
    stops: list[Stop] = []
    top = TOP
    for number, (preference, group) in enumerate(groups[:MAX_STOPS], 1):
        stop = _stop(number, preference, group, top)
        stops.append(stop)
        last = stop.boxes[-1]
        top = last.y + BOX_HEIGHT + STOP_GAP + (16 if stop.more else 0)
    more = len(groups) - len(stops)
    # Below the last stop there is one line of text: what happens when nobody takes the letter.
    return Drawing(WIDTH, top + (30 if more else 14), RAIL, top - 6, tuple(stops), more)
