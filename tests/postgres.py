"""A PostgreSQL server for the tests: started in a temporary folder, thrown away at the end.

`MXPLAIN_TEST_DATABASE=postgres bin/test tests/lookups -k saved` runs these tests on it;
`python -m tests.postgres` says whether this machine has what it takes.
"""

from __future__ import annotations

import atexit
import ctypes
import functools
import glob
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

import psycopg

# Where packages put the programs that no ordinary user calls; the newest version wins.
FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin")
MISSING = (
    "PostgreSQL is not installed: its programs initdb and postgres are needed, no running server"
    " (Debian, Ubuntu: sudo apt-get install postgresql)."
)
START_SECONDS = 30.0
_PR_SET_PDEATHSIG = 1

# Nothing of it is kept, so nothing need reach a disk.
OPTIONS = {
    "listen_addresses": "",  # the unix socket only
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "shared_buffers": "64MB",
    "jit": "off",
    "log_min_messages": "fatal",  # tests break rules on purpose
}


def program(name: str) -> str | None:
    """The path of `initdb` or `postgres`."""
    found = [path for pattern in FOLDERS for path in glob.glob(pattern)]
    found.sort(key=lambda path: [int(n) for n in re.findall(r"\d+", path)], reverse=True)
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *found]))


def is_there() -> bool:
    return bool(program("initdb") and program("postgres"))


def start() -> str:
    """Starts the server, to end with this process; the address of its database."""
    if not is_there():
        raise RuntimeError(MISSING)
    folder = Path(tempfile.mkdtemp(prefix="mxplain-postgres-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    user = _user()
    if user:
        os.chown(folder, user.pw_uid, user.pw_gid)
    as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    data, log = folder / "data", (folder / "log").open("w+")
    run = functools.partial(_started, cwd=folder, stdout=log, stderr=log, **as_user)
    initdb = ["--auth=trust", "--username=mxplain", "--no-sync", "--encoding=UTF8"]
    made = run([program("initdb"), "-D", str(data), "--locale=C.UTF-8", *initdb])
    if made.wait():
        raise RuntimeError("initdb failed: " + _read(log))
    options = [part for name, value in OPTIONS.items() for part in ("-c", f"{name}={value}")]
    server = run([program("postgres"), "-D", str(data), "-k", str(folder), *options])
    atexit.register(_stop, server)
    url = f"postgres://mxplain@{quote(str(folder), safe='')}/postgres"
    _wait(server, folder, log)
    return url


def _user() -> pwd.struct_passwd | None:
    """Whom the server runs as: it refuses to be root."""
    if os.getuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _started(command: list[str], **options: object) -> subprocess.Popen[bytes]:
    """Ctrl-C is for the tests, which end the server after themselves."""
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=_die_with_parent,
        **options,  # type: ignore[call-overload]
    )


def _die_with_parent() -> None:
    """On Linux the kernel ends the server of tests that were killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)


def _wait(server: subprocess.Popen[bytes], folder: Path, log: object) -> None:
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(host=str(folder), user="mxplain", dbname="postgres").close()
            return
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > end:
                raise RuntimeError("PostgreSQL did not start: " + _read(log)) from None
        time.sleep(0.02)


def _read(log: object) -> str:
    log.seek(0)  # type: ignore[attr-defined]
    return str(log.read()[-2000:])  # type: ignore[attr-defined]


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.send_signal(signal.SIGQUIT)  # at once: nothing is kept
    server.wait()


if __name__ == "__main__":
    sys.exit(0 if is_there() else MISSING)
