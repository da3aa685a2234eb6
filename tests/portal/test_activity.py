"""The record of an account: what is noted, who reads it, when it goes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from lookups import happenings
from lookups.models import ApiToken, Membership, Team, Watch, Webhook
from portal.accounts import record, tasks, words
from portal.accounts.models import AccountEvent
from tests.lookups.teams.conftest import person
from tests.portal.test_accounts import (
    ADDRESS,
    JAPANESE,
    NEW_PASSWORD,
    PASSWORD,
    code,
    link,
    proved,
    sign_in,
    sign_up,
)
from tests.portal.test_second_factor import anna  # noqa: F401

pytestmark = pytest.mark.django_db

PAGE = "/account/activity/"


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    cache.clear()
    with translation.override("en"):
        yield


@pytest.fixture
def browser(anna: User) -> Client:  # noqa: F811
    client = Client()
    sign_in(client)
    return client


def told(user: Any = None) -> list[str]:
    rows = AccountEvent.objects.order_by("pk")
    return list((rows.filter(user=user) if user else rows).values_list("kind", flat=True))


# --- what is noted -------------------------------------------------------------------------------
def test_signing_up_in_and_out() -> None:
    client = Client()
    client.post(sign_up(client)["Location"], {"code": code()})
    client.post("/accounts/logout/")
    sign_in(client)
    expected = [record.SIGNED_UP, record.ADDRESS_CONFIRMED, record.SIGNED_IN, record.SIGNED_OUT]
    assert told() == [*expected, record.SIGNED_IN]
    assert AccountEvent.objects.last().details == {"how": "password"}


def test_wrong_passwords_are_told_once_with_their_number(anna: User) -> None:  # noqa: F811
    for _ in range(4):
        sign_in(Client(), "wrong")
    sign_in(Client(), "wrong", "nobody@example.com")
    event = AccountEvent.objects.get()
    assert (event.kind, event.user, event.times) == (record.SIGN_IN_FAILED, anna, 4)
    AccountEvent.objects.update(at=timezone.now() - timedelta(hours=2))
    record.write(anna, record.SIGN_IN_FAILED)
    assert AccountEvent.objects.count() == 2


def test_password_and_address(browser: Client, anna: User) -> None:  # noqa: F811
    form = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    browser.post("/accounts/password/change/", form)
    email = {"email": "new@example.com", "action_add": ""}
    proved(browser, browser.post("/accounts/email/", email), NEW_PASSWORD)
    browser.post("/accounts/confirm-email/", {"code": code()})
    browser.post("/accounts/logout/")
    mail.outbox.clear()
    browser.post("/accounts/password/reset/", {"email": "new@example.com"})
    form = {"password1": PASSWORD, "password2": PASSWORD}
    browser.post(browser.get(link())["Location"], form)
    assert [kind for kind in told() if kind not in (record.SIGNED_IN, record.SIGNED_OUT)] == [
        record.PASSWORD_CHANGED, record.ADDRESS_CONFIRMED, record.ADDRESS_CHANGED,
        record.RESET_ASKED, record.PASSWORD_RESET,
    ]  # fmt: skip
    changed = AccountEvent.objects.get(kind=record.ADDRESS_CHANGED)
    assert words.details(changed.details) == f"{ADDRESS} → new@example.com"


def test_tokens_webhooks_and_data(browser: Client) -> None:
    browser.post("/account/tokens/", {"name": "robot", "scopes": ["reports:read"], "expires": "30"})
    browser.post(f"/account/tokens/{ApiToken.objects.get().pk}/revoke/")
    hook = {"url": "https://hooks.example.com/secret", "kinds": ["failed"]}
    browser.post("/account/webhooks/", hook)
    path = f"/account/webhooks/{Webhook.objects.get().token}/"
    browser.post(path + "renew/")
    browser.post(path + "switch/", {"on": "0"})
    browser.post(path + "delete/")
    for _ in range(3):
        browser.get("/account/export.json")
    browser.head("/account/export.json")
    assert told()[1:] == [
        happenings.TOKEN_MADE, happenings.TOKEN_REVOKED, happenings.WEBHOOK_MADE,
        happenings.WEBHOOK_RENEWED, happenings.WEBHOOK_CHANGED, happenings.WEBHOOK_DELETED,
        record.EXPORTED,
    ]  # fmt: skip
    assert AccountEvent.objects.get(kind=record.EXPORTED).times == 3
    page = browser.get(PAGE).text
    assert "robot" in page and "hooks.example.com" in page and "/secret" not in page


def test_teams(anna: User, browser: Client) -> None:  # noqa: F811
    bert = person("bert")
    his = Client()
    his.force_login(bert)
    browser.post("/teams/", {"name": "Postmasters"})
    team = Team.objects.get()
    browser.post(f"/teams/{team.token}/invite/", {"email": bert.email, "role": "viewer"})
    invitation = team.invitations.get()
    his.post(f"/invitations/{invitation.token}/", {"answer": "accept"})
    member = Membership.objects.get(user=bert)
    place = f"/teams/{team.token}/members/{member.pk}/"
    browser.post(place + "role/", {"role": "editor"})
    browser.post(place + "remove/")
    browser.post(f"/teams/{team.token}/delete/", {"domains": "mine"})
    assert told(anna)[1:] == [
        happenings.TEAM_BEGUN, happenings.TEAM_INVITED, happenings.TEAM_ROLE_GIVEN,
        happenings.TEAM_REMOVED, happenings.TEAM_DELETED,
    ]  # fmt: skip
    assert told(bert) == [
        happenings.TEAM_JOINED, happenings.TEAM_ROLE_GOT, happenings.TEAM_TAKEN_OUT,
    ]  # fmt: skip
    page = his.get(PAGE).text
    assert "Postmasters" in page and "Editor" in page and ADDRESS not in page


def test_somebody_elses_browser_is_not_noted(anna: User) -> None:  # noqa: F811
    firefox = "Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/144.0"
    client = Client(HTTP_USER_AGENT=firefox)
    root = User.objects.create_superuser("root", "root@example.com", PASSWORD)
    client.force_login(root)
    data = {"action": "deactivate", "_selected_action": [anna.pk]}
    client.post("/admin/auth/user/", data)
    client.post("/admin/auth/user/", data | {"action": "activate"})
    assert told(anna) == [record.SHUT, record.OPENED]
    assert set(AccountEvent.objects.values_list("device", flat=True)) == {""}
    assert LogEntry.objects.filter(user=root, object_id=str(anna.pk)).count() == 2
    page = client.get("/admin/portal/accountevent/?q=anna").text
    assert "Account switched off by the operator" in page and ADDRESS in page
    assert client.get("/admin/portal/accountevent/?q=bert").status_code == 200
    row = AccountEvent.objects.first()
    path = f"/admin/portal/accountevent/{row.pk}/"
    assert "_save" not in client.get(path + "change/").text
    assert client.post(path + "change/", {"kind": "x"}).status_code == 403
    assert client.post(path + "delete/", {"post": "yes"}).status_code == 403
    assert client.get("/admin/admin/logentry/").status_code == 200


def test_a_proof_of_ownership(anna: User, browser: Client, monkeypatch: Any) -> None:  # noqa: F811
    from lookups.hosted import proof
    from lookups.hosted import views as hosted

    watch = Watch.objects.create(domain="example.com", owner=anna)
    proven = type("Seen", (), {"is_proof": True, "state": "proven"})()

    monkeypatch.setattr(proof, "look_now", lambda _: proven)
    monkeypatch.setattr(hosted.words, "seen", lambda _: "It is there.")
    browser.post(f"/domains/{watch.token}/proof/")
    event = AccountEvent.objects.get(kind=happenings.OWNERSHIP_PROVEN)
    assert event.details == {"domain": "example.com"}


def test_details_are_bounded(anna: User) -> None:  # noqa: F811
    happenings.tell(anna, happenings.TEAM_BEGUN, team="\0" + "x" * 5000)
    assert AccountEvent.objects.get().details == {"team": "x" * 200}


# --- who reads it --------------------------------------------------------------------------------
def test_the_page(anna: User, browser: Client) -> None:  # noqa: F811
    bert = User.objects.create_user("bert")
    record.write(bert, happenings.TEAM_BEGUN, team="Theirs")
    happenings.tell(anna, happenings.TEAM_BEGUN, team="<b>Mine</b>")
    page = browser.get(PAGE)
    assert "&lt;b&gt;Mine" in page.text and "<b>Mine" not in page.text
    assert "Theirs" not in page.text and "no-store" in page["Cache-Control"]
    assert "Something here was not you?" in page.text and "/accounts/password/change/" in page.text
    chosen = browser.get(PAGE, {"kind": record.SIGNED_IN}).text
    assert "with the password" in chosen and "Mine" not in chosen
    for kind in ("nothing", "\0", record.SESSION_ENDED):
        assert "Mine" in browser.get(PAGE, {"kind": kind}).text
    assert Client().get(PAGE).url.startswith("/accounts/login/")


def test_many_events_are_paged_without_more_queries(anna: User, browser: Client) -> None:  # noqa: F811
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert browser.get(PAGE).status_code == 200
        return len(seen)

    few = queries()
    AccountEvent.objects.bulk_create(
        AccountEvent(user=anna, kind=happenings.TEAM_BEGUN, details={"team": f"t{n}"})
        for n in range(120)
    )
    assert queries() == few
    page = browser.get(PAGE, {"page": 2}).text
    assert "Page 2 of 3" in page and page.count("<time") == 50
    for strange in ("0", "-1", "x", "9" * 40):
        assert browser.get(PAGE, {"page": strange}).status_code == 200


def test_every_kind_has_words_in_both_languages(anna: User) -> None:  # noqa: F811
    named = {v for m in (record, happenings) for n, v in vars(m).items() if n.isupper()
             and isinstance(v, str)}  # fmt: skip
    assert named == set(words.KINDS)
    for kind in named:
        assert " " in words.kind(kind)
        with translation.override("ja"):
            assert JAPANESE.search(words.kind(kind)), kind


# --- when it goes --------------------------------------------------------------------------------
def test_it_is_in_the_export(anna: User, browser: Client) -> None:  # noqa: F811
    data = browser.get("/account/export.json").json()
    assert [event["kind"] for event in data["activity"]] == [record.SIGNED_IN, record.EXPORTED]
    assert [set(row) for row in data["devices"]] == [{"device", "began", "seen"}]
    assert data["second_factors"] == []


def test_it_goes_with_the_account_but_what_others_need(anna: User, browser: Client) -> None:  # noqa: F811
    told_of = {"team": "Postmasters", "email": "secret@example.com"}
    happenings.tell(anna, happenings.TEAM_INVITED, **told_of)
    assert browser.post("/account/delete/", {"password": PASSWORD}).url == "/"
    assert not User.objects.exists()
    rows = list(AccountEvent.objects.order_by("pk"))
    assert [row.kind for row in rows] == [happenings.TEAM_INVITED, record.DELETION_ASKED]
    assert {(row.user, row.device) for row in rows} == {(None, "")}
    assert len({row.pseudonym for row in rows}) == 1 and len(rows[0].pseudonym) == 12
    assert rows[0].details == {"team": "Postmasters"}


def test_also_when_an_operator_deletes_it(anna: User) -> None:  # noqa: F811
    record.write(anna, record.SIGNED_UP)
    User.objects.all().delete()
    assert not AccountEvent.objects.exists()


def test_the_clock_thins_it(anna: User, settings: Any) -> None:  # noqa: F811
    for days in (1, 399, 401):
        AccountEvent.objects.create(
            user=anna, kind=record.SIGNED_IN, at=timezone.now() - timedelta(days=days)
        )
    assert tasks.forget_account_events() == 1
    settings.ACCOUNT_EVENT_KEEP_DAYS = 30
    assert tasks.forget_account_events() == 1
    assert AccountEvent.objects.count() == 1


# --- what visitors learn -------------------------------------------------------------------------
def test_pages_answer_alike_for_known_and_unknown_addresses(anna: User) -> None:  # noqa: F811
    """Sign-in, reset, sign-up and passkeys: neither status, address nor text tells who has one."""

    def answers(address: str) -> list[Any]:
        cache.clear()
        client, found = Client(), []
        for path, data in (
            ("/accounts/login/", {"login": address, "password": "wrong wrong wrong"}),
            ("/accounts/password/reset/", {"email": address}),
            ("/accounts/signup/", {"email": address, "password1": PASSWORD}),
        ):
            response = client.post(path, data, follow=True)
            text = response.text.replace(address, "ADDRESS")
            tokens = response.context["csrf_token"] if response.context else ""
            found.append((response.redirect_chain, response.status_code, len(text), bool(tokens)))
        return found

    assert answers(ADDRESS) == answers("nobo@example.com")


def test_no_page_of_an_account_may_be_framed(browser: Client) -> None:
    for path in (PAGE, "/account/sessions/", "/accounts/second-factor/", "/accounts/login/"):
        response = browser.get(path)
        assert response["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in response["Content-Security-Policy"]
