"""Pages a second of the running site: a finished report, an article, and an article unchanged.

    .venv/bin/python bench/load.py [--connections 16] [--seconds 10] [--processes 1,2]

Starts the whole site with one web process, then with two. Keep-alive connections ask without a
pause (a closed loop: what is found is the most that the site can do). The client is a process of
its own on the same machine, and takes a part of it that is named.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.client import answer, now, processor, quantiles, request  # noqa: E402
from bench.machine import machine  # noqa: E402
from tests.e2e.conftest import Site, a_site  # noqa: E402
from tests.e2e.crawl import make_report  # noqa: E402

HEADERS = {
    "Host": "localhost",
    "Accept-Encoding": "gzip",
    "Cookie": f"csrftoken={'a' * 32}",
}
WARM_UP = 20


async def ask(
    port: int, path: str, headers: Mapping[str, str], until: float
) -> tuple[list[float], int, dict[str, str]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    sent, took, octets, named = request("GET", path, headers), [], 0, {}
    while now() < until:
        begun = now()
        writer.write(sent)
        status, named, body = await answer(reader)
        if status not in (200, 304):
            raise RuntimeError(f"{path}: {status}")
        octets += len(body)
        took.append((now() - begun) * 1000)
    writer.close()
    return took, octets, named


async def measure(
    site: Site, title: str, path: str, headers: dict[str, str], connections: int, seconds: float
) -> None:
    port = urlsplit(site.url).port or 80
    for _ in range(WARM_UP):
        await ask(port, path, headers, now() + 0.01)
    pids = site.pids("portal.asgi:application") + site.pids("multiprocessing")
    web, own, begun = sum(map(processor, pids)), time.process_time(), now()
    until = begun + seconds
    made = await asyncio.gather(*(ask(port, path, headers, until) for _ in range(connections)))
    wall = now() - begun
    took = [value for values, _, _ in made for value in values]
    octets = sum(count for _, count, _ in made)
    cpu = sum(map(processor, pids)) - web
    print(
        f"  {title:28} {len(took) / wall:7.0f} a second, ms: {quantiles(took)}; "
        f"{octets / len(took) / 1024:5.1f} kB, {cpu / len(took) * 1000:.2f} ms CPU each "
        f"(web {cpu / wall:.2f} cores, client {(time.process_time() - own) / wall:.2f})",
        flush=True,
    )


async def tag_of(site: Site, path: str) -> str:
    _, _, named = await ask(urlsplit(site.url).port or 80, path, HEADERS, now() + 0.01)
    return named["etag"]


async def _all(site: Site, report: str, connections: int, seconds: float) -> None:
    tag = await tag_of(site, "/learn/mx-record/")
    for title, path, more in (
        ("a finished report", report, {}),
        ("an article", "/learn/mx-record/", {}),
        ("the article, not modified", "/learn/mx-record/", {"If-None-Match": tag}),
    ):
        await measure(site, title, path, HEADERS | more, connections, seconds)


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--connections", type=int, default=16)
    arguments.add_argument("--seconds", type=float, default=10.0)
    arguments.add_argument("--processes", default="1,2")
    chosen = arguments.parse_args()
    connections, seconds = min(1000, chosen.connections), min(120.0, chosen.seconds)
    print(machine())
    for count in [int(text) for text in chosen.processes.split(",")][:4]:
        with a_site(MXPLAIN_WEB_PROCESSES=str(count)) as site:
            print(f"{count} web process{'es' if count > 1 else ''}, {connections} connections:")
            report = make_report(site.url, "perfect.classroom.test")
            asyncio.run(_all(site, report, connections, seconds))


if __name__ == "__main__":
    os.environ.pop("MXPLAIN_DEBUG", None)
    main()
