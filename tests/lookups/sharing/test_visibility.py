"""Who gets what of a report: every address, every kind of reader, every way of sharing."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from lookups.models import Report, Watch
from tests.lookups.sharing.conftest import ROLES, SECTIONS
from tests.lookups.watching.conftest import checked, team_of, watched

pytestmark = pytest.mark.django_db

READ = ("", "events/", "card.png", "report.json", "report.csv", "report.md", "report.pdf", "save/")
TOLD_IN_WORDS = ("", "save/")  # which differ from language to language
INSIDE = {
    "link": {"owner", "viewer", "editor"},
    "team": {"owner", "viewer", "editor"},
    "me": {"owner"},
}


def state_of(state: str) -> dict[str, object]:
    now = timezone.now()
    return {
        "live": {},
        "ending": {"link_ends": now + timedelta(hours=1)},
        "ended": {"link_ends": now - timedelta(seconds=1)},
        "revoked": {"revoked_at": now},
        "both": {"revoked_at": now, "link_ends": now - timedelta(days=1)},
    }[state]


def expected(role: str, visibility: str, state: str) -> int:
    if role in INSIDE[visibility]:
        return 200
    if visibility != "link":
        return 404
    return 200 if state in ("live", "ending") else 410


def answer(client: Client, path: str) -> int:
    """Of `save/`, 302 means that it was found; whoever is not signed in is asked to do so."""
    response = client.get(path)
    if path.endswith("save/"):
        return 200 if response.status_code == 302 else response.status_code
    return response.status_code


@pytest.mark.parametrize("state", ["live", "ending", "ended", "revoked", "both"])
@pytest.mark.parametrize("visibility", ["link", "team", "me"])
def test_every_address_of_a_report(room, visibility, state, monkeypatch):
    monkeypatch.setattr("lookups.cards.draw", lambda *_: b"drawn")  # it takes its time, and what
    monkeypatch.setattr(
        "lookups.sharing.pdf.report._made", lambda _: b"set"
    )  # is in it, others say
    room.change(visibility=visibility, **state_of(state))
    for role in ROLES:
        wanted = expected(role, visibility, state)
        for prefix, asked in (("", READ), ("/ja", TOLD_IN_WORDS)):
            for rest in asked:
                if rest == "save/" and role == "stranger":
                    continue
                got = answer(room.browsers[role], prefix + room.path(rest))
                assert got == wanted, (role, prefix, rest)


@pytest.mark.parametrize("visibility", ["link", "team", "me"])
def test_saving_by_post_keeps_to_it_too(room, visibility):
    room.change(visibility=visibility)
    for role in ("other", "viewer", "owner"):
        wanted = expected(role, visibility, "live")
        got = room.browsers[role].post(room.path("save/")).status_code
        assert got == (302 if wanted == 200 else 404), role


def without_csrf(page: str) -> str:
    return re.sub(r'value="[A-Za-z0-9]{64}"', "", page)


@pytest.mark.parametrize("visibility", ["team", "me"])
def test_not_permitted_is_answered_as_what_never_was(room, visibility):
    room.change(visibility=visibility)
    for role in ("stranger", "other"):
        client = room.browsers[role]
        hidden, unknown = client.get(room.path()), client.get(f"/r/{'x' * 22}/")
        assert hidden.status_code == unknown.status_code == 404
        shown = without_csrf(hidden.text).replace(room.report.token, "x" * 22)
        assert shown == without_csrf(unknown.text)
    room.change(deleted_at=timezone.now())
    assert room.browsers["other"].get(room.path()).status_code == 404
    assert room.browsers["owner"].get(room.path()).status_code == 410


def test_deleted_is_gone_for_all_who_knew_it(room):
    room.change(visibility="link", deleted_at=timezone.now())
    for role in ROLES:
        assert room.browsers[role].get(room.path()).status_code == 410


def test_why_it_is_gone(room):
    room.change(visibility="link", **state_of("ended"))
    page = room.browsers["stranger"].get(room.path())
    assert "set an end to its link" in page.text
    assert "no-store" in page["Cache-Control"]


@pytest.mark.parametrize("rest", [rest for rest in READ if rest != "save/"])
@pytest.mark.parametrize(("visibility", "state"), [("team", "live"), ("link", "revoked")])
def test_private_pages_stay_out_of_caches(room, rest, visibility, state):
    room.change(visibility=visibility, **state_of(state))
    response = room.browsers["viewer"].get(room.path(rest))
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"] and "private" in response["Cache-Control"]
    assert "max-age=86400" not in response["Cache-Control"]
    assert response["X-Robots-Tag"] == "noindex"
    assert "og:image" not in (response.text if not response.streaming and not rest else "")


def test_made_by_the_clock(own):
    """Nobody asked for it: it is the watcher's own."""
    own.change(owner=None, visibility="me")
    assert own.browsers["owner"].get(own.path()).status_code == 200
    assert own.browsers["other"].get(own.path()).status_code == 404
    own.browsers["owner"].post(own.path("share/"), {"visibility": "link", "ends": "never"})
    assert own.browsers["other"].get(own.path()).status_code == 200


def test_made_by_the_clock_for_a_team_is_never_lost(room):
    room.change(owner=None, visibility="me")
    assert room.browsers["viewer"].get(room.path()).status_code == 200
    assert room.browsers["owner"].get(room.path()).status_code == 404


def test_no_longer_watched(own):
    own.change(owner=None, visibility="team")
    Watch.objects.filter(pk=own.watch.pk).update(ended_at=timezone.now())
    assert own.browsers["owner"].get(own.path()).status_code == 404


def test_what_was_made_for_a_history_is_given_to_nobody_else(room):
    room.change(owner=None, created=timezone.now())
    assert not Report.objects.shareable("example.com").exists()
    Report.objects.create(domain="example.com")
    assert Report.objects.shareable("example.com").count() == 1


def test_a_copy_of_what_is_private_is_private(room):
    room.change(visibility="team")
    room.browsers["viewer"].post(room.path("save/"))
    copy = Report.objects.exclude(pk=room.report.pk).get()
    assert copy.visibility == "me"
    assert room.browsers["stranger"].get(f"/r/{copy.token}/").status_code == 404
    assert room.browsers["viewer"].get(f"/r/{copy.token}/").status_code == 200


def test_what_is_for_oneself_does_not_go_to_a_team(own):
    team = team_of(editor=own.people["owner"], viewer=own.people["viewer"])
    own.change(visibility="me")
    clocked = checked(own.watch, 1, owner=None, visibility="me", sections=SECTIONS)
    shared = checked(own.watch, 2, sections=SECTIONS)
    own.browsers["owner"].post(f"/domains/{own.watch.token}/move/", {"team": team.token})
    assert set(own.watch.reports.values_list("pk", flat=True)) == {shared.pk}
    for token in (own.report.token, clocked.token):
        assert own.browsers["owner"].get(f"/r/{token}/").status_code == 200
        assert own.browsers["viewer"].get(f"/r/{token}/").status_code == 404
    page = own.browsers["viewer"].get(f"/domains/{own.watch.token}/").text
    assert own.report.token not in page and shared.token in page


# --- who may change it --------------------------------------------------------------------------
CHANGES = ("share/", "share/undo/?visibility=team", "revoke/", "renew/")


@pytest.mark.parametrize("visibility", ["link", "team", "me"])
@pytest.mark.parametrize("rest", CHANGES)
def test_who_may_change_it(room, rest, visibility):
    form = {"visibility": "link", "ends": "never"}
    for role in ROLES:
        room.change(visibility=visibility)
        allowed = role == "owner" or (role == "editor" and visibility != "me")
        before = room.now()
        response = room.browsers[role].post(room.path(rest), form)
        after = room.now()
        same = all(
            getattr(before, name) == getattr(after, name)
            for name in ("token", "visibility", "link_ends", "revoked_at")
        )
        if role == "stranger":
            assert response.status_code == 302 and "/accounts/login/" in response.url
        else:
            assert response.status_code == (302 if allowed else 404), role
        assert same or allowed
        assert room.browsers[role].get(room.path(rest)).status_code == 405
        room.change(revoked_at=None)


def test_deleted_and_unknown_cannot_be_changed(room):
    owner = room.browsers["owner"]
    room.change(deleted_at=timezone.now())
    assert owner.post(room.path("revoke/")).status_code == 404
    assert owner.post("/r/nothing/revoke/").status_code == 404
    assert owner.post("/r/a%00b/revoke/").status_code == 404


def test_forged_forms_are_refused(room):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(room.people["owner"])
    for rest in CHANGES:
        assert strict.post(room.path(rest)).status_code == 403


def test_only_the_holder_of_a_domain_may_see_its_histories_files(room):
    checked(room.watch, 5, sections=SECTIONS)
    for role in ROLES:
        for rest in ("history.csv", "compare.md"):
            response = room.browsers[role].get(f"/domains/{room.watch.token}/{rest}")
            wanted = {"stranger": 302, "other": 404, "owner": 404}.get(role, 200)
            assert response.status_code == wanted, (role, rest)


def test_nothing_to_compare(own):
    assert own.browsers["owner"].get(f"/domains/{own.watch.token}/compare.md").status_code == 404
    alone = watched(own.people["owner"], "alone.test")
    page = own.browsers["owner"].get(f"/domains/{alone.token}/history.csv")
    assert page.status_code == 200 and len(page.text.splitlines()) == 1
