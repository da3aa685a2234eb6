"""The OpenAPI document tells the truth: schemathesis calls every operation with what it allows and
with what it does not, without a token and with one that may do everything."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from lookups import tasks
from lookups.api.openapi import document
from lookups.bulk.models import Bulk, BulkItem
from lookups.models import Report
from lookups.watching.models import Watch

from .conftest import finished_report, program_of

MANY = {"requests": "1000000/minute", "checks": "1000000/minute"}
DOCUMENT = json.loads(document())
LABELS = [
    f"{method.upper()} {path}"
    for path, operations in DOCUMENT["paths"].items()
    for method in operations
    if method != "parameters"
]


@cache
def operations() -> dict[str, Any]:
    """By "GET /api/v1/reports/". schemathesis is loaded by whoever needs it: it takes its time."""
    import schemathesis

    schema = schemathesis.openapi.from_dict(DOCUMENT)
    schema.app = get_wsgi_application()
    return {one.label: one for one in (found.ok() for found in schema.get_all_operations())}


def checks() -> list[Any]:
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi import checks as openapi

    return [
        not_a_server_error,
        openapi.content_type_conformance,
        openapi.response_headers_conformance,
        openapi.response_schema_conformance,
        openapi.status_code_conformance,
        openapi.unsupported_method,
    ]


@pytest.fixture(autouse=True)
def _quick(settings, classroom, monkeypatch):
    """DNS is the classroom for everything; reports are asked for, but not made."""
    host, port = classroom
    settings.RESOLVERS = [f"{host}:{port}"]
    settings.QUERY_TIMEOUT, settings.REPORT_TIMEOUT, settings.MAX_QUERIES = 0.2, 0.5, 20
    settings.API_LIMITS = {"token": MANY, "anonymous": MANY}
    monkeypatch.setattr(tasks, "enqueue", lambda report, queue="": None)
    # As Django's own client has it: the connection with the test's transaction stays.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def known_things(user: Any) -> dict[str, str]:
    """What the addresses of operations may name, by how the address begins."""
    watch = Watch.objects.create(owner=user, domain="perfect.classroom.test")
    section = {"topic": "mx", "complete": True, "records": {}, "findings": []}
    for _ in range(2):
        report = finished_report(
            owner=user, watch=watch, saved_at=watch.created, sections={"mx": section}
        )
    bulk = Bulk.objects.create(owner=user, name="list", total=1)
    BulkItem.objects.create(bulk=bulk, position=1, domain="example.com")
    return {
        "/api/v1/reports/": report.token,
        "/api/v1/watches/": watch.token,
        "/api/v1/bulk/": bulk.token,
    }


def name_known(case: Any, known: dict[str, str]) -> None:
    for start, token in known.items():
        if case.path.startswith(start) and "token" in (case.path_parameters or {}):
            case.path_parameters["token"] = token
    if "id" in (case.path_parameters or {}):
        case.path_parameters["id"] = "mx-found"


def restore() -> None:
    """Whatever the last call ended is there again."""
    Watch.everything.update(ended_at=None)
    Report.objects.update(deleted_at=None)


@pytest.mark.parametrize("has_token", [False, True], ids=["anonymous", "token"])
@pytest.mark.parametrize("mode", ["POSITIVE", "NEGATIVE"])
@pytest.mark.parametrize("label", LABELS)
def test_what_the_document_says_is_so(user, label, mode, has_token):
    from schemathesis import GenerationMode

    operation, wanted = operations()[label], checks()
    known = known_things(user)
    secret = program_of(user).secret if has_token else ""

    @given(case=operation.as_strategy(generation_mode=GenerationMode[mode]), is_known=st.booleans())
    @settings(
        max_examples=max(1, settings.default.max_examples // 10),
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def call(case: Any, is_known: bool) -> None:
        restore()
        if is_known:
            name_known(case, known)
        headers = {"Accept-Encoding": "identity"}
        if secret:
            headers["Authorization"] = f"Bearer {secret}"
        case.headers = {k: v for k, v in case.headers.items() if k.lower() != "authorization"}
        response = case.call(headers=headers)
        case.validate_response(response, checks=wanted, headers=headers)

    try:
        call()
    except Exception as error:
        if type(error).__name__ == "Unsatisfiable":  # an operation takes nothing that is wrong
            return
        raise


def test_no_operation_is_left_out():
    assert sorted(operations()) == sorted(LABELS)
