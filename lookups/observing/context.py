"""Whose work a thread or a task of asyncio is at: facts that go with every line it logs.

They live in a context variable, so they follow `await`, `sync_to_async`, tasks of asyncio, and what
is handed to another loop by `run_coroutine_threadsafe`. Celery carries them in message headers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token

Facts = Mapping[str, str | int]

HEADER = "mxplain"  # the Celery message header that carries them
CARRIED = ("request", "report", "bulk")  # from whoever asks to whoever does it
MAX_LENGTH = 253  # of a value: as long as a domain may be

_facts: ContextVar[Facts] = ContextVar("facts", default={})  # noqa: B039 never changed in place


def current() -> Facts:
    """What is known here, in the order in which it was learnt."""
    return _facts.get()


def enter(facts: Facts) -> Token[Facts]:
    """Adds `facts` until `leave` is given the token, in the same context."""
    return _facts.set({**_facts.get(), **facts})


def replace(facts: Facts) -> Token[Facts]:
    """`facts` alone, for a thread that took up other work."""
    return _facts.set(dict(facts))


def leave(token: Token[Facts]) -> None:
    _facts.reset(token)


@contextmanager
def doing(**facts: str | int) -> Iterator[None]:
    """`facts` hold for what is done inside."""
    token = enter(facts)
    try:
        yield
    finally:
        leave(token)


def carried() -> dict[str, str | int]:
    """What goes along with a message."""
    facts = current()
    return {name: facts[name] for name in CARRIED if name in facts}


def received(header: object) -> dict[str, str | int]:
    """What came along with a message; nothing of what does not belong there."""
    if not isinstance(header, Mapping):
        return {}
    found = {name: header[name] for name in CARRIED if name in header}
    return {
        name: value if isinstance(value, int) else value[:MAX_LENGTH]
        for name, value in found.items()
        if isinstance(value, (int, str))
    }


def digest(secret: str) -> str:
    """Tells secrets apart (a report's token) in a log that must not hold them."""
    return hashlib.sha256(secret.encode()).hexdigest()[:10]
