"""People with confirmed addresses, and a team of three."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.test import Client
from django.utils import translation

from lookups.models import Membership, Team

PASSWORD = "a good password 1"


@pytest.fixture(autouse=True)
def _fresh():
    """Limits are counted in the cache; pages leave their language behind."""
    cache.clear()
    with translation.override("en"):
        yield


def person(name: str, verified: bool = True):
    email = f"{name}@example.com"
    user = get_user_model().objects.create_user(name, email, PASSWORD)
    EmailAddress.objects.create(user=user, email=email, verified=verified, primary=True)
    return user


def browser(user=None) -> Client:
    client = Client()
    if user:
        client.force_login(user)
    return client


@dataclass
class Crew:
    team: Team
    owner: object
    editor: object
    viewer: object

    def of(self, user) -> Membership:
        return Membership.objects.get(team=self.team, user=user)

    def url(self, rest: str = "") -> str:
        return f"/teams/{self.team.token}/{rest}"


@pytest.fixture
def crew(db) -> Crew:
    people = {role: person(role) for role in ("owner", "editor", "viewer")}
    team = Team.objects.create(name="Post office")
    for role, user in people.items():
        Membership.objects.create(team=team, user=user, role=role)
    return Crew(team, **people)
