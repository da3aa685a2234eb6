"""Words of topic dane."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def dane_state(host: dict[str, Any]) -> str:
    """What a mail server's TLSA records are worth, in a few words."""
    words = {
        "pending": _("asking…"),
        "usable": _("in force"),
        "unusable": _("no usable record"),
        "insecure": _("without DNSSEC"),
        "none": _("no TLSA record"),
        "failed": _("the question fails"),
        "bogus": _("the addresses do not validate"),
        "no-address": _("has no address"),
    }
    return words.get(host["state"], host["state"])


@register.filter
def dane_level(host: dict[str, Any]) -> str:
    """The severity whose colour and shape that takes."""
    if host["certificate"] in ("mismatch", "no-starttls") and host["records"]:
        return "error"
    levels = {"usable": "good", "pending": "running", "none": "info", "no-address": "info"}
    levels |= {"failed": "error", "bogus": "error"}
    return levels.get(host["state"], "warning")


@register.filter
def dane_problem(problem: str) -> str:
    """Why a record cannot be used."""
    words = {
        "usage": _("usage not for mail"),
        "parameters": _("undefined number"),
        "length": _("wrong length"),
    }
    return words.get(problem, problem)
