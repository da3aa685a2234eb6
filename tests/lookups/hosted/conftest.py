"""Proven domains, for the tests of what is hosted for them."""

from __future__ import annotations

import pytest
from django.utils import timezone

from lookups.models import Proving, ReportBox
from tests.learn.own import own_classroom  # noqa: F401
from tests.lookups.watching.conftest import (  # noqa: F401 fixtures
    member,
    person,
    signed_in,
    team_of,
    watched,
)


def proven(holder, domain="example.com", **fields):
    now = timezone.now()
    watch = watched(holder, domain, verified_at=now, **fields)
    Proving.objects.create(watch=watch, checked_at=now, next_look=now)
    return watch


@pytest.fixture
def box(member):  # noqa: F811
    return ReportBox.objects.create(watch=proven(member))


@pytest.fixture
def everybody(signed_in):  # noqa: F811
    """Browsers of everybody who can stand to a team's domain, by role, and the team."""
    users = {name: person(name) for name in ("owner", "editor", "viewer", "stranger")}
    team = team_of(**{name: user for name, user in users.items() if name != "stranger"})
    return {name: signed_in(user) for name, user in users.items()}, team
