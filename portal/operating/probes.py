"""What programs ask: is this process alive, may it be given visitors, and its figures.

Whether it may: only what makes pages fail says no (the database, its migrations, being about to
end). Where Redis, the workers or the resolvers are away, every web process would say no at the same
time, and nobody could read a page that needs none of them: then the answer is 200 and "degraded".
"""

from __future__ import annotations

import ipaddress
import threading
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from lookups import stream
from lookups.observing import exposition, heart, leaving, resolvers
from lookups.observing.live import Live
from portal.operating.passage import ASKED_HOST

KEEP_SECONDS = 1.0
CLOCK_IS_LATE = timedelta(minutes=2)
# Whoever passes requests on adds one of these (RFC 7239, and what was common before it).
_FORWARDED = ("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Server")
PASSED_ON = (*_FORWARDED, "Forwarded", "X-Real-IP", "Via", "X-Client-IP", "CF-Connecting-IP")
OK = "ok"


@dataclass(frozen=True, slots=True)
class Readiness:
    """`parts` has a word for each part; those in `fatal` keep visitors away."""

    parts: dict[str, str]
    fatal: frozenset[str] = frozenset({"database", "migrations", "process"})

    @property
    def is_ready(self) -> bool:
        return all(self.parts.get(name, OK) == OK for name in self.fatal)

    @property
    def status(self) -> str:
        if not self.is_ready:
            return "unready"
        return "ready" if set(self.parts.values()) == {OK} else "degraded"


# --- alive, ready --------------------------------------------------------------------------------
@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Says that the web process answers; asks nothing of database or queue."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 where visitors may come, else 503; a word for each part. The same for a second."""
    found = readiness()
    body = {"status": found.status, "parts": found.parts}
    return JsonResponse(body, status=200 if found.is_ready else 503)


_lock = threading.Lock()
_known: tuple[float, Readiness] | None = None
_migrated = False


def readiness() -> Readiness:
    """Looked at once a second at most, however many ask."""
    global _known
    before = _known
    if not _lock.acquire(blocking=before is None):
        return before[1]  # somebody is looking at this moment
    try:
        if _known is None or monotonic() - _known[0] > KEEP_SECONDS:
            found = _look()
            _known = monotonic(), found
        return _known[1]
    finally:
        _lock.release()


def forget() -> None:
    """The next one who asks has it looked at anew."""
    global _known, _migrated
    _known, _migrated = None, False


def _look() -> Readiness:
    parts = {"process": "is about to end" if leaving.is_leaving() else OK}
    parts["database"] = _database()
    parts["migrations"] = _migrations() if parts["database"] == OK else "not known"
    try:
        stream.client().ping()
    except redis.RedisError:
        away = "not known"
        return Readiness({**parts, "redis": "out of reach", "worker": away, "clock": away})
    return Readiness({**parts, "redis": OK, **_of_redis()})


def _of_redis() -> dict[str, str]:
    try:
        workers = [one for one in heart.alive() if one.part == "worker" and not one.leaving]
        clock, asked = stream.clock_was_here(), resolvers.known()
    except redis.RedisError:
        return dict.fromkeys(("worker", "clock", "resolvers"), "not known")
    late = clock is None or timezone.now() - clock > CLOCK_IS_LATE
    silent = asked is not None and not any(one.answers for one in asked)
    return {
        "worker": OK if workers else f"none seen for {heart.KEEP_SECONDS} seconds",
        "clock": "late" if late else OK,
        "resolvers": "none answers" if silent else OK if asked else "not known",
    }


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
    except DatabaseError:
        return "out of reach"
    return OK


def _migrations() -> str:
    """Once applied they stay so; until then it is looked at each time."""
    global _migrated
    if not _migrated:
        try:
            executor = MigrationExecutor(connection)
            _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
        except DatabaseError:
            return "not known"
    return OK if _migrated else "missing"


# --- figures -------------------------------------------------------------------------------------
@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text format; for whoever has the token, or a program on this very machine."""
    if not may_read(request):
        raise Http404
    body, kind = exposition.exposed(Live())
    return HttpResponse(body, content_type=kind)


def may_read(request: HttpRequest) -> bool:
    """Behind a reverse proxy on this machine, every visitor's connection comes from loopback. So
    without the token it must be told by nothing that the request was passed on, and a site that
    has a public address is never open to it."""
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "")
        return exposition.bears(given, settings.METRICS_TOKEN)
    if any(name in request.headers for name in PASSED_ON):
        return False
    asked = getattr(request, "scope", {}).get(ASKED_HOST) or request.META.get("HTTP_HOST", "")
    names = (_hostname(f"//{asked}"), _hostname(settings.PUBLIC_URL))
    return _is_loopback(request.META.get("REMOTE_ADDR", "")) and all(map(_is_local, names))


def _hostname(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _is_local(name: str) -> bool:
    return name == "localhost" or _is_loopback(name)


def _is_loopback(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
