"""The database of DATABASE_URL, with settings that fit how the site uses it."""

from __future__ import annotations

from typing import Any

import dj_database_url

# A statement that takes longer is a fault, one that waits for a lock gives up, and a transaction
# that its process forgot ends. `migrate` is free of them (portal/apps.py).
TIMEOUTS = {
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "60s",
}
# How a server that is gone is noticed: at once by a refused connection, else after some seconds
# (milliseconds for tcp_user_timeout) of silence.
REACH = {
    "application_name": "mxplain",
    "connect_timeout": 3,
    "tcp_user_timeout": 5000,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
# `timeout`: seconds that a request or a task waits for a connection. `reconnect_timeout`: a pool
# that tries longer at a time waits longer and longer between tries, also when the server is back.
POOL = {"min_size": 1, "timeout": 3.0, "reconnect_timeout": 1.0, "max_idle": 300.0}


def database(url: str, pool: int) -> dict[str, Any]:
    """Django's settings of one database. `pool`: the most connections of one process.

    What the address itself says in its query goes before what is said here.
    """
    found: dict[str, Any] = dict(dj_database_url.parse(url))
    if found["ENGINE"].endswith("sqlite3"):
        # Opening costs three times what a question does, and threads live as long as the process.
        return found | {"CONN_MAX_AGE": None, "OPTIONS": _sqlite() | found.get("OPTIONS", {})}
    if found["ENGINE"].endswith("postgresql"):
        return _postgres(found, pool)
    return found


def _sqlite() -> dict[str, Any]:
    """WAL lets pages read while a worker writes; IMMEDIATE makes writers queue, not fail."""
    return {
        "timeout": 10,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }


def _postgres(found: dict[str, Any], pool: int) -> dict[str, Any]:
    """Why a pool: docs/decisions/0019-postgresql.md.

    Without one (0) each request and task has a connection of its own, and nothing is said that a
    PgBouncer which hands on single transactions could not keep.
    """
    given = found.get("OPTIONS", {})
    if pool <= 0:
        return found | {"DISABLE_SERVER_SIDE_CURSORS": True, "OPTIONS": REACH | given}
    options = REACH | {
        "options": " ".join(f"-c {name}={value}" for name, value in TIMEOUTS.items()),
        "pool": POOL | {"max_size": pool},
    }
    return found | {
        "CONN_MAX_AGE": 0,  # a connection goes back to the pool, and must not be kept beside it
        "CONN_HEALTH_CHECKS": True,  # none is handed out whose server has restarted meanwhile
        "OPTIONS": options | given,
    }
