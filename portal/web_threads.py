"""The threads in which a web process does what blocks: database, templates, Redis.

Django gives each request a thread of its own, made for it and gone with it, and with it a new
connection to the database; a page whose stream of events is open keeps both for as long as it is
open. Here a bounded number of threads is lent out instead: they and their connections are used
again, requests beyond them wait for their turn, and a stream gives its thread back as soon as it
begins.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from asgiref.sync import ThreadSensitiveContext

STREAM = b"text/event-stream"


class WebThreads:
    """An ASGI application around another, for `count` requests at a time beside open streams."""

    def __init__(self, application: Any, count: int) -> None:
        self.application = application
        # The one used last goes out first: what is warm stays warm, and few are ever started.
        self._idle: asyncio.LifoQueue[ThreadPoolExecutor] = asyncio.LifoQueue()
        for number in range(count, 0, -1):
            thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"web-{number}")
            self._idle.put_nowait(thread)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return await self.application(scope, receive, send)
        thread = await self._idle.get()
        lent = True

        def give_back() -> None:
            nonlocal lent
            if lent:
                lent = False
                self._idle.put_nowait(thread)

        async def sending(message: Any) -> None:
            # What little a stream still does in the thread waits between two requests of others.
            if message["type"] == "http.response.start" and _is_stream(message):
                give_back()
            await send(message)

        try:
            async with ThreadSensitiveContext(executor=thread):
                await self.application(scope, receive, sending)
        finally:
            give_back()


def _is_stream(message: Any) -> bool:
    return any(
        name.lower() == b"content-type" and value.startswith(STREAM)
        for name, value in message["headers"]
    )
