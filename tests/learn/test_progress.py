"""Marks on articles in the account: set, taken back, merged from a browser, exported, deleted."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.test import Client

from learn.models import Progress
from learn.progress import done_by, mark, unmark

pytestmark = pytest.mark.django_db
DONE = "/learn/mx-record/done/"
MERGE = "/learn/progress/merge/"
UNDO = "/learn/progress/undo/"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def anna(client) -> User:
    user = User.objects.create_user("anna", "anna@example.com", "three quiet herons")
    client.force_login(user)
    return user


def slugs(user: User) -> set[str]:
    return set(Progress.objects.filter(user=user).values_list("slug", flat=True))


def said(response) -> str:
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def test_marks(anna):
    bert = User.objects.create_user("bert")
    assert mark(anna, ["spf", "spf", "dkim", "none-such"]) == ["dkim", "spf"]
    assert mark(anna, ["spf", "dmarc"]) == ["dmarc"]
    assert done_by(anna) == {"spf", "dkim", "dmarc"} and not done_by(bert)
    Progress.objects.create(user=anna, slug="gone-by-now")
    assert "gone-by-now" not in done_by(anna)
    unmark(bert, ["spf"])
    unmark(anna, ["dkim"])
    assert done_by(anna) == {"spf", "dmarc"}


@pytest.mark.parametrize(("prefix", "word"), [("", "Mark as done"), ("/ja", "読み終えた")])
def test_the_button(client, anna, prefix, word):
    address = f"{prefix}/learn/mx-record/"
    assert word in client.get(address).text
    response = client.post(f"{address}done/?track=start", {"done": "1"})
    assert response["Location"] == f"{address}?track=start#progress"
    assert slugs(anna) == {"mx-record"}
    page = client.get(f"{address}?track=start").text
    assert 'max="12" value="1"' in page and 'name="done" value="0"' in page
    fragment = client.post(f"{address}done/", {"done": "0"}, headers=HTMX)
    assert "<html" not in fragment.text and 'name="done" value="1"' in fragment.text
    assert slugs(anna) == set()


def test_bad_requests(client, anna):
    for value in ({}, {"done": "2"}, {"done": "yes"}):
        assert client.post(DONE, value).status_code == 400
    assert client.post("/learn/none-such/done/", {"done": "1"}).status_code == 404
    assert client.get(DONE).status_code == 405
    assert client.post(MERGE, {"slug": ["x"] * 501}).status_code == 400
    assert client.post(MERGE, {"slug": ["\0", "é" * 5000, "../x", ""]}).json() == {"added": 0}
    assert not Progress.objects.exists()


def test_signed_out_nothing_is_kept_here(client):
    response = client.post("/ja" + DONE + "?track=start", {"done": "1"})
    assert response["Location"].startswith("/ja/accounts/login/?next=/ja/learn/mx-record/")
    assert client.post(MERGE, {"slug": "spf"}).status_code == 403
    assert client.post(UNDO)["Location"].startswith("/accounts/login/")
    assert not Progress.objects.exists()


def test_csrf(anna):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(anna)
    for address in (DONE, MERGE, UNDO, "/learn/mx-record/"):
        assert strict.post(address, {"done": "1", "slug": "spf", "q1": "2"}).status_code == 403
    assert not Progress.objects.exists()


@pytest.mark.parametrize(
    ("prefix", "one", "two"),
    [("", "1 article that", "2 articles that"), ("/ja", "記事1本を", "記事2本を")],
)
def test_what_the_browser_kept_is_merged_and_can_be_taken_back(client, anna, prefix, one, two):
    mark(anna, ["spf"])
    data = {"slug": ["spf", "dkim", "dmarc"], "next": f"{prefix}/learn/"}
    response = client.post(prefix + MERGE, data)
    assert response.json() == {"added": 2} and slugs(anna) == {"spf", "dkim", "dmarc"}
    page = client.get(f"{prefix}/learn/").text
    assert two in page and "data-progress-undo" in page and f'action="{prefix}{UNDO}"' in page
    assert client.post(prefix + MERGE, data).json() == {"added": 0}
    back = client.post(prefix + UNDO, {"next": f"{prefix}/learn/"})
    assert back["Location"] == f"{prefix}/learn/" and slugs(anna) == {"spf"}
    assert client.post(prefix + MERGE, {"slug": "bimi"}).json() == {"added": 1}
    assert one in client.get(f"{prefix}/learn/").text


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:x", ""])
def test_undo_leads_to_no_other_site_and_may_find_nothing(client, anna, target):
    response = client.post(UNDO, {"next": target})
    assert response["Location"] == "/learn/"
    assert "nothing to undo" in said(response)


def test_the_notice_escapes_what_it_was_sent(client, anna):
    client.post(MERGE, {"slug": "spf", "next": '"><script>alert(1)</script>'})
    page = client.get("/learn/").text
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page


def test_only_signed_in_pages_hand_over(client):
    assert "progress-merge" not in client.get("/learn/").text
    client.force_login(User.objects.create_user("anna"))
    for prefix in ("", "/ja"):
        assert f'name="progress-merge" content="{prefix}{MERGE}"' in client.get(f"{prefix}/").text


def test_export_and_end_of_the_account(client, anna):
    mark(anna, ["spf", "dkim"])
    mark(User.objects.create_user("bert"), ["bimi"])
    data = client.get("/account/export.json").json()
    assert {entry["slug"] for entry in data["articles_done"]} == {"spf", "dkim"}
    assert all(entry["done_at"] for entry in data["articles_done"])
    assert "2 articles" in client.get("/account/").text
    assert client.post("/account/delete/", {"password": "three quiet herons"}).status_code == 302
    assert list(Progress.objects.values_list("slug", flat=True)) == ["bimi"]
