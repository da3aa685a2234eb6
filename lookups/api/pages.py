"""The pages about the API: how to begin, the interactive documentation, and each problem."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from limits import parse

from lookups.tools import registry

from . import reference, tool_schemas
from .limits import CHECKS, REQUESTS
from .models import IDEMPOTENCY_HOURS, SCOPES
from .paging import DEFAULT, MOST
from .problems import CODES, MEDIA_TYPE

EXAMPLE = "perfect.classroom.test"


@require_safe
def guide(request: HttpRequest) -> HttpResponse:
    """How to begin, for people."""
    context: dict[str, Any] = {
        "base": settings.PUBLIC_URL + "/api/v1",
        "example": EXAMPLE,
        "scopes": SCOPES.items(),
        "problems": CODES.items(),
        "limits": _limits(),
        "tools": [(tool, " ".join(tool_schemas.methods(tool))) for tool in registry.TOOLS],
        "page_size": DEFAULT,
        "page_limit": MOST,
        "hours": IDEMPOTENCY_HOURS,
    }
    return render(request, "api/guide.html", context)


def _limits() -> list[dict[str, Any]]:
    names = {REQUESTS: _("Requests of any kind"), CHECKS: _("Of these, such that ask DNS")}
    return [
        {"name": name, "words": words, **{who: _quota(who, name) for who in settings.API_LIMITS}}
        for name, words in names.items()
    ]


def _quota(who: str, name: str) -> dict[str, int]:
    item = parse(settings.API_LIMITS[who][name])
    return {"count": item.amount, "seconds": item.get_expiry()}


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Every operation, to read; Swagger UI opens on it for those who want to try them."""
    context = {"openapi": reverse("api-openapi"), "groups": reference.groups()}
    return render(request, "api/docs.html", context)


@require_safe
def problem(request: HttpRequest, code: str) -> HttpResponse:
    """What a problem means: the page that its `type` names."""
    kind = CODES.get(code)
    if kind is None:
        raise Http404(code)
    context = {
        "code": code,
        "kind": kind,
        "type": f"{settings.PUBLIC_URL}/api/v1/problems/{code}",
        "media_type": MEDIA_TYPE,
    }
    return render(request, "api/problem.html", context)
