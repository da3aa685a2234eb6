"""Figures that nobody counts as they happen: they are asked for when somebody wants to know."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import django
import redis
from django.conf import settings
from django.db import DatabaseError
from django.db.models import Min
from django.utils import timezone
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from lookups import stream
from lookups.models import Report

from . import exposition, heart

QUEUES = ("interactive", "monitor", "bulk")
PARTS = ("web", "worker", "beat", "classroom", "spf-dns")


def queue_lengths() -> list[tuple[str, int]]:
    """Waiting messages: Celery keeps a queue as a list of its name. Raises redis.RedisError."""
    client = stream.client()
    return [(name, int(client.llen(name))) for name in QUEUES]


def in_hand() -> int:
    """Messages that workers have taken and not finished. Raises redis.RedisError."""
    return int(stream.client().hlen("unacked"))


def oldest_unfinished() -> datetime | None:
    """Raises DatabaseError."""
    found: datetime | None = Report.objects.unfinished().aggregate(oldest=Min("created"))["oldest"]
    return found


class Live(Collector):
    """Queues, the clock, who is alive: the same wherever one asks, so take their maximum, not their
    sum. What cannot be asked is left out, and `mxplain_up` says so."""

    def collect(self) -> Iterator[Any]:
        build = GaugeMetricFamily(
            "mxplain_build_info", "What runs here.", labels=("release", "python", "django")
        )
        build.add_metric((settings.RELEASE, platform.python_version(), django.get_version()), 1)
        yield build
        yield from _processes()
        up = GaugeMetricFamily("mxplain_up", "Whether it answers (1) or not (0).", labels=("what",))
        for what, ask, trouble in (
            ("redis", _of_redis, redis.RedisError),
            ("database", _of_database, DatabaseError),
        ):
            try:
                yield from list(ask())
                up.add_metric((what,), 1)
            except trouble:
                up.add_metric((what,), 0)
        yield up


def _of_redis() -> Iterator[Any]:
    depth = GaugeMetricFamily(
        "mxplain_queue_messages", "Messages that wait for a worker.", labels=("queue",)
    )
    for name, length in queue_lengths():
        depth.add_metric((name,), length)
    yield depth
    yield GaugeMetricFamily(
        "mxplain_queue_in_hand", "Messages that workers have taken and not finished.", in_hand()
    )
    clock = stream.clock_was_here()
    yield GaugeMetricFamily(
        "mxplain_clock_timestamp_seconds",
        "When the clock's work was last done; 0: never.",
        clock.timestamp() if clock else 0,
    )
    alive = GaugeMetricFamily(
        "mxplain_processes",
        "Processes that gave a sign of life, on all machines.",
        labels=("part",),
    )
    parts = [one.part for one in heart.alive()]
    for part in PARTS:
        alive.add_metric((part,), parts.count(part))
    yield alive


def _of_database() -> Iterator[Any]:
    oldest = oldest_unfinished()
    age = (timezone.now() - oldest).total_seconds() if oldest else 0.0
    yield GaugeMetricFamily(
        "mxplain_oldest_unfinished_report_seconds",
        "Age of the oldest report that is not finished; 0: none waits.",
        max(0.0, age),
    )


def _processes() -> Iterator[Any]:
    """Of this machine's processes, as Linux tells it; nothing elsewhere."""
    where = exposition.folder()
    pids = exposition.live_pids(where) if where else [os.getpid()]
    labels = ("part", "pid")
    memory = GaugeMetricFamily(
        "mxplain_process_resident_memory_bytes", "Memory in use.", labels=labels
    )
    cpu = CounterMetricFamily("mxplain_process_cpu_seconds", "Processor time.", labels=labels)
    files = GaugeMetricFamily("mxplain_process_open_fds", "Open files.", labels=labels)
    tick, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
    for pid in pids:
        try:
            words = Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")
            # The name of the program, in brackets, may hold spaces.
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            opened = len(os.listdir(f"/proc/{pid}/fd"))
        except OSError:
            continue
        whose = (next((part for part in ("worker", "beat") if part in words), "web"), str(pid))
        memory.add_metric(whose, int(fields[21]) * page)
        cpu.add_metric(whose, (int(fields[11]) + int(fields[12])) / tick)
        files.add_metric(whose, opened)
    yield from (memory, cpu, files)
