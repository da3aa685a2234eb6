"""Being told to stop: what is in the making is finished, what waits is kept, nothing stays behind.

The whole site in real processes; no browser. The reports take some seconds on purpose.
"""

from __future__ import annotations

import http.cookiejar
import os
import re
import signal
import sqlite3
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from .conftest import Site, free_port, start_site, wait_until

pytestmark = pytest.mark.e2e
WORKER = "celery --quiet -A portal worker"


@pytest.fixture(scope="module")
def var(tmp_path_factory):
    return tmp_path_factory.mktemp("v")  # short: Redis' socket lies in it


def started(var: Path) -> Iterator[Site]:
    running = start_site(var, free_port(), MXPLAIN_REPORT_TIMEOUT="4", MXPLAIN_LOG_LEVEL="INFO")
    lines: list[str] = []
    reading = threading.Thread(target=lambda: lines.extend(running.process.stdout), daemon=True)
    reading.start()  # the log is not to fill up its pipe
    running.lines = lines
    yield running
    if running.process.poll() is None:
        running.process.kill()
    running.process.wait(30)
    reading.join(30)


@pytest.fixture(scope="module")
def site(var):
    yield from started(var)


@pytest.fixture
def another(var, site):
    """The same site, started again after it was stopped."""
    if site.process.poll() is None:
        site.process.kill()
    site.process.wait(30)
    wait_until(lambda: site.pids("") == [])
    yield from started(var)


def begin(site: Site, request_id: str = "") -> str:
    """A report that has just begun; its token."""
    jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    opener = urllib.request.build_opener(jar)
    page = opener.open(f"{site.url}/check/").read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    fields = {"csrfmiddlewaretoken": token[1], "domain": "slow.classroom.test", "again": "1"}
    asked = urllib.request.Request(f"{site.url}/check/", urllib.parse.urlencode(fields).encode())
    asked.add_header("X-Request-ID", request_id or "none")
    made = opener.open(asked).url.split("/")[-2]
    wait_until(lambda: row(site, made)[0] == "running")
    return made


def row(site: Site, token: str) -> tuple[str, int]:
    """State and attempts of a report, from the database itself."""
    database = sqlite3.connect(f"file:{site.var}/mxplain.sqlite3?mode=ro", uri=True, timeout=20)
    try:
        asked = "SELECT state, attempts FROM lookups_report WHERE token = ?"
        return database.execute(asked, (token,)).fetchone()
    finally:
        database.close()


def listen(site: Site, token: str) -> tuple[threading.Thread, list[str]]:
    """Reads the report's events until the stream ends."""
    heard: list[str] = []

    def read() -> None:
        with urllib.request.urlopen(f"{site.url}/r/{token}/events/", timeout=60) as answer:
            heard.extend(line.decode() for line in answer)
        heard.append("whole")

    thread = threading.Thread(target=read)
    thread.start()
    wait_until(lambda: heard)
    return thread, heard


def test_a_worker_finishes_what_it_has(site):
    token = begin(site, "graceful-1")
    [worker] = site.pids(WORKER)
    os.kill(worker, signal.SIGTERM)
    wait_until(lambda: worker not in site.pids(WORKER), 40)
    assert row(site, token) == ("done", 1)
    queue = redis.Redis(unix_socket_path=str(site.var / "redis" / "redis.sock"))
    assert not queue.keys("report:*:lease") and not queue.hlen("unacked")
    assert not queue.keys(f"alive:worker:*:{worker}")
    wait_until(lambda: site.pids(WORKER), 40)  # the supervisor starts it again
    # One request, followed from the form to the report.
    told = "".join(site.lines)
    assert re.search(r"POST check \[request=graceful-1 ", told)
    assert re.search(r"worker \| .*report made \[request=graceful-1 task=", told)
    assert token not in told


def test_the_whole_site_stops_in_good_order(site):
    token = begin(site)
    listening, heard = listen(site, token)
    told = time.time() - 1
    site.process.send_signal(signal.SIGTERM)
    listening.join(20)
    assert heard[-1] == "whole" and "event: done\n" not in heard  # told to come back
    assert row(site, token)[0] == "running"
    assert site.process.wait(60) == 0
    assert row(site, token) == ("done", 1)
    assert site.pids("") == []
    kept = site.var.glob("celerybeat-schedule*")
    assert any(path.stat().st_mtime > told and path.stat().st_size for path in kept)


def test_a_second_signal_ends_at_once(another):
    site = another
    token = begin(site)
    site.process.send_signal(signal.SIGTERM)
    wait_until(lambda: not site.pids("uvicorn"))
    site.process.send_signal(signal.SIGTERM)
    assert site.process.wait(20) == 1
    assert row(site, token)[0] == "running" and site.pids("") == []
