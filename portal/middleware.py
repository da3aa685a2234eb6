"""What every request passes that no library brings."""

from __future__ import annotations

import logging
from copy import copy

from asgiref.sync import iscoroutinefunction
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware, re_accepts_gzip
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.decorators import sync_and_async_middleware, sync_only_middleware
from redis.exceptions import RedisError

from lookups.outage import is_database_away
from lookups.pieces import PiecedResponse
from portal.operating.passage import UNMATCHED, matched

logger = logging.getLogger(__name__)


def is_out_of_reach(exception: BaseException | None) -> bool:
    """Whether Redis or the database being away lies anywhere in the chain of causes."""
    while exception is not None:
        if isinstance(exception, RedisError) or is_database_away(exception):
            return True
        exception = exception.__cause__ or exception.__context__
    return False


def unavailable(request: HttpRequest) -> HttpResponse:
    """A friendly 503: nothing was lost, try again in a moment.

    Nothing is asked of who reads it: sessions, too, lie in the database.
    """
    unknown = copy(request)
    unknown.user, unknown.session, unknown._messages = AnonymousUser(), {}, []
    response = render(unknown, "503.html", status=503)
    response["Retry-After"] = "5"
    return response


@sync_and_async_middleware
def service_unavailable(get_response):
    """Shows a 503 page, not a 500, while Redis or the database restarts.

    What breaks off outside of views comes to `portal.views.server_error`.
    """

    if iscoroutinefunction(get_response):

        async def middleware(request):
            return await get_response(request)
    else:

        def middleware(request):
            return get_response(request)

    def process_exception(request, exception):
        if not is_out_of_reach(exception):
            return None
        logger.warning("a part of the site is out of reach: %s", exception)
        return unavailable(request)

    middleware.process_exception = process_exception
    return middleware


class CompressPages(GZipMiddleware):
    """Gzip for whole pages, with Django's padding of random length against BREACH.

    Nothing that streams: each event of a running report must leave at once, and static files come
    compressed already. A report's greatest part is compressed already, too.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase):
        if response.streaming:
            return response
        if isinstance(response, PiecedResponse):
            patch_vary_headers(response, ("Accept-Encoding",))
            if re_accepts_gzip.search(request.headers.get("Accept-Encoding", "")):
                response.compress()
            return response
        return super().process_response(request, response)


@sync_and_async_middleware
def note_route(get_response):
    """Tells `portal.operating.passage` which address pattern a request matches."""

    if iscoroutinefunction(get_response):

        async def middleware(request):
            return await get_response(request)

        async def process_view(request, view, args, kwargs):
            matched(request.resolver_match.view_name or UNMATCHED)
    else:

        def middleware(request):
            return get_response(request)

        def process_view(request, view, args, kwargs):
            matched(request.resolver_match.view_name or UNMATCHED)

    middleware.process_view = process_view
    return middleware


@sync_only_middleware
def in_one_thread(get_response):
    """The innermost, so that all middleware around it runs in the thread that runs the view.

    Middleware that can be both would otherwise be run by the event loop, which then hands every
    single step of each to the thread and waits: twenty times a request.
    """

    def middleware(request):
        return get_response(request)

    return middleware
