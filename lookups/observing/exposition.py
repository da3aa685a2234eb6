"""The figures of this machine's processes in Prometheus' text format, and their keeping in files.

Files of processes that ended are folded into one, so that sums go on and files do not pile up.
"""

from __future__ import annotations

import fcntl
import hmac
import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from django.conf import settings
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

logger = logging.getLogger(__name__)

MAX_FILES_OF_THE_DEAD = 24
OLD_HOST_SECONDS = 30 * 86400
_FOLDED = "folded"  # in place of a process id


def folder() -> Path | None:
    """Where the processes of this machine keep their figures; None for one that stands alone."""
    named = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    return Path(named) if named else None


def exposed(*more: Collector) -> tuple[bytes, str]:
    """Body and media type: the figures of all processes here, and those of `more`."""
    registry = CollectorRegistry()
    for collector in more:
        registry.register(collector)
    where = folder()
    if where is None:
        return generate_latest(REGISTRY) + generate_latest(registry), CONTENT_TYPE_LATEST
    where.mkdir(parents=True, exist_ok=True)
    with _alone(where):
        _fold(where)
        MultiProcessCollector(registry, path=str(where))
        return generate_latest(registry), CONTENT_TYPE_LATEST


# --- files ---------------------------------------------------------------------------------------
def empty(where: Path) -> None:
    """Throws away what an earlier run left; the site does not run yet."""
    for path in where.glob("*.db"):
        path.unlink(missing_ok=True)


def forget_me() -> None:
    """Of a process that ends: what it says of this moment (open streams) is no longer so."""
    if where := folder():
        for path in where.glob(f"gauge_live*_{os.getpid()}.db"):
            path.unlink(missing_ok=True)


def forget_old_hosts(where: Path) -> None:
    """Containers have a new name each time they are made: folders of those long gone go."""
    over = time.time() - OLD_HOST_SECONDS
    for host in where.glob("*"):
        if all(path.stat().st_mtime < over for path in [host, *host.glob("*")]):
            shutil.rmtree(host, ignore_errors=True)


def live_pids(where: Path) -> list[int]:
    """Running processes that keep figures."""
    pids = {_pid_of(path) for path in where.glob("*.db")}
    return sorted(pid for pid in pids if pid is not None and _lives(pid))


def _fold(where: Path) -> None:
    dead = [path for path in where.glob("*.db") if _is_left_behind(path)]
    for path in [path for path in dead if path.name.startswith("gauge")]:
        path.unlink(missing_ok=True)
    rest = [path for path in dead if not path.name.startswith("gauge")]
    if len(rest) < MAX_FILES_OF_THE_DEAD:
        return
    for kind in ("counter", "histogram"):
        if ended := [path for path in rest if path.name.startswith(kind)]:
            _add_up(where / f"{kind}_{_FOLDED}.db", ended)


def _add_up(into: Path, paths: list[Path]) -> None:
    folded = MmapedDict(str(into))
    try:
        for path in paths:
            for key, value, _, _ in MmapedDict.read_all_values_from_file(str(path)):
                folded.write_value(key, folded.read_value(key)[0] + value, 0.0)
            path.unlink()
    finally:
        folded.close()


def _is_left_behind(path: Path) -> bool:
    pid = _pid_of(path)
    return pid is not None and not _lives(pid)


def _pid_of(path: Path) -> int | None:
    text = path.stem.rpartition("_")[2]
    return int(text) if text.isdigit() else None


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


@contextmanager
def _alone(where: Path) -> Iterator[None]:
    with open(where / "lock", "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


# --- a port of its own, for machines without a web server ---------------------------------------
class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Not on stderr: it names who asks."""


def serve(place: str) -> WSGIServer | None:
    """Answers GET /metrics at "[HOST:]PORT" in a thread; nothing where `place` is empty.

    Without a host it listens on this machine alone, and with a token (MXPLAIN_METRICS_TOKEN, which
    must then be shown) everywhere. Where another worker of this machine has the port already, that
    one speaks for both.
    """
    if not place:
        return None
    host, _, port = place.rpartition(":")
    host = host or ("0.0.0.0" if settings.METRICS_TOKEN else "127.0.0.1")
    try:
        server = make_server(
            host, int(port), _application, server_class=_Server, handler_class=_Quiet
        )
    except (OSError, ValueError, OverflowError) as error:
        logger.warning("figures are not given at MXPLAIN_METRICS_PORT: %s", error)
        return None
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server


def _application(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
    token = settings.METRICS_TOKEN
    allowed = not token or bears(environ.get("HTTP_AUTHORIZATION", ""), token)
    if not allowed or environ["PATH_INFO"] != "/metrics" or environ["REQUEST_METHOD"] != "GET":
        start("404 Not Found", [("Content-Type", "text/plain")])
        return [b"Not found\n"]
    body, kind = exposed()
    start("200 OK", [("Content-Type", kind)])
    return [body]


def bears(authorization: str, token: str) -> bool:
    """Whether an Authorization header (RFC 6750 §2.1) shows `token`."""
    scheme, _, shown = authorization.partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(
        shown.strip().encode("utf-8", "replace"), token.encode()
    )
