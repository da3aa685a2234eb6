"""The Celery application: reports are made by its workers, never in a web process."""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
app = Celery("mxplain")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(
    ["lookups", *(f"lookups.{room}" for room in ("watching", "alerts", "bulk", "api", "hosted"))]
)
app.autodiscover_tasks(["learn", "portal"])


@worker_ready.connect
def _warm_up(**_: Any) -> None:
    """So that the first visitor does not wait for what is loaded once."""
    from lookups.event_loop import event_loop

    event_loop()
