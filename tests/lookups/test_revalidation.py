"""Pages that change only with a release: 304 for whoever has them, and never when they differ."""

from __future__ import annotations

import gzip
import re

import pytest
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpResponse
from django.test import Client, RequestFactory

from learn import progress
from lookups import revalidation

pytestmark = pytest.mark.django_db
PAGES = (
    "/",
    "/learn/",
    "/learn/mx-record/",
    "/learn/glossary/",
    "/findings/",
    "/findings/?severity=error",
    "/findings/mx-found/",
    "/score/",
    "/classroom/",
    "/tools/",
    "/ja/learn/mx-record/",
)
GZIP = {"Accept-Encoding": "gzip"}


def tag(client: Client, path: str, **headers: str) -> str:
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200 and answer["ETag"].startswith('W/"')
    return answer["ETag"]


def again(client: Client, path: str, given: str, **headers: str) -> int:
    return client.get(path, headers={"If-None-Match": given, **headers}).status_code


@pytest.fixture
def reader() -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_user("r", "r@example.org"))
    client.get("/")
    return client


@pytest.mark.parametrize("path", PAGES)
def test_not_modified(client, path):
    given = tag(client, path)  # the page makes the cookie that its tag depends on
    answer = client.get(path, headers={"If-None-Match": given})
    assert answer.status_code == 304 and answer.content == b""
    page = client.get(path)
    for name in ("ETag", "Cache-Control", "Vary"):
        assert answer[name] == page[name]
    assert {"Cookie", "Accept-Encoding"} <= set(re.split(", *", page["Vary"]))


def test_head_and_gzip(client):
    given = tag(client, "/learn/mx-record/")
    assert client.head("/learn/mx-record/")["ETag"] == given
    assert client.head("/learn/mx-record/", headers={"If-None-Match": given}).status_code == 304
    packed = client.get("/learn/mx-record/", headers=GZIP)
    assert packed["ETag"] == given and b"<h1" in gzip.decompress(packed.content)
    assert again(client, "/learn/mx-record/", given, **GZIP) == 304
    assert again(client, "/learn/mx-record/", f'"x", {given}, "y"') == 304
    assert again(client, "/learn/mx-record/", given.removeprefix("W/")) == 304  # weak comparison
    assert again(client, "/learn/mx-record/", '"another"') == 200


def test_every_address_and_language_has_its_own(client):
    tags = [tag(client, path) for path in PAGES]
    assert len(set(tags)) == len(PAGES)
    assert again(client, "/learn/nothing/", tags[2]) == 404


def test_a_new_release_changes_it(client, monkeypatch):
    given = tag(client, "/learn/")
    monkeypatch.setattr(revalidation, "release", lambda: "another")
    assert again(client, "/learn/", given) == 200


def test_what_a_release_is(tmp_path):
    paths = [tmp_path / "a.md", tmp_path / "b.md", tmp_path / "missing"]
    paths[0].write_text("one")
    paths[1].write_text("two")
    first = revalidation.fingerprint(paths)
    paths[1].touch()
    assert revalidation.fingerprint(reversed(paths)) == first
    paths[1].write_text("three")
    assert revalidation.fingerprint(paths) != first


def test_a_page_that_is_still_good_holds_a_token_that_is_still_good():
    client = Client(enforce_csrf_checks=True)
    page = client.get("/learn/mx-record/")
    old = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.content.decode())[1]
    assert again(client, "/learn/mx-record/", page["ETag"]) == 304
    form = {"csrfmiddlewaretoken": old, "domain": ""}
    assert client.post("/check/", form).status_code == 400  # the field is empty: it was read
    del client.cookies["csrftoken"]
    assert again(client, "/learn/mx-record/", page["ETag"]) == 200
    assert client.post("/check/", form).status_code == 403


def test_signing_in_changes_it(client):
    given = tag(client, "/learn/")
    client.force_login(get_user_model().objects.create_user("x", "x@example.org"))
    assert again(client, "/learn/", given) == 200
    assert again(client, "/learn/", tag(client, "/learn/")) == 304


def test_two_readers_never_share_one(reader):
    other = Client()
    other.cookies["csrftoken"] = reader.cookies["csrftoken"].value
    other.force_login(get_user_model().objects.create_user("y", "y@example.org"))
    assert tag(other, "/learn/") != tag(reader, "/learn/")


def test_progress_changes_it(reader):
    given, findings = tag(reader, "/learn/"), tag(reader, "/findings/")
    progress.mark(get_user_model().objects.get(username="r"), ["mx-record"])
    assert again(reader, "/learn/", given) == 200
    assert again(reader, "/findings/", findings) == 304  # which does not show it


def test_a_message_is_shown_and_kept_nowhere(reader):
    given = tag(reader, "/learn/")
    storage, answer = CookieStorage(RequestFactory().get("/")), HttpResponse()
    storage.add(messages.INFO, "Well done.")
    storage.update(answer)
    reader.cookies["messages"] = answer.cookies["messages"].value
    shown = reader.get("/learn/", headers={"If-None-Match": given})
    assert shown.status_code == 200 and b"Well done." in shown.content
    assert "ETag" not in shown and "no-store" in shown["Cache-Control"]
    assert again(reader, "/learn/", tag(reader, "/learn/")) == 304


def test_who_may_keep_it_and_how_long(client, reader):
    assert client.get("/learn/")["Cache-Control"].startswith("private, max-age=60")
    assert reader.get("/learn/")["Cache-Control"] == "private, no-cache"


def test_while_it_is_being_written_nothing_is_kept(client, settings):
    settings.DEBUG = True
    assert "ETag" not in client.get("/learn/")


def test_a_quiz_is_judged_by_post_as_ever(client):
    given = tag(client, "/learn/mx-record/")
    assert client.post("/learn/mx-record/", {}, headers={"If-None-Match": given}).status_code == 400
