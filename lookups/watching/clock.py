"""The clock of watched domains: which are checked now, each once.

Every domain has a moment of its own within its period (Watch.schedule), so that ten thousand of
them make a trickle. After a pause many are overdue: each is checked once, some at a time.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from lookups.blocked.refusal import Blocked
from lookups.limits.refusing import Refused
from lookups.models import Report, Watch
from lookups.watching.making import OUT_OF_REACH, check_now

logger = logging.getLogger(__name__)

BATCH = 1000  # at one time: nearly three million a day
MAX_WAITING = 1000  # reports of the clock that workers have not finished; more would only queue up


def run_due(now: datetime) -> int:
    """Has the domains checked whose time has come; says how many."""
    waiting = Report.objects.unfinished().made_by_themselves().count()
    made = 0
    for watch in Watch.objects.due(now)[: max(0, min(BATCH, MAX_WAITING - waiting))]:
        was = watch.next_run
        if not _take(watch, now):
            continue
        try:
            check_now(watch, queue="monitor")
        except OUT_OF_REACH as error:
            logger.warning("the queue is out of reach, so %s is checked later: %s", watch, error)
            Watch.objects.filter(pk=watch.pk, next_run=watch.next_run).update(next_run=was)
            break
        except Refused as refused:  # other names of the same domain have had their turn
            later = now + timedelta(seconds=refused.refusal.seconds)
            Watch.objects.filter(pk=watch.pk, next_run=watch.next_run).update(next_run=later)
            continue
        except Blocked:  # by the operator; its time has moved on
            continue
        made += 1
    return made


def _take(watch: Watch, now: datetime) -> bool:
    """Moves the next run on, unless somebody else did: of two workers one alone succeeds.

    One row at a time, so that a worker that is killed here loses one run at most, and the row
    decides on every database.
    """
    was = watch.next_run
    watch.schedule(now)
    moved = Watch.objects.filter(pk=watch.pk, next_run=was).update(next_run=watch.next_run)
    return bool(moved)
