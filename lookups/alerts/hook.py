"""What the maker of a report calls when it is finished. Nothing here makes a report fail."""

from __future__ import annotations

import logging

import kombu.exceptions
import redis

from lookups.alerts.tasks import consider_report

logger = logging.getLogger(__name__)


def consider(report: object) -> None:
    """Has the report compared with the ones before it, if it belongs to a watched domain."""
    report_id: int = report.pk  # type: ignore[attr-defined]
    try:
        try:
            consider_report.apply_async((report_id,), queue="monitor")
        except (kombu.exceptions.OperationalError, redis.RedisError):
            consider_report(report_id)  # no queue: here and now
    except Exception:
        logger.exception("report %s was not considered for alerts", report_id)
