"""Celery's beat, which goes on when the machine's clock is set.

It keeps for each task the moment of its last run. After the clock was turned back by an hour that
lies in the future, and beat would sit still for the hour.
"""

from __future__ import annotations

import time
from typing import Any

from celery.beat import PersistentScheduler

LEAP_SECONDS = 2.0  # by how much the clock may go wrong against the steady one until it counts


class UnwaveringScheduler(PersistentScheduler):
    _ahead: float | None = None  # of the machine's clock, against the one that is never set

    def tick(self, *args: Any, **kwargs: Any) -> float:
        ahead = time.time() - time.monotonic()
        if self._ahead is None or abs(ahead - self._ahead) > LEAP_SECONDS:
            self._leave_the_future()
        self._ahead = ahead
        return super().tick(*args, **kwargs)

    def _leave_the_future(self) -> None:
        """What ran at a moment that is still to come ran now, as far as anybody can tell."""
        now = self.app.now()
        for entry in self.schedule.values():
            if entry.last_run_at and entry.last_run_at > now:
                entry.last_run_at = now
        self._heap = None  # made anew in the order of the new time
