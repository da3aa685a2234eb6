"""What the learning pages have done in the background."""

from __future__ import annotations

from celery import shared_task

from lookups.even_clock import by_an_even_clock

from .own_zones import shelf


@shared_task
@by_an_even_clock
def forget_own_zones() -> int:
    """Deletes own zones whose time is over."""
    return shelf.forget_unused()


@shared_task
def mend_own_zones() -> int:
    """Gives the DNS server again what it has lost of own zones."""
    return shelf.mend()
