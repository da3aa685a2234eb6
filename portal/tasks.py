"""What the clock does when it starts: it fills Redis again from the database, where it is new."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from celery.signals import beat_init
from kombu.exceptions import OperationalError

# Else they come when it is their time; learners would wait ten minutes for their zones.
AT_ONCE = (
    "lookups.tasks.revive_reports",
    "learn.tasks.mend_own_zones",
    "lookups.hosted.tasks.refresh_spf",
)


@beat_init.connect
def mend(**_: Any) -> None:
    from portal.celery import app

    for name in AT_ONCE:
        with suppress(OperationalError):  # Redis is away
            app.send_task(name)
