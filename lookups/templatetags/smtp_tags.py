"""Words and levels for the tables of topics smtp and blocklist."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def probe_word(probe: dict[str, Any]) -> str:
    """A few words for what came of speaking to a server."""
    words = {
        "no-address": _("has no address"),
        "dns": _("no usable answer"),
        "forbidden": _("no public address"),
        "refused": _("refuses the connection"),
        "timeout": _("does not answer"),
        "network": _("cannot be reached from here"),
        "silent": _("does not answer"),
        "closed": _("hangs up"),
        "protocol": _("does not speak SMTP"),
        "turned-away": _("turns senders away"),
        "starttls-failed": _("TLS fails"),
    }
    error = probe.get("error")
    return words.get(error, error) if error else _("speaks SMTP")


@register.filter
def probe_level(probe: dict[str, Any]) -> str:
    """The severity whose colour and shape goes with `probe_word`."""
    error = probe.get("error")
    if error in ("timeout", "network", "silent"):
        return "info"
    return "error" if error else "good"


@register.filter
def problem_word(problem: str) -> str:
    """What is wrong with a certificate, in a word or two."""
    words = {
        "name": _("for another name"),
        "expired": _("expired"),
        "not-yet-valid": _("not valid yet"),
        "self-signed": _("self-signed"),
        "untrusted": _("not trusted"),
        "weak-key": _("weak key"),
        "unreadable": _("unreadable"),
    }
    return words.get(problem, problem)


@register.filter
def listing_word(state: str) -> str:
    """What a blocklist says of an address, in a word or two."""
    words = {
        "pending": _("asking…"),
        "listed": _("listed"),
        "clear": _("not listed"),
        "refused": _("refuses to answer"),
        "broken": _("answer without meaning"),
        "failed": _("no usable answer"),
    }
    return words.get(state, state)


@register.filter
def listing_level(state: str) -> str:
    """The severity whose colour goes with `listing_word`."""
    return {"listed": "error", "clear": "good"}.get(state, "info")
