"""Sessions: whose they are, how long they last, how they end; and how passwords are kept."""

from __future__ import annotations

import importlib
import re
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.hashers import identify_hasher, make_password
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore as DjangoStore
from django.contrib.sessions.models import Session as DjangoSession
from django.core.cache import cache
from django.http import HttpRequest
from django.test import Client
from django.utils import timezone, translation

from portal.accounts import devices, sessions, tasks
from portal.accounts.models import Session
from tests.portal.test_accounts import ADDRESS, NEW_PASSWORD, PASSWORD, is_signed_in, sign_in
from tests.portal.test_second_factor import anna  # noqa: F401

pytestmark = pytest.mark.django_db

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
)
EDGE = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 "
    "Safari/537.36 Edg/140.0.0.0"
)
LIST = "/account/sessions/"
END = "/account/sessions/end/"


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    cache.clear()
    with translation.override("en"):
        yield


def browser(agent: str = FIREFOX, **data: str) -> Client:
    client = Client(HTTP_USER_AGENT=agent)
    assert sign_in(client, **data).status_code == 302
    return client


def names(page: Any) -> list[str]:
    return re.findall(r'name="session" value="(\w+)"', page.text)


# --- the list ------------------------------------------------------------------------------------
def test_devices_are_listed_in_plain_words_and_ended(anna: User) -> None:  # noqa: F811
    here, phone = browser(), browser(IPHONE)
    page = here.get(LIST)
    assert "Firefox on Windows" in page.text and "Safari on iPhone" in page.text
    assert (
        page.text.index("Firefox on") < page.text.index("This device") < page.text.index("Safari")
    )
    assert "no-store" in page["Cache-Control"]
    for client in (here, phone):
        assert client.session.session_key not in page.text
    [name] = names(page)
    assert "That device is signed out." in here.post(END, {"session": name}, follow=True).text
    assert phone.get("/account/").status_code == 302
    assert here.get("/account/").status_code == 200
    assert "signed out already" in here.post(END, {"session": name}, follow=True).text
    assert "You are signed in nowhere else." in here.get(LIST).text


def test_all_others_are_ended(anna: User) -> None:  # noqa: F811
    here, others = browser(), [browser(), browser(IPHONE)]
    page = here.post(END, {"others": "1"}, follow=True)
    assert "2 other devices are signed out." in page.text
    assert all(client.get("/account/").status_code == 302 for client in others)
    assert here.get("/account/").status_code == 200


def test_sessions_of_others_are_not_touched(anna: User) -> None:  # noqa: F811
    bert = User.objects.create_user("bert", "bert@example.com", PASSWORD)
    theirs = Client()
    theirs.force_login(bert)
    here = browser()
    assert names(here.get(LIST)) == []
    for name in (sessions.name_of(theirs.session.session_key), "", "\0", "ü", "x" * 9000):
        assert here.post(END, {"session": name}).url == LIST
    here.post(END, {"others": "1"})
    assert theirs.get("/account/").status_code == 200
    own = sessions.name_of(here.session.session_key)
    here.post(END, {"session": own})  # that is what signing out is for
    assert here.get("/account/").status_code == 200


def test_no_address_of_a_visitor_is_kept(anna: User) -> None:  # noqa: F811
    client = Client(HTTP_USER_AGENT=FIREFOX, REMOTE_ADDR="198.51.100.7")
    sign_in(client)
    row = Session.objects.get(account_id=anna.pk)
    kept = [str(getattr(row, field.name)) for field in Session._meta.fields]
    assert "198.51.100" not in " ".join([*kept, str(row.get_decoded())])
    assert "Mozilla" not in str(row.get_decoded())


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox on Windows"),
        (IPHONE, "Safari on iPhone"),
        (EDGE, "Edge on Linux"),
        ("curl/8.5.0", "curl"),
        ("", ""),
        ("<script>", ""),
        ("x" * 100_000, ""),
    ],
)
def test_words_of_devices(agent: str, words: str) -> None:
    request = HttpRequest()
    request.META["HTTP_USER_AGENT"] = agent
    assert devices.words(devices.of(request)) == words


# --- how long ------------------------------------------------------------------------------------
def test_a_visit_now_and_then_keeps_it_open(anna: User, monkeypatch: Any) -> None:  # noqa: F811
    client = browser(remember="on")
    first = Session.objects.get(account_id=anna.pk)
    client.get("/account/")
    assert Session.objects.get(account_id=anna.pk).seen == first.seen  # no write for every page
    later = time.time() + 3600
    monkeypatch.setattr(sessions.time, "time", lambda: later)
    response = client.get("/account/")
    again = Session.objects.get(account_id=anna.pk)
    assert again.seen > first.seen and again.began == first.began
    assert int(response.cookies["sessionid"]["max-age"]) == 14 * 86400


def test_it_ends_after_ninety_days_in_any_case(anna: User) -> None:  # noqa: F811
    client = browser(remember="on")
    store = sessions.SessionStore(client.session.session_key)
    store[sessions.BEGAN] = int(time.time()) - 89 * 86400
    assert 0 < store.get_expiry_age() <= 86400
    assert store.get_expiry_date() < timezone.now() + timedelta(days=1, minutes=1)
    store[sessions.BEGAN] = int(time.time()) - 91 * 86400
    store.save()
    assert client.get("/account/").status_code == 302


def test_without_staying_signed_in_the_cookie_ends_with_the_browser(anna: User) -> None:  # noqa: F811
    client = Client()
    cookie = sign_in(client).cookies["sessionid"]
    assert cookie["max-age"] == "" and cookie["expires"] == ""
    assert cookie["httponly"] and cookie["samesite"] == "Lax" and cookie["path"] == "/"


def test_cookies_are_secure_on_https() -> None:
    import os
    import subprocess
    import sys

    code = (
        "from portal import settings as s; print(s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE,"
        " s.SESSION_COOKIE_HTTPONLY, s.ADMIN_SECOND_FACTOR, s.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN)"
    )
    environment = os.environ | {"PUBLIC_URL": "https://mx.example.org"}
    out = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert out.stdout.split() == ["True", "True", "True", "True", "False"]


def test_the_key_changes_at_sign_in(anna: User) -> None:  # noqa: F811
    """Whoever planted a session in a browser does not come in with it."""
    client = Client()
    client.get("/accounts/login/")
    session = client.session
    session["planted"] = 1
    session.save()
    client.cookies["sessionid"] = planted = session.session_key
    sign_in(client)
    assert client.session.session_key != planted
    assert not Session.objects.filter(session_key=planted).exists()
    attacker = Client()
    attacker.cookies["sessionid"] = planted
    assert attacker.get("/account/").status_code == 302


def test_old_ones_are_cleared_by_the_clock(anna: User) -> None:  # noqa: F811
    browser()
    ended = timezone.now() - timedelta(days=1)
    Session.objects.create(session_key="old", session_data="", expire_date=ended)
    tasks.clear_sessions()
    assert Session.objects.count() == 1


def test_sessions_of_before_are_taken_over(anna: User) -> None:  # noqa: F811
    old = DjangoStore()
    old[SESSION_KEY], old[HASH_SESSION_KEY] = str(anna.pk), anna.get_session_auth_hash()
    old["_auth_user_backend"] = "django.contrib.auth.backends.ModelBackend"
    old.save()
    anonymous = DjangoStore()
    anonymous["asked"] = ["x"]
    anonymous.save()
    assert DjangoSession.objects.count() == 2
    importlib.import_module("portal.migrations.0001_accounts").take_over(apps, None)
    client = Client(HTTP_USER_AGENT=FIREFOX)
    client.cookies["sessionid"] = old.session_key
    assert "Unknown device" in client.get(LIST).text
    assert "Firefox on Windows" in client.get(LIST).text
    assert sessions.SessionStore(anonymous.session_key)["asked"] == ["x"]


# --- passwords -----------------------------------------------------------------------------------
def test_a_new_password_ends_all_other_sessions(anna: User) -> None:  # noqa: F811
    here, other = browser(), browser(IPHONE)
    form = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    before = here.session.session_key
    here.post("/accounts/password/change/", form)
    assert is_signed_in(here) and here.session.session_key != before
    assert other.get("/account/").status_code == 302
    assert names(here.get(LIST)) == []
    assert Session.objects.filter(account_id=anna.pk).count() == 1


def test_a_session_of_an_older_password_is_not_listed(anna: User) -> None:  # noqa: F811
    other = browser(IPHONE)
    anna.set_password(NEW_PASSWORD)  # as an operator does
    anna.save()
    assert [row.session_key for row in sessions.of_user(anna)] == []
    assert other.get("/account/").status_code == 302


@pytest.fixture
def real_hashers(settings: Any) -> None:
    settings.PASSWORD_HASHERS = [
        "portal.accounts.passwords.Argon2",
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    ]


def test_old_hashes_are_renewed_when_the_password_is_typed(anna: User, real_hashers: None) -> None:  # noqa: F811
    User.objects.filter(pk=anna.pk).update(password=make_password(PASSWORD, None, "pbkdf2_sha256"))
    client = browser()
    anna.refresh_from_db()
    assert anna.password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    assert identify_hasher(anna.password).algorithm == "argon2"
    assert client.get("/account/").status_code == 200


def test_also_when_it_is_typed_again_without_ending_the_session(
    anna: User,  # noqa: F811
    real_hashers: None,
) -> None:
    User.objects.filter(pk=anna.pk).update(password=make_password(PASSWORD, None, "pbkdf2_sha256"))
    anna.refresh_from_db()
    client = Client()
    client.force_login(anna)
    assert client.post("/accounts/reauthenticate/", {"password": PASSWORD}).status_code == 302
    anna.refresh_from_db()
    assert anna.password.startswith("argon2$")
    assert client.get("/account/").status_code == 200


RULES = "At least 12 characters."


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "eleven char",
        "123456789012",
        "password",
        ADDRESS,
        "x" * 257,
        "x" * 99_999,
    ],
)
def test_passwords_that_are_not_taken(password: str) -> None:
    response = Client().post("/accounts/signup/", {"email": ADDRESS, "password1": password})
    assert list(response.context["form"].errors) == ["password1"]
    assert not User.objects.exists()


def test_long_passwords_are_taken_and_work(anna: User) -> None:  # noqa: F811
    long = "ab cd ef " * 28 + "é字"
    assert 250 < len(long) <= 256
    here = browser()
    form = {"oldpassword": PASSWORD, "password1": long, "password2": long}
    assert here.post("/accounts/password/change/", form).status_code == 302
    assert sign_in(Client(), long).status_code == 302


@pytest.mark.parametrize("address", ["/accounts/login/", "/accounts/reauthenticate/"])
def test_what_is_too_long_is_not_hashed(anna: User, address: str, monkeypatch: Any) -> None:  # noqa: F811
    client = browser()
    monkeypatch.setattr(User, "check_password", lambda *_: pytest.fail("hashed"))
    visitor = client if "re" in address else Client()
    data = {"login": ADDRESS, "password": "x" * 5000}
    assert visitor.post(address, data).status_code == 200


def test_the_rules_stand_above_the_field(anna: User) -> None:  # noqa: F811
    for client, address in (
        (Client(), "/accounts/signup/"),
        (browser(), "/accounts/password/change/"),
    ):
        page = client.get(address).text
        assert page.index(RULES) < page.index('name="password1"')
        assert 'aria-describedby="id_password1_help"' in page
        assert "12文字以上" in client.get("/ja" + address).text
