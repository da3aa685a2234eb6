"""The page of a report that is kept: as good as one made anew, for the right people, in few
questions to the database."""

from __future__ import annotations

import gzip
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from lookups import report_page, tasks
from lookups.models import Report
from tests.lookups.sharing.conftest import SECTIONS

pytestmark = pytest.mark.django_db
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="[^"]+"')


@pytest.fixture(autouse=True)
def _empty_shelf():
    report_page._shelf.clear()


@pytest.fixture
def own(own):
    own.change(visibility="link")
    return own


@pytest.fixture
def room(room):
    room.change(visibility="link")
    return room


def page(client: Client, path: str, **headers: str) -> str:
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200
    body = answer.content
    return (
        (gzip.decompress(body) if "Content-Encoding" in answer.headers else body)
        .decode()
        .replace("<wbr>", "")
    )


def pieces() -> list[str]:
    return [piece.head + piece.unpacked.decode() for piece in report_page._shelf._pieces.values()]


@pytest.mark.parametrize("role", ["stranger", "owner"])
@pytest.mark.parametrize("place", ["room", "own"])
def test_four_questions_at_most(request, place, role):
    here = request.getfixturevalue(place)
    path, client = here.path(), here.browsers[role]
    page(client, path)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        page(client, path)
    assert len(asked) <= (1 if role == "stranger" else 4), [q["sql"] for q in asked]
    assert not any('"sections"' in query["sql"] for query in asked)


@pytest.mark.parametrize("role", ["stranger", "viewer", "owner"])
@pytest.mark.parametrize("prefix", ["", "/ja"])
def test_the_same_as_one_that_is_not_kept(own, settings, prefix, role):
    client, path = own.browsers[role], prefix + own.path()
    kept = [page(client, path), page(client, path, **{"Accept-Encoding": "gzip"})]
    assert len(pieces()) == 1
    settings.DEBUG = True
    anew = page(client, path)
    assert {TOKEN.sub("", text) for text in kept} == {TOKEN.sub("", anew)}


def test_nothing_of_a_reader_is_kept(own):
    own.change(name="My own name", note="A secret note")
    assert "A secret note" in page(own.browsers["owner"], own.path())
    [kept] = pieces()
    for own_words in ("csrfmiddlewaretoken", "My own name", "A secret note", "sharing"):
        assert own_words not in kept
    assert "A secret note" not in page(own.browsers["stranger"], own.path())


def test_access_is_judged_each_time(own):
    stranger, path = own.browsers["stranger"], own.path()
    page(stranger, path)
    own.change(revoked_at=timezone.now())
    assert stranger.get(path).status_code == 410
    own.change(revoked_at=None, visibility="me")
    assert stranger.get(path).status_code == 404
    assert "v=spf1 -all" in page(own.browsers["owner"], path)
    own.change(visibility="link", token=Report.new_token())
    assert stranger.get(path).status_code == 404
    page(stranger, own.path())
    own.change(deleted_at=timezone.now())
    assert stranger.get(own.path()).status_code == 410


def test_what_the_owner_changes_shows_at_once(own):
    page(own.browsers["owner"], own.path())
    own.change(name="Another name")
    assert "Another name" in page(own.browsers["owner"], own.path())


def test_a_report_that_is_made_again(own, monkeypatch):
    monkeypatch.setattr(tasks, "enqueue", lambda report: None)
    stranger, path = own.browsers["stranger"], own.path()
    own.change(state="failed", failure="crash", sections={})
    assert "broke off" in page(stranger, path)
    assert tasks.make_again(own.now())
    assert "sse-connect" in page(stranger, path)
    done = {"state": "done", "status": "good", "failure": "", "finished": timezone.now()}
    own.change(**done, sections=SECTIONS)
    assert "v=spf1 -all" in page(stranger, path)


def test_a_report_that_changes_while_it_is_read(own, monkeypatch):
    """Its finished state was seen, but it is being made again when its sections are fetched."""
    report = own.now()
    own.change(state="running", finished=None)
    monkeypatch.setattr("lookups.views.find_report", lambda *a, **k: report)
    assert "sse-connect" in page(own.browsers["stranger"], own.path())
    assert pieces() == []


def test_private_pages_are_stored_nowhere(own):
    assert "no-store" in own.browsers["owner"].get(own.path())["Cache-Control"]
