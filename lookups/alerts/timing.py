"""When a mail may go: by its rhythm and the quiet hours, in the reader's time zone.

Wall-clock times are taken as clocks there show them. One that a change of the clocks leaves out
(RFC 5545 §3.3.5) is read by the offset before the change; of one that comes twice the first counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from lookups.alerts.models import AlertSettings

BACK_OFF = tuple(
    timedelta(minutes=minutes) for minutes in (1, 5, 30, 2 * 60, 6 * 60, 24 * 60)
)  # after the first attempt, the second, ...; then it is given up


def moment_for(wanted: AlertSettings, now: datetime) -> datetime:
    """When what happened at `now` is told."""
    if wanted.rhythm == AlertSettings.Rhythm.AT_ONCE:
        return after_quiet(wanted, now)
    return after_quiet(wanted, _next_digest(wanted, now))


def after_quiet(wanted: AlertSettings, now: datetime) -> datetime:
    """`now`, or when the quiet hours end in which it lies."""
    if not is_quiet(wanted, now):
        return now
    assert wanted.quiet is not None
    today = now.astimezone(wanted.zone).date()
    for moment in sorted(_moments(wanted, today, wanted.quiet[1], 3)):
        if moment > now and not is_quiet(wanted, moment):
            return moment
    return now


def is_quiet(wanted: AlertSettings, now: datetime) -> bool:
    if wanted.quiet is None:
        return False
    begin, end = wanted.quiet
    clock = now.astimezone(wanted.zone).time()
    return begin <= clock < end if begin < end else clock >= begin or clock < end


def retry_at(attempts: int, now: datetime) -> datetime | None:
    """When to try again after so many attempts; None: it is given up."""
    return now + BACK_OFF[attempts - 1] if attempts <= len(BACK_OFF) else None


def _next_digest(wanted: AlertSettings, now: datetime) -> datetime:
    today = now.astimezone(wanted.zone).date()
    for days in range(9):
        day = today + timedelta(days=days)
        if wanted.rhythm == AlertSettings.Rhythm.WEEKLY and day.weekday() != wanted.weekday:
            continue
        moment = _at(wanted, day, time(wanted.hour))
        if moment > now:
            return moment
    return now


def _moments(wanted: AlertSettings, first: date, clock: time, days: int) -> Iterator[datetime]:
    """When clocks show `clock` on these days: twice on a day on which they are put back."""
    for number in range(days):
        day = first + timedelta(days=number)
        yield _at(wanted, day, clock)
        yield _at(wanted, day, clock.replace(fold=1))


def _at(wanted: AlertSettings, day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, wanted.zone).astimezone(UTC)
