"""Lookups that arrive whether or not the site keeps up: submit to first section, and throughput.

    .venv/bin/python bench/arrivals.py [--rates 1,10,50] [--seconds 20]
    .venv/bin/python bench/arrivals.py --full [--workers 1,2] [--reports 300]

Starts the whole site; Knot DNS answers for the signed zones of bench/zones.py, at once. Without
`--full`, submits come at random moments (a Poisson process, an open loop) at each rate; the time
runs from the moment a submit was due, so that waiting for the site counts. With `--full`, that many
reports are put into the queue at once: reports a second, and CPU of the workers each.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import re
import subprocess
import sys
import time
import urllib.parse
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import zones  # noqa: E402
from bench.client import allow_files, answer, head, now, processor, quantiles, request  # noqa: E402
from bench.machine import machine  # noqa: E402
from tests.e2e.conftest import ROOT, Site, a_site  # noqa: E402
from tests.nameservers import serving  # noqa: E402

TOKEN = "b" * 32
COOKIE = {"Host": "localhost", "Cookie": f"csrftoken={TOKEN}"}
PATIENCE = 60.0
UNLIMITED = {
    "MXPLAIN_LIMIT_STREAMS": "0",
    "MXPLAIN_LIMIT_LOOKUPS": "1000000/minute",
    "MXPLAIN_LIMIT_WORK": "1000000/minute",
    "MXPLAIN_LIMIT_DOMAIN": "1000000/minute",
    "MXPLAIN_BULK_AT_ONCE": "0",
}


async def first_section(port: int, domain: str, due: float) -> float:
    """Milliseconds from `due` to the first section, as a browser goes: form, page, events."""
    form = urllib.parse.urlencode(
        {"csrfmiddlewaretoken": TOKEN, "domain": domain, "again": "1"}
    ).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        typed = COOKIE | {"Content-Type": "application/x-www-form-urlencoded"}
        writer.write(request("POST", "/check/", typed, form))
        status, headers, _ = await answer(reader)
        if status != 302:
            raise RuntimeError(f"submit: {status}")
        place = headers["location"]
        writer.write(request("GET", place, COOKIE | {"Accept-Encoding": "gzip"}))
        await answer(reader)
        writer.write(request("GET", place + "events/", COOKIE))
        await head(reader)
        while line := await reader.readline():
            if line.startswith(b"event: section-"):
                return (now() - due) * 1000
        raise RuntimeError("no section")
    finally:
        writer.close()


async def arrivals(site: Site, rate: float, seconds: float) -> None:
    port, chance = urlsplit(site.url).port or 80, random.Random(1)
    names = [name for name in zones.DOMAINS]
    begun, due, asked = now() + 0.5, 0.0, []
    while due < seconds:
        due += chance.expovariate(rate)
        asked.append(begun + due)
    used = _processors(site)

    async def one(number: int, at: float) -> float:
        await asyncio.sleep(max(0.0, at - now()))
        return await first_section(port, names[number % len(names)], at)

    work = [asyncio.create_task(one(number, at)) for number, at in enumerate(asked)]
    made = await asyncio.wait_for(asyncio.gather(*work, return_exceptions=True), seconds + PATIENCE)
    wall = now() - begun
    took = [value for value in made if isinstance(value, float)]
    spent = {name: value - used[name] for name, value in _processors(site).items()}
    cores = ", ".join(f"{name} {value / wall:.2f}" for name, value in spent.items())
    print(
        f"{rate:g} a second, {len(made)} lookups, ms: {quantiles(took)}; "
        f"{len(made) - len(took)} failed; cores: {cores}",
        flush=True,
    )
    for error in {repr(value) for value in made if not isinstance(value, float)}:
        print(f"  {error}")


def _processors(site: Site) -> dict[str, float]:
    names = {"web": "portal.asgi:application", "worker": "celery", "redis": "redis.sock"}
    return {name: sum(map(processor, site.pids(needle))) for name, needle in names.items()}


def throughput(site: Site, workers: int, reports: int) -> None:
    """Full reports a second of a queue that is full, by `workers` processes."""
    from lookups import tasks
    from lookups.models import Report

    rows = [
        Report(domain=zones.DOMAINS[i % zones.COUNT], token=Report.new_token())
        for i in range(reports)
    ]
    Report.objects.bulk_create(rows)
    made = Report.objects.filter(token__in=[row.token for row in rows][:900])
    pids = site.pids("-A portal worker")
    used, begun = sum(map(processor, pids)), now()
    for row in made.only("id"):
        tasks.enqueue(row)
    queued = now() - begun
    while made.unfinished().exists():
        if now() - begun > PATIENCE * 5:
            raise RuntimeError("the queue does not become empty")
        time.sleep(0.1)
    wall, cpu = now() - begun, sum(map(processor, pids)) - used
    questions = [len(report.queries) for report in made.only("queries")[:20]]
    print(
        f"{workers} worker{'s' if workers > 1 else ''}: {reports / wall:.1f} reports a second "
        f"({queued:.1f} s to queue them), {cpu / reports * 1000:.1f} ms CPU each, "
        f"{cpu / wall:.2f} cores, {sum(questions) / len(questions):.0f} questions each",
        flush=True,
    )


def more_workers(site: Site, count: int) -> list[subprocess.Popen[bytes]]:
    """Further worker processes beside the one that the site starts."""
    [first] = site.pids("-A portal worker")
    raw = Path(f"/proc/{first}/environ").read_bytes().decode(errors="replace").split("\0")
    environment = dict(line.split("=", 1) for line in raw if "=" in line)
    command = Path(f"/proc/{first}/cmdline").read_bytes().decode().strip("\0").split("\0")
    return [subprocess.Popen(command, env=environment, cwd=ROOT) for _ in range(count)]


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rates", default="1,10,50")
    arguments.add_argument("--seconds", type=float, default=20.0)
    arguments.add_argument("--full", action="store_true")
    arguments.add_argument("--workers", default="1,2")
    arguments.add_argument("--reports", type=int, default=300)
    chosen = arguments.parse_args()
    allow_files()
    print(machine())
    with ExitStack() as stack:
        server = stack.enter_context(serving(zones.zones()))
        anchors = ",".join(record for records in server.anchors.values() for record in records)
        dns = {
            "MXPLAIN_RESOLVERS": f"127.0.0.1:{server.port}",
            "MXPLAIN_TRUST_ANCHORS": re.sub(r"\s+", " ", anchors),
        }
        site = stack.enter_context(a_site(**dns, **UNLIMITED))
        if chosen.full:
            _full(site, [int(n) for n in chosen.workers.split(",")][:4], min(900, chosen.reports))
            return
        asyncio.run(arrivals(site, 5, 3))  # warms up
        for rate in [float(text) for text in chosen.rates.split(",")][:6]:
            asyncio.run(arrivals(site, min(200.0, rate), min(120.0, chosen.seconds)))


def _full(site: Site, counts: list[int], reports: int) -> None:
    os.environ |= {"MXPLAIN_VAR": str(site.var), "PUBLIC_URL": site.url}
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    for name in ("REDIS_URL", "DATABASE_URL", "MXPLAIN_DEBUG"):
        os.environ.pop(name, None)
    import django

    django.setup()
    import portal.celery  # noqa: F401 the queue

    throughput(site, 1, 30)  # warms up
    running: list[subprocess.Popen[bytes]] = []
    try:
        for count in counts:
            running += more_workers(site, count - 1 - len(running))
            time.sleep(5 if running else 0)
            throughput(site, count, reports)
    finally:
        for process in running:
            process.terminate()
            process.wait(timeout=30)


if __name__ == "__main__":
    main()
