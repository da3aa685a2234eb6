"""The way of a question, told and drawn."""

from __future__ import annotations

import ipaddress
import json

import dns.name
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookups.drawings.trace import WIDTH, descent
from lookups.engine.resolver import Answer, Outcome
from lookups.engine.trace import ROOT, State, Step, Trace
from lookups.tools.look_up import trace_words
from lookups.tools.look_up.trace import TOOL
from tests.lookups.commands import manage
from tests.lookups.tools.tooling import form_of, result_of

PAGE = "/tools/trace/"
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("name", "state", "told"),
    [
        ("perfect.classroom.test", "answer", "The way is whole"),
        ("nothing.classroom.test", "nxdomain", "the name does not exist"),
        ("alias.classroom.test", "alias", "The way ends at an alias"),
        ("delegation-dead.classroom.test", "stuck", "none of the servers tried for delegation-"),
    ],
)
async def test_how_it_ends(classroom, name, state, told):
    found = await result_of(TOOL, f"name={name}&type=MX")
    assert found.state == state and told in " ".join(found.ending)
    assert all(view.sentences and view.source and view.word for view in found.steps)
    assert len(found.drawing.boxes) <= len(found.steps)
    json.dumps(found.as_json())
    assert list(found.lines())


async def test_steps_show_the_raw_reply(classroom):
    found = await result_of(TOOL, "name=perfect.classroom.test&type=MX")
    assert "AUTHORITY SECTION" in found.steps[0].raw and "glue" in " ".join(
        found.steps[0].sentences
    )
    assert "ANSWER SECTION" in found.steps[-1].raw
    assert tuple(sorted(found.records)) == tuple(
        f"{n}0 mx{n}.perfect.classroom.test." for n in (1, 2)
    )


async def test_reverse_names_are_traced_in_their_own_tree(classroom):
    found = await result_of(TOOL, "name=198.18.1.1")
    assert found.type == "PTR" and found.state == "answer"


async def test_only_the_last_failure_is_not_followed_by_another_try(classroom):
    found = await result_of(TOOL, "name=delegation-dead.classroom.test&type=MX")
    tried = ["next server" in " ".join(view.sentences) for view in found.steps]
    assert tried[-2:] == [True, False]


def test_every_state_has_words():
    name = dns.name.from_text("example.com")
    for state in State:
        found = Trace(name, "MX", ROOT, state, ())
        assert all(trace_words.ending(found)) and list(trace_words.ending(found))
        assert descent(found) is None


KINDS = ("referral", "answer", "alias", "nodata", "nxdomain", "failed")
WHYS = ("", "timeout", "lame", "refused", "not-authoritative", "other-rcode", "malformed", "%s")
LABELS = st.lists(st.text("abc-é%", min_size=1, max_size=20), max_size=6)


@st.composite
def steps(draw):
    zone = dns.name.from_text(
        ".".join(["x", *("y" * n for n in range(1, draw(st.integers(1, 9))))])
    )
    host = dns.name.from_text(".".join(["h" * draw(st.integers(1, 60)), "example"]))
    answer = Answer(host, "MX", Outcome.TIMEOUT, "NOTIMP", ms=draw(st.floats(0, 5000)))
    address = ipaddress.ip_address("192.0.2.1")
    kind, why = draw(st.sampled_from(KINDS)), draw(st.sampled_from(WHYS))
    return Step(1, zone, host, address, "glue", kind, answer, why)


@given(st.lists(steps(), max_size=12))
def test_any_trace_is_drawn_within_its_frame_and_told(found):
    drawn = descent(Trace(dns.name.root, "MX", ROOT, State.STUCK, tuple(found)))
    for box in drawn.boxes if drawn else ():
        assert box.x >= 0 and box.x + box.width <= WIDTH
        assert box.y + box.height <= drawn.height
        assert all(box.y < row.y < box.y + box.height for row in box.rows)
    for step in found:
        assert all(trace_words.sentences(step, False)) or step.kind == "referral"


def test_the_page(client, classroom):
    for prefix in ("", "/ja"):
        page = client.get(f"{prefix}{PAGE}?name=perfect.classroom.test&type=MX").text
        assert 'role="img"' in page and "<table" in page and 'id="step-2"' in page
        assert "manage.py trace perfect.classroom.test MX" in page


def test_the_command():
    done = manage("trace", "perfect.classroom.test", "--format", "json")
    assert done.returncode == 0, done.stderr
    shape = json.loads(done.stdout)
    assert shape["state"] == "answer" and len(shape["steps"]) == 2 and shape["zones"] == []
    assert manage("trace", "a..b").returncode == 2


@given(name=st.text(max_size=60), rdtype=st.text(max_size=12))
def test_any_form_is_taken_or_refused(name, rdtype):
    form_of(TOOL, name=name, type=rdtype).is_valid()
