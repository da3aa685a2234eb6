"""The delegation as geometry: two rails, and a branch to each server that a zone lists."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from django.template.loader import render_to_string
from hypothesis import given
from hypothesis import strategies as st

from lookups.drawings.delegation import MAX_SERVERS, WIDTH, delegation
from lookups.drawings.text import cells


def server(name: str = "ns1.example", *states: str, **more: Any) -> dict[str, Any]:
    addresses = [{"state": state} for state in states or ("ok",)]
    shape = {"unicode": name, "state": "ok", "parent": True, "child": True, "addresses": addresses}
    return shape | more


def drawn(*servers: dict[str, Any]):
    found = delegation({"zone": "example", "parent": "test", "servers": list(servers)})
    assert found is not None
    return found


@pytest.mark.parametrize("records", [{}, {"servers": []}, {"servers": None}])
def test_without_servers_there_is_no_drawing(records: dict[str, Any]) -> None:
    assert delegation(records) is None


def test_rails_lead_to_those_who_are_listed() -> None:
    drawing = drawn(server(child=False), server(parent=False))
    assert [(s.at_parent, s.at_child) for s in drawing.servers] == [(True, False), (False, True)]
    assert drawing.parent_rail and drawing.parent_rail.endswith(f"V{drawing.servers[0].parent_y}")
    assert drawing.zone_rail and drawing.zone_rail.endswith(f"V{drawing.servers[1].child_y}")
    assert drawn(server(parent=None)).parent_rail is None


@pytest.mark.parametrize(
    ("states", "mark"),
    [
        (("ok", "ok"), "good"),
        (("ok", "silent"), "warn"),
        (("no-tcp",), "warn"),
        (("untested", "ok"), "warn"),
        (("refused",), "bad"),
        (("pending",), "none"),
        (("ok", "not-public"), "good"),
    ],
)
def test_mark_of_a_server(states: tuple[str, ...], mark: str) -> None:
    assert drawn(server("ns1.example", *states)).servers[0].mark == mark


def test_a_server_that_nobody_reaches_is_marked() -> None:
    assert drawn(server(state="no-address", addresses=[])).servers[0].mark == "bad"
    assert drawn(server(state="pending", addresses=[])).servers[0].mark == "none"


def test_many_servers_are_counted_not_drawn() -> None:
    drawing = drawn(*(server(f"ns{n}.example") for n in range(13)))
    assert len(drawing.servers) == MAX_SERVERS and drawing.more == 13 - MAX_SERVERS


@given(st.lists(st.text(max_size=300), min_size=1, max_size=20), st.text(max_size=300))
def test_nothing_leaves_the_sheet(names: list[str], zone: str) -> None:
    drawing = delegation(
        {"zone": zone, "parent": zone, "servers": [server(name) for name in names]}
    )
    assert drawing is not None
    assert all(upper.y + 34 < lower.y for upper, lower in pairwise(drawing.servers))
    assert drawing.servers[-1].y + 34 < drawing.height
    assert all(98 + 7.2 * cells(each.label) <= WIDTH for each in drawing.servers)
    assert 42 + 7.2 * cells(drawing.zone) <= WIDTH


@pytest.mark.parametrize("compact", [False, True])
@pytest.mark.parametrize(
    "records",
    [
        {},
        {"kind": "top", "zone": "com", "servers": [], "raw": [], "ready": []},
        {"zone": "example", "servers": [server("<script>"), {"unicode": "ns2"}]},
    ],
)
def test_the_page_copes_with_what_there_is(records: dict[str, Any], compact: bool) -> None:
    context = {"records": records, "section": {"complete": True}, "compact": compact}
    page = render_to_string("lookups/topics/delegation.html", context)
    assert "<script>" not in page
