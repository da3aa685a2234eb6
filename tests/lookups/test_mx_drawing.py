"""The route of a letter through the MX hosts, as geometry."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookups.drawings.mx import BOX_WIDTH, MAX_HOSTS, MAX_STOPS, WIDTH, mx_order
from lookups.drawings.text import cells, shortened


def host(preference: int, name: str, state: str = "ok") -> dict[str, Any]:
    return {"preference": preference, "exchange": name, "unicode": name, "state": state}


def test_lowest_preference_is_the_first_stop() -> None:
    drawing = mx_order({"hosts": [host(20, "mx2.example.com"), host(10, "mx1.example.com")]})
    assert drawing is not None
    assert [(stop.number, stop.preference) for stop in drawing.stops] == [(1, 10), (2, 20)]
    assert drawing.stops[0].y < drawing.stops[1].y
    assert not drawing.is_cut


def test_equal_preference_hangs_on_one_stop() -> None:
    drawing = mx_order({"hosts": [host(10, "a.example"), host(10, "b.example")]})
    assert drawing is not None
    (stop,) = drawing.stops
    assert [box.label for box in stop.boxes] == ["a.example", "b.example"]
    assert len(stop.branches) == 2


@pytest.mark.parametrize("records", [{}, {"hosts": []}, {"hosts": None}])
def test_without_hosts_there_is_no_drawing(records: dict[str, Any]) -> None:
    assert mx_order(records) is None


@pytest.mark.parametrize(
    ("state", "mark"),
    [("ok", "ok"), ("pending", "pending"), ("failed", "bad"), ("missing", "bad"), ("alias", "bad")],
)
def test_mark_of_a_host(state: str, mark: str) -> None:
    drawing = mx_order({"hosts": [host(0, "mx.example", state)]})
    assert drawing is not None
    assert drawing.stops[0].boxes[0].mark == mark


def test_many_hosts_are_counted_not_drawn() -> None:
    drawing = mx_order({"hosts": [host(10, f"mx{n}.example") for n in range(20)]})
    assert drawing is not None
    assert len(drawing.stops[0].boxes) == MAX_HOSTS
    assert drawing.stops[0].more == 20 - MAX_HOSTS
    assert drawing.is_cut
    spread = mx_order({"hosts": [host(n, f"mx{n}.example") for n in range(20)]})
    assert spread is not None
    assert (len(spread.stops), spread.more) == (MAX_STOPS, 20 - MAX_STOPS)


@given(st.lists(st.tuples(st.integers(0, 65535), st.text(max_size=300)), min_size=1, max_size=30))
def test_nothing_leaves_the_sheet_and_nothing_overlaps(hosts: list[tuple[int, str]]) -> None:
    drawing = mx_order({"hosts": [host(preference, name) for preference, name in hosts]})
    assert drawing is not None
    boxes = [box for stop in drawing.stops for box in stop.boxes]
    assert all(box.x + box.width <= WIDTH for box in boxes)
    assert all(upper.y + upper.height < lower.y for upper, lower in pairwise(boxes))
    assert boxes[-1].y + boxes[-1].height < drawing.height
    assert all(7.2 * cells(box.label) + 34 <= BOX_WIDTH for box in boxes)


@given(st.text(max_size=300), st.integers(4, 60))
def test_shortened_keeps_both_ends(text: str, limit: int) -> None:
    short = shortened(text, limit)
    assert cells(short) <= limit
    if short != text:
        head, tail = short.rsplit("…", 1) if text.count("…") == 0 else (short[:1], "")
        assert text.startswith(head) and text.endswith(tail)
