"""People, teams and histories for the tests of watched domains."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from lookups.models import Membership, Report, Team, Watch


def person(name: str):
    return get_user_model().objects.create_user(name, f"{name}@example.com", "a good password 1")


@pytest.fixture
def member(client):
    user = person("m")
    client.force_login(user)
    return user


@pytest.fixture
def signed_in():
    """A browser of somebody else: signed_in(user)."""

    def browser(user) -> Client:
        other = Client()
        other.force_login(user)
        return other

    return browser


def team_of(**roles) -> Team:
    """team_of(owner=user, viewer=user)."""
    team = Team.objects.create(name="Post office")
    for role, user in roles.items():
        Membership.objects.create(team=team, user=user, role=role)
    return team


def watched(holder, domain="example.com", **fields) -> Watch:
    whose = {"team": holder} if isinstance(holder, Team) else {"owner": holder}
    return Watch.objects.create(domain=domain, **whose, **fields)


def section(*findings, raw=(), **more):
    """Findings are ids; raw records (name, type, value)."""
    return {
        "complete": True,
        "failed": "",
        "findings": [{"id": id, "parameters": {}, "evidence": []} for id in findings],
        "records": {"raw": [{"name": n, "type": t, "value": v} for n, t, v in raw]},
    } | more


def checked(watch, hours=0.0, **fields) -> Report:
    """A finished report of the history, so many hours ago."""
    at = timezone.now() - timedelta(hours=hours)
    values = {
        "domain": watch.domain, "watch": watch, "owner": watch.owner, "saved_at": at,
        "state": "done", "status": "good", "score": 90, "created": at, "finished": at,
        "visibility": "team",
    }  # fmt: skip
    return Report.objects.create(**values | fields)
