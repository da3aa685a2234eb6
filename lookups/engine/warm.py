"""What a process that makes many reports does once, so that no report waits for it."""

from __future__ import annotations

import gc

from .dmarc import suffixes
from .guard import tls_context

# Objects made before the collector looks for circles. A report makes some tens of thousands that
# go by themselves; at Python's usual 700 the collector would run with every few questions.
COLLECT_AFTER = 50_000


def warm_up() -> None:
    """Loads the suffix list and the machine's certificate authorities, and leaves all that is
    loaded by now alone."""
    suffixes.load()
    tls_context("", verify=True)
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, 20, 20)
