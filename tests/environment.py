"""Loaded before the settings: a var folder of its own for the tests, and a real Redis in it.

The database is SQLite in memory. MXPLAIN_TEST_DATABASE names another: "postgres" for a server
that is started for these tests (tests/postgres.py), or the address of one that runs, in which
databases may be made.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from portal import embedded_redis

folder = Path(tempfile.mkdtemp(prefix="mxplain-tests-"))
socket = folder / "redis.sock"


def _start() -> None:
    command = [*embedded_redis.command(folder, socket), "--appendonly", "no"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=folder)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(process.wait)
    atexit.register(process.terminate)
    end = time.monotonic() + 10
    while not socket.exists():
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError("the Redis server of the tests did not start")
        time.sleep(0.01)


def _database() -> str:
    """The address of the database server. Worker processes find that of the first process."""
    wanted = os.environ.get("MXPLAIN_TEST_DATABASE") or "sqlite"
    if wanted == "sqlite":
        return f"sqlite:///{folder / 'db.sqlite3'}"
    if wanted == "postgres":
        from tests import postgres

        wanted = os.environ["MXPLAIN_TEST_DATABASE"] = postgres.start()
    return wanted


os.environ.update(
    {
        "MXPLAIN_VAR": str(folder),
        "REDIS_URL": f"unix://{socket}",
        "PUBLIC_URL": "http://localhost:8000",
        "MXPLAIN_CLASSROOM": "",
        "MXPLAIN_RESOLVERS": "127.0.0.1:9",  # nothing listens: no test reaches the outside
        "DATABASE_URL": _database(),
    }
)
for name in ("SECRET_KEY", "ALLOWED_HOSTS", "MXPLAIN_DEBUG"):
    os.environ.pop(name, None)
(folder / "static").mkdir()
_start()
