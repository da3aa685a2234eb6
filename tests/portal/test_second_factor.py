"""Second factors: codes work once, are not guessed, and nothing hostile breaks anything."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth.models import User
from django.core import mail
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import translation

from portal.accounts import record
from portal.accounts.models import AccountEvent
from portal.accounts.second_factor import MFAAdapter
from tests.portal import totp
from tests.portal.test_accounts import ADDRESS, JAPANESE, PASSWORD, is_signed_in, sign_in

pytestmark = pytest.mark.django_db

FACTOR = "/accounts/second-factor/"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test is one transaction, so nothing would happen after its end."""
    monkeypatch.setattr("django.db.transaction.on_commit", lambda call, **_: call())
    cache.clear()
    with translation.override("en"):
        yield


@pytest.fixture
def anna() -> User:
    user = User.objects.create_user("anna", ADDRESS, PASSWORD)
    EmailAddress.objects.create(user=user, email=ADDRESS, verified=True, primary=True)
    return user


@pytest.fixture
def moment(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The moment of the server's clock, to be moved on."""
    now = [float(int(time.time()) // 30 * 30 + 5)]
    monkeypatch.setattr("allauth.mfa.totp.internal.auth.time.time", lambda: now[0])
    return now


@pytest.fixture
def app(anna: User, moment: list[float]) -> Authenticator:
    """Anna has an authenticator app."""
    return TOTP.activate(anna, SECRET).instance


def waiting() -> Client:
    """A browser in which the right password was typed."""
    browser = Client()
    assert sign_in(browser).url == FACTOR + "authenticate/"
    assert not is_signed_in(browser)
    return browser


def type_code(browser: Client, code: str) -> Any:
    return browser.post(FACTOR + "authenticate/", {"code": code})


def proved(anna: User) -> Client:
    """A browser that is signed in and typed the password again just now."""
    browser = Client()
    browser.force_login(anna)
    browser.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return browser


def kinds() -> list[str]:
    return list(AccountEvent.objects.order_by("pk").values_list("kind", flat=True))


# --- setting up ----------------------------------------------------------------------------------
def test_an_app_is_set_up_and_removed(anna: User) -> None:
    browser = Client()
    browser.force_login(anna)
    address = FACTOR + "totp/activate/"
    assert browser.get(address).url.startswith("/accounts/reauthenticate/")
    browser = proved(anna)
    page = browser.get(address)
    assert "no-store" in page["Cache-Control"]
    assert 'src="data:image/svg+xml;base64,' in page.text and "<svg" not in page.text.split("qr")[1]
    secret = re.search(r'class="secret">([A-Z2-7]+)<', page.text)[1]
    assert "otpauth://totp/anna%40example.com?secret=" in page.text
    assert "issuer=MXplain%20localhost" in page.text
    assert "That code is wrong" in browser.post(address, {"code": "12"}).text
    response = browser.post(address, {"code": totp.code(secret)})
    assert response.url == FACTOR + "recovery-codes/"
    assert mail.outbox[-1].subject == "Your MXplain account has an authenticator app"
    page = browser.get(response.url)
    codes = re.findall(r"<li>(\d{8})</li>", page.text)
    assert len(set(codes)) == 10 and "no-store" in page["Cache-Control"]
    assert not re.findall(r"<li>\d{8}</li>", browser.get(response.url).text)
    assert browser.get(FACTOR + "recovery-codes/download/").status_code == 403
    assert "authenticator app" in browser.get("/account/").text
    stored = json.dumps(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in stored and not any(code in stored for code in codes)

    response = browser.post(FACTOR + "totp/deactivate/")
    assert response.url == FACTOR and not Authenticator.objects.exists()
    assert "authenticator app" in mail.outbox[-1].subject
    assert mail.outbox[-1].to == [ADDRESS]
    assert kinds() == [record.APP_ADDED, record.CODES_MADE, record.APP_REMOVED]


def test_removing_asks_who_it_is(anna: User, app: Authenticator) -> None:
    browser = Client()
    browser.force_login(anna)
    for path in ("totp/deactivate/", "recovery-codes/generate/", "webauthn/add/"):
        response = browser.post(FACTOR + path)
        assert response.url.startswith("/accounts/reauthenticate/"), path
    assert Authenticator.objects.get() == app


def test_new_recovery_codes_replace_the_old(anna: User, app: Authenticator) -> None:
    browser = proved(anna)
    address = FACTOR + "recovery-codes/"
    shown = []
    for _ in range(2):
        browser.get(address + "generate/")
        browser.post(address + "generate/")
        shown.append(re.findall(r"<li>(\d{8})</li>", browser.get(address).text))
    assert not set(shown[0]) & set(shown[1])
    assert mail.outbox[-1].subject == "New recovery codes for your MXplain account"
    assert "That code is wrong" in type_code(waiting(), shown[0][0]).text
    assert type_code(waiting(), shown[1][0]).url == "/domains/"


# --- codes ---------------------------------------------------------------------------------------
def test_a_code_signs_in_once(app: Authenticator, moment: list[float]) -> None:
    code = totp.code(SECRET, moment[0])
    assert type_code(waiting(), code).url == "/domains/"
    for later in (0, 29, 31, 50):  # as long as it would fit, clocks being what they are
        moment[0] += later
        browser = waiting()
        assert "That code is wrong" in type_code(browser, code).text, later
        assert not is_signed_in(browser)
        cache.clear()  # nor does it depend on what Redis remembers
        break_after = moment[0]
    assert break_after
    moment[0] += 30
    assert type_code(waiting(), totp.code(SECRET, moment[0])).url == "/domains/"


def test_an_older_code_does_not_follow_a_newer(app: Authenticator, moment: list[float]) -> None:
    older, newer = (totp.code(SECRET, moment[0] + ahead) for ahead in (0, 30))
    assert type_code(waiting(), newer).url == "/domains/"
    assert "That code is wrong" in type_code(waiting(), older).text


def test_a_code_may_be_typed_as_people_do(app: Authenticator, moment: list[float]) -> None:
    code = totp.code(SECRET, moment[0])
    wide = code.translate({ord(str(digit)): chr(0xFF10 + digit) for digit in range(10)})
    assert type_code(waiting(), f" {wide[:3]} {wide[3:]} ").url == "/domains/"


@pytest.mark.parametrize("hostile", ["", "\0", "٣" * 6, "9" * 5000, "<b>", "１２３"])
def test_hostile_codes(app: Authenticator, hostile: str) -> None:
    browser = waiting()
    assert type_code(browser, hostile).status_code == 200
    assert not is_signed_in(browser)


def wrong(moment: list[float]) -> str:
    right = {totp.code(SECRET, moment[0] + near) for near in (-30, 0, 30)}
    return next(code for code in ("000000", "111111", "222222", "333333") if code not in right)


def test_codes_are_not_guessed(app: Authenticator, moment: list[float]) -> None:
    for _ in range(5):
        type_code(waiting(), wrong(moment))
    browser = waiting()
    page = type_code(browser, totp.code(SECRET, moment[0])).text
    assert "Too many attempts" in page and not is_signed_in(browser)
    event = AccountEvent.objects.get(kind=record.CODE_FAILED)
    assert event.times == 5


def test_nor_slowly(app: Authenticator, moment: list[float], settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login_failed": None, "second_factor": "20/d/key"}
    browser = waiting()
    for _ in range(20):
        assert "That code is wrong" in type_code(browser, wrong(moment)).text
    page = type_code(browser, totp.code(SECRET, moment[0])).text
    assert "Too many attempts" in page and not is_signed_in(browser)


def test_right_codes_are_not_counted(
    app: Authenticator, moment: list[float], settings: Any
) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"second_factor": "2/d/key"}
    for _ in range(4):
        moment[0] += 30
        assert type_code(waiting(), totp.code(SECRET, moment[0])).url == "/domains/"


def test_the_code_page_is_only_for_who_typed_the_password(app: Authenticator) -> None:
    assert Client().get(FACTOR + "authenticate/").url == "/accounts/login/"
    assert type_code(Client(), totp.code(SECRET)).url == "/accounts/login/"


def test_where_one_wanted_to_go(app: Authenticator, moment: list[float]) -> None:
    for wanted, reached in (("/learn/", "/learn/"), ("https://evil.example/", "/domains/")):
        moment[0] += 30
        browser = Client()
        sign_in(browser, next=wanted)
        assert type_code(browser, totp.code(SECRET, moment[0])).url == reached


def test_after_a_reset_of_the_password_the_code_is_still_asked(app: Authenticator) -> None:
    app.user.set_password("four loud geese")
    app.user.save()
    assert sign_in(Client(), "four loud geese").url == FACTOR + "authenticate/"


def test_the_key_of_the_site_opens_secrets(anna: User, settings: Any) -> None:
    adapter = MFAAdapter()
    kept = adapter.encrypt(SECRET)
    assert SECRET not in kept and adapter.decrypt(kept) == SECRET
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another key"
    assert adapter.decrypt(kept) != SECRET  # fits no code, breaks nothing
    settings.SECRET_KEY_FALLBACKS = [old]
    assert adapter.decrypt(kept) == SECRET


# --- passkeys ------------------------------------------------------------------------------------
def passkey(user: User, name: str = "Phone") -> Authenticator:
    data = {"name": name, "credential": {"clientExtensionResults": {"credProps": {"rk": True}}}}
    return Authenticator.objects.create(user=user, type="webauthn", data=data)


GOOD = {
    "id": "AA", "rawId": "AA", "type": "public-key", "clientExtensionResults": {},
    "response": {"clientDataJSON": "AA", "attestationObject": "AA"},
}  # fmt: skip
HOSTILE = [
    "", "x", "null", "[]", "{}", "1", '"a"', "[" * 10_000, "{" * 10_000, " " * 30_000,
    json.dumps(GOOD),
    json.dumps(GOOD | {"id": "\0"}),
    json.dumps(GOOD | {"response": None}),
    json.dumps(GOOD | {"response": {"clientDataJSON": ["AA"]}}),
    json.dumps(GOOD | {"response": GOOD["response"] | {"userHandle": "AA"}}),
    json.dumps(
        GOOD | {"response": {"clientDataJSON": "e30", "authenticatorData": "A" * 80,
                             "signature": "AA", "userHandle": "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5"}}
    ),
    json.dumps(
        GOOD | {"response": {"clientDataJSON": "e30", "authenticatorData": "A" * 50,
                             "signature": "AA", "userHandle": "MQ"}}
    ),
]  # fmt: skip


@pytest.mark.parametrize("credential", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_answers_of_passkeys(anna: User, credential: str) -> None:
    stranger = Client()
    stranger.get(FACTOR + "webauthn/login/", headers={"accept": "application/json"})
    response = stranger.post(FACTOR + "webauthn/login/", {"credential": credential})
    assert response.url == "/accounts/login/" and not is_signed_in(stranger)
    browser = proved(anna)
    page = browser.get(FACTOR + "webauthn/add/")
    assert "passkey-options" in page.text
    response = browser.post(FACTOR + "webauthn/add/", {"credential": credential, "name": "x"})
    assert response.status_code == 200 and "notice-error" in response.text
    response = browser.post(FACTOR + "webauthn/reauthenticate/", {"credential": credential})
    assert response.status_code == 302
    assert not Authenticator.objects.exists()


def test_anothers_passkey_is_not_found(anna: User) -> None:
    bert = User.objects.create_user("bert", "bert@example.com", PASSWORD)
    key, browser = passkey(bert), proved(anna)
    for page in ("edit", "remove"):
        address = f"{FACTOR}webauthn/keys/{key.pk}/{page}/"
        for response in (browser.get(address), browser.post(address, {"name": "mine"})):
            assert response.status_code == 404
    assert Authenticator.objects.get().wrap().name == "Phone"


def test_a_passkey_is_renamed_and_removed(anna: User) -> None:
    key, browser = passkey(anna, "<i>Phone</i>"), proved(anna)
    page = browser.get(FACTOR + "webauthn/").text
    assert "&lt;i&gt;Phone" in page and "<i>" not in page
    address = f"{FACTOR}webauthn/keys/{key.pk}/"
    for bad in ("", "x" * 61, "\0"):
        assert browser.post(address + "edit/", {"name": bad}).status_code == 200
    assert browser.post(address + "edit/", {"name": "Laptop"}).url == FACTOR + "webauthn/"
    assert "Laptop" in browser.get(address + "remove/").text
    assert browser.post(address + "remove/").url == FACTOR + "webauthn/"
    assert not Authenticator.objects.exists()
    assert mail.outbox[-1].subject == "A passkey of your MXplain account is removed"
    assert AccountEvent.objects.get().details == {"name": "Laptop"}


def test_signing_in_with_passkeys_is_limited(anna: User) -> None:
    for _ in range(10):
        Client().post(FACTOR + "webauthn/login/", {"credential": "{}"})
    assert Client().post(FACTOR + "webauthn/login/", {"credential": "{}"}).status_code == 429


def test_what_a_passkey_is_asked_names_nobody(anna: User) -> None:
    passkey(anna)
    asked = Client().get(FACTOR + "webauthn/login/", headers={"accept": "application/json"})
    options = asked.json()["request_options"]["publicKey"]
    assert not options.get("allowCredentials") and options["userVerification"] == "required"


# --- lost ----------------------------------------------------------------------------------------
def reset(address: str = ADDRESS, **options: Any) -> str:
    out = StringIO()
    call_command("reset_second_factor", address, noinput=True, stdout=out, **options)
    return out.getvalue()


def test_the_operator_removes_a_lost_factor(app: Authenticator) -> None:
    browser = Client()
    browser.force_login(app.user)
    assert "is removed" in reset(" Anna@Example.com ")
    assert not Authenticator.objects.exists()
    assert browser.get("/account/").status_code == 302
    assert mail.outbox[-1].to == [ADDRESS]
    assert "http://localhost:8000/accounts/second-factor/" in mail.outbox[-1].body
    assert kinds() == [record.FACTORS_RESET]
    assert sign_in(Client()).url == "/domains/"


def test_the_operator_mistypes(anna: User) -> None:
    with pytest.raises(CommandError, match="no second factor"):
        reset()
    with pytest.raises(CommandError, match="No account"):
        reset("nobody@example.com")


# --- operators -----------------------------------------------------------------------------------
def test_operation_asks_for_a_second_factor(settings: Any) -> None:
    settings.ADMIN_SECOND_FACTOR = True
    root = User.objects.create_superuser("root", "root@example.com", PASSWORD)
    browser = Client()
    browser.force_login(root)
    for path in ("", "queues/", "auth/user/"):
        response = browser.get("/admin/" + path)
        assert response.status_code == 403 and FACTOR in response.text, path
    Authenticator.objects.create(user=root, type="recovery_codes", data={})
    assert browser.get("/admin/").status_code == 403
    passkey(root)
    assert browser.get("/admin/").status_code == 200
    settings.ADMIN_SECOND_FACTOR = False
    Authenticator.objects.all().delete()
    assert browser.get("/admin/").status_code == 200


# --- both languages ------------------------------------------------------------------------------
@pytest.mark.parametrize("prefix", ["", "/ja"])
def test_every_page_has_our_look_and_language(anna: User, app: Authenticator, prefix: str) -> None:
    key, browser = passkey(anna), proved(anna)
    pages = ["", "totp/deactivate/", "recovery-codes/generate/", "reauthenticate/", "webauthn/"]
    pages += [f"webauthn/keys/{key.pk}/edit/", f"webauthn/keys/{key.pk}/remove/"]
    answers = [browser.get(prefix + FACTOR + page) for page in pages]
    key.delete()  # its answer is made up, so no browser may be asked for it
    answers += [browser.get(prefix + FACTOR + page) for page in ("webauthn/add/", "webauthn/")]
    answers += [browser.get(prefix + page) for page in ("/account/sessions/", "/account/activity/")]
    answers.append(waiting().get(prefix + FACTOR + "authenticate/"))
    for answer in answers:
        page, path = answer.text, answer.request["PATH_INFO"]
        assert answer.status_code == 200 and "no-store" in answer["Cache-Control"], path
        assert 'class="site-header"' in page and page.count("<h1") == 1, path
        heading = re.search(r"<h1>(.*?)</h1>", page)
        assert heading and bool(JAPANESE.search(heading[1])) == (prefix == "/ja"), path
        assert not re.search(r"<script(?![^>]*(src=|application/json))", page), path
        assert " style=" not in page, path


def test_mails_in_japanese(anna: User) -> None:
    browser = Client()
    browser.force_login(anna)
    browser.post("/ja/accounts/reauthenticate/", {"password": PASSWORD})
    address = "/ja" + FACTOR
    secret = re.search(r'class="secret">([A-Z2-7]+)<', browser.get(address + "totp/activate/").text)
    browser.post(address + "totp/activate/", {"code": totp.code(secret[1])})
    browser.post(address + "recovery-codes/generate/")
    browser.post(address + "totp/deactivate/")
    assert len(mail.outbox) == 3
    for message in mail.outbox:
        assert JAPANESE.search(message.subject), message.subject
        words = re.sub(r"https?://\S+|\S+@\S+|MXplain|IP|UTC", "", message.body)
        assert JAPANESE.search(words) and not re.search(r"[A-Za-z]{3}", words), message.body
