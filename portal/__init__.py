"""The site: settings, addresses of pages, accounts, and the `serve` command."""

from portal.celery import app as celery_app

__all__ = ["celery_app"]
