"""The rows of the site itself: sessions, and the record of what happened to each account."""

from portal.accounts.models import AccountEvent, Session

__all__ = ["AccountEvent", "Session"]
