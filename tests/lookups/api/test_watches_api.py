"""/watches/: who may see and change what, and what it says."""

from __future__ import annotations

from datetime import timedelta

import pytest
import redis
from django.utils import timezone

from lookups import tasks
from lookups.models import Membership, Report, Team
from lookups.watching.models import Watch

from .conftest import finished_report, person, problem, program_of

DOMAIN = "perfect.classroom.test"


@pytest.fixture(autouse=True)
def queue(monkeypatch):
    handed: list[int] = []
    monkeypatch.setattr(tasks, "enqueue", lambda report, queue="": handed.append(report.id))
    return handed


@pytest.fixture
def team(db):
    """A team with a viewer and an editor, whose programs these are."""
    team = Team.objects.create(name="Post office")
    people = {}
    for role in ("viewer", "editor"):
        people[role] = person(role)
        Membership.objects.create(team=team, user=people[role], role=role)
    return team, program_of(people["viewer"]), program_of(people["editor"])


def section(*findings):
    return {
        "complete": True,
        "findings": [{"id": id, "parameters": {}, "evidence": []} for id in findings],
        "records": {"raw": []},
    }


def history_of(watch, **fields):
    now = timezone.now()
    common = {"watch": watch, "saved_at": now} | fields
    before = finished_report(
        **common, created=now - timedelta(hours=1), sections={"mx": section("mx-found")}
    )
    return before, finished_report(**common, sections={"mx": section("mx-none")})


def test_adding_reading_changing_and_ending(mine, user):
    body = {"domain": f"https://{DOMAIN}/", "interval": "hourly", "name": "Ours"}
    added = mine.post("/watches/", body | {"selectors": ["s1", "s2"]})
    assert added.status_code == 201
    shown = added.json()
    assert added["Location"] == shown["watch"]
    assert (shown["domain"], shown["interval"], shown["name"]) == (DOMAIN, "hourly", "Ours")
    assert shown["selectors"] == ["s1", "s2"] and shown["can_edit"] and shown["next_check"]
    assert shown["team"] is None and shown["last"] is None
    watch = Watch.objects.get()
    assert watch.owner == user and watch.next_run
    path = f"/watches/{watch.token}"
    assert mine.get(path).json() == shown
    changed = mine.patch(path, {"interval": "off"}).json()
    assert changed == shown | {"interval": "off", "next_check": None}
    assert mine.patch(path, {"name": "", "selectors": []}).json()["selectors"] == []
    assert mine.patch(path, {}).status_code == 200
    assert mine.delete(path).status_code == 204
    problem(mine.get(path), "not-found")
    assert Watch.everything.get().ended_at


def test_what_is_watched_already(mine, user):
    watch = Watch.objects.create(owner=user, domain=DOMAIN)
    refused = problem(mine.post("/watches/", {"domain": DOMAIN}), "already-watched")
    assert refused["watch"].endswith(f"/api/v1/watches/{watch.token}")
    assert Watch.objects.count() == 1


@pytest.mark.parametrize(
    "body, field",
    [
        ({}, "domain"),
        ({"domain": "one word"}, "domain"),
        ({"domain": DOMAIN, "interval": "yearly"}, "interval"),
        ({"domain": DOMAIN, "name": "x" * 101}, "name"),
        ({"domain": DOMAIN, "name": "a\0b"}, "name"),
        ({"domain": DOMAIN, "name": "\ud800"}, "name"),
        ({"domain": DOMAIN, "selectors": ["!"]}, "selectors"),
        ({"domain": DOMAIN, "team": "nothing"}, "team"),
        ({"domain": DOMAIN, "team": "\0"}, "team"),
        ({"domain": DOMAIN, "team": None, "owner": 1}, "owner"),
    ],
)
def test_what_is_wrong_adds_nothing(mine, body, field):
    refused = problem(mine.post("/watches/", body), "invalid")
    assert refused["errors"][0]["field"] == field
    assert not Watch.objects.exists()


def test_a_team_and_its_roles(team, stranger):
    team, viewer, editor = team
    body = {"domain": DOMAIN, "team": team.token}
    problem(viewer.post("/watches/", body), "invalid")
    problem(stranger.post("/watches/", body), "invalid")
    assert editor.post("/watches/", body).status_code == 201
    watch = Watch.objects.get()
    assert watch.team == team and watch.owner is None
    path = f"/watches/{watch.token}"
    history_of(watch)
    assert viewer.get(path).json()["can_edit"] is False
    assert editor.get(path).json()["can_edit"] is True
    assert viewer.get(path).json()["team"] == {"token": team.token, "name": "Post office"}
    for reads in ("", "/history", "/difference"):
        assert viewer.get(path + reads).status_code == 200
        problem(stranger.get(path + reads), "not-found")
    for program in (viewer, stranger):
        problem(program.patch(path, {"name": "x"}), "not-found")
        problem(program.delete(path), "not-found")
        problem(program.post(path + "/check"), "not-found")
    assert editor.post(path + "/check").status_code == 202
    assert editor.patch(path, {"name": "x"}).json()["name"] == "x"
    assert editor.delete(path).status_code == 204


def test_nobody_without_a_token(anybody, user):
    path = f"/watches/{Watch.objects.create(owner=user, domain=DOMAIN).token}"
    for method, where in (
        ("GET", "/watches/"), ("POST", "/watches/"), ("GET", path), ("PATCH", path),
        ("DELETE", path), ("GET", path + "/history"), ("GET", path + "/difference"),
        ("POST", path + "/check"),
    ):  # fmt: skip
        body = {} if method in ("POST", "PATCH") else None
        problem(anybody.call(method, where, body), "unauthorized")


def test_scopes(user):
    path = f"/watches/{Watch.objects.create(owner=user, domain=DOMAIN).token}"
    reads, writes = program_of(user, "watches:read"), program_of(user, "watches:write")
    for where in ("/watches/", path, path + "/history", path + "/difference"):
        assert problem(writes.get(where), "missing-scope")["scope"] == "watches:read"
    for method, where in (("POST", "/watches/"), ("PATCH", path), ("DELETE", path),
                          ("POST", path + "/check")):  # fmt: skip
        answer = reads.call(method, where, {})
        assert problem(answer, "missing-scope")["scope"] == "watches:write"


def test_the_list(mine, user, team, django_assert_max_num_queries):
    team, _, _ = team
    Membership.objects.create(team=team, user=user, role="viewer")
    own = [Watch.objects.create(owner=user, domain=f"d{n}.example") for n in range(3)]
    shared = Watch.objects.create(team=team, domain="d1.example")
    Watch.objects.create(owner=person("other"), domain="d1.example")
    for watch in own:
        history_of(watch)
    with django_assert_max_num_queries(5):
        rows = mine.get("/watches/").json()["items"]
    assert [row["token"] for row in rows] == [shared.token, *(w.token for w in reversed(own))]
    assert [row["can_edit"] for row in rows] == [False, True, True, True]
    assert rows[1]["last"]["status"] == "good" and rows[0]["last"] is None

    def tokens(query):
        return [row["token"] for row in mine.get(f"/watches/?{query}").json()["items"]]

    assert tokens("domain=d1.example") == [shared.token, own[1].token]
    assert tokens("team=me&limit=1") == [own[2].token]
    assert tokens(f"team={team.token}") == [shared.token]
    assert tokens("team=nothing") == tokens("team=%00") == []
    page = mine.get("/watches/?limit=3").json()
    rest = mine.get(page["next"].removeprefix("http://localhost:8000")).json()
    assert [row["token"] for row in rest["items"]] == [own[0].token] and rest["next"] is None


def test_the_history_and_what_changed(mine, user):
    watch = Watch.objects.create(owner=user, domain=DOMAIN)
    path = f"/watches/{watch.token}"
    problem(mine.get(path + "/difference"), "not-found")
    before, after = history_of(watch, name="note", owner=person("colleague"))
    rows = mine.get(path + "/history").json()["items"]
    assert [row["token"] for row in rows] == [after.token, before.token]
    assert rows[0]["name"] == ""  # what a colleague calls it is theirs
    found = mine.get(path + "/difference").json()
    assert (found["before"], found["after"]) == (before.token, after.token)
    assert [ref["id"] for ref in found["new"]] == ["mx-none"]
    assert [ref["id"] for ref in found["gone"]] == ["mx-found"]
    turned = mine.get(f"{path}/difference?a={after.token}&b={before.token}").json()
    assert turned == found
    foreign = finished_report(saved_at=timezone.now())
    problem(mine.get(f"{path}/difference?a={foreign.token}"), "not-found")
    problem(mine.get(f"{path}/difference?b=%00"), "not-found")


def test_checking_now(mine, user, queue, monkeypatch):
    watch = Watch.objects.create(owner=user, domain=DOMAIN)
    path = f"/watches/{watch.token}/check"
    first, second = mine.post(path), mine.post(path)
    assert first.status_code == second.status_code == 202
    assert first.json()["token"] == second.json()["token"] and len(queue) == 1
    report = Report.objects.get()
    assert report.watch == watch and report.owner == user

    def lost(*args, **kwargs):
        raise redis.ConnectionError

    Report.objects.all().delete()
    monkeypatch.setattr(tasks, "enqueue", lost)
    problem(mine.post(path), "unavailable")
