"""What every request under /api/v1/ passes: language, token, limits, size, idempotency; and what
every answer gets: errors as problems, and the headers that tell the limits."""

from __future__ import annotations

import logging
from typing import Any

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.decorators import sync_and_async_middleware
from django.utils.translation import gettext as _
from django.utils.translation.trans_real import (
    get_supported_language_variant,
    parse_accept_lang_header,
)

from lookups.limits.counting import seconds_to_wait
from lookups.outage import attempt, is_database_away

from . import idempotency, limits, problems
from .caller import anonymous, bad_token, identify
from .models import IdempotencyKey
from .problems import Problem

logger = logging.getLogger(__name__)

BASE = "/api/v1/"
TOOLS = BASE + "tools/"
PAGES = (BASE + "docs", problems.BASE)  # for people: like every other page of the site
MAX_BODY = 1_000_000  # octets of JSON; a list of ten thousand domains is a quarter of it
EXPOSED = "Link, Location, RateLimit, RateLimit-Policy, Retry-After, Content-Language"


def is_api(path: str) -> bool:
    return path.startswith(BASE) and not path.startswith(PAGES)


@sync_and_async_middleware
def api(get_response: Any) -> Any:
    """To be placed after LocaleMiddleware, whose choice of a language is not for the API."""
    if iscoroutinefunction(get_response):

        async def middleware(request: HttpRequest) -> Any:
            if not is_api(request.path_info):
                return await get_response(request)
            with translation.override(language_of(request)):
                early = await sync_to_async(_enter)(request)
                response = early or await get_response(request)
                return await sync_to_async(_leave)(request, response)
    else:

        def middleware(request: HttpRequest) -> Any:
            if not is_api(request.path_info):
                return get_response(request)
            with translation.override(language_of(request)):
                return _leave(request, _enter(request) or get_response(request))

    return middleware


def language_of(request: HttpRequest) -> str:
    """`?language=`, else the best of Accept-Language that the site has, else English."""
    known = dict(settings.LANGUAGES)
    if (wanted := request.GET.get("language", "")) in known:
        return wanted
    for code, _quality in parse_accept_lang_header(
        request.headers.get("Accept-Language", "")[:200]
    ):
        try:
            return get_supported_language_variant(code)
        except LookupError:
            continue
    return settings.LANGUAGE_CODE


# --- in ----------------------------------------------------------------------------------------
def _enter(request: Any) -> HttpResponse | None:
    """Settles who asks; an answer where the request goes no further."""
    request.api_states, request.api_row = [], None
    request.api_is_head = request.method == "HEAD"
    if request.api_is_head:
        request.method = "GET"  # the answer without its body
    try:
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            return _preflight()
        _admit(request)
        return _first_answer(request)
    except Problem as problem:
        return problems.response(problem)
    except RequestDataTooBig:
        return problems.response(_too_large(MAX_BODY))
    except Exception as error:  # here Django would answer with a page
        if is_database_away(error):
            logger.warning("the database is out of reach: %s", error)
            return problems.response(Problem("unavailable"))
        logger.exception("a request of the API could not be admitted")
        return problems.response(Problem("server-error"))


def _preflight() -> HttpResponse:
    """Other sites' scripts may read what everybody may read, without a token."""
    answer = HttpResponse(status=204)
    answer["Access-Control-Allow-Methods"] = "GET, HEAD"
    answer["Access-Control-Allow-Headers"] = "Accept, Accept-Language, Last-Event-ID"
    answer["Access-Control-Max-Age"] = "86400"
    return answer


def _admit(request: Any) -> None:
    """Raises the Problem for which the request is refused before anybody looks at it."""
    caller = identify(request)
    request.api_caller = caller or anonymous(request)
    states = limits.count(request.api_caller, asks_dns(request.method, request.path_info))
    request.api_states = states
    if seconds := seconds_to_wait(states):
        detail = _("Try again in %(seconds)d seconds.") % {"seconds": seconds}
        raise Problem("too-many-requests", detail, headers={"Retry-After": str(seconds)})
    if caller is None:
        raise bad_token()
    _check_body(request)


def asks_dns(method: str | None, path: str) -> bool:
    """Whether the request costs more than a look into the database."""
    if path.startswith(TOOLS):
        return path != TOOLS
    making = (BASE + "reports/", BASE + "watches/", BASE + "bulk/")
    return method == "POST" and (path in making or path.endswith("/check"))


def _check_body(request: HttpRequest) -> None:
    if request.method not in ("POST", "PATCH", "PUT"):
        return
    length = request.META.get("CONTENT_LENGTH") or ""
    octets = int(length) if length.isdigit() else 0
    is_tool = request.path_info.startswith(TOOLS)
    if octets > MAX_BODY and not is_tool:  # a tool knows itself how much it takes
        raise _too_large(MAX_BODY)
    taken = ("application/json", *(("multipart/form-data",) if is_tool else ()))
    if (octets or request.content_type) and request.content_type not in taken:
        raise Problem("unsupported-media-type", headers={"Accept-Post": ", ".join(taken)})


def _too_large(limit: int) -> Problem:
    return Problem("too-large", _("At most %(octets)d octets are taken.") % {"octets": limit})


def _first_answer(request: Any) -> HttpResponse | None:
    """What was answered to the same request before. Tools keep nothing, least of all a private
    key, so they take no key either."""
    if request.path_info.startswith(TOOLS):
        return None
    begun = idempotency.begin(request, request.api_caller)
    if isinstance(begun, IdempotencyKey):
        request.api_row = begun
        return None
    return begun


# --- out ---------------------------------------------------------------------------------------
def _leave(request: Any, response: Any) -> Any:
    if response.status_code >= 400 and not _is_problem(response):
        response = problems.from_response(response)
    if request.api_row is not None:
        # Without it the key is free again after idempotency.PATIENCE.
        attempt(lambda: idempotency.finish(request.api_row, response))
    response.headers.setdefault("Content-Language", translation.get_language() or "en")
    response.headers.setdefault("Cache-Control", "no-store")
    for name, value in limits.headers(request.api_states).items():
        response[name] = value
    patch_vary_headers(response, ("Accept-Language", "Authorization"))
    if request.method in ("GET", "OPTIONS") and "Authorization" not in request.headers:
        response["Access-Control-Allow-Origin"] = "*"
        response["Access-Control-Expose-Headers"] = EXPOSED
    return _without_body(response) if request.api_is_head else response


def _is_problem(response: Any) -> bool:
    return str(response.get("Content-Type", "")).startswith(problems.MEDIA_TYPE)


def _without_body(response: Any) -> HttpResponse:
    """The headers alone, also of a stream that would not end."""
    bare = HttpResponse(status=response.status_code)
    for name, value in response.items():
        bare[name] = value
    return bare
