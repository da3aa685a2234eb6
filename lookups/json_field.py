"""JSON that every database takes."""

from __future__ import annotations

import json
import re
from typing import Any

from django.db import models

# What a JSON text may say and PostgreSQL's jsonb refuses: U+0000, and half a surrogate pair. A
# backslash that is itself escaped says neither.
_ESCAPES = re.compile(r"\\\\|\\u0000|\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u[dD][89a-fA-F]..")
_REPLACED = "\\ufffd"


class _Encoder(json.JSONEncoder):
    def encode(self, o: Any) -> str:
        text = super().encode(o)
        if "\\u0000" not in text and "\\ud" not in text:
            return text
        return _ESCAPES.sub(_storable, text)


def _storable(match: re.Match[str]) -> str:
    found = match[0]
    return found if found == "\\\\" or len(found) == 12 else _REPLACED


class JSONField(models.JSONField):
    """For what strangers wrote: their strings may hold U+0000, which is stored as U+FFFD.

    To migrations it is Django's own field: in the database nothing differs.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"encoder": _Encoder} | kwargs)

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        kwargs.pop("encoder", None)
        return name, "django.db.models.JSONField", args, kwargs
