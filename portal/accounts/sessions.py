"""The session engine: Django's sessions in the database, in rows that know whose they are.

A session ends two weeks after it was last used, and 90 days after the sign-in in any case.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.middleware import SessionMiddleware as DjangoSessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from portal.accounts import devices

SEEN_EVERY = 15 * 60  # seconds: how exact "last used" is, and how often that costs a write
BEGAN, SEEN, DEVICE = "began", "seen", "device"  # in a session's data; moments in Unix time


class SessionStore(DatabaseStore):
    @classmethod
    def get_model_class(cls) -> Any:
        from portal.accounts.models import Session

        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        return _described(super().create_model_instance(data), data)

    async def acreate_model_instance(self, data: dict[str, Any]) -> Any:
        return _described(await super().acreate_model_instance(data), data)

    def get_expiry_age(self, **kwargs: Any) -> int:
        return self._capped(super().get_expiry_age(**kwargs))

    def get_expiry_date(self, **kwargs: Any) -> datetime:
        found = super().get_expiry_date(**kwargs)
        began = self.get(BEGAN)
        return min(found, _moment(began + settings.SESSION_LONGEST_AGE)) if began else found

    async def aget_expiry_age(self, **kwargs: Any) -> int:
        return self._capped(await super().aget_expiry_age(**kwargs))

    async def aget_expiry_date(self, **kwargs: Any) -> datetime:
        found = await super().aget_expiry_date(**kwargs)
        began = await self.aget(BEGAN)
        return min(found, _moment(began + settings.SESSION_LONGEST_AGE)) if began else found

    def _capped(self, age: int) -> int:
        began = self.get(BEGAN)
        if not began:
            return age
        return max(0, min(age, int(began + settings.SESSION_LONGEST_AGE - time.time())))


def _moment(seconds: Any) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _described(row: Any, data: dict[str, Any]) -> Any:
    """The row with what the list of sessions shows."""
    if SESSION_KEY in data:
        row.account_id = int(data[SESSION_KEY])
        row.device = data.get(DEVICE, "")
        row.began = _moment(data[BEGAN]) if BEGAN in data else None
        row.seen = _moment(data[SEEN]) if SEEN in data else None
    return row


class SessionMiddleware(DjangoSessionMiddleware):
    """Notes now and then that a session is in use, which also moves its end."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        session = getattr(request, "session", None)
        # A request that had no need of its session, or could not load it, does not do so for this.
        if session is not None and hasattr(session, "_session_cache") and SESSION_KEY in session:
            now = int(time.time())
            if now - session.get(SEEN, 0) >= SEEN_EVERY:
                mark(session, request, now)
        return super().process_response(request, response)


def begin(request: HttpRequest) -> None:
    """Somebody has signed in: from now on it counts."""
    now = int(time.time())
    request.session[BEGAN] = now
    mark(request.session, request, now)


def mark(session: Any, request: HttpRequest, now: int) -> None:
    session.setdefault(BEGAN, now)
    session[SEEN], session[DEVICE] = now, devices.of(request)


# --- the sessions of an account ------------------------------------------------------------------
def name_of(key: str) -> str:
    """What a page calls a session: tells them apart, and is of no use to take one over."""
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def of_user(user: Any) -> list[Any]:
    """Those that still work, the last used first."""
    rows = SessionStore.get_model_class().objects.filter(
        account_id=user.pk, expire_date__gt=timezone.now()
    )
    found = [row for row in rows if _works(row, user)]
    return sorted(found, key=lambda row: row.seen or row.began or row.expire_date, reverse=True)


def _works(row: Any, user: Any) -> bool:
    """Not one from before a change of the password, which Django will not take any more."""
    kept = row.get_decoded().get(HASH_SESSION_KEY, "")
    return any(constant_time_compare(kept, known) for known in _hashes(user))


def _hashes(user: Any) -> Iterator[str]:
    yield user.get_session_auth_hash()
    yield from user.get_session_auth_fallback_hash()


def end(user: Any, name: str, but: str | None) -> bool:
    """Ends the one called `name`, unless its key is `but`. False where there is none."""
    for row in of_user(user):
        if row.session_key != but and constant_time_compare(name_of(row.session_key), name):
            row.delete()
            return True
    return False


def end_all(user: Any, but: str | None = None) -> int:
    """Ends all sessions of the account but the one with the key `but`; says how many."""
    rows = SessionStore.get_model_class().objects.filter(account_id=user.pk)
    return int(rows.exclude(session_key=but or "").delete()[0])
