"""A name server that answers later than it could, as those do that are far away."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lookups.engine.transport import Server


@contextmanager
def delayed(port: int, milliseconds: float) -> Iterator[Server]:
    """The name server at `port`, each of whose answers takes `milliseconds`; 0 asks it straight."""
    if not milliseconds:
        yield Server("127.0.0.1", port)
        return
    proxy = str(Path(__file__).parent / "delay.py")
    command = [sys.executable, proxy, str(port), str(milliseconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield Server("127.0.0.1", int(process.stdout.readline()))
        finally:
            process.terminate()
