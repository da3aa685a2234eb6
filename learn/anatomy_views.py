"""Record anatomy: any record that is pasted, taken apart and explained."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from lookups.anatomy import KINDS, MAX_OCTETS, anatomy_views, kind_name

from .anatomy_examples import BROKEN, SOUND


@dataclass(frozen=True, slots=True)
class Example:
    """A record to try: what it is called, and its text."""

    name: str
    text: str


@require_safe
def anatomy(request: HttpRequest) -> HttpResponse:
    """GET `record` and `type`: the record's parts, and what is wrong at which column."""
    text = request.GET.get("record", "")
    kind = request.GET.get("type", "")
    error = _refusal(text, kind)
    found = () if error else anatomy_views(text, kind, get_language() or "en")
    if text.strip() and not error and not found:
        error = _("There is no record in it, only comments or empty lines.")
    context = {
        "text": text[:MAX_OCTETS],
        "kind": kind,
        "kinds": [(each, kind_name(each)) for each in KINDS],
        "error": error,
        "found": found,
        "groups": () if found else _examples(),
        "max_octets": MAX_OCTETS,
    }
    return render(request, "learn/anatomy.html", context, status=400 if error else 200)


def _refusal(text: str, kind: str) -> str:
    """Why the form cannot be read; empty where it can."""
    if len(text.encode("utf-8", "replace")) > MAX_OCTETS:
        return _("That is too long: at most %(count)d octets can be read.") % {"count": MAX_OCTETS}
    if kind and kind not in KINDS:
        return _("There is no such type of record. Choose one from the list.")
    return ""


def _examples() -> list[tuple[str, list[Example]]]:
    """Records to try, by group, named in the active language."""
    titles = {
        "mail": _("For mail"),
        "hosts": _("For hosts and zones"),
        "keys": _("For keys"),
    }
    groups = [
        (titles[group], [Example(kind_name(kind), text) for kind, text in examples])
        for group, examples in SOUND
    ]
    broken = [Example(kind_name(kind), text) for kind, text in BROKEN]
    return [*groups, (_("With mistakes in them"), broken)]
