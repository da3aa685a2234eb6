"""The Celery application: reports are made by its workers, never in a web process."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
app = Celery("mxplain")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["lookups"])
