"""How a parameter of a finding is written into a sentence.

Parameters come from DNS answers or from a stored report. They are bounded, characters that could
disturb the text around them are replaced, and nothing that JSON can hold makes this raise.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

from lookups.catalog.extended_errors import EXTENDED_ERRORS

MAX_TEXT = 300  # characters of one value
MAX_ITEMS = 8  # values of a list
MAX_INTEGER_BITS = 128
UNKNOWN = "…"

# Control, format (bidirectional overrides, zero width), surrogate, and line or paragraph separator.
_DISTURBING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_NONE = {"en": "none", "ja": "なし"}


def shown(parameters: Mapping[str, Any], name: str, language: str) -> str:
    """The parameter `name` as text; "…" where it is missing or no plain value."""
    if not isinstance(parameters, Mapping) or name not in parameters:
        return UNKNOWN
    base = language.split("-")[0]
    value = parameters[name]
    if value is None or value == "" or value == []:
        return _NONE.get(base, _NONE["en"])
    if isinstance(value, list | tuple):
        return _joined([_plain(item) for item in value[:MAX_ITEMS]], len(value), base)
    return _plain(value)


def _joined(items: list[str], total: int, language: str) -> str:
    """'a, b and c', or 'a、b、c'; what is beyond the items is counted."""
    more = total - len(items)
    if language == "ja":
        return "、".join(items) + (f"、ほか{more}件" if more else "")
    if more:
        items = [*items, f"{more} more"]
    return " and ".join(filter(None, [", ".join(items[:-1]), items[-1]]))


def _plain(value: Any) -> str:
    """One value of a list, or the only one."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if value.bit_length() <= MAX_INTEGER_BITS else UNKNOWN
    if isinstance(value, float):
        return f"{value:.1f}".removesuffix(".0") if abs(value) < 1e12 else UNKNOWN
    if isinstance(value, str):
        return _safe(value)
    if isinstance(value, Mapping) and isinstance(value.get("code"), int):
        return _extended_error(value)
    return UNKNOWN


def _safe(text: str) -> str:
    cut = text[: MAX_TEXT - 1] + UNKNOWN if len(text) > MAX_TEXT else text
    return "".join("\ufffd" if unicodedata.category(c) in _DISTURBING else c for c in cut)


def _extended_error(error: Mapping[str, Any]) -> str:
    """{"code": 22, "text": "at delegation x"} as '22 No Reachable Authority (at delegation x)'."""
    code = _plain(error["code"])
    words = f"{code} {EXTENDED_ERRORS.get(error['code'], '')}".strip()
    text = error.get("text")
    return f"{words} ({_safe(text)})" if isinstance(text, str) and text else words
