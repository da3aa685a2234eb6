"""What pydantic refuses, in the reader's language."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.html import strip_tags
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

_PLACES = {"body", "query", "path", "header", "form", "file"}


def errors_of(refusals: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """A field and a sentence for each error of a pydantic model."""
    return [
        {"field": _field(refusal.get("loc", ())), "message": _sentence(refusal)}
        for refusal in refusals
    ][:50]


def _field(place: Iterable[Any]) -> str:
    """ "domain", "selectors.0": without the place and the name of the whole body."""
    parts = [str(part) for part in place]
    if parts and parts[0] in _PLACES:
        parts = parts[2:] if parts[0] == "body" else parts[1:]
    return ".".join(parts)[:200]


def _sentence(refusal: Mapping[str, Any]) -> str:
    kind, limits = str(refusal.get("type", "")), refusal.get("ctx") or {}
    if kind in ("missing", "extra_forbidden"):
        return _("This is missing.") if kind == "missing" else _("There is no such field.")
    if kind == "literal_error" or kind == "enum":
        return _("Only these are possible: %(values)s") % {"values": limits.get("expected", "")}
    bounds = {
        "greater_than_equal": _("At least %(limit)s."),
        "less_than_equal": _("At most %(limit)s."),
        "string_too_short": _("At least %(limit)s characters."),
        "string_too_long": _("At most %(limit)s characters."),
        "too_short": _("At least %(limit)s entries."),
        "too_long": _("At most %(limit)s entries."),
    }
    if kind in bounds:
        names = ("ge", "le", "min_length", "max_length")
        limit = next((limits[name] for name in names if name in limits), "")
        return bounds[kind] % {"limit": limit}
    return _expected(kind)


def _expected(kind: str) -> str:
    """By what pydantic's codes begin with."""
    words = {
        "string": _("A text is expected."),
        "int": _("A whole number is expected."),
        "bool": _("true or false is expected."),
        "list": _("A list is expected."),
        "dict": _("An object is expected."),
        "model": _("An object is expected."),
        "datetime": _("A time is expected, such as 2026-11-25T09:00:00Z."),
        "timezone": _("A time is expected, such as 2026-11-25T09:00:00Z."),
    }
    return words.get(kind.split("_")[0], _("This is not of the kind that is expected here."))


def form_errors(form: Any) -> list[dict[str, str]]:
    """The same for a form of Django; what concerns the whole form has an empty field."""
    return [
        {"field": "" if name == "__all__" else name, "message": plain(message)}
        for name, messages in form.errors.items()
        for message in messages
    ]


def plain(message: Any) -> str:
    """A sentence of a page, without the links that it has there."""
    text = str(message)
    return html.unescape(strip_tags(text)) if isinstance(message, SafeString) else text
