"""The worker's side of a report: make it, keep it, tell the open pages.

`run_report` may come twice or break off at any point: a lease in Redis says who makes the report
now, the row says what is finished, and a report whose lease has run out is begun anew.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from time import monotonic
from typing import Any

from celery import shared_task
from django.db.models import F, Q
from django.utils import timezone

from . import even_clock, stream
from .alerts.hook import consider
from .engine.finding import Section
from .engine.names import Domain, to_unicode
from .engine.opt_out import OptedOut
from .engine.report import report as run_checks
from .engine.transport import Transport
from .event_loop import event_loop
from .models import Report
from .observing import context
from .observing.reports import Observed
from .opt_out import remembering
from .outage import attempt, insist
from .presentation import status_of
from .runtime import context_for
from .score import score

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 4
STORE_SECONDS = 0.3
LIST_SECONDS = 2.0
INSIST_SECONDS = 60.0  # that a finished report waits for its database; then it is begun anew
TICK = 1.0  # seconds between renewals of the lease
REVIVE_SECONDS = 10  # between two attempts to revive one report

Progress = tuple[Section, list[dict[str, Any]]]


def enqueue(report: Report, queue: str = "interactive") -> None:
    """Hands the report to a worker. Raises kombu's OperationalError where there is no queue, and
    redis.TimeoutError where Redis hung a moment ago."""
    stream.client().check()
    run_report.apply_async((report.id,), queue=queue)


@shared_task
def run_report(report_id: int) -> None:
    """Makes one report, unless it is finished or being made by somebody else."""
    owner = secrets.token_hex(8)
    report = Report.objects.filter(id=report_id).select_related("watch").first()
    if report is None or report.is_finished or not _take(report.id, owner):
        return
    token = context.digest(report.token)
    with context.doing(report=report.id, token=token, domain=report.domain):
        _run(report, owner)


def _run(report: Report, owner: str) -> None:
    observed = Observed()
    try:
        if not _begin(report):
            _finish(report, owner, failure=Report.Failure.LOST)
            return
        try:
            _make(report, owner, observed)
        except OptedOut as refused:
            remembering.remember(refused)
            remembering.note_refusal()
            report.sections, report.queries = {}, refused.queries
            _finish(report, owner, failure=Report.Failure.OPTED_OUT)
        except Exception:
            logger.exception("the report on %s broke off", report.domain)
            _finish(report, owner, failure=Report.Failure.CRASH)
        else:
            _finish(report, owner)
    finally:
        stream.tolerate(stream.drop_lease, report.id, owner)
        observed.end(report)


@shared_task
@even_clock.by_an_even_clock
def expire_reports() -> int:
    """Deletes reports whose time is over."""
    deleted, _ = Report.objects.expired().delete()
    return deleted


@shared_task
def revive_reports() -> int:
    """Begins again what no worker is making although somebody waits for it.

    It comes every half a minute, so it also tells operators that clock and workers are at work.
    """
    now = timezone.now()
    stream.tolerate(even_clock.note, now)
    since = now - timedelta(seconds=REVIVE_SECONDS)
    # What is still to come was asked for before the clock was turned back.
    waiting = Report.objects.unfinished().filter(
        Q(created__lt=since) | Q(created__gt=now + even_clock.LEAP)
    )
    people_first = waiting.order_by(F("watch").asc(nulls_first=True), "created")
    return sum(revive(report) for report in people_first[:100])


def revive(report: Report) -> bool:
    """Enqueues an unfinished report that nobody makes, at most once in REVIVE_SECONDS.

    A killed worker's message comes back by itself, but only after a minute: too long for somebody
    who watches. Raises redis.RedisError.
    """
    if stream.is_leased(report.id) or not stream.claim_revival(report.id, REVIVE_SECONDS):
        return False
    enqueue(report, _queue_of(report))
    return True


def _queue_of(report: Report) -> str:
    """What the clock asked for never stands in the way of somebody who waits."""
    by_itself = report.watch_id is not None and report.owner_id is None
    return "monitor" if by_itself else "interactive"


def make_again(report: Report) -> bool:
    """Begins a report that failed or hangs from the start; False where a worker is making it.

    Raises redis.RedisError, and kombu's OperationalError, where there is no queue.
    """
    if report.state == Report.State.DONE or stream.is_leased(report.id):
        return False
    stream.forget(report.id)
    Report.objects.filter(id=report.id).exclude(state=Report.State.DONE).update(
        state=Report.State.WAITING,
        failure="",
        attempts=0,
        sections={},
        queries=[],
        started=None,
        finished=None,
    )
    enqueue(report)
    return True


def _begin(report: Report) -> bool:
    """Marks the report as running; False where that was tried too often."""
    report.attempts += 1
    if report.attempts > MAX_ATTEMPTS:
        return False
    report.state = Report.State.RUNNING
    report.started = timezone.now()
    _store(report, "attempts", "state", "started")
    return True


def _make(report: Report, owner: str, observed: Observed) -> None:
    """Runs the checks; every section goes to the stream first, then onto the row.

    The row and the list of questions are big, so they are written now and then; open pages get
    the whole list in the end anyway.
    """
    written, listed = float("-inf"), monotonic()
    heeds = not is_proven(report)
    for progress in event_loop().iterate(lambda t: _checks(report, t, heeds), TICK):
        stream.tolerate(stream.hold_lease, report.id, owner)
        if progress is None:
            continue
        section, queries = progress
        report.sections[section.topic] = section.as_json()
        report.queries = queries
        _tell(report, f"section-{section.topic}", report.sections[section.topic])
        observed.told_a_section(report)
        if monotonic() - written >= STORE_SECONDS:
            attempt(lambda: _store(report, "sections", "queries"))
            written = monotonic()
        if monotonic() - listed >= LIST_SECONDS:
            _tell(report, "queries", queries)
            listed = monotonic()


def is_proven(report: Report) -> bool:
    """Whether it belongs to a domain whose holder, proven to be so, has it watched here: what they
    published for strangers does not keep them from checking their own."""
    return report.watch is not None and report.watch.verified_at is not None


async def _checks(report: Report, transport: Transport, heeds: bool) -> AsyncIterator[Progress]:
    context = context_for(
        Domain(report.domain, to_unicode(report.domain)),
        transport,
        selectors=report.selectors.split(),
    )
    context.options = replace(context.options, heeds_opt_out=heeds)
    async for section in run_checks(context):
        yield section, list(context.resolver.log)


def _finish(report: Report, owner: str, failure: str = "") -> None:
    """A database that is away for a while does not cost what was found."""
    report.state = Report.State.FAILED if failure else Report.State.DONE
    report.failure = failure
    report.status = "" if failure else status_of(report.sections.values())
    report.score = None if failure else score(report.sections).total
    report.finished = timezone.now()
    fields = ("state", "failure", "status", "score", "finished", "sections", "queries")
    insist(
        lambda: _store(report, *fields),
        INSIST_SECONDS,
        meanwhile=lambda: stream.tolerate(stream.hold_lease, report.id, owner),
    )
    _tell(report, "done", {})
    consider(report)


def _store(report: Report, *fields: str) -> None:
    """Writes what the worker knows and no more: the reader may save or delete the row."""
    Report.objects.filter(id=report.id).update(**{name: getattr(report, name) for name in fields})


def _tell(report: Report, event: str, data: Any) -> None:
    stream.tolerate(stream.publish, report.id, event, data)


def _take(report_id: int, owner: str) -> bool:
    """The lease; without Redis nobody else can be at it, since the queue is there too."""
    return stream.tolerate(stream.hold_lease, report_id, owner) is not False
