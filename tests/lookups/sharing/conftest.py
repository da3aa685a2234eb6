"""A report in the history of a team's domain, and five people around it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from django.test import Client

from lookups.models import Report, Watch
from tests.lookups.watching.conftest import checked, person, section, team_of, watched

ROLES = ("stranger", "other", "owner", "viewer", "editor")
SECTIONS = {
    "mx": section("mx-found", raw=[("example.com", "MX", "10 mx.example.com")])
    | {"records": {"kind": "mx", "hosts": [], "raw": []}},
    "spf": section("spf-found", raw=[("example.com", "TXT", "v=spf1 -all")]),
}


@dataclass
class Room:
    watch: Watch
    report: Report
    browsers: dict[str, Client]
    people: dict[str, object] = field(default_factory=dict)

    def change(self, **fields) -> None:
        Report.objects.filter(pk=self.report.pk).update(**fields)

    def now(self) -> Report:
        return Report.objects.get(pk=self.report.pk)

    def path(self, rest: str = "") -> str:
        return f"/r/{self.now().token}/{rest}"


def a_room(prefix: str, holder) -> Room:
    """`holder` makes the watching person or team of the people."""
    people = {name: person(prefix + name) for name in ROLES if name != "stranger"}
    watch = watched(holder(people), "example.com")
    report = checked(watch, sections=SECTIONS, owner=people["owner"])
    browsers = {"stranger": Client()}
    for name, user in people.items():
        browsers[name] = Client()
        browsers[name].force_login(user)
    return Room(watch, report, browsers, people)


@pytest.fixture
def room(db) -> Room:
    """The owner of the report is in no team; viewer and editor are in the one that watches."""
    return a_room("team-", lambda people: team_of(viewer=people["viewer"], editor=people["editor"]))


@pytest.fixture
def own(db) -> Room:
    """The same without a team: the owner watches the domain."""
    return a_room("own-", lambda people: people["owner"])
