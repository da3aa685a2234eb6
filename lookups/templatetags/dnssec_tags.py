"""Words and the picture of topic dnssec."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.translation import gettext as _

from lookups.drawings.dnssec import Drawing, chain

register = template.Library()


@register.filter
def chain_drawing(records: dict[str, Any]) -> Drawing | None:
    """The chain of zones, or None where there is none."""
    return chain(records)


@register.filter
def security_word(security: str) -> str:
    """One word for a state of RFC 4033 §5."""
    words = {
        "secure": _("secure"),
        "insecure": _("not signed"),
        "bogus": _("broken"),
        "indeterminate": _("not known"),
    }
    return words.get(security, security)


@register.filter
def security_level(security: str) -> str:
    """The severity whose colour and shape a state takes."""
    levels = {"secure": "good", "insecure": "info", "bogus": "error"}
    return levels.get(security, "warning")


@register.filter
def security_stroke(mark: str) -> str:
    """The class of a box in the picture."""
    strokes = {"secure": "pic-good", "bogus": "pic-bad", "indeterminate": "pic-warn"}
    return strokes.get(mark, "pic-line")


@register.filter
def fault_word(fault: str) -> str:
    """Why a zone or an answer is not secure, in a few words."""
    words = {
        "missing": _("no signature"),
        "unknown-key": _("signed by an unknown key"),
        "wrong": _("the signature does not fit"),
        "not-yet": _("the signature is not valid yet"),
        "expired": _("the signature has expired"),
        "no-keys": _("no keys"),
        "ds-mismatch": _("the DS record fits no key"),
        "denial": _("absence not proven"),
        "costly": _("too costly to check"),
    }
    return words.get(fault, "")
