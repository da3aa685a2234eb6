"""People with bulk checks, and lists made without a page."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model

from lookups.bulk import ledger, reading
from lookups.models import Bulk

LESSONS = ("perfect", "null-mx", "dmarc-none", "no-mail", "single-mx")


def names(*labels: str) -> str:
    return "\n".join(f"{label}.classroom.test" for label in labels)


def make(owner, text: str = names(*LESSONS), name: str = "A list", team=None) -> Bulk:
    holder = None if team else owner
    return ledger.create(name, reading.read(text), owner=holder, team=team)


@pytest.fixture
def owner(db):
    return get_user_model().objects.create_user("o", "owner@example.com", "a good password 1")


@pytest.fixture
def other(db):
    return get_user_model().objects.create_user("x", "other@example.com", "a good password 1")


@pytest.fixture
def member(client, owner):
    client.force_login(owner)
    return owner
