"""When the database is out of reach: how that is told from a fault, and what is done meanwhile."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic, sleep
from typing import TypeVar

from asgiref.sync import sync_to_async
from django.db import InterfaceError, OperationalError, connections

logger = logging.getLogger(__name__)

T = TypeVar("T")

# What SQLite says of a file that is locked, or that it cannot open, read or write just now.
_SQLITE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
}
PAUSE_SECONDS = 1.0  # between two attempts to store


def is_database_away(error: BaseException) -> bool:
    """Whether `error` means: not now. A missing table or a broken rule is a fault instead."""
    if not isinstance(error, (OperationalError, InterfaceError)):
        return False
    cause = error.__cause__
    if isinstance(cause, sqlite3.Error):
        # Extended result codes have the primary one in their lowest octet.
        return (getattr(cause, "sqlite_errorcode", 0) & 0xFF) in _SQLITE
    return True  # psycopg: no connection, lost, refused, shut down, locked, out of time


def give_back() -> None:
    """Ends what this thread has of connections, as Django does after each request.

    Not within a transaction, which would be lost: a test, say, runs in one.
    """
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()


def attempt(function: Callable[[], object]) -> bool:
    """Calls what stores something; False where the database is out of reach."""
    try:
        function()
    except (OperationalError, InterfaceError) as error:
        if not is_database_away(error):
            raise
        logger.warning("the database is out of reach: %s", error)
        give_back()  # a broken one is not used again
        return False
    return True


def insist(function: Callable[[], object], seconds: float, meanwhile: Callable[[], object]) -> None:
    """The same, again and again for `seconds`; then raises what the database raises.

    `meanwhile` is called before each new attempt.
    """
    end = monotonic() + seconds
    while monotonic() < end:
        if attempt(function):
            return
        sleep(PAUSE_SECONDS)
        meanwhile()
    function()


async def look(function: Callable[[], T], threads: ThreadPoolExecutor | None = None) -> T:
    """Calls what asks the database, for a stream that stays open: it keeps no connection.

    Each request has a thread of its own, whose connection would else go back to the pool only
    when the stream ends. `threads` do it instead, for what belongs to no single request.
    """

    def looking() -> T:
        try:
            return function()
        finally:
            give_back()

    return await sync_to_async(looking, thread_sensitive=threads is None, executor=threads)()
