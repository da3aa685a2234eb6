"""The DNSSEC picture: zones from the trust anchor down, each hanging on the one above by a link.

A link is the DS record (RFC 4034 §5): whole where it fits a key below, broken where it fits none,
dashed where there is none, or one that nobody heeds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lookups.drawings.text import shortened

WIDTH = 360
BOX_X, BOX_WIDTH, BOX_HEIGHT = 24, 312, 50
LINK = 46  # from one box to the next
LEAF_HEIGHT = 30
MIDDLE = 60  # x of the links
MAX_ZONES = 6  # the first, and the last of the others
MAX_LEAVES = 3
MARKS = ("secure", "insecure", "bogus", "indeterminate")


@dataclass(frozen=True, slots=True)
class Link:
    """What leads down to a box. `kind` is "anchor", "whole", "broken", "loose" (a DS record that
    binds nobody), "none" or "gap"; `tag` the key tag in the DS record."""

    kind: str
    top: int
    bottom: int
    tag: str = ""

    @property
    def middle(self) -> int:
        return (self.top + self.bottom) // 2


@dataclass(frozen=True, slots=True)
class Box:
    """A zone with its keys, or an answer that hangs on the last one."""

    y: int
    height: int
    label: str
    keys: str
    mark: str
    link: Link


@dataclass(frozen=True, slots=True)
class Drawing:
    """`zones` from the top, then `leaves`: answers of the domain itself."""

    width: int
    height: int
    x: int
    box_width: int
    link_x: int
    zones: tuple[Box, ...]
    leaves: tuple[Box, ...]
    more: int


def chain(records: dict[str, Any]) -> Drawing | None:
    """The chain for the records of topic dnssec (docs/contracts.md); None where there is none."""
    zones = list(records.get("zones") or [])
    if not zones:
        return None
    more = max(0, len(zones) - MAX_ZONES)
    shown = [zones[0], *zones[more + 1 :]] if more else zones
    boxes: list[Box] = []
    y = 26
    for index, zone in enumerate(shown):
        link = _link(zone, index, y, gap=bool(more and index == 1))
        label = "." if zone["name"] in (".", "") else shortened(zone["name"])
        boxes.append(Box(y, BOX_HEIGHT, label, _keys(zone), _mark(zone["security"]), link))
        y += BOX_HEIGHT + LINK
    leaves = []
    y -= LINK - 20
    for leaf in [x for x in records.get("leaves") or [] if x["outcome"] == "answer"][:MAX_LEAVES]:
        kind = "whole" if leaf["security"] == "secure" else "none"
        kind = "broken" if leaf["security"] == "bogus" else kind
        label = f"{shortened(leaf['name'], 24)} {leaf['type']}"
        link = Link(kind, y - 20 if not leaves else y - 12, y)
        leaves.append(Box(y, LEAF_HEIGHT, label, "", _mark(leaf["security"]), link))
        y += LEAF_HEIGHT + 12
    height = (leaves or boxes)[-1].y + (leaves or boxes)[-1].height + 8
    return Drawing(WIDTH, height, BOX_X, BOX_WIDTH, MIDDLE, tuple(boxes), tuple(leaves), more)


def _mark(security: str) -> str:
    return security if security in MARKS else "indeterminate"


def _link(zone: dict[str, Any], index: int, y: int, gap: bool) -> Link:
    if index == 0:
        return Link("anchor", 4, y)
    top = y - LINK
    ds = zone.get("ds") or []
    if gap:
        return Link("gap", top, y)
    if not ds:
        return Link("none", top, y)
    fitting = [record for record in ds if record["fits"]]
    tag = str((fitting or ds)[0]["tag"])
    if zone["security"] == "insecure":
        return Link("loose", top, y, tag)
    return Link("whole" if fitting else "broken", top, y, tag)


def _keys(zone: dict[str, Any]) -> str:
    """The keys on one line: those that the DS record names first."""
    keys = sorted(zone.get("keys") or [], key=lambda key: not (key["trusted"] or key["entry"]))
    names = [f"{key['tag']} {key['name'] or key['algorithm']}" for key in keys]
    return shortened(", ".join(names[:2]) + (" …" if len(names) > 2 else ""), 44)
