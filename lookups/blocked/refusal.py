"""Whether a domain is refused, answered from memory: the list is read anew now and then.

A change is known at once to the process that made it, to others after KEEP_SECONDS. Commands of
the operator's own machine are not refused anything (`allowing_all`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic

from django.utils.translation import gettext as _

from lookups.engine.names import to_unicode
from lookups.engine.private_names import is_private_text
from lookups.outage import look

KEEP_SECONDS = 30.0

_allows_all: ContextVar[bool] = ContextVar("allows_all", default=False)


class Blocked(Exception):
    """The domain is refused. `message`: why, in the active language."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class _Known:
    """What this process knows: reasons by domain, and until when that is fresh enough."""

    reasons: dict[str, str] = {}
    until = float("-inf")


def refusal(domain: str) -> str:
    """Why `domain` (A-labels) is refused, in the active language; empty where it is not. Beside the
    operator's list these are names that only a network of its own knows.

    In a running event loop nothing is read; call `ready` there before.
    """
    if _allows_all.get():
        return ""
    if is_private_text(domain):
        return _(
            "%(domain)s is a name for use within one network: the world’s DNS knows nothing of it. "
            "Type a public one."
        ) % {"domain": to_unicode(domain)}
    if not _in_event_loop():
        _refresh()
    if not _Known.reasons:
        return ""
    labels = domain.lower().rstrip(".").split(".")
    for start in range(len(labels)):
        name = ".".join(labels[start:])
        if name in _Known.reasons:
            return _words(name, _Known.reasons[name])
    return ""


async def ready() -> None:
    """Has the list read, if that is due, so that `refusal` can answer in an event loop."""
    if monotonic() >= _Known.until:
        await look(_refresh)


def remember(reasons: dict[str, str]) -> None:
    """Takes these for the list until they are too old."""
    _Known.reasons, _Known.until = reasons, monotonic() + KEEP_SECONDS


def forget(**_kwargs: object) -> None:
    """The next question reads the list anew."""
    _Known.until = float("-inf")


@contextmanager
def allowing_all() -> Iterator[None]:
    """Nothing is refused within, and nothing read."""
    token = _allows_all.set(True)
    try:
        yield
    finally:
        _allows_all.reset(token)


def allows_all() -> bool:
    """Whether a command of the operator's own machine runs."""
    return _allows_all.get()


def _refresh() -> None:
    from .models import BlockedDomain

    if monotonic() >= _Known.until:
        remember(dict(BlockedDomain.objects.values_list("domain", "reason")))


def _in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _words(domain: str, reason: str) -> str:
    said = _("The operator of this site does not let %(domain)s be checked here.")
    said %= {"domain": to_unicode(domain)}
    return f"{said} {reason}" if reason else said
