"""What can be changed about the sharing of a report, and what can be taken back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.http import urlencode

from lookups.models import Report
from lookups.watching.models import Watch

FIELDS = ("visibility", "link_ends", "revoked_at")


def share(report: Report, visibility: str, link_ends: datetime | None) -> None:
    report.visibility, report.link_ends = visibility, link_ends
    report.save(update_fields=["visibility", "link_ends"])


def revoke(report: Report) -> None:
    """Stops the link for those who have nothing but the link."""
    report.revoked_at = report.revoked_at or timezone.now()
    report.save(update_fields=["revoked_at"])


def renew(report: Report) -> None:
    """Gives a new link, which has no end; the old one stays dead for ever."""
    report.token = Report.new_token()
    report.revoked_at = report.link_ends = None
    report.save(update_fields=["token", "revoked_at", "link_ends"])


def remembered(report: Report) -> str:
    """How it is shared now, as a query string for `restore`."""
    ends, revoked = report.link_ends, report.revoked_at
    return urlencode(
        {
            "visibility": report.visibility,
            "ends": ends.isoformat() if ends else "",
            "revoked": revoked.isoformat() if revoked else "",
        }
    )


def restore(report: Report, query: Any, offered: list[str]) -> bool:
    """Takes a change back; False, and nothing done, where `query` is none of `remembered`."""
    try:
        ends, revoked = _moment(query.get("ends", "")), _moment(query.get("revoked", ""))
    except ValueError:
        return False
    if query.get("visibility") not in offered:
        return False
    report.visibility, report.link_ends, report.revoked_at = query["visibility"], ends, revoked
    report.save(update_fields=FIELDS)
    return True


def _moment(text: str) -> datetime | None:
    """Raises ValueError."""
    if not text:
        return None
    moment = datetime.fromisoformat(text[:40])
    if moment.tzinfo is None or not 2000 < moment.year < 3000:
        raise ValueError(text[:40])
    return moment


def keep_private(watch: Watch, user: Any) -> int:
    """Before a team gets the history: what is for one person alone stays theirs. How many."""
    private = Report.objects.filter(watch=watch, visibility=Report.Visibility.ME)
    private.filter(owner=None).update(owner=user)
    return private.update(watch=None)
