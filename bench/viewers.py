"""How many open pages one web process holds, what each costs, and how soon an event reaches all.

    .venv/bin/python bench/viewers.py [--counts 1000,2000,5000]

Starts the whole site with one web process. Reports are held as running by their lease, as a worker
would; viewers are connections that listen to their events. One event is published while all
listen, then half of them drop, then the others. The viewers' own work runs on the same machine.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.client import allow_files, head, now, processor, quantiles, request, resident  # noqa: E402
from bench.machine import machine  # noqa: E402
from tests.e2e.conftest import Site, a_site  # noqa: E402

AT_ONCE = 100  # connections that are opened side by side
PATIENCE = 60.0
MARK = b"event: section-mx"


class Viewer:
    """One open page."""

    def __init__(self, writer: asyncio.StreamWriter, reader: asyncio.StreamReader) -> None:
        self.writer, self.reader = writer, reader
        self.heard: asyncio.Task[float] | None = None

    @classmethod
    async def open(cls, host: str, port: int, path: str) -> Viewer:
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(request("GET", path, {"Host": "localhost"}))
        status, _ = await head(reader)
        if status != 200:
            raise RuntimeError(f"{path}: {status}")
        await reader.readuntil(b"retry:")
        return cls(writer, reader)

    async def hear(self) -> float:
        while True:
            line = await self.reader.readline()
            if not line:
                raise RuntimeError("the stream ended")
            if line.startswith(MARK):
                return now()


async def many(host: str, port: int, paths: list[str]) -> list[Viewer]:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(path: str) -> Viewer:
        async with gate:
            return await Viewer.open(host, port, path)

    return list(await asyncio.gather(*(one(path) for path in paths)))


class Held:
    """Reports that are being made, as far as anybody can tell."""

    def __init__(self, count: int) -> None:
        from lookups.models import Report

        rows = [Report(domain="bench.example", state="running") for _ in range(count)]
        for row in rows:
            row.token = Report.new_token()
        Report.objects.bulk_create(rows, batch_size=500)
        tokens = [row.token for row in rows]
        self.rows = list(Report.objects.filter(token__in=tokens[:900]).only("id", "token"))
        self.holding: asyncio.Task[None] | None = None

    async def hold(self) -> None:
        from lookups import stream

        while True:
            for row in self.rows:
                stream.client().set(stream.key_of(row.id) + ":lease", "bench", ex=30)
            await asyncio.sleep(10)

    def tell(self) -> None:
        from lookups import stream

        data = {"topic": "mx", "complete": False, "records": {}, "findings": []}
        for row in self.rows:
            stream.publish(row.id, "section-mx", data)


def web_process(site: Site) -> int:
    [pid] = site.pids("portal.asgi:application")
    return pid


def redis_clients() -> int:
    from lookups import stream

    return len(stream.client().client_list())


async def measure(site: Site, count: int, reports: int) -> None:
    from lookups import stream

    address = urlsplit(site.url)
    held = await asyncio.to_thread(Held, reports)
    holding = asyncio.create_task(held.hold())
    await asyncio.sleep(0.2)
    pid = web_process(site)
    before, threads, used = resident(pid), _threads(pid), processor(pid)
    begun = now()
    paths = [f"/r/{held.rows[i % len(held.rows)].token}/events/" for i in range(count)]
    viewers = await many("127.0.0.1", address.port or 80, paths)
    opened = now() - begun
    await asyncio.sleep(2)
    grown = resident(pid) - before
    print(
        f"{count} viewers of {len(held.rows)} reports: {count / opened:.0f} opened a second, "
        f"{grown / count * 1024:.0f} kB each, {_threads(pid)} threads (before {threads}), "
        f"{redis_clients()} Redis connections, "
        f"{(processor(pid) - used) / count * 1000:.1f} ms CPU each"
    )
    idle, since = processor(pid), now()
    await asyncio.sleep(3)
    print(f"  while nothing happens: {(processor(pid) - idle) / (now() - since):.1%} of a core")
    hearing = [asyncio.create_task(viewer.hear()) for viewer in viewers]
    await asyncio.sleep(0.1)
    told = now()
    await asyncio.to_thread(held.tell)
    heard = await asyncio.wait_for(asyncio.gather(*hearing), PATIENCE)
    late = [(at - told) * 1000 for at in heard]
    print(f"  one event to all, ms: {quantiles(late)} last {max(late):.1f}")
    for part in (viewers[: count // 2], viewers[count // 2 :]):
        for viewer in part:
            viewer.writer.transport.abort()
        await asyncio.sleep(2)
    await asyncio.sleep(3)
    left = resident(pid) - before
    print(
        f"  after all dropped: {left:.0f} MB more than before, {_threads(pid)} threads, "
        f"{redis_clients()} Redis connections"
    )
    holding.cancel()
    stream.client().flushdb()


def _threads(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


async def _all(site: Site, counts: list[int]) -> None:
    await measure(site, 50, 1)  # what is made once is made now
    for count in counts:
        await measure(site, count, 1)
        await measure(site, count, min(count, 900))


def prepare(site: Site) -> None:
    """Makes this process one of the site's: its settings, its rows, its Redis."""
    os.environ |= {"MXPLAIN_VAR": str(site.var), "PUBLIC_URL": site.url}
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    for name in ("REDIS_URL", "DATABASE_URL", "MXPLAIN_DEBUG"):
        os.environ.pop(name, None)
    import django

    django.setup()


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--counts", default="1000,2000,5000")
    counts = [min(20_000, int(text)) for text in arguments.parse_args().counts.split(",")][:5]
    allow_files()
    print(machine())
    with a_site(MXPLAIN_LIMIT_STREAMS="0") as site:
        prepare(site)
        asyncio.run(_all(site, counts))


main()
