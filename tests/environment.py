"""Loaded before the settings: a var folder of its own for the tests, and a real Redis in it."""

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
    process = subprocess.Popen(
        embedded_redis.command(folder, socket), stdout=subprocess.DEVNULL, cwd=folder
    )
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(process.wait)
    atexit.register(process.terminate)
    end = time.monotonic() + 10
    while not socket.exists():
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError("the Redis server of the tests did not start")
        time.sleep(0.01)


os.environ.update(
    {
        "MXPLAIN_VAR": str(folder),
        "REDIS_URL": f"unix://{socket}",
        "PUBLIC_URL": "http://localhost:8000",
        "MXPLAIN_CLASSROOM": "",
        "MXPLAIN_RESOLVERS": "127.0.0.1:9",  # nothing listens: no test reaches the outside
        "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
    }
)
for name in ("SECRET_KEY", "ALLOWED_HOSTS", "MXPLAIN_DEBUG"):
    os.environ.pop(name, None)
(folder / "static").mkdir()
_start()
