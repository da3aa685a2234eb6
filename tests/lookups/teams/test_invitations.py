"""Invitations: the mail, who can answer, and how many there may be."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import quote

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone

from lookups.models import Invitation, Membership
from lookups.teams.inviting import MAX_MAILS, MAX_OPEN

from .conftest import browser, person

pytestmark = pytest.mark.django_db


def invite(crew, email="new@example.com", role="editor", prefix=""):
    path = prefix + crew.url("invite/")
    return browser(crew.owner).post(path, {"email": email, "role": role})


@pytest.fixture
def invited(crew) -> Invitation:
    return Invitation.objects.create(
        team=crew.team, email="new@example.com", role="editor", invited_by=crew.owner
    )


@pytest.mark.parametrize(
    ("prefix", "subject", "words"),
    [
        ("", "You are invited to a team on MXplain", "Your role: Editor"),
        ("/ja", "MXplainのチームへの招待", "役割: 編集者"),
    ],
)
def test_the_mail(crew, mailoutbox, prefix, subject, words):
    assert invite(crew, "New@Example.com", prefix=prefix).url == prefix + crew.url()
    [mail] = mailoutbox
    [invitation] = Invitation.objects.all()
    assert mail.to == ["new@example.com"] and mail.subject == subject
    assert words in mail.body and "owner@example.com" in mail.body
    assert f"http://localhost:8000{prefix}/invitations/{invitation.token}/\n" in mail.body
    assert "Post office" not in mail.subject and "&quot;" not in mail.body
    page = browser(crew.owner).get(crew.url()).text
    assert "new@example.com" in page and "Withdraw" in page
    assert "new@example.com" not in browser(crew.editor).get(crew.url()).text


@pytest.mark.parametrize("email", ["", "x", "a@b\nBcc: c@d.test", "a@" + "b" * 300 + ".test"])
def test_bad_addresses(crew, mailoutbox, email):
    assert invite(crew, email).status_code == 400
    assert mailoutbox == [] and not Invitation.objects.exists()


def test_nobody_twice(crew, mailoutbox):
    assert "in the team already" in invite(crew, "VIEWER@example.com").text
    invite(crew)
    response = invite(crew, "NEW@example.com")
    assert response.status_code == 400 and "invited already" in response.text
    assert len(mailoutbox) == 1 and Invitation.objects.count() == 1


def test_not_too_many_are_open(crew, mailoutbox):
    Invitation.objects.bulk_create(
        Invitation(team=crew.team, email=f"p{n}@example.com", role="viewer")
        for n in range(MAX_OPEN)
    )
    assert "Withdraw some first" in invite(crew).text and mailoutbox == []


def test_not_too_many_mails_in_a_day(crew, mailoutbox):
    for n in range(MAX_MAILS):
        invite(crew, f"p{n}@example.com")
        Invitation.objects.all().delete()  # neither withdrawing nor a new team gets around it
    response = invite(crew)
    assert response.status_code == 400 and "tomorrow" in response.text
    assert len(mailoutbox) == MAX_MAILS


def test_refusals_are_not_counted(crew, mailoutbox):
    for _ in range(MAX_MAILS + 1):
        invite(crew, "viewer@example.com")
    assert invite(crew).status_code == 302


def test_a_mail_that_fails_leaves_nothing(crew, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    response = invite(crew)
    assert response.status_code == 400 and "could not be sent" in response.text
    assert not Invitation.objects.exists()


# --- answering -----------------------------------------------------------------------------------
def test_accept(crew, invited):
    client = browser(person("new"))
    assert invited.get_absolute_url() in client.get("/teams/").text
    page = client.get(invited.get_absolute_url()).text
    assert "Post office" in page and "owner@example.com" in page
    response = client.post(invited.get_absolute_url(), {"answer": "accept"})
    assert response.url == crew.url() and client.get(crew.url()).status_code == 200
    assert Membership.objects.get(team=crew.team, user__username="new").role == "editor"
    assert client.get(invited.get_absolute_url()).url == crew.url()
    assert client.post(invited.get_absolute_url(), {"answer": "accept"}).url == crew.url()


def test_decline(crew, invited):
    client = browser(person("new"))
    assert client.post(invited.get_absolute_url(), {"answer": "decline"}).url == "/teams/"
    assert crew.team.memberships.count() == 3
    response = client.post(invited.get_absolute_url(), {"answer": "accept"})
    assert response.status_code == 410 and "has ended" in response.text
    assert crew.team.memberships.count() == 3


@pytest.mark.parametrize("answer", ["", "maybe"])
def test_no_answer_is_none(crew, invited, answer):
    response = browser(person("new")).post(invited.get_absolute_url(), {"answer": answer})
    assert response.status_code == 200 and crew.team.memberships.count() == 3


def test_a_reader_changes_nothing(crew, invited):
    browser(person("new")).get(invited.get_absolute_url() + "?answer=accept")
    assert crew.team.memberships.count() == 3


def test_the_case_of_the_address_does_not_matter(crew, invited):
    user = person("new")
    EmailAddress.objects.filter(user=user).update(email="NEW@Example.com")
    client = browser(user)
    assert client.post(invited.get_absolute_url(), {"answer": "accept"}).url == crew.url()


@pytest.mark.parametrize("prefix", ["", "/ja"])
def test_signed_out(crew, invited, prefix):
    path = prefix + invited.get_absolute_url()
    response = browser().get(path)
    assert response.url == f"{prefix}/accounts/login/?next={quote(path, safe='')}"
    client = browser()
    page = client.get(path, follow=True).text
    sign_up = re.search(rf'href="({prefix}/accounts/signup/[^"]+)"', page)[1]
    assert "%2Finvitations%2F" in sign_up
    assert browser().post(path, {"answer": "accept"}).status_code == 302
    assert crew.team.memberships.count() == 3


@pytest.mark.parametrize("answer", ["accept", "decline"])
def test_another_account_learns_and_changes_nothing(crew, invited, answer):
    for user in (person("else"), person("new", verified=False), crew.viewer):
        client = browser(user)
        page = client.get(invited.get_absolute_url())
        assert page.status_code == 403 and "for another address" in page.text
        assert client.post(invited.get_absolute_url(), {"answer": answer}).status_code == 403
        if user.username != "new":
            assert "new@example.com" not in page.text and "Post office" not in page.text
    invited.refresh_from_db()
    assert invited.is_open and crew.team.memberships.count() == 3


def test_ended_ones_stay_ended(crew, invited):
    client = browser(person("new"))
    Invitation.objects.update(created=timezone.now() - timedelta(days=15))
    assert client.post(invited.get_absolute_url(), {"answer": "accept"}).status_code == 410
    assert invited.get_absolute_url() not in client.get("/teams/").text
    Invitation.objects.update(created=timezone.now())
    path = crew.url(f"invitations/{invited.token}/withdraw/")
    assert "is withdrawn" in browser(crew.owner).post(path, follow=True).text
    assert "ended already" in browser(crew.owner).post(path, follow=True).text
    assert client.post(invited.get_absolute_url(), {"answer": "accept"}).status_code == 410
    assert crew.team.memberships.count() == 3


def test_a_member_who_accepts_keeps_their_role(crew, invited):
    user = person("new")
    Membership.objects.create(team=crew.team, user=user, role="owner")
    browser(user).post(invited.get_absolute_url(), {"answer": "accept"})
    assert crew.of(user).role == "owner"
