"""The rows of bulk checks: making them, handing items out, and writing down what came of them.

An item that is handed out carries the lease of its worker. Whatever is written later is written
only where the item still carries it, so that nothing is counted twice, whoever comes late.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Max, Q
from django.utils import timezone

from .figures import figures_of
from .models import Bulk, BulkItem
from .reading import Reading
from .summary import Outcome

CHUNK = 50  # items handed out at once
BATCH = 1000  # rows made in one statement
MAX_ATTEMPTS = 3
MAX_KEPT = 50  # bulk checks that one person, or one team, may have
RATE_SECONDS = 15  # over which the speed is told

Item = BulkItem
State = BulkItem.State


class TooMany(Exception):
    """The holder has MAX_KEPT bulk checks."""


# --- making, steering ---------------------------------------------------------------------------
def create(name: str, reading: Reading, *, owner: Any = None, team: Any = None) -> Bulk:
    """The bulk with all of its items, or nothing at all. Raises TooMany."""
    with transaction.atomic():
        if Bulk.objects.filter(owner=owner, team=team).count() >= MAX_KEPT:
            raise TooMany
        bulk = Bulk.objects.create(
            owner=owner,
            team=team,
            name=name,
            total=len(reading.entries),
            left_out={
                "duplicates": reading.duplicates,
                "refused": reading.refused,
                "lines": [[line.number, line.text, line.code] for line in reading.lines],
            },
        )
        items = (
            BulkItem(
                bulk=bulk,
                position=position,
                domain=entry.domain.ascii,
                country=entry.country,
                industry=entry.industry,
            )
            for position, entry in enumerate(reading.entries, 1)
        )
        BulkItem.objects.bulk_create(items, batch_size=BATCH)
    return bulk


def pause(bulk: Bulk) -> bool:
    """Stops the bulk for now; False where it was not going."""
    return bool(_of(bulk).going().update(state=Bulk.State.PAUSED))


def resume(bulk: Bulk) -> bool:
    return bool(_of(bulk).filter(state=Bulk.State.PAUSED).update(state=Bulk.State.WAITING))


def cancel(bulk: Bulk) -> bool:
    """Ends the bulk with what is known so far."""
    going = [Bulk.State.WAITING, Bulk.State.RUNNING, Bulk.State.PAUSED]
    with transaction.atomic():
        fields = {"state": Bulk.State.CANCELLED, "finished": timezone.now()}
        if not _of(bulk).filter(state__in=going).update(**fields):
            return False
        unfinished = bulk.items.filter(state__in=[State.WAITING, State.RUNNING])
        unfinished.update(state=State.CANCELLED, lease="")
    _count(bulk.id)
    _of(bulk).update(figures=figures_of(bulk))
    return True


def again(bulk: Bulk) -> int:
    """Begins the failed and the cancelled items of an ended bulk anew; how many there are."""
    with transaction.atomic():
        held = _hold([bulk.id])
        if not held or not held[0].is_over:
            return 0
        ended = bulk.items.filter(state__in=[State.FAILED, State.CANCELLED])
        count = ended.update(state=State.WAITING, lease="", attempts=0, failure="", finished=None)
        if count:
            _of(bulk).update(state=Bulk.State.WAITING, finished=None, figures=None, failed=0)
    return count


def _of(bulk: Bulk) -> Any:
    return Bulk.objects.filter(id=bulk.id)


def _hold(bulk_ids: Iterable[int]) -> list[Bulk]:
    """Locks the rows of bulks until the transaction ends.

    Whoever changes a bulk and its items takes the bulk first, and of several the one with the
    lowest id: else two might wait for each other.
    """
    return list(Bulk.objects.select_for_update().filter(id__in=list(bulk_ids)).order_by("id"))


# --- handing out --------------------------------------------------------------------------------
def claim(lease: str, count: int = CHUNK) -> list[BulkItem]:
    """The next items to check, from the bulk whose turn it is; they carry `lease` from now on.

    People take turns, and so do the bulks of one person: whose last items were handed out the
    longest ago comes next. So ten domains do not wait for ten thousand of somebody else.
    """
    for bulk in _in_turn():
        if items := _claim_of(bulk, lease, count):
            return items
        settle([bulk.id])
    return []


def anything_waits() -> bool:
    return _ready(BulkItem.objects.filter(bulk__in=Bulk.objects.going())).exists()


def _ready(items: Any) -> Any:
    """Those of `items` whose turn may come now."""
    due = Q(not_before=None) | Q(not_before__lte=timezone.now())
    return items.filter(due, state=State.WAITING)


def put_off(bulk_id: int, domain: str, until: datetime) -> int:
    """The waiting items of a bulk on `domain` and below it are not handed out before `until`."""
    below = Q(domain=domain) | Q(domain__endswith="." + domain)
    waiting = BulkItem.objects.filter(below, bulk=bulk_id, state=State.WAITING)
    return int(waiting.update(not_before=until))


def _in_turn() -> list[Bulk]:
    going = list(Bulk.objects.going().only("id", "owner", "team", "served", "state"))
    last: dict[tuple[Any, Any], float] = {}
    for bulk in going:
        holder = (bulk.owner_id, bulk.team_id)
        last[holder] = max(last.get(holder, 0.0), _moment(bulk))
    return sorted(going, key=lambda b: (last[b.owner_id, b.team_id], _moment(b), b.id))


def _moment(bulk: Bulk) -> float:
    return bulk.served.timestamp() if bulk.served else 0.0


def _claim_of(bulk: Bulk, lease: str, count: int) -> list[BulkItem]:
    with transaction.atomic():
        held = _hold([bulk.id])
        if not held or not held[0].is_going:  # paused or cancelled a moment ago
            return []
        waiting = _ready(BulkItem.objects.filter(bulk=bulk)).order_by("position")
        items = list(waiting.only("id", "bulk", "domain", "attempts")[:count])
        if not items:
            return []
        now = timezone.now()
        begun = held[0].started or now
        _of(bulk).update(state=Bulk.State.RUNNING, served=now, started=begun)
        BulkItem.objects.filter(id__in=[item.id for item in items]).update(
            state=State.RUNNING, lease=lease, attempts=F("attempts") + 1
        )
    return items


def give_back(lease: str, ids: Sequence[int] | None = None) -> int:
    """Items that were begun and are not going to be finished wait again, as if never begun."""
    held = BulkItem.objects.filter(lease=lease, state=State.RUNNING)
    if ids is not None:
        held = held.filter(id__in=ids)
    return held.update(state=State.WAITING, lease="", attempts=F("attempts") - 1)


def held_leases(bulk: Bulk | None = None) -> list[str]:
    """The leases that items in hand carry."""
    running = BulkItem.objects.filter(state=State.RUNNING)
    if bulk is not None:
        running = running.filter(bulk=bulk)
    return list(running.values_list("lease", flat=True).distinct())


def revive(leases: Sequence[str]) -> int:
    """The items of dead workers wait again; those that have died too often are given up."""
    lost = BulkItem.objects.filter(state=State.RUNNING, lease__in=leases)
    touched = list(lost.values_list("bulk_id", flat=True).distinct())
    too_often = lost.filter(attempts__gte=MAX_ATTEMPTS)
    too_often.update(
        state=State.FAILED, failure=BulkItem.Failure.LOST, finished=timezone.now(), lease=""
    )
    revived = lost.update(state=State.WAITING, lease="")
    settle(touched)
    return revived


# --- writing down -------------------------------------------------------------------------------
def write(lease: str, results: Mapping[int, Outcome | str]) -> None:
    """Keeps what came of items by id: an outcome, or why there is none (BulkItem.Failure).

    Items that no longer carry `lease` are left as they are.
    """
    if not results:
        return
    held = BulkItem.objects.filter(lease=lease, state=State.RUNNING)
    touched = set(held.filter(id__in=results).values_list("bulk_id", flat=True))
    now = timezone.now()
    with transaction.atomic():
        _hold(touched)
        # One by one: a single statement for all of them costs Django thrice the time to put up.
        for id, result in results.items():
            held.filter(id=id).update(lease="", finished=now, **_fields(result))
        for bulk_id in touched:
            _count(bulk_id)


def _fields(result: Outcome | str) -> dict[str, Any]:
    if isinstance(result, str):
        return {"state": State.FAILED, "failure": result}
    return {
        "state": State.DONE,
        "failure": "",
        "status": result.status,
        "score": result.score,
        "summary": result.summary,
    }


def _count(bulk_id: int) -> None:
    """The counters, from the rows themselves: so they are right whatever happened before."""
    items = BulkItem.objects.filter(bulk_id=bulk_id)
    Bulk.objects.filter(id=bulk_id).update(
        done=items.filter(state=State.DONE).count(),
        failed=items.filter(state=State.FAILED).count(),
    )


def settle(bulk_ids: Iterable[int]) -> None:
    """Ends those of the bulks that have nothing left to do."""
    for bulk in Bulk.objects.going().filter(id__in=list(bulk_ids)):
        if _is_through(bulk):
            _settle(bulk)


def _is_through(bulk: Bulk) -> bool:
    return not bulk.items.filter(state__in=[State.WAITING, State.RUNNING]).exists()


def _settle(bulk: Bulk) -> None:
    """Unless somebody else did so, and its owner has begun it again meanwhile."""
    with transaction.atomic():
        held = _hold([bulk.id])
        if not held or not held[0].is_going or not _is_through(bulk):
            return
        _count(bulk.id)
        latest = bulk.items.aggregate(latest=Max("finished"))["latest"]
        _of(bulk).update(
            state=Bulk.State.DONE, finished=latest or timezone.now(), figures=figures_of(bulk)
        )


def stopped(bulk_ids: Iterable[int]) -> set[int]:
    """Those of the bulks that are not to be gone on with, or no longer there."""
    asked = set(bulk_ids)
    return asked - set(Bulk.objects.going().filter(id__in=asked).values_list("id", flat=True))


# --- telling ------------------------------------------------------------------------------------
def rate(bulk: Bulk) -> float:
    """Domains a second over the last moments."""
    now = timezone.now()
    since = now - timedelta(seconds=RATE_SECONDS)
    recent = bulk.items.filter(finished__gte=since)
    ended = recent.filter(Q(state=State.DONE) | Q(state=State.FAILED))
    first = ended.order_by("finished").values_list("finished", flat=True).first()
    if first is None:
        return 0.0
    # The first ones were begun up to a second before they were written down.
    seconds = min(float(RATE_SECONDS), (now - first).total_seconds() + 1.0)
    return ended.count() / seconds
