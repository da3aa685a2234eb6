"""A copy of the database in a file, and back: SQLite by its backup API, PostgreSQL by its programs.

Both copies show one moment, whatever is written meanwhile; both restores happen as a whole or not.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

from django.db import connection

from portal.backups import Failed

NEEDED = {"pg_dump", "pg_restore", "psql"}


def dump(target: Path) -> None:
    """Raises Failed, OSError, or sqlite3.Error where the disk is full."""
    if connection.vendor == "sqlite":
        return _dump_sqlite(target)
    _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={target}")
    _run("pg_restore", "--list", str(target), output=subprocess.DEVNULL)


def load(source: Path) -> None:
    """Puts `source` in the place of all that the database holds."""
    if connection.vendor == "sqlite":
        return _load_sqlite(source)
    _load_postgresql(source)


# --- SQLite -------------------------------------------------------------------------------------
def _dump_sqlite(target: Path) -> None:
    os.close(os.open(target, os.O_CREAT | os.O_EXCL, 0o600))
    with closing(_open(_sqlite_path())) as live, closing(_open(target)) as copy:
        live.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a -wal beside it
        _check(copy)


def _load_sqlite(source: Path) -> None:
    """Into the file as it is: whoever has it open sees the old database, then the new one."""
    with closing(_open(source)) as copy:
        _check(copy)
        connection.close()
        with closing(_open(_sqlite_path())) as live:
            copy.backup(live)


def _open(path: Path | str) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=20)


def _check(database: sqlite3.Connection) -> None:
    found = database.execute("PRAGMA integrity_check").fetchone()[0]
    if found != "ok":
        raise Failed(f"the database is damaged: {found}.")


def _sqlite_path() -> str:
    return str(connection.settings_dict["NAME"])


# --- PostgreSQL ---------------------------------------------------------------------------------
def _load_postgresql(source: Path) -> None:
    """Old tables go and new ones come in one transaction."""
    script = source.with_suffix(".sql")
    tables = connection.introspection.table_names()
    connection.close()
    with open(os.open(script, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        for table in tables:
            file.write(f"DROP TABLE IF EXISTS {connection.ops.quote_name(table)} CASCADE;\n")
        file.flush()
        options = ["--no-owner", "--no-privileges", "--file=-", str(source)]
        _run("pg_restore", *options, output=file)
    options = ["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1"]
    _run("psql", *options, f"--file={script}", output=subprocess.DEVNULL)


def _run(program: str, *arguments: str, output: Any = None) -> None:
    path = shutil.which(program)
    if path is None:
        raise Failed(
            f"{program} is not installed. Install the client programs of PostgreSQL, of the"
            " server's version or newer (Debian, Ubuntu: apt-get install postgresql-client)."
        )
    done = subprocess.run(
        [path, *arguments],
        env={**os.environ, **_environment()},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    if done.returncode:
        raise Failed(f"{program} failed: {done.stderr.strip()[-1000:]}")


def _environment() -> dict[str, str]:
    """The database's address as libpq reads it, so that no password is on a command line."""
    said = connection.settings_dict
    options = said.get("OPTIONS", {})
    names = {
        "PGHOST": said["HOST"],
        "PGPORT": said["PORT"],
        "PGUSER": said["USER"],
        "PGPASSWORD": said["PASSWORD"],
        "PGDATABASE": said["NAME"],
        "PGSSLMODE": options.get("sslmode", ""),
        "PGSSLROOTCERT": options.get("sslrootcert", ""),
    }
    return {name: str(value) for name, value in names.items() if value}
