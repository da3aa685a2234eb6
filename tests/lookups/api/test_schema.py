"""The OpenAPI document tells the truth: schemathesis calls every operation with what it allows and
with what it does not, without a token and with one that may do everything."""

from __future__ import annotations

import json
from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from lookups import tasks
from lookups.api.openapi import document
from lookups.bulk.models import Bulk, BulkItem
from lookups.models import Report
from lookups.watching.models import Watch

from .conftest import finished_report, program_of

CHECKS = [
    not_a_server_error,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
]
MANY = {"requests": "1000000/minute", "checks": "1000000/minute"}
EXAMPLES = 8  # of each operation, each caller, and each mode: some seconds altogether

SCHEMA = schemathesis.openapi.from_dict(json.loads(document()))
SCHEMA.app = get_wsgi_application()
OPERATIONS = {
    operation.label: operation
    for operation in (found.ok() for found in SCHEMA.get_all_operations())
}


@pytest.fixture(autouse=True)
def _quick(settings, classroom, monkeypatch):
    """DNS is the classroom for everything; reports are asked for, but not made."""
    host, port = classroom
    settings.RESOLVERS = [f"{host}:{port}"]
    settings.QUERY_TIMEOUT, settings.REPORT_TIMEOUT, settings.MAX_QUERIES = 0.2, 0.5, 20
    settings.API_LIMITS = {"token": MANY, "anonymous": MANY}
    monkeypatch.setattr(tasks, "enqueue", lambda report, queue="": None)


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
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("label", OPERATIONS)
def test_what_the_document_says_is_so(user, label, mode, has_token):
    operation = OPERATIONS[label]
    known = known_things(user)
    secret = program_of(user).secret if has_token else ""

    @given(case=operation.as_strategy(generation_mode=mode), is_known=st.booleans())
    @settings(
        max_examples=EXAMPLES,
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
        case.validate_response(response, checks=CHECKS, headers=headers)

    try:
        call()
    except Exception as error:
        if type(error).__name__ == "Unsatisfiable":  # an operation takes nothing that is wrong
            return
        raise
