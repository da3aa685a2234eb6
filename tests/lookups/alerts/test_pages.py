"""The pages of alerts and webhooks: what can be set, and by whom."""

from __future__ import annotations

from datetime import time

import pytest
from django.core import mail as outbox
from django.core.mail import EmailMultiAlternatives
from django.test import Client
from django.utils import timezone

from lookups.alerts import webhooks
from lookups.alerts.considering import consider
from lookups.alerts.recipients import settings_for
from lookups.alerts.webhooks import Outcome
from lookups.models import Alert, Delivery, Membership, Webhook
from tests.lookups.alerts.conftest import alerted, dmarc, history
from tests.lookups.watching.conftest import person, section, team_of, watched

pytestmark = pytest.mark.django_db
URL = "https://hooks.example.com/a"
FORM = {
    "email": "on", "least": "error", "rhythm": "daily", "hour": "7", "weekday": "4",
    "quiet_from": "22:00", "quiet_to": "06:30", "time_zone": "Asia/Tokyo", "language": "ja",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    monkeypatch.setattr(webhooks, "send", lambda url, body, headers: Outcome(200, ""))


# --- settings ----------------------------------------------------------------------------------
def test_settings_are_saved_and_shown(client, member):
    assert 'type="time"' in client.get("/account/alerts/").text
    assert client.post("/account/alerts/", FORM).status_code == 302
    wanted = settings_for(member)
    assert (wanted.least, wanted.rhythm, wanted.hour, wanted.weekday) == ("error", "daily", 7, 4)
    assert (wanted.quiet_from, wanted.quiet_to) == (time(22), time(6, 30))
    assert (wanted.time_zone, wanted.language, wanted.email) == ("Asia/Tokyo", "ja", True)
    page = client.get("/account/alerts/").text
    assert 'value="22:00"' in page and '<option value="Asia/Tokyo" selected>' in page


@pytest.mark.parametrize(
    "wrong",
    [
        {"quiet_to": ""},
        {"quiet_to": "22:00"},
        {"quiet_from": "25:99"},
        {"quiet_from": "\0"},
        {"time_zone": "Mars/Olympus"},
        {"time_zone": "../../etc/passwd"},
        {"hour": "24"},
        {"hour": "x"},
        {"weekday": "-1"},
        {"least": "good"},
        {"rhythm": ""},
        {"language": "xx"},
    ],
)
def test_nonsense_is_refused_and_changes_nothing(client, member, wrong):
    answer = client.post("/account/alerts/", FORM | wrong)
    assert answer.status_code == 400 and "form-error" in answer.text
    assert settings_for(member).rhythm == "at-once"


def test_what_waits_goes_by_the_new_settings(client, member):
    alerted(member, rhythm="weekly")
    client.post("/account/alerts/", FORM | {"rhythm": "at-once", "quiet_from": "", "quiet_to": ""})
    assert Delivery.objects.get().next_try <= timezone.now()
    off = {name: value for name, value in FORM.items() if name != "email"}
    client.post("/account/alerts/", off)
    assert not Delivery.objects.exists() and Alert.objects.exists()


def test_a_team_is_muted_for_one_member_alone(client, member):
    other = person("o")
    team = team_of(owner=other, viewer=member)
    assert "Post office" in client.get("/account/alerts/").text
    client.post("/account/alerts/", FORM)
    assert (
        Membership.objects.get(user=member).muted and not Membership.objects.get(user=other).muted
    )
    client.post("/account/alerts/", FORM | {"teams": [team.token]})
    assert not Membership.objects.get(user=member).muted
    theirs = team_of(owner=other)
    assert client.post("/account/alerts/", FORM | {"teams": [theirs.token]}).status_code == 400


def test_a_test_mail_says_what_came_of_it(client, member, monkeypatch):
    page = client.post("/account/alerts/test/", follow=True).text
    assert "on its way to m@example.com" in page and len(outbox.outbox) == 1
    assert "a moment ago" in client.post("/account/alerts/test/", follow=True).text
    assert len(outbox.outbox) == 1


def test_a_test_mail_that_is_refused(client, member, monkeypatch):
    def refused(self, **more):
        raise ConnectionRefusedError("<b>no</b>")

    monkeypatch.setattr(EmailMultiAlternatives, "send", refused)
    page = client.post("/account/alerts/test/", follow=True).text
    assert "did not take the test mail" in page and "<b>no" not in page


def test_alerts_of_a_domain_are_set_on_its_page(client, member):
    watch = watched(member)
    url = f"/domains/{watch.token}/settings/"
    assert "Tell its people and webhooks" in client.get(url).text
    form = {"name": "", "selectors": "", "interval": "daily"}
    client.post(url, form | {"alerts": "on", "alert_kinds": ["failed", "expiry-near"]})
    watch.refresh_from_db()
    assert watch.alerts and watch.alert_kinds == ["failed", "expiry-near"] and watch.next_run
    client.post(url, form)
    watch.refresh_from_db()
    assert not watch.alerts and watch.alert_kinds == ["failed", "expiry-near"], "kept for later"
    for wrong in ({"alerts": "on"}, {"alerts": "on", "alert_kinds": ["x"]}):
        assert client.post(url, form | wrong).status_code == 400


# --- the list ----------------------------------------------------------------------------------
def test_empty_says_how_one_comes_to_be(client, member):
    page = client.get("/alerts/").text
    assert "No alert yet" in page and "/account/alerts/" in page


def test_the_list_shows_what_changed_and_how_far_it_got(client, member):
    Webhook.objects.create(owner=member, url=URL)
    alerted(member)
    Delivery.objects.filter(user=None).update(state="failed", last_error="500 <b>")
    page = client.get("/alerts/").text
    assert "TXT record changed at _dmarc.example.com" in page
    assert "Mail to you" in page and "waiting" in page
    assert "failed, will be tried again" in page and "500 &lt;b&gt;" in page
    assert "送信待ち" in client.get("/ja/alerts/").text


def test_alerts_of_others_are_not_shown(client, member):
    alerted(person("o"), "theirs.test")
    team = team_of(owner=person("p"), viewer=member)
    Webhook.objects.create(team=team, url=URL)
    watch = watched(team, "of-a-team.test")
    consider(history(watch, dmarc("none"), dmarc("reject"))[-1])
    page = client.get("/alerts/").text
    assert "theirs" not in page and "of-a-team" in page
    assert page.count("Mail to you") == 1, "one's own mail alone"
    assert "Webhook</a>:" not in page, "viewers do not see the team's webhooks"


def test_the_list_costs_few_queries(client, member, django_assert_max_num_queries):
    for number in range(12):
        alerted(member, f"d{number}.test")
    with django_assert_max_num_queries(9):
        client.get("/alerts/")


def test_an_alert_whose_report_is_gone_is_still_told(client, member):
    alert = alerted(member)
    alert.report.delete()
    page = client.get("/alerts/").text
    assert "TXT record changed" in page and "/compare/" not in page


def test_endings_and_failures_have_words(client, member):
    watch = watched(member)
    ending = {"topic": "smtp", "subject": "mx<.test", "ends": "2026-12-01T00:00:00+00:00"}
    kinds = ("certificate", "signature", "mark", "policy")
    Alert.objects.create(
        watch=watch,
        severity="warning",
        kinds=["expiry-near"],
        payload={"endings": [ending | {"kind": kind} for kind in kinds]},
    )
    Alert.objects.create(watch=watch, severity="warning", payload={"failed": True})
    page = client.get("/alerts/").text
    assert "the certificate of the mail server mx&lt;.test ends on 2026-12-01" in page
    assert "the check failed" in page


# --- webhooks ----------------------------------------------------------------------------------
def hook_of(user, **fields) -> Webhook:
    return Webhook.objects.create(owner=user, url=URL, **fields)


def test_adding_shows_the_secret_once(client, member):
    assert "There is no webhook yet" in client.get("/account/webhooks/").text
    form = {"url": URL, "kinds": ["finding-new", "failed"]}
    answer = client.post("/account/webhooks/", form)
    hook = Webhook.objects.get()
    assert (hook.owner, hook.team, hook.kinds) == (member, None, ["finding-new", "failed"])
    page = client.get(answer.url).text
    assert hook.secret in page
    assert hook.secret not in client.get(answer.url).text
    assert hook.secret not in client.get("/account/webhooks/").text
    assert hook.secret not in client.get("/account/export.json").text
    assert URL in client.get("/account/export.json").text


@pytest.mark.parametrize(
    "url",
    [
        *("http://hooks.example.com/", "https://hooks.example.com:8443/", "javascript:alert(1)"),
        *("https://127.0.0.1/", "https://10.1.2.3/x", "https://[::1]/", "https://[fd00::1]/"),
        *("https://[64:ff9b::10.0.0.1]/", "https://[::ffff:192.168.0.1]/", "https://0/"),
        *("https://a@b.example.com/", "https://a b/", "", "https://" + "a" * 3000, "https://\0/"),
    ],
)
def test_urls_that_are_refused(client, member, url):
    answer = client.post("/account/webhooks/", {"url": url, "kinds": ["failed"]})
    if answer.status_code == 302:  # "0" is a name as any: judged when it is resolved
        assert url == "https://0/"
        return
    assert answer.status_code == 400 and not Webhook.objects.exists()


def test_no_more_than_twenty(client, member):
    for _ in range(20):
        hook_of(member)
    answer = client.post("/account/webhooks/", {"url": URL, "kinds": ["failed"]})
    assert answer.status_code == 400 and "twenty webhooks" in answer.text


def test_of_a_team_by_its_editors(client, member):
    mine, theirs = team_of(editor=member), team_of(viewer=member)
    form = {"url": URL, "kinds": ["failed"]}
    assert client.post("/account/webhooks/", form | {"holder": mine.token}).status_code == 302
    assert Webhook.objects.get().team == mine
    assert client.post("/account/webhooks/", form | {"holder": theirs.token}).status_code == 400


def test_edit_switch_renew_delete(client, member):
    hook = hook_of(member, given_up=5)
    base = f"/account/webhooks/{hook.token}/"
    client.post(base, {"url": URL + "b", "kinds": ["failed"]})
    hook.refresh_from_db()
    assert (hook.url, hook.kinds) == (URL + "b", ["failed"])
    assert client.post(base, {"url": "https://10.0.0.1/", "kinds": []}).status_code == 400
    client.post(base + "switch/", {"on": "0"})
    hook.refresh_from_db()
    assert not hook.enabled
    client.post(base + "switch/", {"on": "1"})
    old = hook.secret
    page = client.post(base + "renew/", follow=True).text
    hook.refresh_from_db()
    assert hook.enabled and hook.given_up == 0 and hook.secret != old and hook.secret in page
    assert "Nobody can bring them back" in client.get(base + "delete/").text
    client.post(base + "delete/")
    assert not Webhook.objects.exists()


def test_test_and_resend(client, member):
    hook = hook_of(member)
    base = f"/account/webhooks/{hook.token}/"
    page = client.post(base + "test/", follow=True).text
    assert "the server answered 200" in page and "1 attempt" in page
    assert "a moment ago" in client.post(base + "test/", follow=True).text
    from django.core.cache import cache

    cache.clear()
    delivery = hook.deliveries.get()
    page = client.post(base + "resend/", {"delivery": delivery.token}, follow=True).text
    assert "the server answered 200" in page
    other = Delivery.objects.create(webhook=hook_of(person("o")))
    for token in (other.token, "", "\0"):
        assert client.post(base + "resend/", {"delivery": token}).status_code == 404


VERBS = ["", "renew/", "switch/", "test/", "resend/", "delete/"]


@pytest.mark.parametrize("verb", VERBS)
def test_webhooks_of_others_are_not_found(client, member, verb, signed_in_as):
    owner, editor = person("o"), person("e")
    team = team_of(owner=owner, editor=editor, viewer=member)
    for hook in (hook_of(owner), Webhook.objects.create(team=team, url=URL)):
        url = f"/account/webhooks/{hook.token}/{verb}"
        assert client.post(url).status_code == 404
        assert client.get(url).status_code in (404, 405)
        assert "/accounts/login/" in Client().post(url).url
        strict = signed_in_as(owner, enforce_csrf_checks=True)
        assert strict.post(url).status_code == 403
    assert Webhook.objects.count() == 2
    assert signed_in_as(editor).get(f"/account/webhooks/{hook.token}/").status_code == 200
    for token in ("x" * 22, "%00"):
        assert client.post(f"/account/webhooks/{token}/{verb}").status_code == 404


@pytest.fixture
def signed_in_as():
    def browser(user, **options) -> Client:
        other = Client(**options)
        other.force_login(user)
        return other

    return browser


@pytest.mark.parametrize("path", ["/alerts/", "/account/alerts/", "/account/webhooks/"])
def test_pages_are_for_who_is_signed_in(path):
    assert "/accounts/login/" in Client().get(path).url


@pytest.mark.parametrize("path", ["/alerts/", "/account/alerts/", "/account/webhooks/"])
def test_pages_are_private(client, member, path):
    page = client.get(path)
    assert 'name="robots" content="noindex"' in page.text
    assert "no-store" in page["Cache-Control"]


def test_new_findings_stand_in_the_list(client, member):
    watch = watched(member)
    consider(history(watch, {"mx": section()}, {"mx": section("mx-none")})[-1])
    assert "/findings/mx-none/" in client.get("/alerts/").text


def test_deleting_the_account_takes_it_all(member):
    hook_of(member)
    alerted(member)
    member.delete()
    assert not Webhook.objects.exists() and not Alert.objects.exists()
    assert not Delivery.objects.exists()
