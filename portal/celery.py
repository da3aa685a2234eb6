"""The Celery application: reports are made by its workers, never in a web process."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
app = Celery("mxplain")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(
    ["lookups", *(f"lookups.{room}" for room in ("watching", "alerts", "bulk", "api", "hosted"))]
)
app.autodiscover_tasks(["learn", "portal", "portal.accounts"])


@setup_logging.connect
def _keep_logging(**_: Any) -> None:
    """Celery leaves the log as the settings have it, in the same form as that of all parts."""
