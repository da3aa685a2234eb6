"""The pictures and the page of topic spf."""

from __future__ import annotations

import pytest
from django.template.loader import render_to_string
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from lookups.drawings import spf as drawing
from lookups.presentation import section_view
from lookups.templatetags.spf_tags import spf_outline
from tests.lookups.engine.lessons import section_of


def node(domain="a.test", cost=1, state="ok", children=()):
    return {"domain": domain, "term": f"include:{domain}", "kind": "include", "state": state,
            "cost": cost, "children": list(children)}  # fmt: skip


nodes = st.recursive(
    st.builds(node, st.text(max_size=300), st.integers(0, 9999), st.sampled_from(["ok", "loop"])),
    lambda inner: st.builds(node, st.text(max_size=9), children=st.lists(inner, max_size=6)),
    max_leaves=80,
)


@given(nodes)
def test_the_tree_fits_whatever_it_holds(top):
    made = drawing.tree(top)
    assert made.boxes and len(made.boxes) <= drawing.MAX_ROWS and made.more >= 0
    for box in made.boxes:
        assert box.x >= 0 and box.x + box.width <= made.width
        assert box.y + box.height <= made.height
        assert len(box.label) <= 60


def test_a_deep_tree_stays_on_a_phone():
    top = node()
    for _ in range(40):
        top = node(children=[top])
    made = drawing.tree(top)
    assert max(box.x for box in made.boxes) == drawing.MAX_DEPTH * drawing.STEP
    assert made.more == 41 - drawing.MAX_ROWS


@pytest.mark.parametrize(
    ("used", "kinds"),
    [(0, ["free"] * 10), (7, ["used"] * 7 + ["free"] * 3), (12, ["used"] * 10 + ["over"] * 2)],
)
def test_the_bar(used, kinds):
    made = drawing.bar(used, 10)
    assert [cell.kind for cell in made.cells] == kinds
    assert made.cells[-1].x + made.cells[-1].width <= made.width


@given(nodes)
def test_the_list_closes_all_that_it_opens(top):
    steps = spf_outline({"tree": node(children=[top])})
    depth = 0
    for step in steps:
        depth += 1 if step["opens"] else -len(step["closes"])
        assert depth >= 0
    assert depth == 0


def page(section, language="en", **more):
    with translation.override(language):
        view = section_view(section.as_json(), language)
        records = section.records
        context = {"section": view, "view": None, "records": records} | more
        return render_to_string(view.template, context)


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("lesson", ["perfect", "spf-lookups", "spf-typos", "spf-none", "servfail"])
async def test_the_page(lesson, language):
    section = await section_of(lesson, "spf")
    made = page(section, language)
    assert "style=" not in made and "<script" not in made
    if lesson == "spf-lookups":
        assert made.count("<ul>") == made.count("</ul>") and made.count("<li>") == made.count(
            "</li>"
        )
        assert ("12 of 10 lookups" in made) == (language == "en")
        assert "<svg" in made and "_office.spf-lookups" in made
        assert len(page(section, language, compact=True)) < len(made)


@pytest.mark.parametrize(
    "records",
    [{}, {"kind": "record"}, {"kind": "record", "tree": {}}, {"kind": "unknown", "raw": []},
     {"kind": "record", "tree": node(), "lookups": 1, "limit": 10}],
)  # fmt: skip
def test_a_page_of_half_a_section(records):
    assert render_to_string("lookups/topics/spf.html", {"records": records}) is not None


async def test_hostile_names_stay_data():
    records = {"kind": "record", "lookups": 1, "limit": 10,
               "tree": node(children=[node("<script>alert(1)</script>.test")])}  # fmt: skip
    assert "<script>" not in render_to_string("lookups/topics/spf.html", {"records": records})
