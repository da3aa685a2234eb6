"""What one page costs the server: inside the ASGI application, with the settings of production.

    .venv/bin/python bench/pages.py [--count 200]

Starts the whole site (for its rows and its Redis), then calls the very ASGI application in this
process as a server would, one request after the other: median and 95th percentile of wall time,
and the median of CPU time, of all threads. No socket and no HTTP parser is in these figures;
bench/load.py has them.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.machine import machine  # noqa: E402
from tests.e2e.conftest import Site, a_site  # noqa: E402
from tests.e2e.crawl import make_report  # noqa: E402

WARM_UP = 5
LONG, SHORT = "crowded.classroom.test", "perfect.classroom.test"


async def answer(app: Any, path: str, headers: Mapping[str, str]) -> tuple[int, dict, bytes]:
    """One GET through the ASGI application: status, headers and body."""
    route, _, query = path.partition("?")
    scope = {
        "type": "http",
        "http_version": "1.1",
        "asgi": {"version": "3.0"},
        "method": "GET",
        "scheme": "http",
        "path": route,
        "raw_path": route.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), text.encode()) for name, text in headers.items()],
        "client": ("127.0.0.1", 50000),
        "server": ("localhost", 80),
    }
    sent: list[dict[str, Any]] = []
    asked = False

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if asked:
            await asyncio.sleep(3600)
        asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    body = b"".join(message.get("body", b"") for message in sent[1:])
    named = {name.decode().lower(): text.decode() for name, text in sent[0]["headers"]}
    return sent[0]["status"], named, body


async def measure(app: Any, title: str, path: str, headers: dict[str, str], count: int) -> None:
    for _ in range(WARM_UP):
        status, named, body = await answer(app, path, headers)
    walls, cpus = [], []
    for _ in range(count):
        begun, used = time.perf_counter(), time.process_time()
        status, named, body = await answer(app, path, headers)
        walls.append((time.perf_counter() - begun) * 1000)
        cpus.append((time.process_time() - used) * 1000)
    walls.sort()
    median, late = statistics.median(walls), walls[int(len(walls) * 0.95)]
    figures = f"{median:7.2f} {late:7.2f} {statistics.median(cpus):7.2f}"
    print(f"{title:44} {status} {len(body):8} {figures}", flush=True)


def _owner(token: str) -> str:
    """Signs a person in who owns the report; the session's key."""
    from django.contrib.auth import get_user_model
    from django.contrib.sessions.backends.db import SessionStore
    from django.utils import timezone

    from lookups.models import Report
    from lookups.watching.models import watch_for

    user, _ = get_user_model().objects.get_or_create(username="bench", email="bench@example.org")
    report = Report.objects.get(token=token)
    report.owner, report.saved_at = user, timezone.now()
    report.watch = watch_for(user, report.domain, report.selectors)
    report.save()
    session = SessionStore()
    session["_auth_user_id"] = str(user.pk)
    session["_auth_user_backend"] = "django.contrib.auth.backends.ModelBackend"
    session["_auth_user_hash"] = user.get_session_auth_hash()
    session.save()
    return session.session_key


async def _all(app: Any, pages: list[tuple[str, str, dict[str, str]]], count: int) -> None:
    print(f"{'':44} {'':3} {'octets':>8} {'median':>7} {'p95':>7} {'CPU':>7}  (ms)")
    for title, path, headers in pages:
        await measure(app, title, path, headers, count)


async def _tag(app: Any, path: str, headers: dict[str, str]) -> str:
    _, named, _ = await answer(app, path, headers)
    return named.get("etag", '"none"')


def _pages(app: Any, site: Site) -> list[tuple[str, str, dict[str, str]]]:
    gzip = {"Host": "localhost", "Accept-Encoding": "gzip", "Cookie": f"csrftoken={'a' * 32}"}
    short, long, mine = (make_report(site.url, name) for name in (SHORT, LONG, SHORT))
    session = _owner(mine.strip("/").rpartition("/")[2])
    owner = gzip | {"Cookie": f"{gzip['Cookie']}; sessionid={session}"}
    pages = [
        ("a report in order, visitor", short, gzip),
        ("the same, not compressed", short, {"Host": "localhost"}),
        ("a long report, visitor", long, gzip),
        ("a report in order, its owner", mine, owner),
        ("the same in Japanese, its owner", "/ja" + mine, owner),
    ]
    for title, path in (
        ("home", "/"),
        ("an article", "/learn/mx-record/"),
        ("the glossary", "/learn/glossary/"),
        ("the findings", "/findings/"),
        ("the classroom", "/classroom/"),
    ):
        pages.append((title, path, gzip))
        tag = asyncio.run(_tag(app, path, gzip))
        pages.append((f"{title}, not modified", path, gzip | {"If-None-Match": tag}))
    tag = asyncio.run(_tag(app, "/learn/mx-record/", owner))
    pages.append(("an article, signed in", "/learn/mx-record/", owner))
    pages.append(("the same, not modified", "/learn/mx-record/", owner | {"If-None-Match": tag}))
    return pages


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--count", type=int, default=200, help="requests for each page")
    count = max(1, min(arguments.parse_args().count, 5000))
    print(machine())
    with a_site() as site:
        os.environ |= {"MXPLAIN_VAR": str(site.var), "PUBLIC_URL": site.url}
        for name in ("REDIS_URL", "DATABASE_URL", "MXPLAIN_DEBUG"):
            os.environ.pop(name, None)
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # this script’s own rows, not the site’s
        from portal.asgi import application

        asyncio.run(_all(application, _pages(application, site), count))


main()
