"""What mails about alerts need: text without characters that could disturb it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from django import template

register = template.Library()


@register.filter
def whole_text(pieces: Iterable[tuple[str, bool]]) -> str:
    """A record from its pieces, as one text; its further lines are set in."""
    return indented(_printable("".join(text for text, _ in pieces)))


@register.filter
def indented(text: str) -> str:
    return "\n    ".join(text.splitlines())


def _printable(text: str) -> str:
    """Records may hold characters that hide or turn others around."""
    return "".join(
        c if c == "\n" or unicodedata.category(c) not in ("Cc", "Cf") else "\ufffd" for c in text
    )
