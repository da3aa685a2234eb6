"""The delegation as a picture: two rails lead down to the name servers, one from each zone.

A server that hangs on one rail only is listed in one place only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lookups.drawings.text import shortened

WIDTH = 360
BOX_HEIGHT, BOX_GAP = 34, 8
PARENT_Y, ZONE_Y, SERVERS_Y = 2, 58, 114
PARENT_X, ZONE_X, SERVER_X = 2, 32, 66
PARENT_RAIL, ZONE_RAIL = 17, 48
APART = 6  # half the distance between the two branches of a server
MAX_SERVERS = 8
HEAD_CELLS = 36  # columns of the names in the two upper boxes
FINE = frozenset({"ok"})
HALF = frozenset({"no-tcp", "untested", "unasked"})


@dataclass(frozen=True, slots=True)
class Server:
    """One name server: its box, and whether each of the rails has a branch to it."""

    y: int
    label: str
    mark: str  # good, warn, bad or none
    at_parent: bool
    at_child: bool

    @property
    def middle(self) -> int:
        return self.y + BOX_HEIGHT // 2

    @property
    def parent_y(self) -> int:
        return self.middle - APART

    @property
    def child_y(self) -> int:
        return self.middle + APART


@dataclass(frozen=True, slots=True)
class Drawing:
    """The whole picture. A rail is None where it has no branch; `more` servers are not drawn."""

    width: int
    height: int
    parent: str
    zone: str
    servers: tuple[Server, ...]
    parent_rail: str | None
    zone_rail: str | None
    more: int
    more_y: int


def _mark(server: Mapping[str, Any]) -> str:
    """By the states of the server's addresses (docs/contracts.md)."""
    states = {str(a.get("state")) for a in server.get("addresses") or ()}
    if server.get("state") == "pending" or states & {"pending"}:
        return "none"
    if server.get("state") != "ok" or not states:
        return "bad"
    states.discard("not-public")
    if states <= FINE:
        return "good"
    return "warn" if states & (FINE | HALF) else "bad"


def delegation(records: Mapping[str, Any]) -> Drawing | None:
    """The picture of topic delegation's records; None where there are no name servers."""
    found = records.get("servers") or []
    servers = tuple(
        Server(
            SERVERS_Y + place * (BOX_HEIGHT + BOX_GAP),
            shortened(str(server.get("unicode") or "")),
            _mark(server),
            bool(server.get("parent")),
            bool(server.get("child")),
        )
        for place, server in enumerate(found[:MAX_SERVERS])
    )
    if not servers:
        return None
    listed = [server.parent_y for server in servers if server.at_parent]
    own = [server.child_y for server in servers if server.at_child]
    bottom = servers[-1].y + BOX_HEIGHT
    more = len(found) - len(servers)
    return Drawing(
        width=WIDTH,
        height=bottom + (26 if more else 4),
        parent=shortened(str(records.get("parent") or ""), HEAD_CELLS),
        zone=shortened(str(records.get("zone") or ""), HEAD_CELLS),
        servers=servers,
        parent_rail=f"M{PARENT_RAIL} {PARENT_Y + BOX_HEIGHT}V{max(listed)}" if listed else None,
        zone_rail=f"M{ZONE_RAIL} {ZONE_Y + BOX_HEIGHT}V{max(own)}" if own else None,
        more=more,
        more_y=bottom + 18,
    )
