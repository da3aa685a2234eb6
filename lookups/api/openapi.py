"""The OpenAPI document: what django-ninja knows, and what every operation has in common."""

from __future__ import annotations

import json
from functools import cache
from http.client import responses
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from ninja.openapi.schema import OpenAPISchema

from . import problems
from .auth import Token
from .shapes import ProblemShown

_PROBLEM = {"$ref": "#/components/schemas/Problem"}
_LANGUAGE = {
    "name": "language",
    "in": "query",
    "required": False,
    "schema": {"type": "string", "enum": [code for code, _ in settings.LANGUAGES]},
    "description": "The language of sentences; it goes before the header Accept-Language.",
}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "description": (
        "Names this request for a day: sent again with the same key, it is not done again, and the "
        "first answer is given once more."
    ),
}
_LIMIT_HEADERS = {
    "RateLimit-Policy": "What is allowed: `q` requests in `w` seconds.",
    "RateLimit": "What is left: `r` requests; all of them again after `t` seconds.",
}
_ALWAYS = (400, 401, 403, 405, 422, 429, 500, 503)


class ApiSchema(OpenAPISchema):
    """With scopes, problems, headers and the parameter `language` on every operation."""

    def operation_security(self, operation: Any) -> list[dict[str, Any]] | None:
        auth = next(a for a in operation.auth_callbacks if isinstance(a, Token))
        self.securitySchemes["token"] = auth.openapi_security_schema
        needed: list[dict[str, Any]] = [{"token": [auth.scope] if auth.scope else []}]
        return [{}, *needed] if auth.anonymous else needed

    def operation_details(self, operation: Any) -> dict[str, Any]:
        details: dict[str, Any] = super().operation_details(operation)
        details["parameters"] = [*details["parameters"], _LANGUAGE]
        writes = operation.methods[0] in ("POST", "PATCH")
        if operation.methods == ["POST"] and "Tools" not in (operation.tags or ()):
            details["parameters"].append(_KEY)
        codes = set(_ALWAYS)
        if "{" in operation.path:
            codes |= {404, 410}
        if writes:
            codes |= {409, 413, 415}
        for code in sorted(codes):
            details["responses"].setdefault(code, _problem(code))
        for answer in details["responses"].values():
            answer["headers"] = _headers()
        return details

    def get_components(self) -> dict[str, Any]:
        schema = ProblemShown.model_json_schema(ref_template="#/components/schemas/{model}")
        self.add_schema_definitions(schema.pop("$defs", {}))
        self.add_schema_definitions({"Problem": schema | {"title": "Problem"}})
        return super().get_components()


def _problem(code: int) -> dict[str, Any]:
    kinds = [name for name, kind in problems.CODES.items() if kind.status == code]
    example = {
        "type": f"{settings.PUBLIC_URL}{problems.BASE}{kinds[0]}",
        "title": str(problems.CODES[kinds[0]].title),
        "status": code,
        "detail": str(problems.CODES[kinds[0]].meaning),
    }
    return {
        "description": responses[code],
        "content": {problems.MEDIA_TYPE: {"schema": _PROBLEM, "example": example}},
    }


def _headers() -> dict[str, Any]:
    return {
        name: {"description": text, "schema": {"type": "string"}}
        for name, text in _LIMIT_HEADERS.items()
    }


@cache
def document() -> str:
    """The same for everybody, in English."""
    from .site import api  # which in turn serves this document

    with translation.override("en"):
        return json.dumps(ApiSchema(api, "api/v1/"), ensure_ascii=False, default=str)


@csrf_exempt
@require_safe
def openapi_json(request: HttpRequest) -> HttpResponse:
    response = HttpResponse(document(), content_type="application/json")
    response["Cache-Control"] = "max-age=300"
    return response
