"""How far a bulk check is, how fast it goes, and what came last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from . import ledger
from .models import Bulk, BulkItem

LATEST = 8
REFRESH_SECONDS = 3


@dataclass(frozen=True, slots=True)
class Progress:
    """What the head of the page shows; the very same for all viewers."""

    bulk: Bulk
    rate: float
    latest: Sequence[BulkItem]
    refresh_seconds: int = REFRESH_SECONDS

    @property
    def rate_text(self) -> str:
        return f"{self.rate:.0f}" if self.rate >= 10 else f"{self.rate:.1f}"

    @property
    def time_left(self) -> str:
        """In words, coarser the longer it is; empty where it cannot be told."""
        if self.rate <= 0:
            return ""
        seconds = round(self.bulk.left / self.rate)
        if seconds < 90:
            return ngettext("about %(n)d second", "about %(n)d seconds", seconds) % {"n": seconds}
        minutes = round(seconds / 60)
        if minutes < 90:
            return ngettext("about %(n)d minute", "about %(n)d minutes", minutes) % {"n": minutes}
        hours = round(minutes / 60)
        if hours < 48:
            return ngettext("about %(n)d hour", "about %(n)d hours", hours) % {"n": hours}
        return _("several days")


def progress(bulk: Bulk) -> Progress:
    """Nothing but the counters is told of a bulk at which nobody works."""
    if not bulk.is_going:
        return Progress(bulk, 0.0, ())
    ended = bulk.items.filter(state__in=[BulkItem.State.DONE, BulkItem.State.FAILED])
    latest = ended.order_by("-finished", "-position").only("domain", "state", "status", "score")
    return Progress(bulk, ledger.rate(bulk), list(latest[:LATEST]))
