"""The worker's side of bulk checks: many reports side by side in the worker's event loop.

A worker that took the token works for a while (WORK_SECONDS), bulk after bulk in turn, then hands
the token on. What is slow at the end, a domain whose servers do not answer, runs out beside the
next worker's start, so that nobody waits for it.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import secrets
from collections import deque
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field, replace
from datetime import timedelta
from time import monotonic

import redis
from django.conf import settings
from django.utils import timezone

from lookups import stream
from lookups.engine.names import Domain, to_unicode
from lookups.engine.opt_out import OptedOut
from lookups.engine.report import finished
from lookups.engine.transport import Transport
from lookups.event_loop import EventLoopThread, event_loop
from lookups.limits import domains
from lookups.observing import context, lately, metrics
from lookups.observing.leaving import is_leaving
from lookups.outage import attempt, insist
from lookups.runtime import context_for

from . import leases, ledger
from .models import BulkItem
from .summary import TOPICS, Outcome, outcome

logger = logging.getLogger(__name__)

WORK_SECONDS = 10.0  # then the next one's turn comes; less than the queue's visibility timeout
WRITE_SECONDS = 1.0  # between two writes of what is known
INSIST_SECONDS = 15.0  # that the last results wait for a database that is away
YIELDING = 4  # reports at once while somebody waits for a single one
TICK = 0.2

Result = Outcome | str


async def examine(domain: str, transport: Transport) -> Result:
    """The outcome of one domain; or NO_DNS, where DNS left open whatever was asked."""
    context = context_for(Domain(domain, to_unicode(domain)), transport)
    # Mail servers are other people's machines: thousands of domains may lie on one of them.
    context.options = replace(context.options, smtp=False, heeds_opt_out=True)
    try:
        made = outcome(await finished(context, TOPICS))
    except OptedOut:
        return BulkItem.Failure.OPTED_OUT.value
    if all(made.summary[column] == "unknown" for column in ("mx", "spf", "dmarc")):
        return BulkItem.Failure.NO_DNS.value
    return made


@dataclass(slots=True, eq=False)
class Session:
    """One worker's turn. Runs in a thread of the worker; the reports run in its event loop."""

    hand_on: Callable[[], None]  # lets the next worker begin
    lease: str = field(default_factory=lambda: secrets.token_hex(8))
    loop: EventLoopThread = field(default_factory=event_loop)
    ready: deque[BulkItem] = field(default_factory=deque)
    flying: dict[int, tuple[int, Future[Result]]] = field(default_factory=dict)
    ended: queue.SimpleQueue[tuple[int, Future[Result]]] = field(default_factory=queue.SimpleQueue)
    results: dict[int, Result] = field(default_factory=dict)
    touched: set[int] = field(default_factory=set)
    written: float = field(default_factory=monotonic)
    is_handed_on: bool = False

    def work(self, seconds: float = WORK_SECONDS) -> None:
        """Checks what there is for about `seconds`. Raises what the database raises."""
        until = monotonic() + seconds
        self._hold()
        try:
            while not is_leaving():
                is_open = monotonic() < until
                if is_open and len(self.ready) < settings.BULK_REPORTS_AT_ONCE:
                    attempt(self._claim)
                self._start()
                if not self.flying:
                    break
                if not is_open and not self.ready:
                    self._hand_on()
                self._collect()
            insist(self._store, INSIST_SECONDS, meanwhile=self._hold)
        finally:
            self._end()

    def _end(self) -> None:
        """Whatever happened, nothing is left in hand, and the next worker may begin at once."""
        try:
            for _, future in self.flying.values():
                future.cancel()
            ledger.give_back(self.lease)
            ledger.settle(self.touched)
        finally:
            self._hand_on()
            stream.tolerate(leases.drop, self.lease)

    def _hold(self) -> None:
        stream.tolerate(leases.hold, self.lease)

    def _hand_on(self) -> None:
        if not self.is_handed_on:
            self.is_handed_on = True
            self.hand_on()

    def _claim(self) -> None:
        items = ledger.claim(self.lease)
        self.ready.extend(items)
        self.touched.update(item.bulk_id for item in items)

    def _start(self) -> None:
        """Fewer while a visitor waits for a report of this process."""
        most = YIELDING if self.loop.urgent else settings.BULK_REPORTS_AT_ONCE
        while self.ready and len(self.flying) < most:
            item = self.ready.popleft()
            if seconds := domains.take(item.domain):
                self._put_off(item, seconds)
                continue
            checking = examine(item.domain, self.loop.transport)
            with context.doing(bulk=item.bulk_id, domain=item.domain):
                future = asyncio.run_coroutine_threadsafe(checking, self.loop.loop)
            self.flying[item.id] = (item.bulk_id, future)
            future.add_done_callback(lambda done, id=item.id: self.ended.put((id, done)))

    def _put_off(self, item: BulkItem, seconds: int) -> None:
        """Its domain was asked about enough for now: all names below that wait as well."""
        domain = domains.registrable(item.domain)
        until = timezone.now() + timedelta(seconds=seconds)
        same = [item, *(each for each in self.ready if _is_below(each.domain, domain))]
        self.ready = deque(each for each in self.ready if each not in same)
        ledger.give_back(self.lease, [each.id for each in same])
        ledger.put_off(item.bulk_id, domain, until)

    def _collect(self) -> None:
        """Waits a moment for results, takes all there are, and writes them now and then."""
        try:
            self._take(*self.ended.get(timeout=TICK))
            while True:
                self._take(*self.ended.get_nowait())
        except queue.Empty:
            pass
        if monotonic() - self.written >= WRITE_SECONDS and self._write():
            attempt(self._obey)

    def _take(self, id: int, future: Future[Result]) -> None:
        if self.flying.pop(id, None) is None:
            return
        try:
            self.results[id] = future.result()
        except CancelledError:
            ledger.give_back(self.lease, [id])
        except Exception:
            logger.exception("the check of item %s broke off", id)
            self.results[id] = BulkItem.Failure.CRASH.value

    def _write(self) -> bool:
        """Results stay until the database has taken them; False while it is away."""
        self._hold()
        self.written = monotonic()
        return attempt(self._store)

    def _store(self) -> None:
        ledger.write(self.lease, self.results)
        self._note()
        self.results.clear()

    def _note(self) -> None:
        if not self.results:
            return
        for result in self.results.values():
            label = result if isinstance(result, str) else "done"
            metrics.BULK_DOMAINS.labels(label).inc()
        try:
            lately.note_domains(len(self.results))
        except redis.RedisError:
            pass  # only the operator's figures miss them

    def _obey(self) -> None:
        """Lets go of the items whose bulk was paused, cancelled or deleted."""
        bulks = {bulk_id for bulk_id, _ in self.flying.values()}
        stopped = ledger.stopped(bulks | {item.bulk_id for item in self.ready})
        if not stopped:
            return
        dropped = [id for id, (bulk_id, _) in self.flying.items() if bulk_id in stopped]
        for id in dropped:
            self.flying.pop(id)[1].cancel()
        dropped += [item.id for item in self.ready if item.bulk_id in stopped]
        self.ready = deque(item for item in self.ready if item.bulk_id not in stopped)
        ledger.give_back(self.lease, dropped)


def _is_below(name: str, domain: str) -> bool:
    return name == domain or name.endswith("." + domain)
