"""Who asks for what: totals of the last 24 hours, so that abuse is seen.

No addresses of visitors are kept, so a visitor without account is a session here, shown as a short
digest: it tells sessions apart and is of no use to take one over.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import redis
from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Count, Sum
from django.utils import timezone

from lookups.models import Report
from lookups.opt_out.remembering import refused_today
from lookups.views import ASKED
from portal.accounts.models import Session

SHOWN = 20
MAX_SESSIONS = 5000  # the latest ones, that are read
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Visitor:
    """A session: a digest of its key, the account where there is one, and its reports."""

    digest: str
    email: str
    reports: int


@dataclass(frozen=True, slots=True)
class Activity:
    reports: int
    domains: list[dict[str, Any]]
    accounts: list[dict[str, Any]]
    sessions: list[Visitor]
    opted_out: int | None  # requests refused since midnight; None while Redis is away


def last_day() -> Activity:
    since = timezone.now() - DAY
    recent = Report.objects.filter(created__gte=since).order_by()
    domains = recent.values("domain").annotate(reports=Count("id"), asked=Sum("asked"))
    owned = recent.filter(owner__isnull=False).values("owner_id", "owner__email")
    accounts = owned.annotate(reports=Count("id"), domains=Count("domain", distinct=True))
    return Activity(
        reports=recent.count(),
        domains=list(domains.order_by("-asked", "domain")[:SHOWN]),
        accounts=list(accounts.order_by("-reports", "owner_id")[:SHOWN]),
        sessions=_sessions(since),
        opted_out=_opted_out(),
    )


def _opted_out() -> int | None:
    try:
        return refused_today()
    except redis.RedisError:
        return None


def _sessions(since: datetime) -> list[Visitor]:
    """The sessions with the most reports; they remember no more than the last fifty."""
    # A session that was written within the day ends no sooner than this.
    ends = since + timedelta(seconds=settings.SESSION_COOKIE_AGE)
    rows = Session.objects.filter(expire_date__gte=ends).order_by("-expire_date")[:MAX_SESSIONS]
    asked = {row.session_key: row.get_decoded() for row in rows}
    tokens = {token for data in asked.values() for token in data.get(ASKED, [])}
    young = _young(tokens, since)
    counted = [
        (sum(token in young for token in data.get(ASKED, [])), key, data.get("_auth_user_id"))
        for key, data in asked.items()
    ]
    most = sorted((c for c in counted if c[0]), key=lambda c: (-c[0], c[1]))[:SHOWN]
    emails = dict(
        User.objects.filter(pk__in=[c[2] for c in most if c[2]]).values_list("pk", "email")
    )
    return [
        Visitor(
            digest=hashlib.sha256(key.encode()).hexdigest()[:8],
            email=emails.get(int(user), "") if user else "",
            reports=count,
        )
        for count, key, user in most
    ]


def _young(tokens: set[str], since: datetime) -> set[str]:
    found: set[str] = set()
    ordered = sorted(tokens)
    for start in range(0, len(ordered), 500):
        some = Report.objects.filter(token__in=ordered[start : start + 500], created__gte=since)
        found.update(some.values_list("token", flat=True))
    return found
