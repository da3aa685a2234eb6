"""Writing the record of an account, and what becomes of it when the account goes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from allauth.core import context
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import salted_hmac

from lookups import happenings
from portal.accounts import devices
from portal.accounts.models import AccountEvent

SIGNED_UP = "signed-up"
ADDRESS_CONFIRMED = "address-confirmed"
ADDRESS_CHANGED = "address-changed"
SIGNED_IN = "signed-in"
SIGN_IN_FAILED = "sign-in-failed"
CODE_FAILED = "code-failed"
SIGNED_OUT = "signed-out"
PASSWORD_CHANGED = "password-changed"
RESET_ASKED = "reset-asked"
PASSWORD_RESET = "password-reset"
APP_ADDED = "app-added"
APP_REMOVED = "app-removed"
PASSKEY_ADDED = "passkey-added"
PASSKEY_REMOVED = "passkey-removed"
CODES_MADE = "codes-made"
CODE_USED = "code-used"
FACTORS_RESET = "factors-reset"
SESSION_ENDED = "session-ended"
SESSIONS_ENDED = "sessions-ended"
EXPORTED = "exported"
DELETION_ASKED = "deletion-asked"
SHUT = "shut"
OPENED = "opened"

# Told once for all of an hour, with how often: somebody may try on and on.
REPEATED = {SIGN_IN_FAILED, CODE_FAILED, RESET_ASKED, EXPORTED}
# What others may have to understand after the account is gone; the rest goes with it.
KEPT = {
    FACTORS_RESET,
    SHUT,
    OPENED,
    DELETION_ASKED,
    happenings.TEAM_BEGUN,
    happenings.TEAM_INVITED,
    happenings.TEAM_JOINED,
    happenings.TEAM_LEFT,
    happenings.TEAM_REMOVED,
    happenings.TEAM_TAKEN_OUT,
    happenings.TEAM_ROLE_GIVEN,
    happenings.TEAM_ROLE_GOT,
    happenings.TEAM_DELETED,
}
KEPT_DETAILS = ("team", "role")  # no address, no name
MAX_DETAIL = 200


def write(user: Any, kind: str, **details: Any) -> None:
    """Adds to the record of `user`, with the device if it is not somebody else's doing."""
    if user is None or user.pk is None:
        return
    device = _device(user)
    if kind in REPEATED and _again(user, kind, device):
        return
    AccountEvent.objects.create(
        user_id=user.pk, kind=kind, device=device, details=_bounded(details)
    )


def _device(user: Any) -> str:
    """That of the request at hand; none where a team's owner or an operator is at work."""
    asks = getattr(context.request, "user", None)
    if asks is not None and asks.is_authenticated and asks.pk != user.pk:
        return ""
    return devices.of(context.request)


def _again(user: Any, kind: str, device: str) -> bool:
    now = timezone.now()
    same = AccountEvent.objects.filter(
        user_id=user.pk, kind=kind, device=device, at__gte=now - timedelta(hours=1)
    )
    newest = same.order_by("-at", "-pk").values_list("pk", flat=True).first()
    found = AccountEvent.objects.filter(pk=newest)
    return bool(newest and found.update(times=F("times") + 1, at=now))


def _bounded(details: dict[str, Any]) -> dict[str, str]:
    return {name: str(text).replace("\0", "")[:MAX_DETAIL] for name, text in details.items()}


def leave(user: Any) -> None:
    """Before an account goes: its record goes, what is kept loses its name."""
    mine = AccountEvent.objects.filter(user_id=user.pk)
    mine.exclude(kind__in=KEPT).delete()
    kept = list(mine)
    for event in kept:
        event.user = None
        event.pseudonym = pseudonym(user)
        event.device = ""
        event.details = {n: event.details[n] for n in KEPT_DETAILS if n in event.details}
    AccountEvent.objects.bulk_update(kept, ["user", "pseudonym", "device", "details"], 500)


def pseudonym(user: Any) -> str:
    """The same for all that one account left behind, and nothing that leads back to it."""
    return salted_hmac("portal.accounts.record", str(user.pk), algorithm="sha256").hexdigest()[:12]


def exported(user: Any) -> list[dict[str, Any]]:
    rows = AccountEvent.objects.filter(user_id=user.pk).order_by("at", "pk")
    return list(rows.values("at", "kind", "times", "device", "details"))
