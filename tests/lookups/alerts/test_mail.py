"""Mails: what they say, in whose language, when, how often tried, and never twice."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from smtplib import SMTPException

import pytest
from django.contrib.auth.signals import user_logged_in
from django.core import mail as outbox
from django.core.mail import EmailMultiAlternatives
from django.test import Client
from django.utils import timezone, translation

from lookups.alerts import mail, tasks
from lookups.alerts.considering import consider
from lookups.alerts.recipients import settings_for
from lookups.models import AlertSettings, Delivery, Membership, Watch
from tests.lookups.alerts.conftest import alerted, dmarc, history
from tests.lookups.watching.conftest import person, section, team_of, watched

pytestmark = pytest.mark.django_db


def soon(**more) -> datetime:
    return timezone.now() + timedelta(seconds=1, **more)


def states() -> list[str]:
    return list(Delivery.objects.order_by("pk").values_list("state", flat=True))


# --- what it says ------------------------------------------------------------------------------
def test_a_mail_says_what_changed(member):
    alert = alerted(member)
    assert mail.send_to(member, soon()) == 1
    [sent] = outbox.outbox
    assert sent.subject == "example.com: TXT record changed at _dmarc.example.com"
    assert sent.to == ["m@example.com"]
    html = sent.alternatives[0][0]
    assert "- v=DMARC1; p=none" in sent.body and "+ v=DMARC1; p=reject" in sent.body
    assert "<del>none</del>" in html and "<ins>reject</ins>" in html
    for text in (sent.body, html):
        assert f"http://localhost:8000/r/{alert.report.token}/" in text
        assert f"/domains/{alert.watch.token}/compare/" in text
        assert "Findings that are gone" in text and "/account/alerts/" in text
    assert states() == ["sent"]


def test_new_findings_come_with_their_remedy(member):
    watch = watched(member)
    consider(history(watch, {"mx": section()}, {"mx": section("mx-none")})[-1])
    mail.send_to(member, soon())
    [sent] = outbox.outbox
    assert "Broken:" in sent.body and "http://localhost:8000/findings/mx-none/" in sent.body
    from lookups import catalog

    assert catalog.sentences("mx-none", {}, "en").remedy.split(".")[0] in sent.body


def test_in_japanese_for_who_uses_the_site_in_japanese(member):
    alerted(member, last_language="ja")
    mail.send_to(member, soon())
    [sent] = outbox.outbox
    assert sent.subject == "example.com: _dmarc.example.comのTXTレコードが変更されました"
    assert "/ja/r/" in sent.body and "レコード" in sent.body
    assert '<html lang="ja">' in sent.alternatives[0][0]


def test_a_chosen_language_wins(member):
    alerted(member, language="en", last_language="ja")
    mail.send_to(member, soon())
    assert "record changed" in outbox.outbox[0].subject


def test_signing_in_tells_the_language(member):
    with translation.override("ja"):
        user_logged_in.send(type(member), request=None, user=member)
    wanted = settings_for(member)
    assert wanted.speaks == "ja", "the last sign-in counts"
    with translation.override("ja"):
        other = person("j")
        user_logged_in.send(type(other), request=None, user=other)
    assert settings_for(other).time_zone == "Asia/Tokyo"


def test_hostile_names_neither_break_headers_nor_html(member):
    text = "v=DMARC1\r\nBcc: x@example.net\u202e<script>"
    record = ("_dmarc.example.com\r\nX: y", "TXT", text)
    watch = watched(member)
    consider(history(watch, dmarc("none"), {"dmarc": section(raw=[record])})[-1])
    mail.send_to(member, soon())
    [sent] = outbox.outbox
    assert "\n" not in sent.subject and "\r" not in sent.subject and "\u202e" not in sent.body
    assert "<script>" not in sent.alternatives[0][0]
    assert sent.message()["Bcc"] is None and sent.message()["X"] is None


def test_times_are_those_of_the_reader(member):
    alert = alerted(member, time_zone="Asia/Tokyo")
    type(alert).objects.update(created=datetime(2026, 11, 25, 20, 0, tzinfo=UTC))
    mail.send_to(member, soon())
    assert "2026-11-26 05:00 JST" in outbox.outbox[0].body


# --- when --------------------------------------------------------------------------------------
def test_a_digest_groups_by_domain(member):
    for domain in ("a.test", "b.test"):
        alerted(member, domain, rhythm="daily", hour=8)
    assert mail.send_to(member, soon()) == 0 and tasks.mail.users_due(soon()) == []
    due = Delivery.objects.first().next_try
    assert due.hour == 8
    assert mail.users_due(due) == [member.pk]
    assert mail.send_to(member, due) == 2
    [sent] = outbox.outbox
    assert sent.subject == "a.test and 1 more: what changed"
    assert sent.body.index("a.test\n") < sent.body.index("b.test\n")
    assert mail.send_to(member, due) == 0 and len(outbox.outbox) == 1


def test_quiet_hours_hold_it_back(member):
    alerted(member)
    zone = {"time_zone": "UTC", "quiet_from": time(22), "quiet_to": time(7)}
    AlertSettings.objects.update(**zone)
    night = soon(days=1).replace(hour=23, minute=0, second=0, microsecond=0)
    assert mail.send_to(member, night) == 0
    [delivery] = Delivery.objects.all()
    assert delivery.next_try == night + timedelta(hours=8)
    assert mail.send_to(member, delivery.next_try) == 1


# --- never twice -------------------------------------------------------------------------------
class Killed(BaseException):
    """The process ends here: nothing after it runs."""


def test_killed_before_the_mail_was_handed_over(member, monkeypatch):
    alerted(member)

    def killed(*args):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(mail, "message", killed)
        with pytest.raises(Killed):
            mail.send_to(member, soon())
    assert states() == ["sending"]
    assert mail.send_to(member, soon()) == 0, "somebody may still be at it"
    assert mail.recover(soon()) == 0
    assert mail.recover(soon(minutes=6)) == 1
    assert mail.send_to(member, soon(minutes=7)) == 1 and len(outbox.outbox) == 1


def test_killed_while_the_mail_was_handed_over(member, monkeypatch):
    alerted(member)
    handed = []

    def killed(self, **more):
        handed.append(self)
        raise Killed

    monkeypatch.setattr(EmailMultiAlternatives, "send", killed)
    with pytest.raises(Killed):
        mail.send_to(member, soon())
    mail.recover(soon(minutes=6))
    assert states() == ["given-up"] and Delivery.objects.get().last_error == "interrupted"
    assert mail.send_to(member, soon(minutes=7)) == 0 and len(handed) == 1


def test_two_workers_at_once_send_one(member, monkeypatch):
    alerted(member)
    make = mail.message

    def meanwhile(*args):
        assert mail.send_to(member, soon()) == 0
        return make(*args)

    monkeypatch.setattr(mail, "message", meanwhile)
    assert mail.send_to(member, soon()) == 1 and len(outbox.outbox) == 1


def test_a_mail_server_that_refuses_is_asked_again_and_again(member, monkeypatch):
    alerted(member)

    def refused(self, **more):
        raise SMTPException("450 try\r\nlater")

    monkeypatch.setattr(EmailMultiAlternatives, "send", refused)
    now = soon()
    waits = []
    while True:
        mail.send_to(member, now)
        delivery = Delivery.objects.get()
        if delivery.next_try is None:
            break
        assert delivery.state == "failed"
        assert mail.send_to(member, delivery.next_try - timedelta(seconds=1)) == 0
        waits.append(int((delivery.next_try - now).total_seconds() // 60))
        now = delivery.next_try
    assert waits == [1, 5, 30, 120, 360, 1440]
    assert (delivery.state, delivery.attempts) == ("given-up", 7)
    assert delivery.last_error == "SMTPException: 450 try  later"


def test_a_fault_of_ours_is_given_up_in_the_end(member, monkeypatch):
    alerted(member)

    def broken(*args):
        raise KeyError("broken")

    monkeypatch.setattr(mail, "message", broken)
    assert mail.send_to(member, soon()) == 0
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts) == ("failed", 1)


def test_the_clock_takes_up_what_is_left(member, sent_off):
    alerted(member)
    tasks.send_waiting()
    assert sent_off == [("send_mails", (member.pk,), "monitor")]
    tasks.send_mails(member.pk)
    tasks.send_mails(0)
    assert len(outbox.outbox) == 1


# --- who no longer wants it --------------------------------------------------------------------
@pytest.mark.parametrize("change", ["left", "muted", "ended", "silent", "off"])
def test_nothing_goes_to_whom_it_no_longer_concerns(change):
    owner, viewer = person("o"), person("v")
    watch = watched(team_of(owner=owner, viewer=viewer))
    consider(history(watch, dmarc("none"), dmarc("reject"))[-1])
    mine = Membership.objects.filter(user=viewer)
    if change == "left":
        mine.delete()
    elif change == "muted":
        mine.update(muted=True)
    elif change == "off":
        AlertSettings.objects.filter(user=viewer).update(email=False)
    else:
        fields = {"ended_at": timezone.now()} if change == "ended" else {"alerts": False}
        Watch.everything.update(**fields)
    assert mail.send_to(viewer, soon()) == 0 and outbox.outbox == []
    assert not Delivery.objects.filter(user=viewer).exists()


# --- unsubscribing -----------------------------------------------------------------------------
def test_one_click_ends_the_mails_without_signing_in(member):
    alerted(member)
    mail.send_to(member, soon())
    sent = outbox.outbox[0].message()
    assert sent["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    url = re.fullmatch(r"<http://localhost:8000(/.+)>", sent["List-Unsubscribe"])[1]
    assert url in outbox.outbox[0].body
    browser = Client(enforce_csrf_checks=True)
    assert "Stop these mails" in browser.get(url).text
    assert settings_for(member).email, "looking at it changes nothing: mail scanners follow links"
    form = "List-Unsubscribe=One-Click"
    page = browser.post(url, form, content_type="application/x-www-form-urlencoded")
    assert page.status_code == 200 and "no more mails" in page.text
    assert not settings_for(member).email
    assert browser.post(url).status_code == 200


@pytest.mark.parametrize("token", ["1", "1:x", "%00", "x" * 300, "1:" + "A" * 43])
def test_forged_unsubscribe_links_are_not_found(member, token):
    settings_for(member)
    for method in ("get", "post"):
        assert getattr(Client(), method)(f"/alerts/unsubscribe/{token}/").status_code == 404
    assert settings_for(member).email
