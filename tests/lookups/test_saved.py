"""The saved reports of a person: list, search, order, edit, undo, links; nobody else's."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from lookups.models import Report

pytestmark = pytest.mark.django_db


@pytest.fixture
def member(client):
    user = get_user_model().objects.create_user("m", "member@example.com", "a good password 1")
    client.force_login(user)
    return user


def saved(owner, domain="example.com", **fields) -> Report:
    fields.setdefault("saved_at", timezone.now())
    fields.setdefault("state", "done")
    fields.setdefault("status", "good")
    fields.setdefault("finished", timezone.now())
    return Report.objects.create(domain=domain, owner=owner, **fields)


def shown(client, query="") -> list[str]:
    return [report.domain for report in client.get(f"/saved/{query}").context["reports"]]


def test_empty_says_what_to_do(client, member):
    page = client.get("/saved/").text
    assert "Nothing saved yet" in page and "/check/" in page


def test_own_reports_newest_first_and_nobody_elses(client, member):
    now = timezone.now()
    saved(member, "old.test", saved_at=now - timedelta(days=1))
    saved(member, "new.test", saved_at=now)
    saved(get_user_model().objects.create_user("o"), "theirs.test")
    Report.objects.create(domain="unsaved.test", owner=member)
    assert shown(client) == ["new.test", "old.test"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("alpha", ["alpha.test"]),
        ("ALPHA", ["alpha.test"]),
        ("work", ["alpha.test"]),
        ("invoices", ["xn--wgv71a119e.test"]),
        ("日本", ["xn--wgv71a119e.test"]),
        ("ａｌｐｈａ", ["alpha.test"]),  # noqa: RUF001
        ("alpha work", ["alpha.test"]),
        ("alpha invoices", []),
        ("%", []),
        ("_", []),
        ("'; drop table", []),
        ("<b>", []),
    ],
)
def test_search(client, member, query, found):
    saved(member, "alpha.test", name="Work")
    saved(member, "xn--wgv71a119e.test", note="about invoices")
    answer = client.get("/saved/", {"q": query})
    assert [report.domain for report in answer.context["reports"]] == found
    if not found:
        assert "Nothing found" in answer.text and "<b>" not in answer.text.split("<main")[1]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("domain", ["a.test", "b.test", "c.test"]),
        ("-domain", ["c.test", "b.test", "a.test"]),
        ("-verdict", ["b.test", "a.test", "c.test"]),
        ("verdict", ["c.test", "a.test", "b.test"]),
        ("name", ["c.test", "a.test", "b.test"]),
        ("saved", ["a.test", "b.test", "c.test"]),
        ("nonsense", ["c.test", "b.test", "a.test"]),
    ],
)
def test_order(client, member, sort, order):
    now = timezone.now()
    saved(member, "a.test", status="warning", name="m", saved_at=now - timedelta(hours=3))
    saved(member, "b.test", status="error", name="Z", saved_at=now - timedelta(hours=2))
    saved(member, "c.test", status="good", name="A", saved_at=now - timedelta(hours=1))
    assert shown(client, f"?sort={sort}") == order


def test_pages_and_a_constant_number_of_queries(client, member, django_assert_num_queries):
    saved(member, "first.test")
    with django_assert_num_queries(4):
        client.get("/saved/")
    for number in range(40):
        saved(member, f"n{number}.test")
    with django_assert_num_queries(4):
        assert len(client.get("/saved/").context["reports"]) == 25
    assert len(shown(client, "?page=2")) == 16
    assert len(shown(client, "?page=nonsense")) == 25
    assert len(shown(client, "?page=999")) == 16


def test_htmx_gets_the_list_alone(client, member):
    saved(member)
    page = client.get("/saved/", headers={"HX-Request": "true"}).text
    assert "saved-list" in page and "<html" not in page


def test_name_and_note(client, member):
    report = saved(member)
    path = f"/saved/{report.token}/edit/"
    assert client.post(path, {"name": " Shop ", "note": "one\r\ntwo <b>"}).status_code == 302
    report.refresh_from_db()
    assert report.name == "Shop" and report.note == "one\ntwo <b>"
    page = client.get("/saved/").text
    assert "Shop" in page and "two &lt;b&gt;" in page and "two <b>" not in page


@pytest.mark.parametrize(
    "form", [{"name": "x" * 101}, {"note": "x" * 2001}, {"name": "a\x00b"}, {"note": "\x1b[31m"}]
)
def test_name_and_note_refused(client, member, form):
    report = saved(member, name="before")
    page = client.post(f"/saved/{report.token}/edit/", {"name": "", "note": "", **form})
    assert page.status_code == 400 and 'aria-invalid="true"' in page.text
    report.refresh_from_db()
    assert report.name == "before" and report.note == ""


def test_delete_and_undo(client, member):
    report = saved(member)
    page = client.post(f"/saved/{report.token}/delete/", follow=True)
    assert "Undo" in page.text and shown(client) == []
    assert Client().get(f"/r/{report.token}/").status_code == 410
    client.post(f"/saved/{report.token}/restore/")
    assert shown(client) == ["example.com"]
    assert Client().get(f"/r/{report.token}/").status_code == 200


def test_unsave_and_undo(client, member):
    report = saved(member)
    assert "kept until" in client.post(f"/saved/{report.token}/unsave/", follow=True).text
    report.refresh_from_db()
    assert report.saved_at is None and report.expires
    client.post(f"/saved/{report.token}/restore/")
    assert shown(client) == ["example.com"]


def test_revoke_and_renew_a_link(client, member):
    report = saved(member)
    client.post(f"/saved/{report.token}/revoke/")
    assert Client().get(f"/r/{report.token}/").status_code == 410
    assert client.get(f"/r/{report.token}/").status_code == 200
    client.post(f"/saved/{report.token}/renew/")
    report.refresh_from_db()
    assert Client().get(f"/r/{report.token}/").status_code == 200


VERBS = ["edit", "unsave", "delete", "restore", "revoke", "renew"]


@pytest.mark.parametrize("verb", VERBS)
def test_only_by_post_only_ones_own_only_signed_in(client, member, verb):
    mine = saved(member)
    theirs = saved(get_user_model().objects.create_user("o"), "theirs.test")
    assert client.get(f"/saved/{mine.token}/{verb}/").status_code == 405
    assert client.post(f"/saved/{theirs.token}/{verb}/").status_code == 404
    assert client.post(f"/saved/{'x' * 22}/{verb}/").status_code == 404
    assert client.post(f"/saved/%00/{verb}/").status_code == 404
    assert "/accounts/login/" in Client().post(f"/saved/{mine.token}/{verb}/").url
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(member)
    assert strict.post(f"/saved/{mine.token}/{verb}/").status_code == 403
    theirs.refresh_from_db()
    assert theirs.saved_at and not theirs.deleted_at and not theirs.revoked_at


# --- what the visitor sees around it ----------------------------------------------------------
def field(page: str, pattern: str) -> str:
    """What `pattern` captures in a page that must have it."""
    found = re.search(pattern, page)
    assert found, pattern
    return found[1].replace("&amp;", "&")


@pytest.mark.parametrize("verb", ["unsave", "delete"])
def test_undo_button_works_and_keeps_search_and_order(member, verb):
    report = saved(member, name="Kept")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(member)
    csrf = r'name="csrfmiddlewaretoken" value="([^"]+)"'
    form = {"csrfmiddlewaretoken": field(strict.get("/saved/").text, csrf)}
    page = strict.post(f"/saved/{report.token}/{verb}/?q=ex&sort=name", form, follow=True)
    assert page.redirect_chain == [("/saved/?q=ex&sort=name", 302)]
    undo = page.text[page.text.index('class="undo"') :]
    back = strict.post(field(undo, r'action="([^"]+)"'), {"csrfmiddlewaretoken": field(undo, csrf)})
    assert back.url == "/saved/?q=ex&sort=name"
    assert [kept.name for kept in strict.get(back.url).context["reports"]] == ["Kept"]


def test_edit_returns_to_the_row(client, member):
    report = saved(member)
    answer = client.post(f"/saved/{report.token}/edit/?page=2", {"name": "", "note": ""})
    assert answer.url == f"/saved/?page=2#saved-{report.token}"


def test_refused_words_come_back_with_their_error_beside_them(client, member):
    report = saved(member)
    longest = {"name": "名" * 100, "note": "線\r\n" * 1000}
    assert client.post(f"/saved/{report.token}/edit/", longest).status_code == 302
    page = client.post(f"/saved/{report.token}/edit/", longest | {"note": "n" * 2001}).text
    error = f"id_{report.token}_note_error"
    assert f'aria-describedby="{error}"' in page and f'id="{error}"' in page
    assert "n" * 2001 in page


@pytest.mark.parametrize("character", ["\x07", "\x1b", "\x7f", "\x85"])
@pytest.mark.parametrize("name", ["name", "note"])
def test_control_characters_are_refused(client, member, name, character):
    report = saved(member)
    form = {name: f"a{character}b"}
    assert client.post(f"/saved/{report.token}/edit/", form).status_code == 400


def test_unsaved_report_expires_like_any_other(client, member):
    days = timedelta(days=settings.REPORT_KEEP_DAYS)
    young = saved(member, created=timezone.now() - days + timedelta(days=2))
    old = saved(member, "old.test", created=timezone.now() - days - timedelta(days=2))
    assert not Report.objects.expired().exists()
    page = client.post(f"/saved/{young.token}/unsave/", follow=True).text
    assert f"kept until {young.created + days:%Y-%m-%d}" in page
    assert "within the hour" in client.post(f"/saved/{old.token}/unsave/", follow=True).text
    assert list(Report.objects.expired()) == [old]


def test_deleted_report_goes_for_good_a_day_later(client, member):
    report = saved(member)
    client.post(f"/saved/{report.token}/delete/")
    assert not Report.objects.expired().exists()
    Report.objects.update(deleted_at=timezone.now() - timedelta(days=1, minutes=1))
    assert list(Report.objects.expired()) == [report]


def test_old_link_stays_dead_after_a_new_one(client, member):
    report = saved(member)
    client.post(f"/saved/{report.token}/renew/")
    assert Client().get(f"/r/{report.token}/").status_code in (404, 410)


def test_others_read_neither_name_nor_note(client, member):
    report = saved(member, name="Secret name", note="Secret note")
    assert "Secret name" in client.get(f"/r/{report.token}/").text
    assert "Secret" not in Client().get(f"/r/{report.token}/").text


def test_row_shows_verdict_or_that_the_check_failed(client, member):
    saved(member, "a.test", status="error")
    saved(member, "b.test", state="failed", status="")
    saved(member, "c.test", state="running", status="", finished=None)
    rows = client.get("/saved/?sort=domain").text.split('class="saved-row"')
    assert "Broken" in rows[1]
    assert "Check failed" in rows[2] and "Checking" not in rows[2]
    assert "Checking" in rows[3]


def test_going_back_in_the_browser_gets_the_whole_page(client, member):
    headers = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    page = client.get("/saved/", headers=headers)
    assert "<html" in page.text
    assert "HX-Request" in page["Vary"] and "no-store" in page["Cache-Control"]
