"""Whether this process has been asked to end: long work looks at it and hands back what it has."""

from __future__ import annotations

import os
import threading
from time import monotonic

EXIT_AT_ONCE = 1
# A signal often comes twice: to a group of processes, and from the one that leads it.
AGAIN_SECONDS = 1.0
_leaving = threading.Event()
_since = 0.0


def is_leaving() -> bool:
    return _leaving.is_set()


def leave() -> None:
    """Called by a signal's handler. Who asks a second time does not want to wait: ends at once."""
    global _since
    if not _leaving.is_set():
        _since = monotonic()
        _leaving.set()
    elif monotonic() - _since > AGAIN_SECONDS:
        os._exit(EXIT_AT_ONCE)
