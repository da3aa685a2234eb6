"""Words for the states of DKIM selectors."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.translation import gettext as _

register = template.Library()

LEVELS = {
    "sound": "good",
    "weak": "warning",
    "revoked": "info",
    "wildcard": "warning",
    "failed": "warning",
}


@register.filter
def selector_state(selector: dict[str, Any]) -> str:
    """A few words for what stands at a selector."""
    words = {
        "sound": _("sound key"),
        "weak": _("short key"),
        "revoked": _("revoked"),
        "wrong": _("faulty record"),
        "several": _("several records"),
        "no-key": _("no key record"),
        "missing": _("no key"),
        "dangling": _("no key at its target"),
        "failed": _("no usable answer"),
        "wildcard": _("only the wildcard"),
    }
    state = selector.get("state", "")
    return words.get(state, state)


@register.filter
def selector_level(selector: dict[str, Any]) -> str:
    """The severity whose colour and shape a selector takes."""
    return LEVELS.get(selector.get("state", ""), "error")


@register.filter
def key_words(selector: dict[str, Any]) -> str:
    """The kind and size of a key: "RSA, 2048 bits"; empty where there is none."""
    algorithm, bits = selector.get("algorithm"), selector.get("bits")
    if algorithm == "rsa":
        return _("RSA, %(bits)s bits") % {"bits": bits}
    return "Ed25519" if algorithm == "ed25519" else ""
