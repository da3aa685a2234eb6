"""Work that several parts of a check do side by side, looked at while it goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any

SNAPSHOT_SECONDS = 0.25  # at most between two looks


async def snapshots(*work: Coroutine[Any, Any, Any]) -> AsyncIterator[None]:
    """Does all of `work` at once; yields whenever there may be something new to show.

    An exception of one part ends them all, and so does leaving the iteration.
    """
    tasks = {asyncio.create_task(part) for part in work}
    try:
        pending = tasks
        while pending:
            done, pending = await asyncio.wait(
                pending, timeout=SNAPSHOT_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                task.result()
            if pending:
                yield
    finally:
        for task in tasks:
            task.cancel()
