"""JSON (RFC 8259) that is measured before Python's parser sees it: how deep, how much."""

from __future__ import annotations

import json
import re
from typing import Any

from .errors import ReportError

MAX_DEPTH = 30
MAX_TOKENS = 1_000_000  # brackets, commas, quotes and escapes
MAX_VALUES = 200_000
_TOKEN = re.compile(r'\\.|["\[\]{},]', re.DOTALL)


def loads(data: bytes) -> Any:
    """The value in `data`; of a name that stands twice in an object, the last counts. Raises
    ReportError."""
    text = decode(data)
    _measure(text)
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ReportError("json") from None


def decode(data: bytes) -> str:
    """UTF-8, UTF-16 or UTF-32, by what it begins with; else octets as Latin-1 reads them."""
    try:
        return data.decode(json.detect_encoding(data)).removeprefix("\ufeff")
    except UnicodeError:
        return data.decode("latin-1")


def _measure(text: str) -> None:
    depth = tokens = values = 0
    inside = False
    for found in _TOKEN.finditer(text):
        tokens += 1
        if tokens > MAX_TOKENS:
            raise ReportError("records")
        token = found[0]
        if token == '"':
            inside = not inside
        elif inside or token[0] == "\\":
            continue
        elif token in "[{":
            depth += 1
            values += 1
        elif token in "]}":
            depth -= 1
        else:
            values += 1
        if depth > MAX_DEPTH:
            raise ReportError("depth")
        if values > MAX_VALUES:
            raise ReportError("records")
