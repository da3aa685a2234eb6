"""What is noted of each report that was made: a line in the log, and figures."""

from __future__ import annotations

import logging
from collections import Counter
from time import monotonic

import redis
from django.utils import timezone

from lookups.models import Report

from . import lately, metrics

logger = logging.getLogger("report")


class Observed:
    """One attempt at a report."""

    def __init__(self) -> None:
        self._began = monotonic()
        self._first: float | None = None  # seconds from asking to the first section

    def told_a_section(self, report: Report) -> None:
        if self._first is not None or report.attempts > 1:  # that says more of a worker that died
            return
        if report.watch_id is not None and report.owner_id is None:
            return  # the clock asked for it, and nobody waits
        self._first = max(0.0, (timezone.now() - report.created).total_seconds())
        metrics.FIRST_SECTION_SECONDS.observe(self._first)

    def end(self, report: Report) -> None:
        if not report.is_finished:  # this attempt broke off; another will be made
            return
        seconds = monotonic() - self._began
        outcome = report.failure or "done"
        metrics.REPORTS.labels(outcome).inc()
        metrics.REPORT_SECONDS.observe(seconds)
        outcomes = Counter(str(query["outcome"]) for query in report.queries)
        shared = sum(bool(query.get("shared")) for query in report.queries)
        first = None if self._first is None else round(self._first * 1000)
        facts = {
            "outcome": outcome,
            "status": report.status,
            "ms": round(seconds * 1000),
            "first_ms": first,
            "questions": len(report.queries),
            "shared": shared,
            **{f"dns_{name.replace('-', '_')}": number for name, number in outcomes.items()},
        }
        known = {name: value for name, value in facts.items() if value not in (None, "")}
        logger.info("report made", extra={"facts": known})
        try:
            lately.note_report(outcome == "done", first, round(seconds * 1000), shared, outcomes)
        except redis.RedisError:
            pass  # the report itself is on its row
