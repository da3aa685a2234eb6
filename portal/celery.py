"""The Celery application: reports are made by its workers, never in a web process."""

import os
from contextlib import suppress
from typing import Any

from celery import Celery
from celery.signals import beat_init, worker_ready
from kombu.exceptions import OperationalError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
app = Celery("mxplain")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(
    ["lookups", *(f"lookups.{room}" for room in ("watching", "alerts", "bulk", "api", "hosted"))]
)
app.autodiscover_tasks(["learn"])


# What fills Redis again from the database, where it was lost or is new.
MENDING = (
    "lookups.tasks.revive_reports",
    "learn.tasks.tend_own_zones",
    "lookups.hosted.tasks.refresh_spf",
)


@beat_init.connect
def _mend(**_: Any) -> None:
    """The clock starts: what waits for it, and zones that DNS servers lack, come at once."""
    for name in MENDING:
        with suppress(OperationalError):  # without Redis they come when their time does
            app.send_task(name)


@worker_ready.connect
def _warm_up(**_: Any) -> None:
    """So that the first visitor does not wait for what is loaded once."""
    from lookups.event_loop import event_loop

    event_loop()
