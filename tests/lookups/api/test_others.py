"""A walk through every route of the API that names something, with the wrong person's token."""

from __future__ import annotations

import json

import pytest
from django.apps import apps

from lookups.models import Bulk, BulkItem, Report, Watch

from .conftest import finished_report

METHODS = ("get", "post", "patch", "put", "delete")
# What the request itself leaves behind: when the token was used last, and its idempotency keys.
PASSING = {"lookups.apitoken", "lookups.idempotencykey"}


def routes(client) -> list[tuple[str, str]]:
    document = client.get("/api/v1/openapi.json").json()
    return [
        (method, path)
        for path, operations in document["paths"].items()
        for method in METHODS
        if method in operations and "{token}" in path
    ]


def rows() -> dict[tuple[str, object], str]:
    found = {}
    for model in apps.get_app_config("lookups").get_models():
        label = model._meta.label_lower
        if label not in PASSING:
            for row in model._base_manager.values():
                found[label, row["id"]] = json.dumps(row, default=str, sort_keys=True)
    return found


@pytest.fixture
def things(user) -> dict[str, str]:
    """What `user` has, and nobody else may see, by how its address begins."""
    watch = Watch.objects.create(owner=user, domain="zinnober.test")
    made = [
        finished_report(
            owner=user, watch=watch, saved_at=watch.created, visibility=Report.Visibility.ME
        )
        for _ in range(2)
    ]
    bulk = Bulk.objects.create(owner=user, name="zinnober", total=1, state="paused")
    BulkItem.objects.create(bulk=bulk, position=1, domain="zinnober.test")
    return {"reports": made[0].token, "watches": watch.token, "bulk": bulk.token}


def test_others_find_and_change_nothing(client, things, stranger, anybody):
    found = routes(client)
    assert len(found) > 12
    before, wrong = rows(), []
    for method, path in found:
        kind = path.removeprefix("/api/v1/").partition("/")[0]
        address = path.replace("{token}", things[kind])
        for program in (stranger, anybody):
            body = {} if method in ("post", "patch", "put") else None
            answer = program.call(method.upper(), address, body)
            if answer.status_code not in (401, 404) or b"zinnober" in answer.content:
                wrong.append((method, path, answer.status_code))
            if rows() != before:
                wrong.append(("changed", method, path))
                before = rows()
    assert wrong == []


def test_the_owner_finds_them(client, things, mine):
    """Otherwise the walk would find closed doors only because there is nothing behind them."""
    for method, path in routes(client):
        if method == "get" and not path.endswith("/events"):
            kind = path.removeprefix("/api/v1/").partition("/")[0]
            answer = mine.call("GET", path.replace("{token}", things[kind]))
            assert answer.status_code == 200, path
