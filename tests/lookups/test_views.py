"""Asking for a report and reading it, with real DNS, database and Redis."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from lookups.engine.report import TOPICS
from lookups.models import Report

pytestmark = pytest.mark.django_db(transaction=True)
PERFECT = "perfect.classroom.test"


def ask(client, domain=PERFECT, **more) -> Report:
    answer = client.post("/check/", {"domain": domain, **more})
    assert answer.status_code == 302, answer.text[:500]
    return Report.objects.get(token=re.fullmatch(r"/r/(.+)/", answer.url)[1])


@pytest.fixture
def member(client):
    user = get_user_model().objects.create_user("m", "member@example.com", "a good password 1")
    client.force_login(user)
    return user


def test_a_check_from_form_to_permalink(client, at_once):
    report = ask(client, "  Someone@Perfect.Classroom.TEST. ")
    assert report.domain == PERFECT and report.state == "done" and report.status == "good"
    page = client.get(report.get_absolute_url())
    assert page.status_code == 200
    text = re.sub("<wbr>", "", page.text)
    assert "mx1.perfect.classroom.test" in text and "In order" in text
    assert 'name="robots" content="noindex"' in text
    assert f"{report.finished:%Y-%m-%d %H:%M}" in text


def test_tokens_are_128_random_bits():
    tokens = {Report.new_token() for _ in range(1000)}
    assert len(tokens) == 1000 and all(re.fullmatch(r"[\w-]{22}", token) for token in tokens)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "Type a domain"),
        ("com", "single word"),
        ("a" * 64 + ".com", "63 characters"),
        ("192.0.2.1", "IP address"),
        ("_dmarc.example.com", "underscore"),
        ("a\x00b.com", "control"),
        ("<script>alert(1).com", "characters"),
        ("a" * 5000, "too long"),
    ],
)
def test_bad_input_is_explained_with_400_and_makes_no_row(client, typed, says):
    answer = client.post("/check/", {"domain": typed})
    assert answer.status_code == 400 and says in answer.text
    assert "<script>alert" not in answer.text
    assert not Report.objects.exists()
    assert client.post("/ja/check/", {"domain": typed}).status_code == 400


def test_what_may_have_been_meant_is_offered(client):
    assert 'value="example.com"' in client.post("/check/", {"domain": "_dmarc.example.com"}).text
    assert "?address=192.0.2.1" in client.post("/check/", {"domain": "192.0.2.1"}).text


def test_without_csrf_token_nothing_happens(at_once):
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/check/", {"domain": PERFECT}).status_code == 403
    assert not Report.objects.exists()


def test_the_same_domain_within_a_minute_is_the_same_report(client, at_once):
    first = ask(client)
    other = Client()
    assert ask(other) == first and ask(other) == first
    first.refresh_from_db()
    assert first.asked == 2
    page = other.get(first.get_absolute_url()).text
    assert "ago" in page and "Check again" in page
    assert ask(other, again="1") != first
    Report.objects.all().update(created=timezone.now() - timedelta(seconds=61))
    assert ask(client) != first


def test_saved_reports_are_not_given_to_others(client, member, at_once):
    mine = ask(client)
    client.post(f"/r/{mine.token}/save/")
    assert ask(Client()) != mine


def test_saving_claims_a_report_that_nobody_else_asked_for(client, member, at_once):
    mine = ask(client)
    answer = client.post(f"/r/{mine.token}/save/")
    assert answer.url == mine.get_absolute_url()
    mine.refresh_from_db()
    assert mine.owner == member and mine.saved_at and mine.expires is None


def test_a_lookup_made_before_signing_in_can_be_saved_after(client, at_once):
    mine = ask(client)
    user = get_user_model().objects.create_user("m", "member@example.com", "a good password 1")
    client.force_login(user)
    client.post(f"/r/{mine.token}/save/")
    mine.refresh_from_db()
    assert mine.owner == user


def test_saving_what_others_see_too_makes_a_copy(client, member, at_once):
    theirs = ask(Client())
    answer = client.post(f"/r/{theirs.token}/save/")
    theirs.refresh_from_db()
    copy = Report.objects.get(owner=member)
    assert theirs.owner is None and copy != theirs
    assert answer.url == copy.get_absolute_url()
    assert copy.sections == theirs.sections and copy.queries == theirs.queries


def test_saving_signed_out_leads_to_sign_in_and_back(client, at_once):
    report = ask(client)
    answer = client.post(f"/r/{report.token}/save/")
    assert answer.status_code == 302 and "/accounts/login/" in answer.url
    assert client.get(f"/r/{report.token}/save/").url.startswith("/accounts/login/")


def test_name_and_note_are_the_owners_alone(client, member, at_once):
    mine = ask(client)
    client.post(f"/r/{mine.token}/save/")
    Report.objects.filter(id=mine.id).update(name="secret name", note="secret note")
    assert "secret note" in client.get(mine.get_absolute_url()).text
    stranger = Client().get(mine.get_absolute_url()).text
    assert "secret name" not in stranger and "secret note" not in stranger


@pytest.mark.parametrize(
    ("change", "status_for_owner"),
    [
        ({"revoked_at": timezone.now()}, 200),
        ({"deleted_at": timezone.now()}, 410),
        ({"created": timezone.now() - timedelta(days=91), "saved_at": None}, 410),
    ],
)
def test_links_that_no_longer_work(client, member, at_once, change, status_for_owner):
    mine = ask(client)
    client.post(f"/r/{mine.token}/save/")
    Report.objects.filter(id=mine.id).update(**change)
    for path in ("", "card.png", "report.json", "events/"):
        assert Client().get(f"/r/{mine.token}/{path}").status_code == 410
    assert client.get(f"/r/{mine.token}/").status_code == status_for_owner


def test_unknown_links(client):
    for token in ("x", "a" * 22, "a" * 500, "%00"):
        assert client.get(f"/r/{token}/").status_code == 404


def test_json_is_the_stable_face(client, at_once):
    report = ask(client)
    made = client.get(f"/r/{report.token}/report.json").json()
    assert set(made) == {
        "schema", "domain", "started", "finished", "sections", "score", "queries",
    }  # fmt: skip
    assert [section["topic"] for section in made["sections"]] == list(TOPICS)
    for section in made["sections"]:
        assert set(section) == {"topic", "status", "records", "findings"}
        for finding in section["findings"]:
            assert set(finding) == {
                "id", "severity", "parameters", "evidence", "title", "explanation", "remedy",
                "article",
            }  # fmt: skip
    assert made["schema"] == 1 and len(made["queries"]) > 20 and 0 <= made["score"] <= 100


def test_html_in_names_is_text(client, at_once):
    report = ask(client, "strange-names.classroom.test")
    page = client.get(report.get_absolute_url()).text
    assert "&lt;script&gt;" in page and "<script>alert" not in page and "<b>bold" not in page


def test_preview(client, at_once):
    report = ask(client)
    page = client.get(report.get_absolute_url()).text
    image = re.search(r'og:image" content="http://localhost:8000([^"]+)"', page)[1]
    picture = client.get(image)
    assert picture["Content-Type"] == "image/png" and picture.content.startswith(b"\x89PNG")


def test_live_lookup_of_an_article(client, at_once):
    page = client.post("/check/live/", {"domain": PERFECT, "uid": "3"}).text
    assert 'id="live-3"' in page and "The full report" in page
    wrong = client.post("/check/live/", {"domain": "a b.com", "uid": "<x>"}).text
    assert "There is a space" in wrong and "<x>" not in wrong


def test_policy_and_cookies(client, settings):
    page = client.get("/")
    policy = page["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert page["X-Content-Type-Options"] == "nosniff" and page["X-Frame-Options"] == "DENY"
    assert not re.search(r"<script(?![^>]*\bsrc=)|\bstyle=|\bon\w+=", page.text)
    assert client.cookies["csrftoken"]["httponly"] and settings.SESSION_COOKIE_HTTPONLY


def test_queries_of_the_database_do_not_grow(client, at_once, django_assert_max_num_queries):
    report = ask(client)
    with django_assert_max_num_queries(4):
        client.get(report.get_absolute_url())
