"""Counts what a request costs before its view is called. Plain pages cost nothing, not even a
thread or a look into the session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import sync_and_async_middleware

from .refusing import ask, page
from .rules import Cost, cost_of


@sync_and_async_middleware
def limits(get_response: Any) -> Any:
    """To be placed after the middlewares for sessions, accounts and languages."""
    if iscoroutinefunction(get_response):

        async def middleware(request: HttpRequest) -> Any:
            return await get_response(request)

        async def process_view(
            request: HttpRequest, view: Any, args: Sequence[Any], kwargs: Mapping[str, Any]
        ) -> HttpResponse | None:
            cost = _cost(request, kwargs)
            return await sync_to_async(_refused)(request, cost) if cost else None
    else:

        def middleware(request: HttpRequest) -> Any:
            return get_response(request)

        def process_view(
            request: HttpRequest, view: Any, args: Sequence[Any], kwargs: Mapping[str, Any]
        ) -> HttpResponse | None:
            cost = _cost(request, kwargs)
            return _refused(request, cost) if cost else None

    middleware.process_view = process_view  # type: ignore[attr-defined]
    return middleware


def _cost(request: HttpRequest, kwargs: Mapping[str, Any]) -> Cost | None:
    match = request.resolver_match
    if match is None or match.namespaces or not match.url_name:
        return None
    return cost_of(request, match.url_name, kwargs)


def _refused(request: HttpRequest, cost: Cost) -> HttpResponse | None:
    refusal = ask(request, cost)
    if refusal is None:
        return None
    if cost.shown:
        request.refusal = refusal  # type: ignore[attr-defined]
        return None
    return page(request, refusal)
