"""Headers of safety on every answer, whoever gives it: Django, the static files, or what stands
before Django (bodies that are too large, policies of others' domains)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control
from django.utils.decorators import sync_and_async_middleware

from lookups.engine.checks.mta_sts import WELL_KNOWN

# For answers without a policy of their own, which are no pages: nothing runs and nothing loads,
# also where one is opened by itself. Pictures (SVG) have their looks inside.
FILE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; sandbox"
)
MISSING = {
    "content-security-policy": FILE_POLICY,
    "cross-origin-opener-policy": "same-origin",
    # Other sites can neither embed an answer nor read it from their memory; what they may embed
    # says so itself (badges, preview pictures).
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": settings.SECURE_REFERRER_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_MISSING = {name.encode(): value.encode() for name, value in MISSING.items()}


class SafetyHeaders:
    """An ASGI application around another: adds what an answer lacks."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return await self.application(scope, receive, send)

        async def safe_send(message: Any) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                given = {bytes(name).lower() for name, _ in headers}
                missing = [each for each in _missing(scope).items() if each[0] not in given]
                message = {**message, "headers": headers + missing}
            await send(message)

        await self.application(scope, receive, safe_send)


def _missing(scope: Any) -> dict[bytes, bytes]:
    # The hosts of policies are other people's domains: how long to insist on TLS is theirs to say.
    if not settings.SECURE_HSTS_SECONDS or scope["path"] == WELL_KNOWN or not _is_secure(scope):
        return _MISSING
    insist = f"max-age={settings.SECURE_HSTS_SECONDS}"
    insist += "; includeSubDomains" if settings.SECURE_HSTS_INCLUDE_SUBDOMAINS else ""
    insist += "; preload" if settings.SECURE_HSTS_PRELOAD else ""
    return _MISSING | {b"strict-transport-security": insist.encode()}


def _is_secure(scope: Any) -> bool:
    forwarded = dict(scope["headers"]).get(b"x-forwarded-proto", b"")
    return bool(scope.get("scheme") == "https" or forwarded == b"https")


@sync_and_async_middleware
def not_kept(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """No browser or proxy keeps a page that was made for somebody who is signed in: after signing
    out, "back" shows nothing. Pages that say themselves how long they hold are left alone."""
    if iscoroutinefunction(get_response):

        async def middleware(request: HttpRequest) -> HttpResponseBase:
            return _marked(request, await get_response(request))
    else:

        def middleware(request: HttpRequest) -> HttpResponseBase:
            return _marked(request, get_response(request))

    return middleware


def _marked(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    # Where nobody looked at the user, nothing was made for them, and nothing is read for this.
    user = getattr(request, "_cached_user", None) or getattr(request, "_acached_user", None)
    if user is not None and user.is_authenticated and not response.has_header("Cache-Control"):
        patch_cache_control(response, private=True, no_store=True)
    return response
