"""The classroom's lessons, its page and its command."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import dns.message
import dns.query
import pytest

from learn.classroom.lessons import lessons
from learn.classroom.zone_files import HERE
from lookups import catalog

ROOT = Path(__file__).parents[2]
ZONES = sorted(path.stem for path in (HERE / "zones").glob("*.zone"))
LISTED = [lesson.zone for group in lessons("en") for lesson in group.lessons]


def test_every_zone_is_a_lesson_and_every_lesson_a_zone():
    assert sorted(LISTED) == sorted([*ZONES, "nothing"])
    assert len(LISTED) == len(set(LISTED)) >= 15


def test_every_lesson_has_its_own_words_in_both_languages():
    english = [x for group in lessons("en") for x in group.lessons]
    japanese = [x for group in lessons("ja") for x in group.lessons]
    for one, other in zip(english, japanese, strict=True):
        assert one.zone == other.zone
        assert one.title and other.title
        assert one.look and other.look and one.look != other.look


@pytest.mark.parametrize("prefix", ["", "/ja"])
def test_the_pages_list_every_lesson_with_what_it_shows(client, classroom, prefix):
    page = client.get(f"{prefix}/classroom/")
    assert page.status_code == 200 and f"-p {classroom[1]} " in page.text
    shown = ""
    for group in lessons("en"):
        address = f"{prefix}/classroom/{group.id}/"
        assert address in page.text
        pages = client.get(address)
        assert pages.status_code == 200 and len(pages.content) < 250_000
        assert "<script>alert" not in pages.text
        shown += pages.text
        for lesson in group.lessons:
            assert f"{address}#{lesson.zone}" in page.text and f'id="{lesson.zone}"' in pages.text
    for zone in LISTED:
        assert f'value="{zone}.classroom.test"' in shown
    for id in catalog.ids():
        assert f"{prefix}/findings/{id}/" in shown
    assert client.get(f"{prefix}/classroom/no-such-group/").status_code == 404


def test_groups_have_ids_of_their_own():
    groups = [group.id for group in lessons("en")]
    assert len(groups) == len(set(groups))


def run(*arguments):
    return subprocess.Popen(
        [sys.executable, "manage.py", "classroom", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_command_and_a_taken_port():
    first = run("--port", "0")
    line = first.stdout.readline()
    assert line.startswith("classroom DNS on 127.0.0.1:")
    port = line.rsplit(":", 1)[1].strip()
    second = run("--port", port)
    _, said = second.communicate(timeout=30)
    assert second.returncode == 2 and port in said and "Traceback" not in said
    query = dns.message.make_query("perfect.classroom.test", "MX")
    assert dns.query.udp(query, "127.0.0.1", timeout=3, port=int(port)).answer
    first.terminate()
    first.communicate(timeout=30)
    assert first.returncode == 0
