"""Topics dnssec and dane on the page: the picture, and every lesson in every language."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from learn.classroom.lessons import lessons
from lookups.drawings.dnssec import MAX_LEAVES, MAX_ZONES, WIDTH, chain
from lookups.presentation import section_view
from tests.lookups.engine.lessons import sections_of

LANGUAGES = [code for code, _ in settings.LANGUAGES]
GROUPS = {"dnssec-ends", "dnssec-broken", "dnssec-care", "dane"}
ZONES = [each.zone for group in lessons("en") if group.id in GROUPS for each in group.lessons]


def render(section, language: str, **extra) -> str:
    with translation.override(language):
        view = section_view(section, language)
        return render_to_string("lookups/_section.html", {"section": view, "view": None, **extra})


@pytest.mark.parametrize("topic", ["dnssec", "dane"])
@pytest.mark.parametrize("zone", ["perfect", "null-mx", "nothing", "servfail", *ZONES])
async def test_every_lesson_renders(zone, topic):
    sections, _ = await sections_of(zone, topic)
    for section in sections:
        for language in LANGUAGES:
            page = render(section.as_json(), language)
            assert "style=" not in page and "None" not in page
    last = sections[-1].as_json()
    for records in ({}, {"zones": []}, {"hosts": []}):
        render({**last, "records": records}, "en")
    with translation.override("ja"):
        view = section_view(last, "ja")
        context = {"records": last["records"], "section": view, "compact": True}
        assert len(render_to_string(f"lookups/topics/{topic}.html", context)) < 12_000


async def test_the_picture_says_what_the_table_says():
    sections, _ = await sections_of("dnssec-ds-mismatch", "dnssec")
    page = render(sections[-1].as_json(), "en")
    assert "dnssec-ds-mismatch.classroom.test" in page.replace("<wbr>", "")
    assert 'class="pic-bad dnssec-link"' in page and "fits no key" in page
    drawing = chain(sections[-1].records)
    assert [box.link.kind for box in drawing.zones] == ["anchor", "broken"]
    assert [box.mark for box in drawing.zones] == ["secure", "bogus"]


@pytest.mark.parametrize(
    ("zone", "kinds"),
    [
        ("perfect", ["anchor", "whole"]),
        ("dnssec-unsigned", ["anchor", "none"]),
        ("branch.dnssec-unsigned", ["anchor", "none", "loose"]),
        ("dnssec-island", ["anchor", "none"]),
        ("dnssec-unknown-algorithm", ["anchor", "loose"]),
        ("dnssec-no-keys", ["anchor", "broken"]),
    ],
)
async def test_links(zone, kinds):
    sections, _ = await sections_of(zone, "dnssec")
    assert [box.link.kind for box in chain(sections[-1].records).zones] == kinds


key = st.fixed_dictionaries(
    {
        "tag": st.integers(0, 65535),
        "name": st.text(max_size=20),
        "algorithm": st.integers(0, 255),
        "trusted": st.booleans(),
        "entry": st.booleans(),
    }
)
ds = st.fixed_dictionaries({"tag": st.integers(0, 65535), "fits": st.booleans()})
zone = st.fixed_dictionaries(
    {
        "name": st.text(max_size=250),
        "security": st.text(max_size=12),
        "keys": st.lists(key, max_size=9),
        "ds": st.lists(ds, max_size=9),
    }
)
leaf = st.fixed_dictionaries(
    {
        "name": st.text(max_size=250),
        "type": st.sampled_from(["MX", "SOA"]),
        "outcome": st.sampled_from(["answer", "nodata"]),
        "security": st.text(max_size=12),
    }
)


@given(st.fixed_dictionaries({"zones": st.lists(zone, max_size=12), "leaves": st.lists(leaf)}))
def test_whatever_the_records_are_the_picture_is_bounded(records):
    drawing = chain(records)
    if drawing is None:
        assert not records["zones"]
        return
    assert len(drawing.zones) <= MAX_ZONES and len(drawing.leaves) <= MAX_LEAVES
    assert drawing.width == WIDTH and drawing.height <= 800
    assert drawing.more == max(0, len(records["zones"]) - MAX_ZONES)
    boxes = [*drawing.zones, *drawing.leaves]
    for above, below in zip(boxes, boxes[1:], strict=False):
        assert above.y + above.height < below.y
    assert all(len(box.label) <= 40 for box in boxes)
