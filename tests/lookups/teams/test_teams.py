"""The pages of teams: who sees them, who may change what, and what ends how."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth import get_user_model

from lookups.models import Invitation, Membership, Report, Team, Watch
from lookups.teams.views import MAX_TEAMS
from tests.lookups.watching.conftest import checked, watched

from .conftest import PASSWORD, browser, person

pytestmark = pytest.mark.django_db


# --- mine ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("prefix", "words"),
    [("", ("You are in no team yet", "Begin a team")), ("/ja", ("チームにはまだ", "チームを作る"))],
)
def test_an_empty_list_says_what_to_do(prefix, words):
    page = browser(person("a")).get(prefix + "/teams/").text
    assert all(word in page for word in words)
    assert '<meta name="robots" content="noindex">' in page


def test_strangers_sign_in_and_come_back():
    assert browser().get("/teams/").url == "/accounts/login/?next=/teams/"
    assert browser().get("/teams/x/").url == "/accounts/login/?next=%2Fteams%2Fx%2F"
    assert browser().post("/teams/x/delete/").url == "/accounts/login/?next=%2Fteams%2F"


def test_begin_a_team():
    user = person("a")
    response = browser(user).post("/teams/", {"name": "  <b>Post & Co</b> "})
    team = Team.objects.get()
    assert response.url == f"/teams/{team.token}/" and team.name == "<b>Post & Co</b>"
    assert Membership.objects.get(team=team, user=user).role == "owner"
    page = browser(user).get(response.url).text
    assert "&lt;b&gt;Post &amp; Co&lt;/b&gt;" in page and "<b>Post" not in page


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\x00b", "a\nb", "a\u202eb"])
def test_bad_names_are_told(name):
    response = browser(person("a")).post("/teams/", {"name": name})
    assert response.status_code == 400 and 'aria-invalid="true"' in response.text
    assert not Team.objects.exists()


def test_nobody_begins_teams_without_end():
    user = person("a")
    teams = Team.objects.bulk_create(Team(name=str(n)) for n in range(MAX_TEAMS))
    Membership.objects.bulk_create(Membership(team=t, user=user, role="viewer") for t in teams)
    response = browser(user).post("/teams/", {"name": "One more"})
    assert response.status_code == 400 and "Leave one" in response.text


def test_the_list_costs_the_same_however_long(crew, django_assert_max_num_queries):
    for n in range(8):
        team = Team.objects.create(name=f"Team {n}")
        Membership.objects.create(team=team, user=crew.owner, role="editor")
        watched(team)
        Invitation.objects.create(
            team=Team.objects.create(name=f"Other {n}"), email="owner@example.com",
            role="viewer", invited_by=crew.editor,
        )  # fmt: skip
    client = browser(crew.owner)
    with django_assert_max_num_queries(6):
        page = client.get("/teams/").text
    assert "3 people" in page and "1 domain" in page and "Other 3" in page


# --- one -----------------------------------------------------------------------------------------
def test_each_role_sees_what_it_may_do(crew, django_assert_max_num_queries):
    watch = watched(crew.team)
    for user in (crew.owner, crew.editor, crew.viewer):
        client = browser(user)
        with django_assert_max_num_queries(8):
            page = client.get(crew.url()).text
        assert all(f"{role}@example.com" in page for role in ("owner", "editor", "viewer"))
        assert watch.get_absolute_url() in page and "Leave the team" in page
        assert ("Send the invitation" in page) == (user is crew.owner)
        assert ("Delete the team" in page) == (user is crew.owner)
    assert "編集者" in browser(crew.owner).get("/ja" + crew.url()).text


def doors(crew) -> list[tuple[str, dict]]:
    """Everything that changes something in a team, with data that an owner could send."""
    member = crew.of(crew.viewer).pk
    invitation = Invitation.objects.create(team=crew.team, email="new@example.com", role="viewer")
    return [
        ("rename/", {"name": "Mine"}),
        ("invite/", {"email": "x@example.com", "role": "owner"}),
        (f"invitations/{invitation.token}/withdraw/", {}),
        (f"members/{member}/role/", {"role": "owner"}),
        (f"members/{member}/remove/", {}),
        ("delete/", {"domains": "mine"}),
    ]


def test_only_owners_change_a_team(crew, mailoutbox):
    watched(crew.team)
    for user in (crew.editor, crew.viewer, person("stranger")):
        for path, data in doors(crew):
            assert browser(user).post(crew.url(path), data).status_code == 404, path
    assert browser(person("other")).get(crew.url()).status_code == 404
    assert browser(person("third")).post(crew.url("leave/")).status_code == 404
    crew.team.refresh_from_db()
    assert crew.team.name == "Post office" and crew.team.memberships.count() == 3
    assert mailoutbox == [] and not Invitation.objects.exclude(ended_at=None).exists()


def test_an_owner_of_another_team_reaches_nothing_through_their_own(crew):
    own = person("o2")
    theirs = Team.objects.create(name="Theirs")
    Membership.objects.create(team=theirs, user=own, role="owner")
    for path, data in doors(crew):
        if "members" in path or "invitations" in path:
            response = browser(own).post(f"/teams/{theirs.token}/{path}", data)
            assert response.status_code == 404, path
    assert crew.team.memberships.count() == 3


@pytest.mark.parametrize("token", ["nonsense", "%00", "a%00b", "x" * 3000])
def test_tokens_that_are_none(crew, token):
    client = browser(crew.owner)
    assert client.get(f"/teams/{token}/").status_code == 404
    assert client.post(f"/teams/{token}/delete/").status_code == 404
    assert client.post(crew.url(f"invitations/{token}/withdraw/")).status_code == 404
    assert client.get(f"/invitations/{token}/").status_code == 404


def test_rename(crew):
    client = browser(crew.owner)
    assert client.post(crew.url("rename/"), {"name": "Mail room"}).url == crew.url()
    crew.team.refresh_from_db()
    assert crew.team.name == "Mail room"
    assert client.post(crew.url("rename/"), {"name": ""}).status_code == 400


# --- people --------------------------------------------------------------------------------------
def test_change_a_role(crew):
    path = crew.url(f"members/{crew.of(crew.viewer).pk}/role/")
    assert browser(crew.owner).post(path, {"role": "editor"}).status_code == 302
    assert crew.of(crew.viewer).role == "editor"
    browser(crew.owner).post(path, {"role": "king"})
    assert crew.of(crew.viewer).role == "editor"


def test_the_last_owner_stays_one(crew):
    client = browser(crew.owner)
    mine = crew.of(crew.owner).pk
    for path, data in (
        (f"members/{mine}/role/", {"role": "viewer"}),
        (f"members/{mine}/remove/", {}),
        ("leave/", {}),
    ):
        page = client.post(crew.url(path), data, follow=True).text
        assert "A team needs an owner" in page, path
        assert crew.of(crew.owner).role == "owner"
    Membership.objects.filter(user=crew.editor).update(role="owner")
    client.post(crew.url(f"members/{mine}/role/"), {"role": "viewer"})
    assert crew.of(crew.owner).role == "viewer"


def test_remove_asks_first(crew):
    client, path = browser(crew.owner), crew.url(f"members/{crew.of(crew.viewer).pk}/remove/")
    assert "viewer@example.com" in client.get(path).text
    assert crew.of(crew.viewer)
    assert "no longer in the team" in client.post(path, follow=True).text
    assert browser(crew.viewer).get(crew.url()).status_code == 404


def test_what_goes_in_the_meantime_is_not_found(crew, monkeypatch):
    member = crew.of(crew.viewer)

    def gone(*_):
        raise Membership.DoesNotExist

    monkeypatch.setattr("lookups.teams.people._locked", gone)
    path = crew.url(f"members/{member.pk}/role/")
    assert browser(crew.owner).post(path, {"role": "editor"}).status_code == 404


def test_leave_asks_first(crew):
    watch = watched(crew.team)
    client = browser(crew.editor)
    assert "Post office" in client.get(crew.url("leave/")).text
    assert client.post(crew.url("leave/")).url == "/teams/"
    assert client.get(crew.url()).status_code == 404
    assert client.get(watch.get_absolute_url()).status_code == 404


# --- domains to and fro --------------------------------------------------------------------------
def test_take_a_domain_from_the_team(crew):
    watch = watched(crew.team)
    path = f"/domains/{watch.token}/move/"
    for user in (crew.viewer, person("stranger")):
        assert browser(user).post(path, {"team": "me"}).status_code == 404
    assert "Take it" in browser(crew.editor).get(f"/domains/{watch.token}/settings/").text
    page = browser(crew.editor).post(path, {"team": "me"}, follow=True).text
    assert "on your own list" in page
    watch.refresh_from_db()
    assert (watch.owner, watch.team) == (crew.editor, None)
    assert browser(crew.owner).get(watch.get_absolute_url()).status_code == 404


def test_a_domain_of_both_stays_with_the_team(crew):
    watch = watched(crew.team)
    watched(crew.editor)
    path = f"/domains/{watch.token}/move/"
    page = browser(crew.editor).post(path, {"team": "me"}, follow=True).text
    assert "You watch example.com yourself already" in page
    watch.refresh_from_db()
    assert watch.team == crew.team


# --- the end of a team ---------------------------------------------------------------------------
def test_delete_asks_what_becomes_of_the_domains(crew):
    watched(crew.team)
    client = browser(crew.owner)
    page = client.get(crew.url("delete/")).text
    assert "The team has 1 domain" in page and "2 other people" in page
    assert "checked>" not in page
    assert client.post(crew.url("delete/")).status_code == 400
    assert client.post(crew.url("delete/"), {"domains": "x"}).status_code == 400
    assert Team.objects.exists()


def test_delete_with_the_domains_to_oneself(crew):
    only, both, own = watched(crew.team, "a.test"), watched(crew.team), watched(crew.owner)
    first, second = checked(only, owner=None), checked(both, owner=crew.editor)
    page = browser(crew.owner).get(crew.url("delete/")).text
    assert "1 of them you watch yourself" in page
    browser(crew.owner).post(crew.url("delete/"), {"domains": "mine"})
    assert not Team.objects.exists()
    assert set(Watch.everything.values_list("owner", "domain")) == {
        (crew.owner.pk, "a.test"), (crew.owner.pk, "example.com"),
    }  # fmt: skip
    first.refresh_from_db(), second.refresh_from_db()
    assert (first.watch, second.watch) == (only, own)


def test_delete_with_the_domains(crew):
    watch = watched(crew.team)
    asked, made = checked(watch, owner=crew.editor), checked(watch, owner=None)
    browser(crew.owner).post(crew.url("delete/"), {"domains": "delete"})
    assert not Team.objects.exists() and not Watch.everything.exists()
    asked.refresh_from_db()
    assert asked.watch is None and asked.owner == crew.editor
    assert not Report.objects.filter(pk=made.pk).exists()


def test_a_team_without_domains_asks_nothing(crew):
    assert "What becomes" not in browser(crew.owner).get(crew.url("delete/")).text
    assert browser(crew.owner).post(crew.url("delete/")).url == "/teams/"
    assert not Team.objects.exists()


# --- the end of an account -----------------------------------------------------------------------
def end_account(user) -> None:
    assert browser(user).post("/account/delete/", {"password": PASSWORD}).url == "/"
    assert not get_user_model().objects.filter(pk=user.pk).exists()


def test_the_first_editor_becomes_owner(crew):
    late = person("late")
    Membership.objects.create(team=crew.team, user=late, role="editor")
    end_account(crew.owner)
    assert crew.of(crew.editor).role == "owner"
    assert crew.of(late).role == "editor" and crew.of(crew.viewer).role == "viewer"


def test_else_a_viewer_does(crew):
    crew.of(crew.editor).delete()
    end_account(crew.owner)
    assert crew.of(crew.viewer).role == "owner"


def test_other_owners_are_enough(crew):
    Membership.objects.filter(user=crew.viewer).update(role="owner")
    end_account(crew.owner)
    assert crew.of(crew.editor).role == "editor"


def test_a_team_of_nobody_goes(crew):
    watch = watched(crew.team)
    left = checked(watch, owner=crew.viewer, name="Mine")
    checked(watch, owner=crew.owner)
    crew.of(crew.editor).delete(), crew.of(crew.viewer).delete()
    end_account(crew.owner)
    assert not Team.objects.exists() and not Watch.everything.exists()
    assert list(Report.objects.values_list("pk", "watch", "name")) == [(left.pk, None, "Mine")]


# --- the account ---------------------------------------------------------------------------------
def test_the_account_counts_and_exports_teams(crew):
    client = browser(crew.editor)
    assert ">1 team</a>" in client.get("/account/").text
    [team] = json.loads(client.get("/account/export.json").content)["teams"]
    assert (team["name"], team["role"]) == ("Post office", "editor")
    assert 'href="/teams/"' in client.get("/domains/").text
