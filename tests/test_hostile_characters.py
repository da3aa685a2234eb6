"""U+0000, which PostgreSQL takes in no text, and numbers that fit into no column: a walk through
every address with them. Whatever is answered, it is no fault of ours."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from .permission_registry import REGISTRY, UNGUESSABLE
from .test_permissions import holdings, others, patterns, undone  # noqa: F401 fixtures

pytestmark = pytest.mark.django_db

NUL = "a%00b"
IN_ADDRESSES = {"str": NUL, "slug": "x", "int": "9" * 25}
# Whatever views read of a query or a form, beside what the registry has.
PARAMETERS = (
    "as", "compact", "country", "days", "do", "domain", "email", "finding", "industry", "interval",
    "kind", "kinds", "language", "name", "next", "note", "order", "page", "q", "record", "role",
    "selectors", "sender", "source", "state", "status", "team", "text", "topic", "track", "type",
    "url", "view", "visibility", "watch",
)  # fmt: skip


def browser(user=None) -> Client:
    client = Client(raise_request_exception=False)
    if user:
        client.force_login(user)
    return client


def test_in_addresses(holdings):  # noqa: F811
    wrong = []
    for name, route, _ in patterns():
        if "<" not in route or "(?P" in route:
            continue
        path = "/" + re.sub(r"<(\w+):\w+>", lambda found: IN_ADDRESSES[found[1]], route)
        for method in ("get", "post"):
            with undone():
                status = getattr(browser(holdings.owner), method)(path).status_code
            if status >= 500:
                wrong.append((name, method, status))
    assert wrong == []


def test_in_queries_and_forms(holdings):  # noqa: F811
    query = "?" + "&".join(f"{name}={NUL}" for name in PARAMETERS)
    wrong = []
    for name, entry in REGISTRY.items():
        if entry.arguments is UNGUESSABLE:
            continue
        path = reverse(name, kwargs=dict(entry.arguments(holdings)))
        given = {key: "a\0b" for key in (*PARAMETERS, *entry.data)}
        for form in (None, given, *({**entry.data, key: "a\0b"} for key in entry.data)):
            with undone():
                client = browser(holdings.owner)
                answer = client.get(path + query) if form is None else client.post(path, form)
            if answer.status_code >= 500:
                wrong.append((name, form, answer.status_code))
    assert wrong == []
