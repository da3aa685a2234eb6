"""What mails about alerts need: text without characters that could disturb it."""

from __future__ import annotations

from collections.abc import Iterable

from django import template

from lookups.plain_text import printable

register = template.Library()


@register.filter
def whole_text(pieces: Iterable[tuple[str, bool]]) -> str:
    """A record from its pieces, as one text; its further lines are set in."""
    return indented("\n".join(map(printable, "".join(text for text, _ in pieces).split("\n"))))


@register.filter
def indented(text: str) -> str:
    return "\n    ".join(text.splitlines())
