"""Checks of watched domains."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import kombu.exceptions
import redis
from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_language

from lookups import tasks
from lookups.blocked.refusal import Blocked, refusal
from lookups.limits import domains
from lookups.limits.refusing import Refused
from lookups.models import Report
from lookups.opt_out import remembering
from lookups.opt_out.words import message
from lookups.watching.models import Watch

OUT_OF_REACH = (kombu.exceptions.OperationalError, redis.RedisError)  # what a lost queue raises


def check_now(watch: Watch, user: Any = None, queue: str = "interactive") -> Report:
    """A report for the history of `watch`, or the one that is in the making already.

    `user` is who asked for it; None where the clock did: such reports are thinned in time.
    Raises OUT_OF_REACH where there is no queue, Blocked where the operator refuses the domain or it
    asks not to be checked, and Refused where it was checked too often; then nothing is left behind.
    """
    if refused := refusal(watch.domain):
        raise Blocked(refused)
    if running := _in_the_making(watch):
        return running
    if watch.verified_at is None and (name := remembering.known(watch.domain)):
        raise Blocked(message(watch.domain, name))
    if too_often := domains.refusal(watch.domain):
        raise Refused(too_often)
    report = Report.objects.create(
        domain=watch.domain,
        selectors=watch.selectors,
        language=get_language() or "en",
        watch=watch,
        owner=user,
        saved_at=timezone.now(),
        visibility=Report.Visibility.TEAM,
    )
    try:
        tasks.enqueue(report, queue)
    except OUT_OF_REACH:
        report.delete()
        raise
    return report


def _in_the_making(watch: Watch) -> Report | None:
    """Two presses of the button make one report."""
    since = timezone.now() - timedelta(seconds=settings.REPORT_SHARE_SECONDS)
    young = Report.objects.unfinished().filter(watch=watch, created__gte=since, deleted_at=None)
    return young.filter(selectors=watch.selectors).order_by("-created").first()
