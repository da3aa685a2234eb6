"""What is kept of accounts no longer than it says."""

from __future__ import annotations

from celery import shared_task

from lookups.even_clock import by_an_even_clock
from portal.accounts.models import AccountEvent
from portal.accounts.sessions import SessionStore


@shared_task
@by_an_even_clock
def forget_account_events() -> int:
    """Deletes events older than MXPLAIN_EVENT_KEEP_DAYS."""
    return int(AccountEvent.objects.forgettable().delete()[0])


@shared_task
@by_an_even_clock
def clear_sessions() -> int:
    """Deletes sessions that have ended, with or without an account."""
    SessionStore.clear_expired()
    return 0
