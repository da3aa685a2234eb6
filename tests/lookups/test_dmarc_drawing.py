"""The ladder of the DMARC tree walk, as geometry; and the section as a page shows it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from lookups.drawings.dmarc import BOX_HEIGHT, GAP, LABEL_CELLS, MAX_RUNGS, WIDTH, ladder
from lookups.drawings.text import cells
from lookups.presentation import section_view
from tests.lookups.engine.lessons import sections_of


def step(name: str, state: str = "none") -> dict[str, Any]:
    return {"name": name, "question": f"_dmarc.{name}", "state": state}


def test_the_domain_stands_at_the_foot() -> None:
    drawn = ladder(
        {
            "walk": [step("a.example.com"), step("example.com", "record"), step("com")],
            "record_domain": "example.com",
            "organizational_domain": "example.com",
        }
    )
    assert drawn is not None
    assert [rung.label for rung in drawn.rungs] == [
        "_dmarc.a.example.com",
        "_dmarc.example.com",
        "_dmarc.com",
    ]
    assert all(lower.y - upper.y == BOX_HEIGHT + GAP for lower, upper in pairwise(drawn.rungs))
    assert [rung.holds for rung in drawn.rungs] == [False, True, False]
    assert [rung.mark for rung in drawn.rungs] == ["none", "good", "none"]


@pytest.mark.parametrize("records", [{}, {"walk": []}, {"walk": None}])
def test_without_a_walk_there_is_no_drawing(records: dict[str, Any]) -> None:
    assert ladder(records) is None


@given(st.lists(st.tuples(st.text(max_size=300), st.text(max_size=9)), min_size=1, max_size=20))
def test_nothing_leaves_the_sheet(steps: list[tuple[str, str]]) -> None:
    drawn = ladder({"walk": [step(name, state) for name, state in steps]})
    assert drawn is not None and drawn.width == WIDTH
    assert len(drawn.rungs) <= MAX_RUNGS
    assert all(rung.y >= 0 and rung.y + BOX_HEIGHT <= drawn.height for rung in drawn.rungs)
    assert all(cells(rung.label) <= LABEL_CELLS for rung in drawn.rungs)


LESSONS = [
    "perfect",
    "dmarc-reports",
    "dmarc-typos",
    "dmarc-twice",
    "news.dmarc-parent",
    "servfail",
]


@pytest.mark.parametrize("lesson", LESSONS)
async def test_the_section_of_a_page(lesson: str) -> None:
    sections, _ = await sections_of(lesson, "dmarc")
    for language in ("en", "ja"):
        with translation.override(language):
            for section in sections:
                view = section_view(section.as_json(), language)
                page = render_to_string("lookups/_section.html", {"section": view, "view": {}})
                assert "_dmarc." in page and "style=" not in page
            assert ("ツリー" in page) == (language == "ja")


@pytest.mark.parametrize("records", [{}, {"kind": "own"}, {"kind": "unknown", "walk": []}])
@pytest.mark.parametrize("compact", [True, False])
def test_a_section_that_broke_off(records: dict[str, Any], compact: bool) -> None:
    context = {"records": records, "section": None, "view": None, "compact": compact}
    assert render_to_string("lookups/topics/dmarc.html", context).strip()
