"""The queries that a zone's DNS server had: who asked what, and what was answered, as they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import redis
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.views.decorators.http import require_safe

from learn.classroom.own_store import queries_key
from lookups import outage, sse, stream
from lookups.limits import streams

from .models import OwnZone

SHOWN = 50  # queries
RETRY_MS = 1000
GATHER_SECONDS = 0.2  # a check asks dozens of questions at once: they are shown together
MAX_SECONDS = 600  # a page that stays open comes back by itself


@dataclass(frozen=True, slots=True)
class Query:
    """One query, strings from DNS: hostile."""

    at: datetime
    name: str
    type: str
    client: str
    transport: str
    outcome: str
    answer: str

    @property
    def is_local(self) -> bool:
        """From this machine: the site's own checks, mostly."""
        return self.client in ("127.0.0.1", "::1")


def newest(zone: OwnZone) -> list[Query] | None:
    """The last queries, the newest first; None while nobody can tell."""
    try:
        return _queries(stream.client().xrevrange(queries_key(zone.label), count=SHOWN))
    except redis.RedisError:
        return None


def _queries(entries: Any) -> list[Query]:
    names = ("name", "type", "client", "transport", "outcome", "answer")
    return [
        Query(
            datetime.fromtimestamp(int(id.split("-")[0]) / 1000, UTC),
            **{name: fields.get(name, "") for name in names},
        )
        for id, fields in entries
    ]


@require_safe
async def events(request: HttpRequest, label: str) -> HttpResponse:
    """The stream of server-sent events: the list anew, whenever queries came."""
    from .views import find_zone  # which needs this module

    zone = await outage.look(lambda: find_zone(request, label))
    language = translation.get_language() or "en"
    return await streams.response(request, _chunks(zone, language))


async def _chunks(zone: OwnZone, language: str) -> AsyncIterator[str]:
    yield f"retry: {RETRY_MS}\n\n"
    connection = stream.async_client()
    key, last = queries_key(zone.label), ""
    end = asyncio.get_running_loop().time() + MAX_SECONDS
    try:
        while asyncio.get_running_loop().time() < end:
            try:
                entries = await connection.xrevrange(key, count=SHOWN)
                if entries and entries[0][0] != last:
                    last = entries[0][0]
                    yield _event(_queries(entries), zone, language)
                    await asyncio.sleep(GATHER_SECONDS)
                elif not await connection.xread({key: last or "0"}, count=1, block=stream.BLOCK_MS):
                    yield ": still here\n\n"
            except (redis.RedisError, OSError):
                await asyncio.sleep(1)
                yield ": no news\n\n"
    finally:
        await connection.aclose()


def _event(queries: list[Query], zone: OwnZone, language: str) -> str:
    with translation.override(language):
        context = {"queries": queries, "zone": zone}
        html = render_to_string("learn/_own_queries.html", context)
    return sse.event("queries", html)
