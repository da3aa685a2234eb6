"""`manage.py serve`: the whole site from one command. `bin/serve` calls it."""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import hashlib
import os
import re
import resource
import signal
import socket
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Any, TextIO

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand

from learn.search.index import prepare as prepare_search
from lookups.observing import exposition
from portal import embedded_redis
from portal.supervisor import Part, Supervisor, print_line

READY_SECONDS = 60.0
BAD_INPUT, CUT_OFF = 2, 1
# How long requests have to end; pages that watch something are told to come back at once.
WEB_STOP_SECONDS = 10
# What stands on what, for an order to stop in: pages first, then what works for them.
ON_REDIS, ON_SERVERS, ON_WORKERS = 1, 2, 3
OPEN_FILES = 65_536
_PYTHON = [sys.executable, "-W", "ignore"]


class Refused(Exception):
    """The site cannot start; the text says why and what to do."""


class Command(BaseCommand):
    """Ctrl-C or SIGTERM stop in good order (exit 0), a second one at once (exit 1). Exit 2 where
    the port is taken or the site runs already."""

    help = "Run the whole site: queue, worker, web server and classroom DNS."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
        parser.add_argument("--port", type=_port, default=8000, help="port to listen on")

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        try:
            _check_port(host, port)
            lock = hold_var()
        except Refused as refused:
            self.stderr.write(f"serve: {refused}")
            sys.exit(BAD_INPUT)
        with lock:
            _prepare()
            _raise_limit()
            if not asyncio.run(_run(host, port)):
                sys.exit(CUT_OFF)


def _port(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not 0 < number < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: use a number from 1 to 65535")
    return number


def _check_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            hint = "Stop what uses it, or choose another with --port."
            raise Refused(f"cannot listen on {host}:{port} ({error.strerror}). {hint}") from error


def hold_var() -> TextIO:
    """Holds var/ for this process; the kernel lets go of it however the process ends."""
    file = open(settings.VAR_DIR / "serve.lock", "a+")  # noqa: SIM115 held until the end
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        hint = "Stop it first, or set MXPLAIN_VAR to another folder."
        raise Refused(f"the site runs already with {settings.VAR_DIR}. {hint}") from None
    return file


def _prepare() -> None:
    """Brings the database and the static files up to date."""
    print_line("serve", "preparing the database")
    call_command("migrate", interactive=False, verbosity=0)
    stamp = settings.STATIC_ROOT / ".made-from"
    fingerprint = _fingerprint()
    if not stamp.exists() or stamp.read_text() != fingerprint:
        print_line("serve", "preparing static files")
        call_command("collectstatic", interactive=False, verbosity=0, clear=True)
        stamp.write_text(fingerprint)
    exposition.empty(settings.METRICS_DIR)
    prepare_search()  # its index is made once per release, before the first visitor asks


def _raise_limit() -> None:
    """Each page that watches a report is an open file; many systems begin at 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _fingerprint() -> str:
    """Changes whenever a static file does."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list([]):
            status = os.stat(storage.path(name))
            digest.update(f"{name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


async def _run(host: str, port: int) -> bool:
    """Whether it ended in good order."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    supervisor = Supervisor()

    def stop() -> None:
        if stopped.is_set():
            print_line("serve", "ending at once")
            supervisor.hurry()
        stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop)
    starting = asyncio.create_task(_start(supervisor, host, port))
    waiting = asyncio.create_task(stopped.wait())
    try:
        await asyncio.wait({starting, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            await waiting
    except TimeoutError:
        print_line("serve", "the site did not start in time; see above")
    finally:
        starting.cancel()
        print_line("serve", "stopping; reports in the making are finished (again: at once)")
        await supervisor.stop()
    return not supervisor.was_hurried


async def _start(supervisor: Supervisor, host: str, port: int) -> None:
    public = os.environ.get("PUBLIC_URL") or f"http://{_shown(host)}:{port}"
    environment = {"PYTHONUNBUFFERED": "1", "PUBLIC_URL": public}
    if "ALLOWED_HOSTS" not in os.environ:
        environment["ALLOWED_HOSTS"] = ",".join([*settings.ALLOWED_HOSTS, _shown(host), host])
    if not (os.environ.get("REDIS_URL") or os.environ.get("REDIS_URL_FILE")):
        environment["REDIS_URL"] = await _start_redis(supervisor)
    if not settings.CLASSROOM:
        environment |= await _start_classroom(supervisor, environment)
    if not settings.SPF_DNS:
        environment |= await _start_spf(supervisor, environment)
    for part in _site_parts(host, port, environment):
        await supervisor.start(part)
    await asyncio.wait_for(_until_healthy(host, port), READY_SECONDS)
    print_line("serve", f"MXplain is at {public}/ (Ctrl-C stops it)")


async def _start_redis(supervisor: Supervisor) -> str:
    folder = settings.VAR_DIR / "redis"
    folder.mkdir(exist_ok=True)
    path = folder / "redis.sock"
    if not embedded_redis.fits(path):
        path = Path(tempfile.mkdtemp(prefix="mxplain-")) / "redis.sock"
    path.unlink(missing_ok=True)
    await supervisor.start(Part("redis", embedded_redis.command(folder, path), quiet=_REDIS_NOISE))
    await asyncio.wait_for(_until_listening(path), READY_SECONDS)
    return f"unix://{path}"


_REDIS_NOISE = re.compile(r"overcommit|oO0OoO0OoO0Oo|signal-handler|Memory allocator")


async def _until_listening(path: Path) -> None:
    while True:
        try:
            _, writer = await asyncio.open_unix_connection(str(path))
        except OSError:
            await asyncio.sleep(0.02)
            continue
        writer.close()
        return


async def _start_classroom(supervisor: Supervisor, environment: dict[str, str]) -> dict[str, str]:
    """Its ports are kept after a restart, since the other parts know them."""
    port, web, mail = _free_ports(3)
    command = [*_PYTHON, "manage.py", "classroom", "--port", str(port)]
    command += ["--web-port", str(web), "--mail-port", str(mail)]
    ready = re.compile(r"classroom authority in (.+)")
    quiet = re.compile(r"classroom \w+ on ")
    part = Part("classroom", command, environment, ready, quiet, stands=ON_REDIS)
    match = await supervisor.start(part, READY_SECONDS)
    assert match is not None
    return {
        "MXPLAIN_CLASSROOM": f"127.0.0.1:{port}",
        "MXPLAIN_CLASSROOM_WEB": f"127.0.0.1:{web}",
        "MXPLAIN_CLASSROOM_MAIL": f"127.0.0.1:{mail}",
        "MXPLAIN_CLASSROOM_CA": match[1],
    }


async def _start_spf(supervisor: Supervisor, environment: dict[str, str]) -> dict[str, str]:
    """The DNS server of hosted SPF records; its port is kept after a restart."""
    (port,) = _free_ports(1)
    command = [*_PYTHON, "manage.py", "spf-dns", "--port", str(port)]
    quiet = re.compile(r"spf DNS on ")
    part = Part("spf-dns", command, environment, quiet=quiet, stands=ON_REDIS)
    await supervisor.start(part)
    return {"MXPLAIN_SPF_DNS": f"127.0.0.1:{port}"}


def _free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody listens on, all different."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def _site_parts(host: str, port: int, environment: dict[str, str]) -> list[Part]:
    celery = [*_PYTHON, "-m", "celery", "--quiet", "-A", "portal"]
    plain = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    threads = ["--pool", "threads", "--concurrency", str(settings.WORKER_THREADS)]
    worker = [*celery, "worker", "--loglevel", "WARNING", *threads, *plain]
    worker += ["-Q", "interactive,monitor,bulk"]
    beat = [*celery, "beat", "--loglevel", "WARNING"]
    web = [*_PYTHON, "-m", "uvicorn", "portal.asgi:application", "--host", host]
    web += ["--port", str(port), "--log-level", "warning", "--no-access-log"]
    web += ["--timeout-graceful-shutdown", str(WEB_STOP_SECONDS)]
    web += ["--no-proxy-headers"]  # portal.asgi reads them, from TRUSTED_PROXIES alone
    if settings.WEB_PROCESSES > 1:
        web += ["--workers", str(settings.WEB_PROCESSES)]
    hello = re.compile(r"beat v|LocalTime|broker|loader|-> ")
    farewell = re.compile(r"^worker: (Warm|Cold) shutdown")
    return [
        Part("web", web, environment, stands=ON_WORKERS),
        Part("worker", worker, environment, quiet=farewell, stands=ON_SERVERS),
        Part("beat", beat, environment, quiet=hello, stands=ON_WORKERS),
    ]


async def _until_healthy(host: str, port: int) -> None:
    local = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    while not await asyncio.to_thread(_is_healthy, f"http://{local}:{port}/healthz"):
        await asyncio.sleep(0.1)


def _is_healthy(url: str) -> bool:
    request = urllib.request.Request(url, headers={"Host": "localhost"})
    try:
        with urllib.request.urlopen(request, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _shown(host: str) -> str:
    """The name by which a visitor on this machine reaches `host`."""
    if host in ("127.0.0.1", "0.0.0.0", "::", "::1"):
        return "localhost"
    return f"[{host}]" if ":" in host else host
