"""What the account page, the export and the end of an account say of watched domains."""

from __future__ import annotations

import json

import pytest

from lookups.models import Report, Watch
from tests.lookups.watching.conftest import checked, person, team_of, watched

pytestmark = pytest.mark.django_db


def test_account_counts_and_links(client, member):
    watched(member)
    page = client.get("/account/").text
    assert 'href="/domains/"' in page and "1 domain<" in page


def test_export_has_the_domains(client, member):
    watch = watched(member, name="Shop", interval="daily", selectors="s1")
    watched(person("o"), "theirs.test")
    watched(team_of(owner=member), "of-a-team.test")
    [found] = json.loads(client.get("/account/export.json").content)["domains"]
    assert (found["domain"], found["name"], found["interval"]) == ("example.com", "Shop", "daily")
    assert found["url"].endswith(f"/domains/{watch.token}/") and found["selectors"] == "s1"


def test_the_end_of_an_account_takes_the_domains(client, member):
    mine = watched(member)
    checked(mine)
    checked(mine, owner=None)
    theirs = watched(team_of(editor=member, owner=person("o")))
    kept = checked(theirs, owner=member, name="Secret", note="Secret")
    password = {"password": "a good password 1"}
    assert client.post("/account/delete/", password).url == "/"
    assert list(Watch.everything.all()) == [theirs]
    assert list(Report.objects.all()) == [kept]
    kept.refresh_from_db()
    assert (kept.owner, kept.name, kept.note) == (None, "", "")
