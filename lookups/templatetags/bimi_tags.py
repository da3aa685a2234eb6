"""Words for topic bimi: states, and what is wrong with a picture."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import template
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def bimi_state(state: str) -> str:
    """One or two words for the state of a file."""
    words = {
        "pending": _("fetching…"),
        "valid": _("in order"),
        "invalid": _("not as it should be"),
        "failed": _("cannot be fetched"),
    }
    return words.get(state, state)


@register.filter
def bimi_level(state: str) -> str:
    """The severity whose colour a state takes."""
    return {"valid": "good", "pending": "info"}.get(state, "error")


@register.filter
def bimi_obstacle(obstacle: str) -> str:
    """Why DMARC does not allow a logo."""
    words = {
        "missing": _("no DMARC policy holds"),
        "policy": _("the policy is none"),
        "subdomain": _("the policy for subdomains is none"),
    }
    return words.get(obstacle) or _("not applied in full (%(tag)s)") % {"tag": obstacle}


@register.filter
def bimi_kind(certificate: Mapping[str, Any]) -> str:
    """What sort of mark certificate it is."""
    words = {
        "vmc": _("Verified Mark Certificate (VMC)"),
        "cmc": _("Common Mark Certificate (CMC)"),
    }
    return words.get(str(certificate.get("kind")), _("no known kind of mark certificate"))


@register.filter
def bimi_day(moment: str) -> datetime | None:
    """A moment as stored, for the `date` filter."""
    try:
        return datetime.fromisoformat(moment)
    except (TypeError, ValueError):
        return None


@register.filter
def bimi_problem(problem: Mapping[str, Any]) -> str:
    """A sentence on one thing that is wrong with the picture."""
    values = {"element": problem.get("element", ""), "value": problem.get("value", "")}
    sentences = {
        "compression": _("The compressed file is damaged."),
        "too-large": _("The file is too large to be read."),
        "xml": _("It is not well-formed XML: %(value)s"),
        "doctype": _("It has a document type declaration (DTD)."),
        "too-deep": _("Its elements are nested too deeply."),
        "too-many": _("It has too many elements."),
        "root": _("Its outermost element is <%(element)s>, not <svg>."),
        "namespace": _("<svg> is not in the namespace of SVG."),
        "version": _('<svg> needs version="1.2"; it has “%(value)s”.'),
        "profile": _('<svg> needs baseProfile="tiny-ps"; it has “%(value)s”.'),
        "position": _("<svg> must not have %(value)s=."),
        "title": _("There is no <title> with words in it."),
        "element": _("<%(element)s> is not allowed."),
        "attribute": _("The attribute %(value)s is not allowed (in <%(element)s>)."),
        "reference": _("It refers to something outside the file: %(value)s"),
        "shape": _("It is not square: %(value)s"),
        "size": _("It has %(value)s octets; 32768 are the limit."),
    }
    sentence = sentences.get(str(problem.get("code")), "%(value)s")
    return sentence % values
