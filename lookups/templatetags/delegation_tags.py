"""What the section of the delegation shows beside its records: the picture, words for states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.translation import gettext as _

from lookups.drawings.delegation import Drawing, delegation

register = template.Library()
LEVELS = {"ok": "good", "pending": "info", "untested": "info", "unasked": "info", "crowded": "info"}
HALF = frozenset({"no-tcp", "silent", "not-public", "failed"})


@register.filter
def delegation_drawing(records: Mapping[str, Any]) -> Drawing | None:
    """The rails from both zones to the name servers, or None where there are none."""
    return delegation(records)


@register.filter
def server_word(state: str) -> str:
    """A few words for the state of a name server or one of its addresses."""
    words = {
        "pending": _("asking…"),
        "ok": _("answers"),
        "not-authoritative": _("answers without authority"),
        "refused": _("refuses"),
        "servfail": _("fails (SERVFAIL)"),
        "lame": _("does not know the zone"),
        "malformed": _("unreadable answer"),
        "other": _("another error"),
        "silent": _("no answer"),
        "no-udp": _("over TCP only"),
        "no-tcp": _("over UDP only"),
        "untested": _("not tested"),
        "unasked": _("not asked"),
        "crowded": _("not asked: this site asked it a great deal just now"),
        "not-public": _("no public address"),
        "alias": _("an alias"),
        "no-address": _("has no address"),
        "failed": _("no usable answer"),
    }
    return words.get(state, state)


@register.filter
def server_level(state: str) -> str:
    """The severity whose colour goes with `server_word`."""
    return LEVELS.get(state) or ("warning" if state in HALF else "error")


@register.filter
def listed_words(server: Mapping[str, Any]) -> str:
    """Where a name server is listed; empty where both zones list it, or it is not known."""
    if server.get("parent") is False:
        return _("not listed in the zone above")
    if server.get("child") is False:
        return _("not listed in the zone itself")
    return ""
