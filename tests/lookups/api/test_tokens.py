"""Tokens: their page, their command, and what opens what."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from lookups.api import tokens
from lookups.api.models import SCOPES, ApiToken
from lookups.api.tasks import forget_api_rows

from .conftest import Program, person, problem, program_of

PAGE = "/account/tokens/"


@pytest.fixture
def member(client, user):
    client.force_login(user)
    return user


def test_the_page_needs_a_person(client, db):
    assert client.get(PAGE).status_code == 302
    assert client.get(f"{PAGE}1/revoke/").status_code == 302


def test_a_token_is_shown_once(client, member):
    assert "You have no token yet" in client.get(PAGE).content.decode()
    form = {"name": "cron", "scopes": ["reports:read", "tools"], "lifetime": "30"}
    made = client.post(PAGE, form)
    secret = re.search(r"mxp_[\w-]{43}", made.content.decode())[0]
    assert "no-store" in made["Cache-Control"]
    token = ApiToken.objects.get()
    assert token.owner == member and token.scope_list == ["reports:read", "tools"]
    assert token.digest == tokens.digest_of(secret) and secret not in repr(token.__dict__)
    assert timedelta(days=29) < token.expires - timezone.now() <= timedelta(days=30)
    again = client.get(PAGE).content.decode()
    assert secret not in again and token.prefix in again and "cron" in again
    assert Program(secret).get("/reports/").status_code == 200


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"name": "", "scopes": ["tools"]},
        {"name": "x", "scopes": []},
        {"name": "x", "scopes": ["everything"]},
        {"name": "x" * 101, "scopes": ["tools"]},
        {"name": "a\0b", "scopes": ["tools"]},
        {"name": "x", "scopes": ["tools"], "lifetime": "1000000"},
    ],
)
def test_a_wrong_form_makes_nothing(client, member, form):
    assert client.post(PAGE, form).status_code == 400
    assert not ApiToken.objects.exists()


def test_there_is_an_end_to_tokens(client, member, monkeypatch):
    monkeypatch.setattr(tokens, "MAX_TOKENS", 1)
    form = {"name": "x", "scopes": ["tools"], "lifetime": ""}
    assert client.post(PAGE, form).status_code == 200
    assert client.post(PAGE, form).status_code == 400
    assert ApiToken.objects.get().expires is None


def test_hostile_names_stay_text(client, member):
    form = {"name": "<script>alert(1)</script>", "scopes": ["tools"], "lifetime": ""}
    assert "<script>alert" not in client.post(PAGE, form).content.decode()


def test_revoking_asks_first_and_works_at_once(client, member, mine):
    token = ApiToken.objects.get()
    address = f"{PAGE}{token.pk}/revoke/"
    assert client.get(address).status_code == 200
    assert mine.get("/reports/").status_code == 200
    assert client.post(address).status_code == 302
    answer = mine.get("/reports/")
    problem(answer, "unauthorized")
    assert 'error="invalid_token"' in answer["WWW-Authenticate"]
    assert client.post(address).status_code == 404
    assert "revoked" in client.get(PAGE).content.decode()


def test_nobody_revokes_anothers(client, user, mine):
    client.force_login(person("other"))
    address = f"{PAGE}{ApiToken.objects.get().pk}/revoke/"
    assert client.get(address).status_code == client.post(address).status_code == 404
    assert ApiToken.objects.get().revoked_at is None
    assert mine.get("/reports/").status_code == 200


def test_what_opens_nothing(user, anybody):
    expired = program_of(user, expires=timezone.now() - timedelta(seconds=1))
    for program in (expired, Program("mxp_nothing"), Program("\udcff"), Program(" ")):
        for path in ("/reports/", "/findings/"):  # not even what anybody may read
            problem(program.get(path), "unauthorized")
    problem(anybody.get("/findings/", Authorization="Basic bTp4"), "unauthorized")
    closed = program_of(user)
    user.is_active = False
    user.save()
    problem(closed.get("/reports/"), "unauthorized")
    answer = anybody.get("/reports/")
    problem(answer, "unauthorized")
    assert answer["WWW-Authenticate"] == 'Bearer realm="MXplain"'


def test_use_is_noted_once_a_minute(mine, django_assert_num_queries):
    mine.get("/findings/")
    first = ApiToken.objects.get().last_used
    assert first
    with django_assert_num_queries(1):
        mine.get("/findings/")
    assert ApiToken.objects.get().last_used == first
    ApiToken.objects.update(last_used=first - timedelta(minutes=2))
    mine.get("/findings/")
    assert ApiToken.objects.get().last_used >= first


def test_long_revoked_ones_are_forgotten(user):
    for days in (100, 10):
        program_of(user)
        token = ApiToken.objects.latest("id")
        ApiToken.objects.filter(pk=token.pk).update(
            revoked_at=timezone.now() - timedelta(days=days)
        )
    program_of(user)
    assert forget_api_rows() == 1
    assert ApiToken.objects.count() == 2


# --- the command -------------------------------------------------------------------------------
def command(*words):
    out = io.StringIO()
    call_command("api-token", *words, stdout=out, stderr=io.StringIO())
    return out.getvalue().strip()


def test_the_command_prints_a_secret(user):
    secret = command("M@example.com", "--name", "backup", "--scopes", "tools", "bulk")
    token = ApiToken.objects.get()
    assert token.name == "backup" and token.scope_list == ["tools", "bulk"]
    assert token.digest == tokens.digest_of(secret) and token.expires is None
    command("m@example.com", "--days", "7")
    latest = ApiToken.objects.latest("id")
    assert latest.scope_list == list(SCOPES) and latest.expires


@pytest.mark.parametrize("words", [("nobody@example.com",), ("m@example.com", "--name", "")])
def test_the_command_refuses(user, words):
    with pytest.raises(SystemExit) as end:
        command(*words)
    assert end.value.code == 2 and not ApiToken.objects.exists()


def test_the_accounts_copy_has_them(client, member, mine):
    copied = client.get("/account/export.json").json()["api_tokens"]
    assert [token["name"] for token in copied] == ["test"] and "digest" not in copied[0]
