"""A site whose machine can be made to fail: its disk filled, its clock set, its database locked."""

from __future__ import annotations

import http.cookiejar
import os
import re
import shutil
import socket
import sqlite3
import struct
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .conftest import Site, free_port, start_site, stop_site

DISK = "96m"
REPORT_SECONDS = "6"
PAGES = ("/", "/check/", "/learn/", "/findings/", "/tools/spf/", "/ja/classroom/", "/healthz")


class Visitor:
    """Asks as a browser without JavaScript does, and never raises for what it is told."""

    def __init__(self, base: str) -> None:
        self.base = base
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(jar)

    def get(self, path: str, form: dict[str, str] | None = None) -> tuple[int, str, str]:
        """Status, body and final path; status 0 where nobody answers."""
        data = urllib.parse.urlencode(form).encode() if form is not None else None
        try:
            with self.opener.open(self.base + path, data, timeout=30) as answer:
                where = urllib.parse.urlsplit(answer.url).path
                return answer.status, answer.read().decode(), where
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(), path
        except OSError:
            return 0, "", path

    def ask(self, domain: str) -> tuple[int, str, str]:
        """Asks for a new report."""
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.get("/check/")[1])
        if not token:
            return 0, "", ""
        form = {"csrfmiddlewaretoken": token[1], "domain": domain, "again": "1"}
        return self.get("/check/", form)

    def finished(self, path: str, seconds: float = 40) -> str:
        """The page of a report once it is done; until then its events are listened to."""
        end = time.monotonic() + seconds
        while True:
            status, body, _ = self.get(path)
            if status == 200 and "sse-connect" not in body:
                return body
            assert time.monotonic() < end, f"{path} does not end: {status}"
            if status != 200 or self.get(path + "events/")[0] != 200:
                time.sleep(0.3)


@contextmanager
def looked_at(site: Site, *more: str) -> Iterator[list[tuple[str, int]]]:
    """Somebody looks at page after page while the block runs; no page may be a 500."""
    seen: list[tuple[str, int]] = []
    over = threading.Event()

    def look() -> None:
        visitor = Visitor(site.url)
        while not over.is_set():
            for path in (*PAGES, *more):
                seen.append((path, visitor.get(path)[0]))
            over.wait(0.2)

    reader = threading.Thread(target=look)
    reader.start()
    try:
        yield seen
    finally:
        over.set()
        reader.join()
    assert seen and not [one for one in seen if one[1] >= 500 and one[1] != 503], seen


class Machine:
    """What a frail site stands on."""

    def __init__(self, site: Site, clock: Path) -> None:
        self.site, self._clock = site, clock

    def set_clock(self, seconds: int) -> None:
        """By how much the clocks of all the site's processes are wrong."""
        with self._clock.open("r+b") as file:
            file.write(struct.pack("=q", seconds))

    @contextmanager
    def full_disk(self) -> Iterator[None]:
        filler = self.site.var / "filler"
        try:
            with filler.open("wb", buffering=0) as file:
                for size in (1 << 20, 1 << 12):
                    try:
                        while True:
                            file.write(b"x" * size)
                    except OSError:
                        continue
            yield
        finally:
            filler.unlink()

    @contextmanager
    def locked_database(self) -> Iterator[None]:
        database = sqlite3.connect(
            self.site.var / "mxplain.sqlite3", timeout=20, isolation_level=None
        )
        database.execute("BEGIN EXCLUSIVE")
        try:
            yield
        finally:
            database.execute("ROLLBACK")
            database.close()


def _clock_library(folder: Path) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    assert compiler, "these tests need a C compiler (Debian, Ubuntu: apt-get install gcc libc6-dev)"
    made = folder / "wrong_clock.so"
    source = Path(__file__).with_name("wrong_clock.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", made, source], check=True)
    return made


@contextmanager
def _small_disk() -> Iterator[Path]:
    """A folder on a disk of its own, which needs root to be mounted."""
    folder = Path(tempfile.mkdtemp(prefix="mxplain-frail-"))
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)]
    is_mounted = subprocess.run(mount, capture_output=True).returncode == 0
    assert is_mounted or not os.environ.get("CI"), "the tests cannot mount a small disk"
    try:
        yield folder
    finally:
        if is_mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def frail_machine() -> Iterator[Machine]:
    """A site on a small disk of its own, by a clock that can be set, whose resolver is silent."""
    with (
        _small_disk() as var,
        tempfile.TemporaryDirectory(prefix="mxplain-clock-") as beside,
        socket.socket(type=socket.SOCK_DGRAM) as silent,
    ):
        clock = Path(beside, "clock")
        clock.write_bytes(struct.pack("=q", 0))
        silent.bind(("127.0.0.1", 0))
        site = start_site(
            var,
            free_port(),
            MXPLAIN_REPORT_TIMEOUT=REPORT_SECONDS,
            MXPLAIN_RESOLVERS=f"127.0.0.1:{silent.getsockname()[1]}",
            LD_PRELOAD=str(_clock_library(Path(beside))),
            WRONG_CLOCK=str(clock),
        )
        try:
            yield Machine(site, clock)
        finally:
            stop_site(site)
