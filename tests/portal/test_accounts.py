"""Accounts as a visitor meets them: sign-up, codes, passwords, addresses, export, the end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.utils import timezone, translation

from lookups.models import Report

pytestmark = pytest.mark.django_db

ADDRESS = "anna@example.com"
PASSWORD = "three quiet herons"
NEW_PASSWORD = "four loud geese"


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    """Rate limits are counted in the cache; pages leave their language behind."""
    cache.clear()
    with translation.override("en"):
        yield


@pytest.fixture
def anna() -> User:
    user = User.objects.create_user("anna", ADDRESS, PASSWORD)
    EmailAddress.objects.create(user=user, email=ADDRESS, verified=True, primary=True)
    return user


def sign_in(browser: Client, password: str = PASSWORD, address: str = ADDRESS, **data: str) -> Any:
    return browser.post("/accounts/login/", {"login": address, "password": password} | data)


@pytest.fixture
def browser(anna: User) -> Client:
    """A browser in which Anna has just signed in with her password."""
    client = Client()
    assert sign_in(client).status_code == 302
    return client


def proved(browser: Client, response: Any, password: str = PASSWORD) -> Any:
    """What follows when the password is typed again, as before any change to the account."""
    assert response["Location"].startswith("/"), response
    assert "/accounts/reauthenticate/" in response["Location"]
    return browser.post(response["Location"], {"password": password})


def code() -> str:
    """The six digits of the newest mail."""
    found = re.search(r"^\d{6}$", mail.outbox[-1].body, re.MULTILINE)
    assert found, mail.outbox[-1].body
    return found[0]


def wrong_code() -> str:
    return f"{(int(code()) + 1) % 1_000_000:06}"


def link() -> str:
    """The path of the link that stands alone on a line of the newest mail."""
    found = re.search(r"^http://testserver(/\S+)$", mail.outbox[-1].body, re.MULTILINE)
    assert found, mail.outbox[-1].body
    return found[1]


def is_signed_in(browser: Client) -> bool:
    return "_auth_user_id" in browser.session


def said(response: Any) -> str:
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def sign_up(browser: Client, prefix: str = "", **data: str) -> Any:
    form = {"email": ADDRESS, "password1": PASSWORD} | data
    return browser.post(f"{prefix}/accounts/signup/", form)


# --- sign-up ----------------------------------------------------------------------------------
@pytest.mark.parametrize("prefix", ["", "/ja"])
def test_sign_up_returns_to_the_report_to_be_saved(prefix: str) -> None:
    browser, next_page = Client(), f"{prefix}/r/abcdefghijklmnopqrstuv/"
    login = browser.get(f"{prefix}/accounts/login/", {"next": next_page}).content.decode()
    found = re.search(rf'href="({prefix}/accounts/signup/\?next=[^"]+)"', login)
    assert found
    page = browser.get(found[1]).content.decode()
    assert f'name="next" value="{next_page}"' in page

    response = sign_up(browser, prefix, next=next_page)
    assert response["Location"] == f"{prefix}/accounts/confirm-email/"
    assert not is_signed_in(browser)
    response = browser.post(response["Location"], {"code": code()})
    assert response["Location"] == next_page
    assert is_signed_in(browser)
    assert EmailAddress.objects.get(email=ADDRESS).verified


def test_sign_up_without_next_leads_to_the_domains() -> None:
    browser = Client()
    response = browser.post(sign_up(browser)["Location"], {"code": code()})
    assert response["Location"] == "/domains/"


@pytest.mark.parametrize("next_page", ["https://evil.example/", "//evil.example/", "javascript:x"])
def test_next_never_leads_to_another_site(next_page: str) -> None:
    browser = Client()
    response = browser.post(sign_up(browser, next=next_page)["Location"], {"code": code()})
    assert response["Location"] == "/domains/"


def test_code_may_be_typed_with_full_width_digits_and_spaces() -> None:
    browser = Client()
    sign_up(browser)
    full_width = code().translate({ord(str(digit)): chr(0xFF10 + digit) for digit in range(10)})
    browser.post("/accounts/confirm-email/", {"code": f" {full_width[:3]} {full_width[3:]} "})
    assert is_signed_in(browser)


def test_wrong_code_is_refused_and_explained() -> None:
    browser = Client()
    sign_up(browser)
    page = browser.post("/accounts/confirm-email/", {"code": wrong_code()}).content.decode()
    assert "That is not the code we sent" in page
    assert 'aria-describedby="id_code_error"' in page and 'id="id_code_error"' in page
    assert 'autocomplete="one-time-code"' in page and 'inputmode="numeric"' in page
    assert not is_signed_in(browser)


def test_codes_cannot_be_guessed() -> None:
    browser = Client()
    sign_up(browser)
    wrong, right = wrong_code(), code()
    for _ in range(3):
        response = browser.post("/accounts/confirm-email/", {"code": wrong})
    assert response["Location"] == "/accounts/login/"
    assert "Too many attempts" in browser.get(response["Location"]).content.decode()
    browser.post("/accounts/confirm-email/", {"code": right})
    assert not is_signed_in(browser)


def test_new_code_replaces_the_old_one() -> None:
    browser = Client()
    sign_up(browser, next="/learn/")
    old = code()
    assert 'value="resend"' in browser.get("/accounts/confirm-email/").content.decode()
    cache.clear()  # as if ten seconds had passed
    browser.post("/accounts/confirm-email/", {"action": "resend"})
    assert len(mail.outbox) == 2
    if code() != old:  # one in a million
        browser.post("/accounts/confirm-email/", {"code": old})
        assert not is_signed_in(browser)
    response = browser.post("/accounts/confirm-email/", {"code": code()})
    assert response["Location"] == "/learn/"


def test_asking_for_codes_too_fast_is_slowed_down() -> None:
    browser = Client()
    sign_up(browser)
    response = browser.post("/accounts/confirm-email/", {"action": "resend"}, follow=True)
    page = response.content.decode()
    assert len(mail.outbox) == 1
    assert response.status_code == 429 and "Too many at once" in page or "Wait ten seconds" in page


def test_mistyped_address_can_be_started_again() -> None:
    browser = Client()
    sign_up(browser, next="/learn/", email="ana@example.com")
    page = browser.get("/accounts/confirm-email/").content.decode()
    again = re.findall(r'name="next" value="([^"]+)"', page)[-1]
    response = browser.post("/accounts/logout/", {"next": again})
    page = browser.get(response["Location"]).content.decode()
    assert "Create an account" in page and 'name="next" value="/learn/"' in page
    response = browser.post(sign_up(browser, next="/learn/")["Location"], {"code": code()})
    assert response["Location"] == "/learn/" and mail.outbox[-1].to == [ADDRESS]


def test_sign_up_does_not_tell_who_has_an_account(anna: User) -> None:
    known, unknown = Client(), Client()
    answers = [sign_up(known), sign_up(unknown, email="new@example.com")]
    assert answers[0].status_code == answers[1].status_code == 302
    assert answers[0]["Location"] == answers[1]["Location"]
    pages = [browser.get(answers[0]["Location"]).content.decode() for browser in (known, unknown)]
    assert all("Confirm your email address" in page for page in pages)
    to_anna = mail.outbox[0]
    assert to_anna.subject == "You already have an MXplain account"
    assert "/accounts/password/reset/" in to_anna.body
    assert User.objects.filter(email=ADDRESS).count() == 1


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"email": "no address"}, "email"),
        ({"email": ""}, "email"),
        ({"email": "a\x00b@example.com"}, "email"),
        ({"password1": "short"}, "password1"),
        ({"password1": "password"}, "password1"),
        ({"password1": "8675309867"}, "password1"),
        ({"password1": "anna@example.com"}, "password1"),
        ({"password1": ""}, "password1"),
    ],
)
def test_sign_up_errors_stand_at_their_field(data: dict[str, str], field: str) -> None:
    response = sign_up(Client(), **data)
    assert list(response.context["form"].errors) == [field]
    page = response.content.decode()
    described = re.search(rf'id="id_{field}"[^>]* aria-describedby="([^"]+)"', page)
    assert described and f"id_{field}_error" in described[1].split()
    for name in described[1].split():
        assert f'id="{name}"' in page
    assert not User.objects.exists() and not mail.outbox


def test_mail_server_out_of_reach_is_said_and_not_fatal(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1  # nobody listens there
    browser = Client()
    response = sign_up(browser)
    assert response.status_code == 302
    assert "could not be sent just now" in browser.get(response["Location"]).content.decode()


# --- signing in and out -----------------------------------------------------------------------
def test_sign_in_and_out(anna: User) -> None:
    browser = Client()
    assert sign_in(browser, next="/learn/")["Location"] == "/learn/"
    assert is_signed_in(browser)
    assert "Sign out" in browser.get("/accounts/logout/").content.decode()
    assert is_signed_in(browser)  # looking is not leaving
    assert browser.post("/accounts/logout/")["Location"] == "/"
    assert not is_signed_in(browser)


def test_wrong_password_is_explained_without_telling_who_has_an_account(anna: User) -> None:
    text = "No account has this email address and password together."
    for address in (ADDRESS, "nobody@example.com"):
        page = sign_in(Client(), "wrong", address).content.decode()
        assert text in page and 'role="alert"' in page


def test_guessing_passwords_is_slowed_down(anna: User) -> None:
    for _ in range(5):
        sign_in(Client(), "wrong")
    browser = Client()
    page = sign_in(browser).content.decode()
    assert "Too many attempts" in page and not is_signed_in(browser)


def test_too_many_requests_have_a_page_of_ours() -> None:
    browser = Client()
    for _ in range(31):
        response = sign_in(browser, "x", "")
    assert response.status_code == 429
    assert "Too many at once" in response.content.decode()


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("/accounts/login/", {"login": "username", "password": "current-password"}),
        ("/accounts/signup/", {"email": "username", "password1": "new-password"}),
        ("/accounts/password/reset/", {"email": "email"}),
        (
            "/accounts/password/change/",
            {
                "oldpassword": "current-password",
                "password1": "new-password",
                "password2": "new-password",
            },
        ),
        ("/accounts/email/", {"email": "email"}),
        ("/accounts/reauthenticate/", {"password": "current-password"}),
        ("/account/delete/", {"password": "current-password"}),
    ],
)
def test_fields_say_what_they_are_to_password_managers(
    browser: Client, address: str, expected: dict[str, str]
) -> None:
    visitor = Client() if re.search("login|signup|reset", address) else browser
    page = visitor.get(address).content.decode()
    inputs = re.findall(r"<input[^>]*>", page)
    for name, autocomplete in expected.items():
        field = next(tag for tag in inputs if f'name="{name}"' in tag)
        assert f'autocomplete="{autocomplete}"' in field and "placeholder" not in field
        assert f'for="id_{name}"' in page and f'id="id_{name}"' in field


# --- passwords and addresses ------------------------------------------------------------------
def test_forgotten_password_is_reset_by_mail(anna: User) -> None:
    browser = Client()
    response = browser.post("/accounts/password/reset/", {"email": ADDRESS}, follow=True)
    assert "Look in your mailbox" in response.content.decode()
    assert mail.outbox[-1].subject == "Reset your MXplain password"
    address = link()
    form = browser.get(address)["Location"]
    assert address.split("-", 1)[1].strip("/") not in form  # the key stays out of the Referer
    assert "Choose a new password" in browser.get(form).content.decode()
    mismatch = {"password1": NEW_PASSWORD, "password2": "something else"}
    assert 'id="id_password2_error"' in browser.post(form, mismatch).content.decode()
    twice = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    page = browser.post(form, twice, follow=True).content.decode()
    assert "Your password is changed" in page
    assert mail.outbox[-1].subject == "Your MXplain password has changed"
    assert "This link no longer works" in Client().get(address).content.decode()
    assert sign_in(Client()).status_code == 200
    assert sign_in(Client(), NEW_PASSWORD).status_code == 302


def test_reset_does_not_tell_who_has_an_account() -> None:
    response = Client().post("/accounts/password/reset/", {"email": ADDRESS}, follow=True)
    assert "Look in your mailbox" in response.content.decode()
    assert mail.outbox[-1].subject == "No MXplain account for this address"
    assert link() == "/accounts/signup/"


def test_password_is_changed_with_the_old_one_only(browser: Client) -> None:
    form = {"oldpassword": "wrong", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    page = browser.post("/accounts/password/change/", form).content.decode()
    assert "That is not your password." in page
    response = browser.post("/accounts/password/change/", form | {"oldpassword": PASSWORD})
    assert response["Location"] == "/account/"
    assert mail.outbox[-1].subject == "Your MXplain password has changed"
    assert is_signed_in(browser)
    assert sign_in(Client(), NEW_PASSWORD).status_code == 302


def test_address_changes_once_the_new_one_is_proved(browser: Client, anna: User) -> None:
    form = {"email": "new@example.com", "action_add": ""}
    response = proved(browser, browser.post("/accounts/email/", form))
    assert response["Location"] == "/accounts/confirm-email/"
    assert mail.outbox[-1].to == ["new@example.com"]
    anna.refresh_from_db()
    assert anna.email == ADDRESS
    response = browser.post("/accounts/confirm-email/", {"code": code()})
    assert response["Location"] == "/account/"
    anna.refresh_from_db()
    assert anna.email == "new@example.com"
    assert list(EmailAddress.objects.values_list("email", flat=True)) == ["new@example.com"]
    notice = mail.outbox[-1]
    assert (notice.to, notice.subject) == ([ADDRESS], "Your MXplain address has changed")
    assert sign_in(Client()).status_code == 200
    assert sign_in(Client(), address="new@example.com").status_code == 302


def test_address_of_another_account_cannot_be_taken(browser: Client, anna: User) -> None:
    bert = User.objects.create_user("bert", "bert@example.com", PASSWORD)
    EmailAddress.objects.create(user=bert, email=bert.email, verified=True, primary=True)
    form = {"email": bert.email, "action_add": ""}
    proved(browser, browser.post("/accounts/email/", form))
    browser.post("/accounts/confirm-email/", {"code": "000000"})
    anna.refresh_from_db()
    assert anna.email == ADDRESS
    assert EmailAddress.objects.get(email=bert.email).user == bert


def test_password_is_asked_again_before_a_change(browser: Client, anna: User) -> None:
    form = {"email": "new@example.com", "action_add": ""}
    response = browser.post("/accounts/email/", form)
    assert response["Location"].startswith("/accounts/reauthenticate/")
    page = browser.get(response["Location"]).content.decode()
    assert "Is it you?" in page
    page = browser.post(response["Location"], {"password": "wrong"}).content.decode()
    assert "That is not your password." in page
    assert not mail.outbox
    assert proved(browser, response)["Location"] == "/accounts/confirm-email/"
    assert mail.outbox[-1].to == ["new@example.com"]


# --- both languages ---------------------------------------------------------------------------
JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")


def test_mails_are_in_the_language_of_the_page() -> None:
    browser = Client()
    sign_up(browser, "/ja")
    browser.post("/ja/accounts/confirm-email/", {"code": code()})
    browser.post(
        "/ja/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD},
    )
    form = {"email": "new@example.com", "action_add": ""}
    proved(browser, browser.post("/ja/accounts/email/", form), NEW_PASSWORD)
    browser.post("/ja/accounts/confirm-email/", {"code": code()})
    for address in ("new@example.com", "nobody@example.com"):
        Client().post("/ja/accounts/password/reset/", {"email": address})
    cache.clear()  # a code went to this address a moment ago; a second one is held back
    sign_up(Client(), "/ja", email="new@example.com")
    assert len(mail.outbox) == 7, [message.subject for message in mail.outbox]
    for message in mail.outbox:
        assert JAPANESE.search(message.subject), message.subject
        words = re.sub(r"https?://\S+|\S+@\S+|MXplain|IP|UTC", "", message.body)
        assert JAPANESE.search(words) and not re.search(r"[A-Za-z]{3}", words), message.body
        assert message.body.endswith("/ja/")
        assert "\n" not in message.subject and message.from_email.startswith("mxplain@")


def test_english_mails_are_plain_and_whole() -> None:
    sign_up(Client())
    message = mail.outbox[-1]
    assert message.subject == f"{code()} is your MXplain code"
    assert "It works for 15 minutes" in message.body
    assert not re.search(r"[<>{}]|&\w+;|\n\n\n", message.body)


VISITORS_PAGES = (
    "login", "signup", "password/reset", "password/reset/done", "password/reset/key/done",
    "password/reset/key/1-none", "inactive",
)  # fmt: skip
MEMBERS_PAGES = ("logout", "email", "password/change", "reauthenticate")


@pytest.mark.parametrize("prefix", ["", "/ja"])
def test_every_page_has_our_look_and_language(browser: Client, prefix: str) -> None:
    pages = [(Client(), f"/accounts/{page}/") for page in VISITORS_PAGES]
    pages += [(browser, f"/accounts/{page}/") for page in MEMBERS_PAGES]
    pages += [(browser, "/account/"), (browser, "/account/delete/"), (browser, "/saved/")]
    for client, address in pages:
        response = client.get(prefix + address)
        assert response.status_code == 200, address
        page = response.content.decode()
        assert 'class="site-header"' in page and page.count("<h1") == 1, address
        assert 'content="noindex"' in page, address
        heading = re.search(r"<h1>(.*?)</h1>", page)
        assert heading and bool(JAPANESE.search(heading[1])) == (prefix == "/ja"), address


@pytest.mark.parametrize(
    "page", ["confirm-email", "login/code/confirm", "email", "logout", "password/set"]
)
def test_pages_out_of_turn_lead_elsewhere(page: str) -> None:
    response = Client().get(f"/accounts/{page}/")
    assert response.status_code == 302 and response["Location"].split("?")[0] in (
        "/accounts/login/",
        "/",
    )


# --- the account ------------------------------------------------------------------------------
def save(owner: User | None, **fields: Any) -> Report:
    values = {"domain": "example.com", "state": "done", "saved_at": timezone.now()} | fields
    return Report.objects.create(owner=owner, **values)


@pytest.mark.parametrize("address", ["/account/", "/account/export.json", "/account/delete/"])
def test_account_leads_to_sign_in_and_back(address: str) -> None:
    assert Client().get(address)["Location"] == f"/accounts/login/?next={address}"


def test_account_page_names_address_and_ways(browser: Client, anna: User) -> None:
    save(anna)
    page = browser.get("/account/").content.decode()
    ways = ("/accounts/email/", "/accounts/password/change/", "/saved/", "/account/delete/")
    for text in (ADDRESS, "1 report", "/account/export.json", *ways):
        assert text in page, text


def test_export_holds_everything_and_nobody_elses(browser: Client, anna: User) -> None:
    sections = {"mx": {"topic": "mx", "findings": []}}
    queries = [{"number": 1, "name": "example.com", "type": "MX"}]
    kept = save(anna, name="名前", note="a\nb", sections=sections, queries=queries)
    save(anna, domain="unsaved.example", saved_at=None)
    save(anna, domain="deleted.example", deleted_at=timezone.now())
    save(None, domain="nobodys.example")
    save(User.objects.create_user("bert"), domain="his.example")
    response = browser.get("/account/export.json")
    assert response["Content-Disposition"] == 'attachment; filename="mxplain-account.json"'
    assert "no-store" in response["Cache-Control"]
    data = response.json()
    assert data["email"] == ADDRESS
    assert data["addresses"] == [{"email": ADDRESS, "verified": True, "primary": True}]
    assert [report["domain"] for report in data["reports"]] == [
        "example.com", "unsaved.example", "deleted.example",
    ]  # fmt: skip
    first = data["reports"][0]
    assert (first["name"], first["note"]) == ("名前", "a\nb")
    assert (first["sections"], first["queries"]) == (sections, queries)
    assert first["url"].endswith(f"/r/{kept.token}/")
    assert anna.password not in response.content.decode()


def test_deletion_needs_the_password(browser: Client, anna: User) -> None:
    for password in ("", "wrong"):
        response = browser.post("/account/delete/", {"password": password})
        assert response.status_code == 400
        assert 'aria-describedby="id_password_error"' in response.content.decode()
    assert User.objects.filter(pk=anna.pk).exists() and is_signed_in(browser)


def test_deletion_removes_everything_and_signs_out(browser: Client, anna: User) -> None:
    report = save(anna)
    save(anna, saved_at=None, created=timezone.now() - timedelta(days=3))
    others = save(None, domain="nobodys.example")
    elsewhere = Client()
    sign_in(elsewhere)
    response = browser.post("/account/delete/", {"password": PASSWORD})
    assert response["Location"] == "/"
    assert "Your account and everything in it are deleted." in said(response)
    assert not User.objects.exists() and not EmailAddress.objects.exists()
    assert list(Report.objects.all()) == [others]
    assert not is_signed_in(browser)
    assert elsewhere.get("/account/").status_code == 302
    assert Client().get(report.get_absolute_url()).status_code == 404


def test_password_cannot_be_guessed_on_the_way_out(browser: Client, anna: User) -> None:
    for _ in range(10):
        assert browser.post("/account/delete/", {"password": "wrong"}).status_code == 400
    response = browser.post("/account/delete/", {"password": PASSWORD})
    assert response.status_code == 429
    assert User.objects.filter(pk=anna.pk).exists()


def test_forms_enforce_csrf(anna: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(anna)
    for address in ("/account/delete/", "/accounts/logout/", "/accounts/password/change/"):
        assert strict.post(address, {"password": PASSWORD}).status_code == 403, address
    assert Client(enforce_csrf_checks=True).post("/accounts/signup/").status_code == 403
    assert User.objects.filter(pk=anna.pk).exists()
