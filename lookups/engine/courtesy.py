"""Not to burden other people's machines: whoever is about to trouble one asks here first.

The engine knows no other process; what keeps all of them together under one cap implements
`Courtesy` and is given to the Transport.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

PATIENCE = 1.5  # seconds that a question or a connection waits for its turn at most
QUESTION, CONNECTION = "question", "connection"


class Crowded(Exception):
    """Not asked: this site has troubled the machine enough just now. No fault of the machine's."""


class Courtesy(Protocol):
    """`take` is called for each datagram and connection, so it must be quick and never block."""

    def take(self, kind: str, host: str) -> float:
        """0.0 where one more may go to the address `host` now; else seconds until the next try.

        `kind` is QUESTION or CONNECTION; they are counted apart.
        """
        ...


async def admit(courtesy: Courtesy | None, kind: str, host: str, seconds: float) -> None:
    """Waits for a turn. Raises Crowded where there is none within `seconds`."""
    if courtesy is None:
        return
    loop = asyncio.get_running_loop()
    end = loop.time() + min(seconds, PATIENCE)
    while (wait := courtesy.take(kind, host)) > 0:
        if loop.time() + wait > end:
            raise Crowded(host)
        await asyncio.sleep(wait)
