"""/bulk/: who may see and steer what, and what it says."""

from __future__ import annotations

import pytest

from lookups.bulk import tasks
from lookups.bulk.models import Bulk, BulkItem
from lookups.models import Membership, Team

from .conftest import person, problem, program_of


@pytest.fixture(autouse=True)
def woken(monkeypatch):
    calls: list[int] = []
    monkeypatch.setattr(tasks, "wake", lambda: calls.append(1) or True)
    return calls


def begun(program, *domains, **more):
    answer = program.post("/bulk/", {"domains": list(domains or ["a.example"])} | more)
    assert answer.status_code == 201, answer.content
    return answer.json()


def test_a_list_is_checked(mine, user, woken):
    shown = begun(mine, "a.example", "A.example.", "no domain", "日本語.example", name="Ours")
    assert (shown["name"], shown["state"], shown["total"]) == ("Ours", "waiting", 2)
    assert shown["duplicates"] == 1 and shown["refused_lines"][0]["text"] == "no domain"
    assert shown["can_edit"] and shown["team"] is None and len(woken) == 1
    assert Bulk.objects.get().owner == user
    assert mine.get(f"/bulk/{shown['token']}").json()["total"] == 2
    assert [row["token"] for row in mine.get("/bulk/").json()["items"]] == [shown["token"]]


@pytest.mark.parametrize(
    "body, field",
    [
        ({}, "domains"),
        ({"domains": []}, "domains"),
        ({"domains": ["no domain"]}, "domains"),
        ({"domains": "a.example"}, "domains"),
        ({"domains": ["a.example"], "name": "x" * 101}, "name"),
        ({"domains": ["a.example"], "team": "nothing"}, "team"),
        ({"domains": ["a.example"], "team": "\0"}, "team"),
        ({"domains": ["a.example"], "color": 1}, "color"),
    ],
)
def test_what_is_wrong_begins_nothing(mine, body, field, woken):
    assert problem(mine.post("/bulk/", body), "invalid")["errors"][0]["field"] == field
    assert not Bulk.objects.exists() and woken == []


def test_items_come_in_pages_and_filtered(mine):
    token = begun(mine, *(f"d{n}.example" for n in range(5)))["token"]
    BulkItem.objects.filter(position=2).update(state="failed", failure="no-dns")
    page = mine.get(f"/bulk/{token}/items?limit=3").json()
    assert [row["domain"] for row in page["items"]] == ["d0.example", "d1.example", "d2.example"]
    rest = mine.get(page["next"].removeprefix("http://localhost:8000")).json()
    assert [row["domain"] for row in rest["items"]] == ["d3.example", "d4.example"]
    failed = mine.get(f"/bulk/{token}/items?verdict=failed").json()["items"]
    assert [(row["domain"], row["failure"]) for row in failed] == [("d1.example", "no-dns")]
    assert mine.get(f"/bulk/{token}/items?q=d4").json()["items"][0]["domain"] == "d4.example"
    problem(mine.get(f"/bulk/{token}/items?verdict=nonsense"), "invalid")
    problem(mine.get(f"/bulk/{token}/items?feature=nonsense"), "invalid")


def test_steering(mine, woken):
    token = begun(mine)["token"]
    path = f"/bulk/{token}"
    assert mine.post(path + "/pause").json()["state"] == "paused"
    problem(mine.post(path + "/pause"), "wrong-state")
    assert mine.post(path + "/resume").json()["state"] == "waiting"
    problem(mine.post(path + "/again"), "wrong-state")
    assert mine.post(path + "/cancel").json()["state"] == "cancelled"
    assert mine.post(path + "/again").json()["state"] == "waiting"
    assert len(woken) == 3
    assert mine.delete(path).status_code == 204
    assert not BulkItem.objects.exists()


def test_who_may_what(anybody, stranger, user):
    team = Team.objects.create(name="Post office")
    programs = {}
    for role in ("viewer", "editor"):
        member = person(role)
        Membership.objects.create(team=team, user=member, role=role)
        programs[role] = program_of(member)
    problem(programs["viewer"].post("/bulk/", {"domains": ["a.b"], "team": team.token}), "invalid")
    shown = begun(programs["editor"], team=team.token)
    assert shown["team"]["name"] == "Post office"
    path = f"/bulk/{shown['token']}"
    assert programs["viewer"].get(path).json()["can_edit"] is False
    assert programs["viewer"].get(path + "/items").status_code == 200
    steps = ("/pause", "/resume", "/cancel", "/again")
    for program in (stranger, programs["viewer"]):
        for step in steps:
            problem(program.post(path + step), "not-found")
        problem(program.delete(path), "not-found")
    for where in ("", "/items"):
        problem(stranger.get(path + where), "not-found")
    narrow = program_of(user, "tools")
    calls = [("GET", "/bulk/"), ("POST", "/bulk/"), ("GET", path), ("GET", path + "/items"),
             ("DELETE", path), *(("POST", path + step) for step in steps)]  # fmt: skip
    for method, where in calls:
        body = {"domains": ["a.example"]} if where == "/bulk/" and method == "POST" else None
        problem(anybody.call(method, where, body), "unauthorized")
        assert problem(narrow.call(method, where, body), "missing-scope")["scope"] == "bulk"
    assert programs["editor"].delete(path).status_code == 204


def test_the_list_costs_few_queries(mine, django_assert_max_num_queries):
    for _ in range(4):
        begun(mine)
    with django_assert_max_num_queries(4):
        assert len(mine.get("/bulk/").json()["items"]) == 4
