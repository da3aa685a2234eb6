"""Tending histories."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from lookups.even_clock import by_an_even_clock
from lookups.models import Report, Watch
from lookups.watching.clock import run_due
from lookups.watching.models import UNDO_DAYS

ALL_DAYS = 30  # of these every report stays,
DAILY_DAYS = 365  # of these the first of each day, and of what is older the first of each week
BATCH = 500


@shared_task
@by_an_even_clock
def forget_watches() -> int:
    """Deletes the domains whose undo has run out, with what the clock made of them.

    What a person asked for or saved stays among that person's saved checks.
    """
    over = timezone.now() - timedelta(days=UNDO_DAYS)
    gone = Watch.everything.filter(ended_at__lt=over)
    ids = list(gone.values_list("id", flat=True))
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        with transaction.atomic():
            Report.objects.filter(watch__in=batch, owner__isnull=False).update(watch=None)
            Watch.everything.filter(id__in=batch).delete()
    return len(ids)


@shared_task
@by_an_even_clock
def thin_histories() -> int:
    """Deletes what the clock made and nobody needs so closely any more; says how many reports.

    What a person asked for or saved stays, and the next run finds nothing more to do.
    """
    now = timezone.now()
    ids = list(_superfluous(now))
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        Report.objects.made_by_themselves().filter(id__in=batch).delete()
    return len(ids)


def _superfluous(now: datetime) -> Iterator[int]:
    """All but the first report of each period of each watch."""
    old = Report.objects.made_by_themselves().filter(created__lt=now - timedelta(days=ALL_DAYS))
    rows = old.order_by("watch_id", "created", "id").values_list("watch_id", "id", "created")
    last: tuple[int, str] | None = None
    for watch_id, id, created in rows:
        period = (watch_id, _period(created, now))
        if period == last:
            yield id
        last = period


def _period(created: datetime, now: datetime) -> str:
    day = created.astimezone(UTC)
    return f"{day:%Y-%m-%d}" if created >= now - timedelta(days=DAILY_DAYS) else f"{day:%G-W%V}"


@shared_task
def run_due_watches() -> int:
    """Has the domains checked whose time has come."""
    return run_due(timezone.now())
