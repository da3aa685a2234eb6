"""What people did that they may want to look up later: told here, kept by whoever listens.

The rooms tell; the record of each account (`portal.accounts.record`) listens. Nothing is imported
upward, and a room does not fail because nobody listens.
"""

from __future__ import annotations

from typing import Any

from django.dispatch import Signal

# Sent with `user` (whose doing it was, or whom it befell), `kind` (one of those below), and
# `details`: short texts by name, such as {"team": "Postmasters", "role": "editor"}.
happened = Signal()

TOKEN_MADE = "token-made"
TOKEN_REVOKED = "token-revoked"
TEAM_BEGUN = "team-begun"
TEAM_INVITED = "team-invited"
TEAM_JOINED = "team-joined"
TEAM_LEFT = "team-left"
TEAM_REMOVED = "team-removed"  # took somebody out
TEAM_TAKEN_OUT = "team-taken-out"  # was taken out
TEAM_ROLE_GIVEN = "team-role-given"
TEAM_ROLE_GOT = "team-role-got"
TEAM_DELETED = "team-deleted"
WEBHOOK_MADE = "webhook-made"
WEBHOOK_CHANGED = "webhook-changed"
WEBHOOK_RENEWED = "webhook-renewed"
WEBHOOK_DELETED = "webhook-deleted"
OWNERSHIP_PROVEN = "ownership-proven"


def tell(user: Any, kind: str, **details: str) -> None:
    """Says that it happened. Called when it has been done, not before."""
    happened.send(sender=None, user=user, kind=kind, details=details)
