"""The engine alone, without waiting for the network: whole reports a second on one core.

.venv/bin/python bench/engine.py
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from lookups.engine.context import Context, Options  # noqa: E402
from lookups.engine.names import parse_domain  # noqa: E402
from lookups.engine.report import report  # noqa: E402
from lookups.engine.resolver import Resolver, ResolverSettings  # noqa: E402
from lookups.engine.transport import Server, Transport  # noqa: E402

REPORTS, AT_ONCE = 400, 20
DOMAIN = parse_domain("perfect.classroom.test")


async def measure(server: Server) -> None:
    transport, asked = Transport(), 0

    async def one() -> None:
        nonlocal asked
        resolver = Resolver(
            ResolverSettings((server,), classroom=server, share_seconds=0), transport
        )
        async for _ in report(Context(resolver, DOMAIN, Options(lesson=True))):
            pass
        asked += resolver.asked

    await one()
    asked = 0
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(REPORTS // AT_ONCE):
        await asyncio.gather(*(one() for _ in range(AT_ONCE)))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    transport.close()
    print(f"{REPORTS / wall:.0f} reports a second, {REPORTS / cpu:.0f} a second of CPU")
    print(f"{cpu / REPORTS * 1000:.2f} ms CPU a report, {cpu / asked * 1e6:.0f} µs a question")
    print(f"{asked / REPORTS:.1f} questions a report")


def main() -> None:
    command = [sys.executable, "manage.py", "classroom", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as classroom:
        host, _, port = classroom.stdout.readline().split()[-1].rpartition(":")
        try:
            asyncio.run(measure(Server(host, int(port))))
        finally:
            classroom.terminate()


main()
