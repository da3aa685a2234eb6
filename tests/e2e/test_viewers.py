"""A thousand open pages of a running report, of which half drop: nothing of them stays behind."""

from __future__ import annotations

import asyncio
import http.client
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import redis

from bench.client import allow_files, head, request, resident

from .conftest import Site, wait_until

VIEWERS = 1000
# What a process may have more than before: threads that are used again (with three files each for
# their connection to the database), two connections to Redis
# for all streams together and some of their pools, and memory that the allocator keeps.
MORE_THREADS, MORE_REDIS, MORE_FILES, MORE_MEGABYTES = 48, 12, 200, 150

TOKEN = "v" * 32


def ask(site: Site) -> str:
    """The path of a report that nobody makes yet."""
    form = {"csrfmiddlewaretoken": TOKEN, "domain": "perfect.classroom.test", "again": "1"}
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(site.url).port or 80, timeout=30)
    headers = {
        "Host": "localhost",
        "Cookie": f"csrftoken={TOKEN}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    connection.request("POST", "/check/", urlencode(form), headers)
    answer = connection.getresponse()
    assert answer.status == 302
    return answer.headers["Location"]


def redis_clients(site: Site) -> int:
    with redis.Redis(unix_socket_path=str(site.var / "redis" / "redis.sock")) as client:
        return len(client.client_list())


class Process:
    """What the web process has."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def count(self, what: str) -> int:
        return len(list(Path(f"/proc/{self.pid}/{what}").iterdir()))

    def databases(self) -> int:
        files = Path(f"/proc/{self.pid}/fd").iterdir()
        return sum(_target(file).endswith("mxplain.sqlite3") for file in files)


def _target(file: Path) -> str:
    try:
        return os.readlink(file)
    except OSError:
        return ""


async def watch(port: int, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request("GET", path, {"Host": "localhost"}))
    status, headers = await head(reader)
    assert status == 200 and headers["content-type"].startswith("text/event-stream")
    return reader, writer


async def hear(reader: asyncio.StreamReader) -> None:
    """Until the first section was told."""
    while not (line := await reader.readline()).startswith(b"event: section-mx"):
        assert line, "the stream ended"


async def drive(site: Site, path: str, web: Process, worker: int) -> None:
    port, gate = urlsplit(site.url).port or 80, asyncio.Semaphore(50)

    async def one() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        async with gate:
            return await watch(port, path)

    threads, databases = web.count("task"), web.databases()
    viewers = await asyncio.gather(*(one() for _ in range(VIEWERS)))
    assert web.count("task") <= threads + MORE_THREADS
    assert web.databases() <= databases + MORE_THREADS
    for _, writer in viewers[: VIEWERS // 2]:
        writer.transport.abort()
    kept = viewers[VIEWERS // 2 :]
    os.kill(worker, signal.SIGCONT)
    await asyncio.wait_for(asyncio.gather(*(hear(reader) for reader, _ in kept)), 30)
    for _, writer in kept:
        writer.transport.abort()


def test_a_thousand_viewers(site: Site):
    allow_files()
    [pid], workers = site.pids("portal.asgi:application"), site.pids("-A portal worker")
    web = Process(pid)
    for worker in workers:
        os.kill(worker, signal.SIGSTOP)
    try:
        path = ask(site)
        files, memory, clients = web.count("fd"), resident(pid), redis_clients(site)
        # In a thread: where a browser was driven before, this one has an event loop.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, drive(site, path + "events/", web, workers[0])).result()
    finally:
        for worker in workers:
            os.kill(worker, signal.SIGCONT)
    wait_until(lambda: web.count("fd") <= files + MORE_FILES)
    wait_until(lambda: redis_clients(site) <= clients + MORE_REDIS)
    assert resident(pid) - memory < MORE_MEGABYTES
