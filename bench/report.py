"""A whole report: wall time against the longest chain of questions, questions, CPU; and checkdmarc.

    .venv/bin/python bench/report.py [--delay 20] [--without-checkdmarc]

A real name server (Knot DNS, signed zones) answers behind a delay. checkdmarc is installed into
var/bench-venv the first time, and examines the same domains through the same server in the same
run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import uvloop

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from bench import zones as bench_zones  # noqa: E402
from bench.delays import delayed  # noqa: E402
from lookups.engine.context import Context, Options  # noqa: E402
from lookups.engine.names import parse_domain  # noqa: E402
from lookups.engine.report import report  # noqa: E402
from lookups.engine.resolver import Resolver, ResolverSettings  # noqa: E402
from lookups.engine.transport import Server, Transport  # noqa: E402
from lookups.engine.warm import warm_up  # noqa: E402
from tests.nameservers import serving  # noqa: E402

CHECKDMARC = "checkdmarc==6.0.4"
RUNS = 20


class Bench:
    """The engine, set up as a worker has it, for the zones of the benchmark."""

    def __init__(self, server: Server, anchors: dict[str, tuple[str, ...]]) -> None:
        self.settings = ResolverSettings((server,), classroom=server, share_seconds=2.0)
        self.options = Options(lesson=True, selectors=bench_zones.SELECTORS, trust_anchors=anchors)

    async def one(self, domain: str, transport: Transport) -> Context:
        resolver = Resolver(self.settings, transport)
        context = Context(resolver, parse_domain(domain), self.options)
        async for section in report(context):
            if section.complete and section.failed:
                raise RuntimeError(f"{section.topic} {section.failed}")
        return context


def longest_chain(log: list[dict], slack: float = 10.0) -> list[dict]:
    """The longest row of questions of which each began when the one before it was answered."""
    entries = sorted(log, key=lambda entry: entry["started_ms"])
    chains: list[list[dict]] = []
    for entry in entries:
        before = [
            chain
            for chain in chains
            if 0 <= entry["started_ms"] - (chain[-1]["started_ms"] + chain[-1]["ms"]) + 0.2 < slack
        ]
        chains.append([*max(before, key=len, default=[]), entry])
    return max(chains, key=len)


async def measure(bench: Bench, delay: float) -> dict[str, float]:
    # As a worker does. The answers of one report are not kept for the next.
    warm_up()
    transport = Transport()
    await bench.one(bench_zones.DOMAINS[0], transport)
    walls, cpus, asked, context = [], [], 0, None
    for number in range(RUNS):
        transport.shared.clear()
        domain = bench_zones.DOMAINS[number % bench_zones.COUNT]
        wall, cpu = time.perf_counter(), time.process_time()
        context = await bench.one(domain, transport)
        walls.append((time.perf_counter() - wall) * 1000)
        cpus.append((time.process_time() - cpu) * 1000)
        asked = context.resolver.asked
        await asyncio.sleep(0.05)
    transport.close()
    chain = longest_chain(context.resolver.log)
    keys = [(e["name"], e["type"], e["server"], e["transport"]) for e in context.resolver.log]
    print(f"one report, median of {RUNS}:")
    print(f"  questions {asked}, asked twice {len(keys) - len(set(keys))}")
    print(
        f"  longest chain {len(chain)}: " + " -> ".join(f"{e['type']} {e['name']}" for e in chain)
    )
    wall, cpu = statistics.median(walls), statistics.median(cpus)
    ideal = bench_zones.LONGEST_CHAIN * delay
    times = f"{bench_zones.LONGEST_CHAIN} x {delay:g} ms"
    print(f"  wall {wall:.1f} ms = {wall / ideal:.2f} x (chain of {times})")
    print(f"  CPU {cpu:.1f} ms, {cpu / asked * 1000:.0f} µs a question; at best {min(cpus):.1f} ms")
    await together(bench)
    return {"wall": wall, "cpu": cpu, "asked": asked}


async def together(bench: Bench) -> None:
    """Ten reports at once, as a worker makes them: what they share is asked once."""
    transport = Transport()
    wall, cpu = time.perf_counter(), time.process_time()
    done = await asyncio.gather(*(bench.one(d, transport) for d in bench_zones.DOMAINS))
    wall, cpu = (time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000
    transport.close()
    logs = [entry for context in done for entry in context.resolver.log]
    sent = [(e["name"], e["type"], e["server"], e["transport"]) for e in logs if not e["shared"]]
    print(f"{len(done)} reports at once: wall {wall:.1f} ms, CPU {cpu:.1f} ms")
    print(f"  questions {len(logs)}, sent {len(sent)}, sent twice {len(sent) - len(set(sent))}")


SIDE = """
import json, resource, sys, time
import checkdmarc, dns.nameserver

server = dns.nameserver.Do53Nameserver(sys.argv[1], int(sys.argv[2]))
asked, ask = 0, server.query

def counted(*arguments, **more):
    global asked
    asked += 1
    return ask(*arguments, **more)

server.query = counted

def check(domain):
    checkdmarc.check_domains([domain], skip_tls=True, nameservers=[server])

def forget():
    for name, module in list(sys.modules.items()):
        if name.startswith("checkdmarc"):
            for value in vars(module).values():
                if type(value).__name__ == "ExpiringDict":
                    value.clear()

def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime

def median(values):
    return sorted(values)[len(values) // 2]

check(sys.argv[3])  # the first one loads what is loaded once
walls, cpus = [], []
for domain in sys.argv[3:]:
    forget()
    asked = 0
    began, used = time.perf_counter(), cpu()
    check(domain)
    walls.append((time.perf_counter() - began) * 1000)
    cpus.append((cpu() - used) * 1000)
print(json.dumps({"wall": median(walls), "cpu": median(cpus), "asked": asked}))
"""


def checkdmarc(server: Server) -> dict[str, float]:
    venv = ROOT / "var/bench-venv"
    if not (venv / ".made").exists():
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        pip = [str(venv / "bin/pip"), "install", "--quiet", CHECKDMARC]
        subprocess.run(pip, check=True)
        (venv / ".made").touch()
    command = [str(venv / "bin/python"), "-c", SIDE, server.host, str(server.port)]
    made = subprocess.run(
        [*command, *bench_zones.DOMAINS[:5]], check=True, capture_output=True, text=True
    )
    return json.loads(made.stdout.splitlines()[-1])


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--delay", type=float, default=20.0, help="milliseconds a question")
    arguments.add_argument("--without-checkdmarc", action="store_true")
    chosen = arguments.parse_args()
    logging.basicConfig(level=logging.ERROR)
    print(f"{os.cpu_count()} cores, {chosen.delay:g} ms a question, signed zones, Knot DNS")
    with (
        serving(bench_zones.zones()) as nameserver,
        delayed(nameserver.port, chosen.delay) as server,
    ):
        bench = Bench(server, nameserver.anchors)
        ours = uvloop.run(measure(bench, chosen.delay))
        if not chosen.without_checkdmarc:
            theirs = checkdmarc(server)
            print(f"{CHECKDMARC}, the same zones, TLS skipped:")
            print(f"  questions {theirs['asked']}, wall {theirs['wall']:.0f} ms, ", end="")
            print(f"CPU {theirs['cpu']:.0f} ms")
            print(f"  ours is {theirs['wall'] / ours['wall']:.1f} x faster in wall time, ", end="")
            print(f"and takes {ours['cpu'] / theirs['cpu']:.2f} of its CPU time")


main()
