"""Bars of what passed and what failed: lengths, days without messages, many days."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from lookups.drawings.bars import COLUMNS_HEIGHT, MAX_COLUMNS, WIDTH, lying, standing

counts = st.integers(0, 10**12)
days = st.dates(date(1990, 1, 1), date(2090, 1, 1))


def test_nothing_to_draw():
    assert lying([]) is None and standing([]) is None


def test_the_longest_bar_fills_the_width():
    bars = lying([("a", 90, 10), ("b", 0, 50), ("c", 0, 0)])
    assert [round(bar.first + bar.second) for bar in bars.bars] == [WIDTH - 3, 178, 0]
    assert bars.bars[0].turn == bars.bars[0].first


def test_days_without_messages_leave_a_gap():
    bars = standing([(date(2024, 1, 1), 4, 0), (date(2024, 1, 4), 1, 3)])
    assert [(bar.label, bar.messages) for bar in bars.bars] == [
        ("2024-01-01", 4),
        ("2024-01-02", 0),
        ("2024-01-03", 0),
        ("2024-01-04", 4),
    ]
    assert bars.bars[3].second_top < bars.bars[3].first_top < COLUMNS_HEIGHT


@given(st.lists(st.tuples(days, counts, counts), min_size=1, max_size=30))
def test_any_days(parts):
    bars = standing(parts)
    assert len(bars.bars) <= MAX_COLUMNS
    assert sum(bar.messages for bar in bars.bars) == sum(good + bad for _, good, bad in parts)
    for bar in bars.bars:
        assert -1 <= bar.second_top <= bar.first_top <= COLUMNS_HEIGHT
        assert bar.thickness > 0 and bar.at + bar.thickness <= WIDTH


@given(st.lists(st.tuples(st.text(max_size=80), counts, counts), min_size=1, max_size=12))
def test_any_parts(parts):
    for bar in lying(parts).bars:
        assert bar.first + bar.second <= WIDTH


def test_a_year_is_drawn_in_weeks():
    first = date(2024, 1, 1)
    bars = standing([(first + timedelta(days=n), 1, 0) for n in range(366)])
    assert len(bars.bars) == 53 and bars.bars[0].messages == 7
