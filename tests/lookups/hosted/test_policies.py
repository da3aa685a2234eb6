"""Hosted MTA-STS policies: their rules, their pages, and the file over real sockets."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import closing, contextmanager
from datetime import timedelta

import pytest
import uvicorn
from django.test import Client
from django.utils import timezone

from lookups.engine.records import mta_sts
from lookups.hosted import policies
from lookups.hosted.policies import advice
from lookups.models import HostedPolicy, Watch

from .conftest import proven

WELL_KNOWN = "/.well-known/mta-sts.txt"


def page(watch) -> str:
    return f"/domains/{watch.token}/mta-sts/"


def typed(**more):
    return {"do": "publish", "mode": "testing", "mx": "mx1.example.com", "max_age": "604800"} | more


# --- rules ---------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_the_id_changes_when_the_policy_does(member):
    watch = proven(member)
    first = policies.publish(watch, "testing", ["mx1.example.com"], 604_800)
    same = policies.publish(watch, "testing", ["mx1.example.com"], 604_800)
    assert same.policy_id == first.policy_id and same.changed == first.changed
    second = policies.publish(watch, "enforce", ["mx1.example.com"], 604_800)
    third = policies.publish(watch, "testing", ["mx1.example.com"], 604_800)
    ids = [first.policy_id, second.policy_id, third.policy_id]
    assert ids == sorted(set(ids)) and all(mta_sts.record_text(id) for id in ids)
    assert HostedPolicy.objects.count() == 1
    with pytest.raises(ValueError):
        policies.publish(watch, "enforce", ["a\nmode: none"], 604_800)


@pytest.mark.django_db
def test_withdrawing_waits_for_the_longest_earlier_policy(member):
    watch = proven(member)
    policies.publish(watch, "enforce", ["mx1.example.com"], 30 * 86_400)
    policies.publish(watch, "enforce", ["mx1.example.com"], 86_400)
    policy = policies.withdraw(policies.HostedPolicy.objects.get())
    now = timezone.now()
    assert mta_sts.parse_policy(policy.text.encode()).mode == "none"
    assert not policy.may_end(now + timedelta(days=29)) and policy.may_end(now + timedelta(days=31))
    assert [step.code for step in advice(policy, {}, now)] == ["leaving"]
    assert [step.code for step in advice(policy, {}, now + timedelta(days=31))] == ["remove"]


@pytest.mark.django_db
def test_one_policy_a_domain_until_its_keeper_is_gone(member, everybody):
    _browsers, team = everybody
    mine, theirs = proven(member), proven(team)
    policies.publish(mine, "testing", ["mx1.example.com"], 86_400)
    with pytest.raises(policies.Elsewhere):
        policies.publish(theirs, "testing", ["mx2.example.com"], 86_400)
    Watch.objects.filter(pk=mine.pk).update(verified_at=None)
    assert policies.text_of("mta-sts.example.com") is None
    policies.publish(theirs, "testing", ["mx2.example.com"], 86_400)
    assert "mx2" in policies.text_of("mta-sts.example.com")
    Watch.everything.filter(pk=theirs.pk).update(ended_at=timezone.now())
    assert policies.text_of("mta-sts.example.com") is None


def found(hosted, **more):
    served = {"mode": hosted.mode, "mx": hosted.mx}
    base = {"state": f"mode-{hosted.mode}", "id": hosted.policy_id, "policy": served, "hosts": []}
    return base | more


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("days", "mode", "age", "more", "codes"),
    [
        (0, "testing", 7, {"state": "none"}, ["publish"]),
        (0, "testing", 7, {"state": "unknown"}, ["unknown"]),
        (0, "testing", 7, {"state": "no-policy"}, ["unreachable"]),
        (0, "testing", 7, {"state": "no-policy", "id": "1"}, ["id", "unreachable"]),
        (0, "testing", 7, {"policy": {"mode": "none", "mx": []}}, ["differs"]),
        (0, "testing", 7, {"hosts": [{"host": "mx9.example.com", "pattern": ""}]}, ["uncovered"]),
        (0, "testing", 7, {}, ["wait"]),
        (15, "testing", 7, {}, ["enforce"]),
        (0, "enforce", 7, {}, ["longer-later"]),
        (15, "enforce", 7, {}, ["longer"]),
        (15, "enforce", 90, {}, ["done"]),
    ],
)
def test_staged_advice(member, days, mode, age, more, codes):
    from lookups.hosted import words

    policy = policies.publish(proven(member), mode, ["mx1.example.com"], age * 86_400)
    steps = list(advice(policy, found(policy, **more), timezone.now() + timedelta(days=days)))
    assert [step.code for step in steps] == codes
    assert all(words.advice(step) for step in steps)


# --- pages ---------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_from_the_first_form_to_switching_off(client, member, classroom):
    watch = proven(member, "single-mx.classroom.test")
    first = client.get(page(watch)).text
    assert "mx1.single-mx.classroom.test" in first or "mx" in first
    host = "mail.single-mx.classroom.test"
    answer = client.post(page(watch), typed(mx=f"{host}\n*.single-mx.classroom.test"))
    assert answer.status_code == 302
    policy = HostedPolicy.objects.get()
    text = client.get(page(watch)).text
    assert policy.policy_id in text and f"mta-sts.{watch.domain}" in text and "CNAME" in text
    looked = client.get(page(watch) + "?look=1").text
    assert "Senders do not know of the policy yet" in looked
    client.post(page(watch), {"do": "withdraw"})
    policy.refresh_from_db()
    assert policy.mode == "none"
    assert "Leave both records in place until" in client.get(page(watch)).text
    client.post(page(watch), {"do": "end"})
    assert HostedPolicy.objects.exists()
    client.post(page(watch), {"do": "end", "sure": "on"})
    assert not HostedPolicy.objects.exists()


@pytest.mark.django_db
def test_bad_forms_change_nothing(client, member, classroom):
    watch = proven(member, "perfect.classroom.test")
    for wrong in (
        {"mx": ""}, {"mx": "no host!"}, {"mode": "none"}, {"mode": "x"}, {"max_age": "1"},
        {"mx": "mx9.example.com", "mode": "enforce"},
    ):  # fmt: skip
        answer = client.post(page(watch), typed(**wrong))
        assert answer.status_code == 400 and "form-error" in answer.text, wrong
    assert client.post(page(watch), {"do": "withdraw"}).status_code == 404
    assert client.post(page(watch), {"do": "nonsense"}).status_code == 404
    Watch.objects.update(verified_at=None)
    assert client.post(page(watch), typed()).status_code == 404
    assert "First prove" in client.get(page(watch)).text
    assert not HostedPolicy.objects.exists()


@pytest.mark.django_db
def test_another_keeper_is_told(client, member, everybody, classroom):
    browsers, team = everybody
    policies.publish(proven(member), "testing", ["mx1.example.com"], 86_400)
    theirs = proven(team)
    assert "Somebody else has proven" in browsers["owner"].get(page(theirs)).text
    assert browsers["owner"].post(page(theirs), typed()).status_code == 400


@pytest.mark.django_db
def test_whoever_stops_watching_is_warned(client, member):
    watch = proven(member)
    policies.publish(watch, "enforce", ["mx1.example.com"], 86_400)
    assert "Withdraw it first" in client.get(f"/domains/{watch.token}/delete/").text


@pytest.mark.django_db
def test_tls_ask(member):
    policies.publish(proven(member), "testing", ["mx1.example.com"], 86_400)
    ask = "/hosted/tls-ask?domain="
    client = Client()
    assert client.get(ask + "mta-sts.example.com").status_code == 200
    assert client.get(ask + "MTA-STS.Example.com.").status_code == 200
    for other in ("example.com", "mta-sts.example.org", "", "%00", "mta-sts.", "a" * 5000):
        assert client.get(ask + other).status_code == 404
    assert client.post(ask).status_code == 405


# --- the file ------------------------------------------------------------------------------------
@contextmanager
def serving():
    """The whole ASGI application on a free port of loopback."""
    from lookups.hosted.policy_server import PolicyServer
    from portal.asgi import site

    with closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        config = uvicorn.Config(PolicyServer(site, seconds=0), log_level="warning", lifespan="off")
        server = uvicorn.Server(config)
        loop = asyncio.new_event_loop()
        running = threading.Thread(
            target=lambda: loop.run_until_complete(server.serve([listening])), daemon=True
        )
        running.start()
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            running.join(10)


def fetch(port: int, host: str, path: str = WELL_KNOWN, method: str = "GET") -> tuple[int, str]:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        request = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        connection.sendall(request.encode("latin-1"))
        answer = b"".join(iter(lambda: connection.recv(65_536), b"")).decode()
    return int(answer.split()[1]), answer


@pytest.mark.django_db(transaction=True)
def test_served_by_host_although_no_allowed_host(member, settings):
    settings.ALLOWED_HOSTS = ["localhost"]
    policy = policies.publish(proven(member), "testing", ["mx1.example.com"], 86_400)
    with serving() as port:
        status, answer = fetch(port, "MTA-STS.example.com:8443")
        head, _, body = answer.partition("\r\n\r\n")
        assert status == 200 and body == policy.text
        assert "content-type: text/plain" in head and "set-cookie" not in head.lower()
        assert fetch(port, "mta-sts.example.com", method="HEAD")[1].endswith("\r\n\r\n")
        assert fetch(port, "mta-sts.example.com", method="POST")[0] == 405
        for host, path in (
            ("mta-sts.example.com", "/"),
            ("mta-sts.example.com", WELL_KNOWN + "/"),
            ("mta-sts.example.org", WELL_KNOWN),
            ("example.com", WELL_KNOWN),
            ("mta-sts.\xff", WELL_KNOWN),
        ):
            assert fetch(port, host, path)[0] == 400, (host, path)
        assert fetch(port, "localhost")[0] == 404
        assert fetch(port, "localhost", "/healthz")[0] == 200
        policies.publish(policy.watch, "enforce", ["mx1.example.com"], 86_400)
        assert "mode: enforce" in fetch(port, "mta-sts.example.com")[1]


@pytest.mark.django_db
def test_remembered_shortly_and_bounded(monkeypatch):
    from lookups.hosted import policy_server

    asked = []
    monkeypatch.setattr(policy_server, "_read", asked.append)
    monkeypatch.setattr(policy_server, "MAX_HOSTS", 3)
    server = policy_server.PolicyServer(None)

    async def ask():
        for host in ("a", "a", "b", "c", "d", "a"):
            await server._text(host)

    asyncio.run(ask())
    assert asked == ["a", "b", "c", "d", "a"] and len(server._known) == 3
