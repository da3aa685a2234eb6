"""The events of an account in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lookups import happenings
from lookups.teams.words import ROLES
from portal.accounts import record

KINDS: dict[str, Any] = {
    record.SIGNED_UP: gettext_lazy("Account made"),
    record.ADDRESS_CONFIRMED: gettext_lazy("Address confirmed"),
    record.ADDRESS_CHANGED: gettext_lazy("Address changed"),
    record.SIGNED_IN: gettext_lazy("Signed in"),
    record.SIGN_IN_FAILED: gettext_lazy("Wrong password typed"),
    record.CODE_FAILED: gettext_lazy("Wrong code typed after the right password"),
    record.SIGNED_OUT: gettext_lazy("Signed out"),
    record.PASSWORD_CHANGED: gettext_lazy("Password changed"),
    record.RESET_ASKED: gettext_lazy("Link to reset the password asked for"),
    record.PASSWORD_RESET: gettext_lazy("Password changed with a link sent by email"),
    record.APP_ADDED: gettext_lazy("Authenticator app added"),
    record.APP_REMOVED: gettext_lazy("Authenticator app removed"),
    record.PASSKEY_ADDED: gettext_lazy("Passkey added"),
    record.PASSKEY_REMOVED: gettext_lazy("Passkey removed"),
    record.CODES_MADE: gettext_lazy("Recovery codes made"),
    record.CODE_USED: gettext_lazy("Recovery code used"),
    record.FACTORS_RESET: gettext_lazy("Second factor removed by the operator"),
    record.SESSION_ENDED: gettext_lazy("Signed out another device"),
    record.SESSIONS_ENDED: gettext_lazy("Signed out all other devices"),
    record.EXPORTED: gettext_lazy("Account data downloaded"),
    record.DELETION_ASKED: gettext_lazy("Account deleted by its owner"),
    record.SHUT: gettext_lazy("Account switched off by the operator"),
    record.OPENED: gettext_lazy("Account switched on by the operator"),
    happenings.TOKEN_MADE: gettext_lazy("API token made"),
    happenings.TOKEN_REVOKED: gettext_lazy("API token revoked"),
    happenings.TEAM_BEGUN: gettext_lazy("Team begun"),
    happenings.TEAM_INVITED: gettext_lazy("Somebody invited to a team"),
    happenings.TEAM_JOINED: gettext_lazy("Joined a team"),
    happenings.TEAM_LEFT: gettext_lazy("Left a team"),
    happenings.TEAM_REMOVED: gettext_lazy("Somebody taken out of a team"),
    happenings.TEAM_TAKEN_OUT: gettext_lazy("Taken out of a team by an owner"),
    happenings.TEAM_ROLE_GIVEN: gettext_lazy("Somebody’s role in a team changed"),
    happenings.TEAM_ROLE_GOT: gettext_lazy("Own role in a team changed by an owner"),
    happenings.TEAM_DELETED: gettext_lazy("Team deleted"),
    happenings.WEBHOOK_MADE: gettext_lazy("Webhook made"),
    happenings.WEBHOOK_CHANGED: gettext_lazy("Webhook changed"),
    happenings.WEBHOOK_RENEWED: gettext_lazy("New secret made for a webhook"),
    happenings.WEBHOOK_DELETED: gettext_lazy("Webhook deleted"),
    happenings.OWNERSHIP_PROVEN: gettext_lazy("Ownership of a domain proven"),
}

HOW: dict[str, Any] = {
    "password": gettext_lazy("with the password"),
    "code": gettext_lazy("with the password and a code"),
    "recovery": gettext_lazy("with the password and a recovery code"),
    "key": gettext_lazy("with the password and a passkey"),
    "passkey": gettext_lazy("with a passkey"),
}


def kind(name: str) -> str:
    """What happened; the bare name for one from a version that knew more."""
    return str(KINDS.get(name, name))


def details(found: Mapping[str, Any]) -> str:
    """What else is known: which token, which team, how signed in."""
    parts = [str(HOW[found["how"]])] if found.get("how") in HOW else []
    parts += [str(found[name]) for name in ("name", "team", "email", "domain") if name in found]
    if "from" in found and "to" in found:
        parts.append(_("%(old)s → %(new)s") % {"old": found["from"], "new": found["to"]})
    if found.get("role") in ROLES:
        parts.append(str(ROLES[found["role"]]))
    if "left" in found:
        parts.append(_("%(count)s left") % {"count": found["left"]})
    return ", ".join(parts)
