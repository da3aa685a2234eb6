"""Proving that the people who watch a domain hold it, and proving it again every week."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from asgiref.sync import async_to_sync
from django.db import transaction
from django.utils import timezone

from lookups.engine.ownership import FAILED, Seen, look
from lookups.hosted.models import Proving, proven
from lookups.tools.dns import Dns
from lookups.watching.models import Watch

AGAIN = timedelta(days=7)
AFTER_TROUBLE = timedelta(days=1)
DAYS_TO_LOSE = 3  # in a row, without the record, before the proof is lost
MAX_DUE = 500  # looked at in one run of the clock
AT_ONCE = 50


def look_now(watch: Watch) -> Seen:
    """Asks DNS at a person's wish. What is proven stays proven: only the clock takes it away."""
    seen = async_to_sync(_ask)([watch])[0]
    now = timezone.now()
    with transaction.atomic():
        proving = _locked(watch)
        proving.checked_at = now
        if seen.is_proof:
            _prove(watch, proving, now)
        elif watch.verified_at is None:
            proving.trouble = seen.state
        proving.save()
    return seen


def prove_due(now: datetime | None = None) -> int:
    """Looks at every proof whose week is over; says how many."""
    now = now or timezone.now()
    due = proven().filter(proving__next_look__lte=now).order_by("proving__next_look")
    watches = list(due[:MAX_DUE])
    for start in range(0, len(watches), AT_ONCE):
        batch = watches[start : start + AT_ONCE]
        for watch, seen in zip(batch, async_to_sync(_ask)(batch), strict=True):
            _note(watch, seen, now)
    return len(watches)


async def _ask(watches: Sequence[Watch]) -> list[Seen]:
    async with Dns() as dns:
        # A new answer each: the record may have been published a moment ago.
        resolvers = [dns.resolver(share_seconds=0) for _ in watches]
        return await asyncio.gather(
            *(look(r, *watch.proof_record) for r, watch in zip(resolvers, watches, strict=True))
        )


@transaction.atomic
def _note(watch: Watch, seen: Seen, now: datetime) -> None:
    """What the clock found. DNS that does not answer proves nothing, neither way."""
    proving = _locked(watch)
    if proving.next_look is None or proving.next_look > now:
        return  # another worker was faster: one day counts once
    proving.checked_at = now
    if seen.is_proof:
        _prove(watch, proving, now)
    else:
        proving.trouble = seen.state
        proving.next_look = now + AFTER_TROUBLE
        if seen.state != FAILED:
            proving.failed_days += 1
        if proving.failed_days >= DAYS_TO_LOSE:
            proving.lost_at, proving.next_look = now, None
            _set(watch, None)
    proving.save()


def _prove(watch: Watch, proving: Proving, now: datetime) -> None:
    proving.trouble, proving.failed_days, proving.lost_at = "", 0, None
    proving.next_look = now + AGAIN
    if watch.verified_at is None:
        _set(watch, now)


def _set(watch: Watch, verified_at: datetime | None) -> None:
    watch.verified_at = verified_at
    watch.save(update_fields=["verified_at"])


def _locked(watch: Watch) -> Proving:
    Proving.objects.get_or_create(watch=watch)
    return Proving.objects.select_for_update().get(watch=watch)
