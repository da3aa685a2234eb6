"""How many event streams somebody has open at once: each holds a connection and a task here.

Who is open stands in a sorted set with the moment until which it is believed; an open stream is
entered again now and then, so what a killed process left behind is gone a minute later.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator
from functools import cache
from typing import Any

import redis
from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from lookups import sse, stream

from .addresses import network_key

BELIEVED_SECONDS = 60
RENEW_SECONDS = 20.0
RETRY_SECONDS = 10

_ENTER = """
local now = tonumber(redis.call('TIME')[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[1]) and not redis.call('ZSCORE', KEYS[1], ARGV[2])
then return 0 end
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[3]), ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
"""


@cache
def _enter() -> Any:
    return stream.client().register_script(_ENTER)


async def response(request: HttpRequest, chunks: AsyncIterator[str]) -> HttpResponseBase:
    """The stream, or 429 where too many are open. htmx and EventSource clients come back."""
    if settings.LIMIT_STREAMS <= 0:
        return sse.response(chunks)
    key = "limit:streams:" + await sync_to_async(_whose)(request)
    id = secrets.token_hex(8)
    if not await sync_to_async(_take)(key, id):
        words = _("Too many pages of this site are open at once. Close some of them.")
        refused = HttpResponse(words + "\n", "text/plain; charset=utf-8", status=429)
        refused["Retry-After"] = str(RETRY_SECONDS)
        return refused
    return sse.response(_counted(chunks, key, id))


async def _counted(chunks: AsyncIterator[str], key: str, id: str) -> AsyncIterator[str]:
    renewed = time.monotonic()
    try:
        async for chunk in chunks:
            yield chunk
            if time.monotonic() - renewed >= RENEW_SECONDS:
                renewed = time.monotonic()
                await sync_to_async(_take)(key, id)
    finally:
        await sync_to_async(_leave)(key, id)


def _whose(request: Any) -> str:
    """The account where there is one, else the network."""
    if caller := getattr(request, "api_caller", None):
        return str(caller.counted_as)
    user = request.user
    return f"user:{user.pk}" if user.is_authenticated else network_key(request)


def _take(key: str, id: str) -> bool:
    """While Redis is away nothing is counted."""
    arguments = [settings.LIMIT_STREAMS, id, BELIEVED_SECONDS]
    told = stream.tolerate(lambda: _enter()(keys=[key], args=arguments))
    return told is None or bool(told)


def _leave(key: str, id: str) -> None:
    try:
        stream.client().zrem(key, id)
    except redis.RedisError:
        pass  # it is forgotten by itself
