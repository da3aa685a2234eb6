"""Bulk checks: domains a second and the memory of the workers, with one and with two of them.

    .venv/bin/python bench/bulk.py [--domains 2000] [--workers 1 2] [--delay 0]

Real Celery workers with a Redis and a database (SQLite) of their own take the work from the
queue, as they do on the site. A real name server (Knot DNS, signed) answers on the same machine, so
that it takes its share of the CPU: each domain has three mail servers of a zone that all share, an
SPF record with an include, two DKIM keys, DMARC and TLSRPT.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from bench import zones as bench_zones  # noqa: E402
from bench.delays import delayed  # noqa: E402
from portal import embedded_redis  # noqa: E402
from tests.nameservers import serving  # noqa: E402

ZONE = "list.example"
CELERY = [sys.executable, "-W", "ignore", "-m", "celery", "--quiet", "-A", "portal", "worker"]
OPTIONS = ["--loglevel", "ERROR", "--pool", "threads", "--concurrency", "16", "-Q",
           "interactive,monitor,bulk", "--without-gossip", "--without-mingle"]  # fmt: skip


def zones(count: int) -> dict[str, str]:
    """Those of the report's benchmark, and one more with all the domains of the list."""
    made = bench_zones.zones()
    head = (
        "@ 3600 SOA ns1.dns.example. hostmaster.dns.example. 1 7200 900 1209600 300\n"
        "@ 3600 NS ns1.dns.example.\n@ 3600 NS ns2.dns.example.\n"
    )
    made[ZONE] = head + "".join(_domain(f"d{number}") for number in range(count))
    delegation = "".join(f"{ZONE}. 3600 NS ns{n}.dns.example.\n" for n in (1, 2))
    made["example"] += delegation
    return made


def _domain(name: str) -> str:
    key = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A" + "A" * 200
    mail = "".join(f"{name} 3600 MX {n}0 mx{n}.hosts.example.\n" for n in (1, 2, 3))
    keys = "".join(
        f'{s}._domainkey.{name} 3600 TXT "v=DKIM1; k=rsa; p={key}"\n' for s in ("s1", "selector1")
    )
    return (
        f'{mail}{name} 3600 TXT "v=spf1 mx include:four.spf.example -all"\n{keys}'
        f'_dmarc.{name} 3600 TXT "v=DMARC1; p=reject"\n'
        f'_smtp._tls.{name} 3600 TXT "v=TLSRPTv1; rua=mailto:tls@{name}.{ZONE}"\n'
    )


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    path = folder / "redis.sock"
    command = embedded_redis.command(folder, path)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=folder) as process:
        try:
            while not path.exists():
                time.sleep(0.02)
            yield f"unix://{path}"
        finally:
            process.terminate()


def manage(environment: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "-W", "ignore", "manage.py", *arguments]
    made = subprocess.run(
        command, env=environment, cwd=ROOT, check=True, capture_output=True, text=True
    )
    return made.stdout


FILL = """
from django.contrib.auth import get_user_model
from lookups.bulk import ledger, reading, tasks
user, _ = get_user_model().objects.get_or_create(username="bench")
text = "\\n".join(f"d{number}.%s" for number in range(%d))
print("BULK", ledger.create("bench", reading.read(text), owner=user).id)
tasks.wake()
"""
LOOK = """
import json
from lookups.models import Bulk
bulk = Bulk.objects.latest("id")
took = (bulk.finished - bulk.started).total_seconds()
print("SEEN", json.dumps({"took": took, "done": bulk.done, "failed": bulk.failed}))
"""


def _wait(database: Path, seconds: float = 1800.0) -> None:
    """Until the newest bulk is over; looks without a process of its own."""
    import sqlite3

    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
            row = connection.execute(
                "SELECT state FROM lookups_bulk ORDER BY id DESC LIMIT 1"
            ).fetchone()
        if row and row[0] == "done":
            return
        time.sleep(0.5)
    raise TimeoutError("the bulk check did not end")


def _peak(pid: int) -> float:
    """The most memory that a process had (VmHWM), in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(workers: int, count: int, environment: dict[str, str], database: Path) -> None:
    processes = [
        subprocess.Popen([*CELERY, *OPTIONS, "-n", f"w{n}"], env=environment, cwd=ROOT)
        for n in range(workers)
    ]
    try:
        time.sleep(6)  # they have warmed up
        before = [_cpu(process.pid) for process in processes]
        manage(environment, "shell", "-c", FILL % (ZONE, count))
        _wait(database)
        seen = json.loads(manage(environment, "shell", "-c", LOOK).split("SEEN ")[1])
        peaks = [_peak(process.pid) for process in processes]
        spent = [_cpu(p.pid) - b for p, b in zip(processes, before, strict=True)]
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            process.wait(30)
    memory = " + ".join(f"{peak:.0f}" for peak in peaks)
    cpu = 1000 * sum(spent) / count
    print(
        f"{workers:7} {seen['done']:8} {seen['failed']:7} {seen['took']:8.1f} s "
        f"{count / seen['took']:9.1f} {cpu:13.1f} ms   {memory} MB",
        flush=True,
    )


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--domains", type=int, default=2000)
    arguments.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    arguments.add_argument("--delay", type=float, default=0.0, help="milliseconds a question")
    chosen = arguments.parse_args()
    count = chosen.domains
    with (
        tempfile.TemporaryDirectory(prefix="mxplain-bench-") as name,
        serving(zones(count)) as nameserver,
        delayed(nameserver.port, chosen.delay) as server,
        redis_server(Path(name)) as redis_url,
    ):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("MXPLAIN_")}
        environment |= {
            "MXPLAIN_VAR": name,
            "MXPLAIN_LIMIT_DOMAIN": "off",  # all domains are of one
            "REDIS_URL": redis_url,
            "DATABASE_URL": f"sqlite:///{name}/db.sqlite3",
            "MXPLAIN_RESOLVERS": str(server),
            "MXPLAIN_TRUST_ANCHORS": ",".join(nameserver.anchors["."]),
        }
        manage(environment, "migrate", "--verbosity", "0")
        print(f"{os.cpu_count()} cores, {chosen.delay:g} ms a question, signed zones, Knot DNS")
        print("workers     done  failed       took  a second  CPU a domain   peak memory")
        for workers in chosen.workers:
            measure(workers, count, environment, Path(name) / "db.sqlite3")


main()
