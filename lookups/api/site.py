"""The API: its routers, its addresses, and how whatever goes wrong in them is told."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, re_path
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from . import bulk, findings, links, problems, reports, shapes, tools, watches
from .auth import Token
from .errors import errors_of
from .openapi import openapi_json
from .problems import Problem

LISTS = ("reports", "tools", "findings", "watches")
DESCRIPTION = """\
Reports on the mail DNS of a domain, tools, findings, watched domains and bulk checks, as the
site has them.

What everybody may read needs no token; with one, more is allowed and reports are yours. Errors are
`application/problem+json` (RFC 9457). Lists come in pages: follow `next`, or the header Link.
"""


class Api(NinjaAPI):
    def get_openapi_operation_id(self, operation: Any) -> str:
        """ "reports_ask": what generated clients call the operation."""
        view = operation.view_func
        return f"{view.__module__.rsplit('.', 1)[-1]}_{view.__name__}"


api = Api(
    title="MXplain",
    version="1",
    description=DESCRIPTION,
    docs_url=None,
    openapi_url=None,
    urls_namespace=links.NAMESPACE,
    auth=Token(),
    servers=[{"url": settings.PUBLIC_URL}],
)
api.add_router("/reports", reports.router)
api.add_router("/tools", tools.router)
api.add_router("/findings", findings.router)
api.add_router("/watches", watches.router)
api.add_router("/bulk", bulk.router)


@api.get(
    "/",
    response=shapes.Index,
    auth=Token(anonymous=True),
    url_name="index",
    summary="Where everything is",
    tags=["Start"],
)
def index(request: HttpRequest) -> Any:
    return {
        "openapi": links.page("api-openapi"),
        "docs": links.page("api-docs"),
        **{name: links.to(name) for name in LISTS},
        "bulk": links.to("bulks"),
    }


# --- what goes wrong ---------------------------------------------------------------------------
@api.exception_handler(Problem)
def _problem(request: HttpRequest, problem: Problem) -> HttpResponse:
    return problems.response(problem)


@api.exception_handler(Http404)
def _not_found(request: HttpRequest, error: Exception) -> HttpResponse:
    return problems.response(Problem("not-found"))


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return problems.response(Problem("invalid", errors=errors_of(error.errors)))


@api.exception_handler(HttpError)
def _unreadable(request: HttpRequest, error: HttpError) -> HttpResponse:
    """The only one that ninja raises by itself here: a body that is no JSON."""
    return problems.response(Problem("bad-request", _("The body is no JSON.")))


@api.exception_handler(RequestDataTooBig)
def _too_large(request: HttpRequest, error: Exception) -> HttpResponse:
    return problems.response(Problem("too-large"))


@csrf_exempt
def nothing_here(request: HttpRequest) -> HttpResponse:
    """Any other address under /api/v1/: Django would answer with a page, or lead to a slash."""
    return problems.response(Problem("not-found"))


def urls() -> list[Any]:
    """All addresses under /api/v1/ but those of the pages for people."""
    return [
        path("api/v1/openapi.json", openapi_json, name="api-openapi"),
        path("api/v1/", api.urls),
        re_path(r"^api/v1/", nothing_here),
    ]
