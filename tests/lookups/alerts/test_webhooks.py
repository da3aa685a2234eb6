"""Webhooks: what they are sent, to a real HTTPS server, and what happens when they fail."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.core import mail as outbox
from django.utils import timezone

from learn.classroom.authority import Authority
from lookups.alerts import tasks, webhooks
from lookups.alerts.considering import consider
from lookups.alerts.models import SECRET_PREFIX
from lookups.alerts.webhooks import Outcome
from lookups.models import Delivery, Watch, Webhook
from tests.lookups.alerts.conftest import dmarc, history
from tests.lookups.watching.conftest import person, team_of, watched

HOST = "mx1.perfect.classroom.test"
URL = f"https://{HOST}/told"
pytestmark = pytest.mark.django_db


def hook_of(user, url=URL, **fields) -> Webhook:
    return Webhook.objects.create(owner=user, url=url, **fields)


def on_its_way(user, **fields) -> Delivery:
    """The delivery of an alert to a webhook of `user`."""
    hook_of(user, **fields)
    consider(history(watched(user), dmarc("none", "dmarc-monitoring"), dmarc("reject"))[-1])
    return Delivery.objects.get(user=None)


@pytest.fixture
def server(classroom, settings, tmp_path):
    """What reached the HTTPS server of the classroom's host: (headers, body); `answers` with."""

    class Taken(BaseHTTPRequestHandler):
        def do_POST(self):
            length = int(self.headers["Content-Length"])
            made.taken.append((dict(self.headers), self.rfile.read(length)))
            self.send_response(made.status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *args):
            pass

    authority = Authority(tmp_path)
    made = HTTPServer(("127.0.0.1", 0), Taken)
    made.taken, made.status = [], 200
    made.socket = authority.context(HOST).wrap_socket(made.socket, server_side=True)
    threading.Thread(target=made.serve_forever, args=(0.05,), daemon=True).start()
    settings.CLASSROOM_WEB = f"127.0.0.1:{made.server_port}"
    settings.CLASSROOM_CA = str(authority.path)
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def answering(monkeypatch):
    """Sends nothing: every attempt comes out as set with answering(Outcome(...))."""
    outcomes: list[Outcome] = [Outcome(500, "500 broken")]
    monkeypatch.setattr(webhooks, "send", lambda url, body, headers: outcomes[-1])
    return outcomes.append


# --- what is sent ------------------------------------------------------------------------------
def test_an_alert_arrives_signed(member, server):
    delivery = on_its_way(member)
    assert webhooks.deliver(delivery.pk) == Outcome(200, "")
    [(headers, body)] = server.taken
    sent = json.loads(body)
    assert (sent["schema"], sent["event"], sent["id"]) == (1, "alert", delivery.token)
    assert sent["watch"]["domain"] == "example.com" and sent["report"]["status"] == "good"
    assert sent["report"]["url"].startswith("http://localhost:8000/r/")
    assert sent["difference"]["records"][0]["after"] == "v=DMARC1; p=reject"
    assert datetime.fromisoformat(sent["created"])
    assert headers["MXplain-Event"] == "alert" and headers["MXplain-Delivery"] == delivery.token
    parts = dict(part.split("=", 1) for part in headers["MXplain-Signature"].split(","))
    signed = parts["t"].encode() + b"." + body
    secret = Webhook.objects.get().secret
    assert parts["v1"] == hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.status_code, delivery.attempts) == ("sent", 200, 1)
    assert webhooks.deliver(delivery.pk) is None and len(server.taken) == 1


def test_the_snippet_of_the_page_verifies_it(client, member):
    page = client.get("/account/webhooks/").text
    code = page[page.index("import hashlib, hmac, time") :].split("</pre>")[0]
    names: dict = {}
    exec(code.replace("&gt;", ">").replace("&lt;", "<"), names)
    now, body = int(timezone.now().timestamp()), b'{"a": 1}'
    header = webhooks.signature("whsec_x", body, now)
    assert names["is_from_mxplain"]("whsec_x", header, body)
    assert not names["is_from_mxplain"]("whsec_y", header, body)
    assert not names["is_from_mxplain"]("whsec_x", header, body + b" ")
    old = webhooks.signature("whsec_x", body, now - 600)
    assert not names["is_from_mxplain"]("whsec_x", old, body)


def test_a_test_is_sent_at_once_and_not_repeated(member, server):
    server.status = 503
    delivery = webhooks.test(hook_of(member, enabled=False))
    assert (delivery.state, delivery.status_code) == ("given-up", 503)
    assert delivery.last_error == "503 ok"
    [(headers, body)] = server.taken
    assert headers["MXplain-Event"] == "test" and json.loads(body)["event"] == "test"
    assert Webhook.objects.get().given_up == 0


@pytest.mark.parametrize(
    "url",
    ["https://127.0.0.1/", "https://10.0.0.1/", "https://[::1]/", "https://[::ffff:10.0.0.1]/"],
)
def test_private_addresses_are_refused_when_sending(member, classroom, url):
    """Whatever the form let through, or an older version of it."""
    delivery = webhooks.test(hook_of(member, url))
    assert (delivery.state, delivery.last_error) == ("given-up", "forbidden")


# --- failing -----------------------------------------------------------------------------------
def test_tried_again_until_it_is_given_up(member, answering):
    delivery = on_its_way(member)
    now = delivery.next_try + timedelta(seconds=1)
    waits = []
    while True:
        assert webhooks.deliver(delivery.pk, now) == Outcome(500, "500 broken")
        delivery.refresh_from_db()
        if delivery.next_try is None:
            break
        assert delivery.state == "failed"
        early = delivery.next_try - timedelta(seconds=1)
        assert webhooks.deliver(delivery.pk, early) is None and webhooks.due(early) == []
        assert webhooks.due(delivery.next_try) == [delivery.pk]
        waits.append(int((delivery.next_try - now).total_seconds() // 60))
        now = delivery.next_try
    assert waits == [1, 5, 30, 120, 360, 1440]
    assert (delivery.state, delivery.attempts) == ("given-up", 7)
    assert Webhook.objects.get().given_up == 1


def test_taken_at_last(member, answering):
    delivery = on_its_way(member, given_up=3)
    now = delivery.next_try + timedelta(seconds=1)
    webhooks.deliver(delivery.pk, now)
    answering(Outcome(204, ""))
    webhooks.deliver(delivery.pk, now + timedelta(minutes=2))
    delivery.refresh_from_db()
    assert (delivery.state, delivery.last_error, delivery.next_try) == ("sent", "", None)
    assert Webhook.objects.get().given_up == 0


def test_switched_off_after_twenty_and_its_owner_told(member, answering):
    delivery = on_its_way(member, given_up=19)
    Delivery.objects.filter(pk=delivery.pk).update(attempts=6)
    now = delivery.next_try + timedelta(seconds=1)
    webhooks.deliver(delivery.pk, now)
    hook = Webhook.objects.get()
    assert not hook.enabled and hook.stopped_at == now
    [sent] = outbox.outbox
    assert sent.to == ["m@example.com"] and hook.token in sent.body
    assert webhooks.due(now + timedelta(days=9)) == []


def test_of_a_team_the_owners_are_told():
    owner, viewer = person("o"), person("v")
    hook = Webhook.objects.create(team=team_of(owner=owner, viewer=viewer), url=URL)
    assert hook.people() == [owner]


def test_two_workers_send_one(member, monkeypatch):
    delivery = on_its_way(member)
    sent = []

    def meanwhile(url, body, headers):
        assert webhooks.deliver(delivery.pk) is None
        sent.append(url)
        return Outcome(200, "")

    monkeypatch.setattr(webhooks, "send", meanwhile)
    webhooks.deliver(delivery.pk)
    assert sent == [URL]


def test_what_a_killed_worker_left_is_sent_again_with_the_same_id(member, monkeypatch, answering):
    class Killed(BaseException):
        pass

    delivery = on_its_way(member)
    ids = []

    def killed(url, body, headers):
        ids.append(headers["MXplain-Delivery"])
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(webhooks, "send", killed)
        with pytest.raises(Killed):
            webhooks.deliver(delivery.pk)
    now = timezone.now()
    assert webhooks.recover(now) == 0 and webhooks.due(now) == []
    later = now + timedelta(minutes=6)
    assert webhooks.recover(later) == 1 and webhooks.due(later) == [delivery.pk]
    answering(Outcome(200, ""))
    assert webhooks.deliver(delivery.pk, later) and ids == [delivery.token]


@pytest.mark.parametrize("change", ["moved", "ended", "silent"])
def test_nothing_goes_where_the_domain_is_no_longer(member, answering, change):
    delivery = on_its_way(member)
    fields = {
        "moved": {"owner": None, "team": team_of(owner=member)},
        "ended": {"ended_at": timezone.now()},
        "silent": {"alerts": False},
    }[change]
    Watch.everything.update(**fields)
    assert webhooks.deliver(delivery.pk) is None
    assert not Delivery.objects.filter(pk=delivery.pk).exists()


def test_a_fault_of_ours_is_given_up_in_the_end(member, monkeypatch):
    delivery = on_its_way(member)

    def broken(*args):
        raise KeyError("broken")

    monkeypatch.setattr(webhooks, "body_of", broken)
    webhooks.deliver(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("failed", 1)
    assert delivery.last_error == "internal error"


def test_the_clock_sends_what_is_left(member, sent_off):
    delivery = on_its_way(member)
    tasks.send_waiting()
    assert ("send_webhook", (delivery.pk,), "monitor") in sent_off


def test_secrets_are_long_and_differ(member):
    first, second = (hook_of(member).secret for _ in range(2))
    assert first != second and first.startswith(SECRET_PREFIX) and len(first) >= 48


def test_http_only_for_operators_who_say_so(settings):
    from lookups.engine.fetch import FetchError

    with pytest.raises(FetchError):
        webhooks.host_of("http://a.example.com/")
    settings.WEBHOOK_HTTP = True
    assert webhooks.host_of("http://a.example.com/") == "a.example.com"
