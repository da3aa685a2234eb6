"""Text from DNS, files and visitors on its way to a terminal or into a mail."""

from __future__ import annotations

import unicodedata

_ACTIVE = ("Cc", "Cf", "Cs", "Zl", "Zp")


def printable(text: str) -> str:
    """Without characters that could be obeyed or hide others: escape sequences, line breaks, signs
    that turn the direction, halves of surrogate pairs. Each becomes U+FFFD."""
    return "".join(c if unicodedata.category(c) not in _ACTIVE else "\ufffd" for c in text)
