"""What the section of DMARC shows beside its records: the tree walk, and words for codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lookups.drawings.dmarc import Ladder, ladder

register = template.Library()


@register.filter
def walk_ladder(records: Mapping[str, Any]) -> Ladder | None:
    """The tree walk as a picture, or None where there was none."""
    return ladder(records)


@register.filter
def walk_words(step: Mapping[str, Any]) -> str:
    """What one name of the walk answered."""
    state = step.get("state")
    if state == "record":
        return _policy_record(step)
    if state == "multiple":
        count = int(step.get("records") or 0)
        text = ngettext("%(count)s record, discarded", "%(count)s records, all discarded", count)
        return text % {"count": count}
    words = {
        "none": _("no record"),
        "ignored": _("no DMARC record"),
        "failed": _("no usable answer"),
        "beyond": _("not needed any more"),
    }
    return words.get(str(state), "")


def _policy_record(step: Mapping[str, Any]) -> str:
    policy = step.get("policy")
    shown = f"p={policy}" if policy else _("a record that switches DMARC off")
    psd = step.get("psd")
    return f"{shown}, psd={psd}" if psd in ("y", "n") else shown


@register.filter
def policy_words(policy: str) -> str:
    """What a policy asks for."""
    words = {
        "none": _("change nothing, only report"),
        "quarantine": _("treat as suspicious"),
        "reject": _("refuse"),
        "": _("nothing: DMARC is not applied"),
    }
    return words.get(policy, policy)


@register.filter
def policy_level(policy: str) -> str:
    """The severity whose colour a policy takes."""
    return {"reject": "good", "quarantine": "good", "none": "warning"}.get(policy, "error")


@register.filter
def consent_words(destination: Mapping[str, Any]) -> str:
    """Whether reports may be sent to an address."""
    if destination.get("error") == "address":
        return _("cannot be used")
    if destination.get("error") == "scheme":
        return _("hardly any receiver sends there")
    words = {
        "own": _("the same organization"),
        "given": _("another organization, which agreed"),
        "missing": _("another organization, which did not agree"),
        "unknown": _("no usable answer"),
    }
    return words.get(str(destination.get("consent")), _("not asked"))


@register.filter
def consent_level(destination: Mapping[str, Any]) -> str:
    """The severity whose colour the state of an address takes."""
    if destination.get("error") == "address" or destination.get("consent") == "missing":
        return "error"
    if destination.get("error") == "scheme" or destination.get("consent") in ("unknown", ""):
        return "warning"
    return "good"


@register.filter
def mail_words(mail: str) -> str:
    """Whether the domain of an address takes mail."""
    words = {
        "yes": _("takes mail"),
        "no": _("has no mail server"),
        "null": _("refuses all mail (null MX)"),
        "unknown": _("no usable answer"),
    }
    return words.get(mail, "")
