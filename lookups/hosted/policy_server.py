"""https://mta-sts.<domain>/.well-known/mta-sts.txt for the domains whose policy is hosted here.

It stands before Django, which answers only the names in ALLOWED_HOSTS: nothing but this one path
of these hosts is answered here, everything else goes on.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from typing import Any

from asgiref.sync import sync_to_async
from django.db import DatabaseError, close_old_connections

from lookups.engine.checks.mta_sts import WELL_KNOWN
from lookups.hosted import policies
from lookups.hosted.models import POLICY_LABEL

SECONDS = 15.0  # for which a policy, or that there is none, is remembered
MAX_HOSTS = 4096  # that are remembered
_TEXT = (b"content-type", b"text/plain; charset=utf-8")
logger = logging.getLogger(__name__)


class PolicyServer:
    """An ASGI application around another."""

    def __init__(self, application: Any, seconds: float = SECONDS) -> None:
        self.application = application
        self.seconds = seconds
        self._known: OrderedDict[str, tuple[float, str | None]] = OrderedDict()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] != WELL_KNOWN:
            return await self.application(scope, receive, send)
        host = policies.host_name(dict(scope["headers"]).get(b"host", b"").decode("latin-1"))
        if not host.startswith(f"{POLICY_LABEL}."):
            return await self.application(scope, receive, send)
        try:
            text = await self._text(host)
        except DatabaseError:
            logger.exception("the policy of %s cannot be read", ascii(host))
            return await _answer(send, 503, b"Try again later.\n", [_TEXT, (b"retry-after", b"60")])
        if text is None:
            return await self.application(scope, receive, send)
        if scope["method"] not in ("GET", "HEAD"):
            return await _answer(send, 405, b"", [_TEXT, (b"allow", b"GET, HEAD")])
        body = text.encode()
        headers = [
            _TEXT,
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"max-age=60"),
            (b"x-content-type-options", b"nosniff"),
        ]
        await _answer(send, 200, body if scope["method"] == "GET" else b"", headers)

    async def _text(self, host: str) -> str | None:
        until, text = self._known.get(host, (0.0, None))
        now = time.monotonic()
        if until <= now:
            text = await sync_to_async(_read, thread_sensitive=False)(host)
            self._known[host] = (now + self.seconds, text)
            self._known.move_to_end(host)
            while len(self._known) > MAX_HOSTS:
                self._known.popitem(last=False)
        return text


def _read(host: str) -> str | None:
    close_old_connections()
    try:
        return policies.text_of(host)
    finally:
        close_old_connections()


async def _answer(send: Any, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
