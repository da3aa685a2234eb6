"""What the learning pages have done in the background."""

from __future__ import annotations

from celery import shared_task

from .own_zones import shelf


@shared_task
def tend_own_zones() -> int:
    """Deletes own zones whose time is over, and mends the DNS server's copy of the others."""
    return shelf.tend()
