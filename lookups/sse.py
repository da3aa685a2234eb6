"""Server-sent events, as the HTML standard has them."""

from __future__ import annotations

from collections.abc import AsyncIterator

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse

from .outage import give_back


def response(chunks: AsyncIterator[str]) -> StreamingHttpResponse:
    """A stream that nothing on its way may keep back or compress."""
    answer = StreamingHttpResponse(_lightly(chunks), content_type="text/event-stream")
    answer["Cache-Control"] = "no-cache, no-transform"
    answer["X-Accel-Buffering"] = "no"  # nginx must pass each event on at once
    return answer


async def _lightly(chunks: AsyncIterator[str]) -> AsyncIterator[str]:
    """The same, without keeping what the request had of the database for hours."""
    await sync_to_async(give_back)()
    async for chunk in chunks:
        yield chunk


def event(name: str, data: str, id: str = "") -> str:
    """One event; `id` is what a page that comes back names in Last-Event-ID."""
    lines = "".join(f"data: {line}\n" for line in data.splitlines() or [""])
    return (f"id: {id}\n" if id else "") + f"event: {name}\n{lines}\n"
