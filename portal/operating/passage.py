"""The way of a request through this process: its id, its line in the log, its figures, and what
becomes of open event streams when the process is told to end. The outermost ASGI application.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import signal
import threading
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db.backends.signals import connection_created

from lookups.observing import context, exposition, leaving, metrics
from lookups.observing.heart import Heart
from portal.operating import logs

logger = logging.getLogger("access")

ID_HEADER = b"x-request-id"
UNMATCHED = "unmatched"
MAX_PATH = 80  # characters of an address that matches no route
# Asked by programs that go by address, not by name; and of little interest in the log.
PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
ASKED_HOST = "mxplain.host"  # in the scope of a probe: the name it was really asked by
_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")


@dataclass(slots=True, eq=False)
class Passing:
    """A request on its way. `route` is the name of the address pattern that it matched,
    `statements` counts those to the database."""

    method: str
    path: str
    quit: asyncio.Future[None]
    began: float = field(default_factory=monotonic)
    route: str = UNMATCHED
    status: int = 0
    statements: int = 0
    is_heard: bool = False  # its body has come in full
    is_stream: bool = False
    is_over: bool = False


_passing: ContextVar[Passing | None] = ContextVar("passing", default=None)


def matched(route: str) -> None:
    """Said once it is known which address pattern a request matches."""
    if passing := _passing.get():
        passing.route = route


def _count_statements(connection: Any, **_: Any) -> None:
    if _count not in connection.execute_wrappers:
        connection.execute_wrappers.append(_count)


def _count(execute: Any, sql: Any, params: Any, many: Any, connection: Any) -> Any:
    if passing := _passing.get():
        passing.statements += 1
    return execute(sql, params, many, connection)


connection_created.connect(_count_statements, dispatch_uid="passage")


class Passage:
    """An ASGI application around another."""

    def __init__(self, application: Any) -> None:
        self.application = application
        self._streams: set[Passing] = set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return await self._live(receive, send)
        if scope["type"] != "http":
            return await self.application(scope, receive, send)
        headers = dict(scope["headers"])
        given = headers.get(ID_HEADER, b"")
        number = given if _ID.fullmatch(given) else secrets.token_hex(8).encode()
        quit = asyncio.get_running_loop().create_future()
        passing = Passing(scope["method"], scope["path"], quit)
        if passing.path in PROBES:
            scope = _host_of_probe(scope, headers.get(b"host", b""))
        token, known = _passing.set(passing), context.replace({"request": number.decode()})
        try:
            await self._pass(passing, scope, receive, send, number)
        finally:
            self._streams.discard(passing)
            self._note(passing)
            context.leave(known)
            _passing.reset(token)

    async def _pass(
        self, passing: Passing, scope: Any, receive: Any, send: Any, number: bytes
    ) -> None:
        async def hear() -> Any:
            if passing.is_heard:
                return await _unless(passing.quit, receive)
            message = await receive()
            passing.is_heard = not message.get("more_body")
            return message

        async def say(message: Any) -> None:
            if message["type"] == "http.response.start":
                passing.status = message["status"]
                message = {**message, "headers": [*message["headers"], (ID_HEADER, number)]}
                if _is_event_stream(message["headers"]):
                    self._opened(passing)
            elif message["type"] == "http.response.body":
                passing.is_over = not message.get("more_body")
            await send(message)

        await self.application(scope, hear, say)
        if passing.is_stream and passing.quit.done() and not passing.is_over:
            # In good order: the browser comes back by itself, with Last-Event-ID.
            await say({"type": "http.response.body", "body": b""})

    def _opened(self, passing: Passing) -> None:
        passing.is_stream = True
        self._streams.add(passing)
        metrics.EVENT_STREAMS.inc()
        if leaving.is_leaving():
            self.close_streams()

    def close_streams(self) -> None:
        """Whoever listens is to come back, and then finds another process or this one anew."""
        for passing in self._streams:
            if not passing.quit.done():
                passing.quit.set_result(None)

    def _note(self, passing: Passing) -> None:
        seconds = monotonic() - passing.began
        if passing.is_stream:
            metrics.EVENT_STREAMS.dec()
        route, status = _route_of(passing), passing.status or 499  # gone before it was answered
        took = None if passing.is_stream else seconds
        metrics.request_ended(route, passing.method, status, took)
        dull = route == "static" or passing.path in PROBES
        level = logging.DEBUG if dull else logging.INFO
        if not logger.isEnabledFor(level):
            return
        method = passing.method if passing.method in metrics.METHODS else metrics.OTHER
        facts = {"route": route, "method": method, "status": status, "ms": round(seconds * 1000)}
        facts["sql"] = passing.statements
        if route == UNMATCHED:
            facts["path"] = logs.safe(passing.path[:MAX_PATH])
        logger.log(level, "%s %s", method, route, extra={logs.FACTS: facts})

    # --- the process itself ----------------------------------------------------------------------
    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        self._heed_signals()
        beat = Heart("web", version=settings.RELEASE).start()
        exposition.forget_old_hosts(settings.METRICS_DIR.parent)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await sync_to_async(beat.stop, thread_sensitive=False)()
        exposition.forget_me()
        await send({"type": "lifespan.shutdown.complete"})

    def _heed_signals(self) -> None:
        """Before the server's own handlers, which wait for streams to end by themselves."""
        if threading.current_thread() is not threading.main_thread():
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            servers = signal.getsignal(number)

            def heed(number: int, frame: Any, servers: Any = servers) -> None:
                leaving.leave()
                loop.call_soon_threadsafe(self.close_streams)
                if callable(servers):
                    servers(number, frame)

            signal.signal(number, heed)


async def _unless(quit: asyncio.Future[None], receive: Any) -> Any:
    """What comes next; that the other side is gone, once the stream is to end."""
    coming = asyncio.ensure_future(receive())
    try:
        await asyncio.wait({coming, quit}, return_when=asyncio.FIRST_COMPLETED)
        return coming.result() if coming.done() else {"type": "http.disconnect"}
    finally:
        coming.cancel()


def _is_event_stream(headers: Any) -> bool:
    kinds = (value for name, value in headers if name.lower() == b"content-type")
    return next(kinds, b"").startswith(b"text/event-stream")


def _route_of(passing: Passing) -> str:
    if passing.route == UNMATCHED and passing.status < 400:
        if passing.path.startswith(settings.STATIC_URL):
            return "static"
        if passing.path.startswith("/.well-known/"):
            return "policy"
    return passing.route


def _host_of_probe(scope: Any, host: bytes) -> Any:
    """A probe of a container, or Prometheus, asks by an address that is in no ALLOWED_HOSTS. What
    answers it shows no link and no name, so which host was asked does not matter there."""
    allowed = settings.ALLOWED_HOSTS[0].strip(".*") if settings.ALLOWED_HOSTS else ""
    named = (b"host", (allowed or "localhost").encode())
    others = [pair for pair in scope["headers"] if pair[0].lower() != b"host"]
    return {**scope, "headers": [named, *others], ASKED_HOST: host.decode("latin-1")}
