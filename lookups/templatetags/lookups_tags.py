"""What the report's templates need beside the report: pictures, words for states, sums."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from lookups import catalog
from lookups.drawings.mx import Drawing, mx_order

register = template.Library()
PART_COLOURS = 8  # as many as the stylesheet has
MAX_NOTES = 80  # on the parts of one record


@register.filter
def mx_drawing(records: dict[str, Any]) -> Drawing | None:
    """The route of a letter through the hosts of topic mx, or None where there are none."""
    return mx_order(records)


@register.filter
def breakable(name: str) -> SafeString:
    """A domain name that may be wrapped after its dots, before anything else gives way."""
    return format_html_join(mark_safe(".<wbr>"), "{}", ((label,) for label in name.split(".")))


@register.filter
def host_state(host: dict[str, Any]) -> str:
    """One or two words for the state of an MX host."""
    words = {
        "pending": _("asking…"),
        "ok": _("found"),
        "unreachable": _("no public address"),
        "alias": _("an alias"),
        "literal": _("an IP address"),
        "invalid": _("not a host name"),
        "missing": _("does not exist"),
        "no-address": _("has no address"),
        "failed": _("no usable answer"),
    }
    return words.get(host["state"], host["state"])


@register.filter
def state_level(state: str) -> str:
    """The severity whose colour and shape a host's state takes."""
    return {"pending": "running", "ok": "good", "failed": "warning"}.get(state, "error")


@register.filter
def scope_word(scope: str) -> str:
    """What kind of address it is; empty for an ordinary public one."""
    words = {
        "private": _("private"),
        "loopback": _("loopback"),
        "documentation": _("documentation"),
        "reserved": _("reserved"),
    }
    return words.get(scope, "")


@register.filter
def reverse_word(reverse: str) -> str:
    """What the PTR lookup of an address gave, in words."""
    words = {
        "pending": _("asking for the name…"),
        "confirmed": _("confirmed"),
        "unconfirmed": _("does not lead back"),
        "none": _("no PTR record"),
        "failed": _("name lookup failed"),
        "skipped": _("name not asked"),
    }
    return words.get(reverse, "")


@register.simple_tag
def log_summary(queries: list[dict[str, Any]]) -> dict[str, Any]:
    """How many questions, over how many milliseconds in all, and the slowest of them."""
    ends = [query["started_ms"] + query["ms"] for query in queries]
    starts = [query["started_ms"] for query in queries]
    return {
        "count": len(queries),
        "total": max(ends, default=0) - min(starts, default=0),
        "slowest": max((query["ms"] for query in queries), default=0),
    }


@register.simple_tag
def numbered_parts(record: dict[str, Any]) -> dict[str, Any]:
    """The parts of a record, each kind with a colour of its own, and a note for each that differs.

    `parts` of the record cover its whole text: {"text", "kind", "error"}; kind "" is punctuation.
    The page's script lights up the note that has the `index` of the part pointed at.
    """
    language = get_language() or "en"
    colours: dict[str, int] = {}
    parts: list[dict[str, Any]] = []
    notes: dict[tuple[str, str], dict[str, Any]] = {}
    for part in record.get("parts") or ():
        kind = part.get("kind") or ""
        colour = colours.setdefault(kind, len(colours) % PART_COLOURS + 1) if kind else 0
        note = catalog.part_note(kind, language) if kind else ""
        about = {"number": bool(kind), "colour": colour, "note": note, "index": 0}
        shown = {**part, **about}
        same = (part["text"], note)
        if note and (same in notes or len(notes) < MAX_NOTES):  # the same part again needs no more
            shown["index"] = notes.setdefault(same, {**shown, "index": len(notes) + 1})["index"]
        parts.append(shown)
    return {"parts": parts, "notes": list(notes.values())}
