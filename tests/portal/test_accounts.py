"""Accounts: sign up with a code, sign in, reset, change, take the data away, delete."""

from __future__ import annotations

import re

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from django.core import mail

from lookups.models import Report

pytestmark = pytest.mark.django_db(transaction=True)
EMAIL, PASSWORD = "reader@example.com", "a letter on good paper"


def sign_up(client, prefix="", email=EMAIL, next=""):
    form = {"email": email, "password1": PASSWORD, "next": next}
    return client.post(f"{prefix}/accounts/signup/", form, follow=True)


def code_of(message) -> str:
    return re.search(r"^(\d{6})$", message.body, re.MULTILINE)[1]


@pytest.fixture
def member(client):
    user = get_user_model().objects.create_user("m", EMAIL, PASSWORD)
    EmailAddress.objects.create(user=user, email=EMAIL, verified=True, primary=True)
    client.post("/accounts/login/", {"login": EMAIL, "password": PASSWORD})
    assert client.session.get("_auth_user_id")
    return user


@pytest.mark.parametrize("prefix", ["", "/ja"])
def test_sign_up_confirm_and_back_to_where_one_was(client, prefix):
    back = f"{prefix}/learn/mx-record/"
    page = sign_up(client, prefix, next=back)
    assert "code" in page.text
    assert not client.session.get("_auth_user_id"), "nobody is signed in before the code"
    [message] = mail.outbox
    assert message.to == [EMAIL] and code_of(message) in message.subject
    assert ("コード" in message.body) == (prefix == "/ja")
    done = client.post(f"{prefix}/accounts/confirm-email/", {"code": code_of(message)})
    assert done.status_code == 302 and done.url == back
    assert client.session.get("_auth_user_id")


def test_full_width_digits_are_taken(client):
    sign_up(client)
    wide = code_of(mail.outbox[0]).translate({ord(str(n)): chr(0xFF10 + n) for n in range(10)})
    assert client.post("/accounts/confirm-email/", {"code": wide}).status_code == 302
    assert EmailAddress.objects.get().verified


def test_a_wrong_code(client):
    sign_up(client)
    wrong = "000000" if code_of(mail.outbox[0]) != "000000" else "111111"
    page = client.post("/accounts/confirm-email/", {"code": wrong})
    assert "not the code" in page.text and 'aria-invalid="true"' in page.text
    assert not client.session.get("_auth_user_id")


def test_an_address_that_has_an_account_is_not_told(client, member):
    client.logout()
    mail.outbox.clear()
    page = sign_up(client)
    assert page.status_code == 200 and "code" in page.text
    assert "already" in mail.outbox[-1].subject
    assert get_user_model().objects.count() == 1


@pytest.mark.parametrize(
    "form",
    [
        {"email": "", "password1": ""},
        {"email": "no-address", "password1": PASSWORD},
        {"email": EMAIL, "password1": "short"},
        {"email": EMAIL, "password1": "password"},
        {"email": EMAIL, "password1": "12345678901"},
        {"email": "a\x00b@example.com", "password1": PASSWORD},
        {"email": "a" * 400 + "@example.com", "password1": PASSWORD},
    ],
)
def test_sign_up_refused(client, form):
    page = client.post("/accounts/signup/", form)
    assert page.status_code == 200 and 'aria-invalid="true"' in page.text
    assert not get_user_model().objects.exists() and not mail.outbox


def test_sign_in_and_out(client, member):
    assert client.post("/accounts/logout/").status_code == 302
    assert not client.session.get("_auth_user_id")
    page = client.post("/accounts/login/", {"login": EMAIL, "password": "wrong"})
    assert "No account has this" in page.text
    assert client.get("/accounts/logout/").status_code in (200, 302)


def test_forgotten_password(client, member):
    client.logout()
    mail.outbox.clear()
    client.post("/accounts/password/reset/", {"email": EMAIL})
    link = re.search(r"http://[^/]+(/accounts/password/reset/key/\S+)", mail.outbox[0].body)[1]
    page = client.get(link, follow=True)
    new = "quite another letter"
    form = {"password1": new, "password2": new}
    client.post(page.redirect_chain[-1][0], form)
    assert client.login(username="m", password=new)
    assert client.get(link, follow=True).text.count("no longer works")


def test_resetting_an_unknown_address_tells_nothing(client):
    page = client.post("/accounts/password/reset/", {"email": "nobody@example.com"}, follow=True)
    assert "Look in your mailbox" in page.text
    assert "no such account" in mail.outbox[0].body


def test_change_password(client, member):
    new = "quite another letter"
    form = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert client.post("/accounts/password/change/", form).url == "/account/"
    member.refresh_from_db()
    assert member.check_password(new) and client.session.get("_auth_user_id")


def test_export_has_everything_and_only_ones_own(client, member):
    other = get_user_model().objects.create_user("o", "other@example.com")
    Report.objects.create(domain="mine.test", owner=member, name="n", note="my note")
    Report.objects.create(domain="theirs.test", owner=other, note="their note")
    answer = client.get("/account/export.json")
    assert "attachment" in answer["Content-Disposition"]
    made = answer.json()
    assert made["email"] == EMAIL and [r["domain"] for r in made["reports"]] == ["mine.test"]
    assert "my note" in answer.text and "their note" not in answer.text


def test_deleting_needs_the_password_and_takes_everything(client, member):
    Report.objects.create(domain="mine.test", owner=member)
    assert client.get("/account/delete/").status_code == 200
    refused = client.post("/account/delete/", {"password": "wrong"})
    assert refused.status_code == 400 and get_user_model().objects.exists()
    assert client.post("/account/delete/", {"password": PASSWORD}).url == "/"
    assert not get_user_model().objects.exists()
    assert not Report.objects.exists() and not EmailAddress.objects.exists()
    assert not client.session.get("_auth_user_id")


@pytest.mark.parametrize(
    "path", ["/account/", "/account/export.json", "/account/delete/", "/saved/"]
)
def test_signed_out_people_are_asked_to_sign_in(client, path):
    answer = client.get(path)
    assert answer.status_code == 302 and answer.url == f"/accounts/login/?next={path}"


@pytest.mark.parametrize("prefix", ["", "/ja"])
@pytest.mark.parametrize(
    "path",
    [
        "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/",
        "/accounts/password/reset/done/", "/accounts/inactive/",
    ],
)  # fmt: skip
def test_pages_signed_out_are_in_our_look(client, prefix, path):
    page = client.get(prefix + path)
    assert page.status_code == 200 and "site-header" in page.text
    assert ('lang="ja"' in page.text[:60]) == bool(prefix)


@pytest.mark.parametrize("prefix", ["", "/ja"])
@pytest.mark.parametrize(
    "path",
    [
        "/account/", "/account/delete/", "/accounts/email/", "/accounts/password/change/",
        "/accounts/logout/", "/saved/",
    ],
)  # fmt: skip
def test_pages_signed_in_are_in_our_look(client, member, prefix, path):
    page = client.get(prefix + path)
    assert page.status_code == 200 and "site-header" in page.text


def test_csrf(client):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    for path in ("/accounts/login/", "/accounts/signup/"):
        page = strict.post(path, {"login": EMAIL, "password": PASSWORD})
        assert page.status_code == 403 and "open for too long" in page.text


def test_sign_in_is_limited(client, member):
    client.logout()
    for _ in range(12):
        page = client.post("/accounts/login/", {"login": EMAIL, "password": "wrong"})
    assert "Too many" in page.text or page.status_code == 429
    page = client.post("/accounts/login/", {"login": EMAIL, "password": PASSWORD})
    assert not client.session.get("_auth_user_id")
