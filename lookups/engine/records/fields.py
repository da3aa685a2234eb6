"""Records of the form "version; name=value; name=value", as MTA-STS and TLSRPT write them.

RFC 8461 §3.1 and RFC 8460 §3 have the same grammar: a version in exact letters, then fields with
";" and optional white space between them, and perhaps a ";" at the end.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from .txt import MAX_TEXT, Part

MAX_FIELDS = 64
_WSP = " \t"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
_VALUE = re.compile(r"[\x21-\x3a\x3c\x3e-\x7e]+")  # printable, but neither ";" nor "="


@dataclass(frozen=True, slots=True)
class Field:
    """A piece between two semicolons. `column` counts characters from 1; `value_column` too.

    `text` is the whole piece without the white space around it; `name` is empty where it is no
    "name=value" at all.
    """

    text: str
    column: int
    name: str = ""
    value: str = ""

    @property
    def value_column(self) -> int:
        return self.column + len(self.name) + 1

    @property
    def is_extension(self) -> bool:
        """Whether an unknown field has the form that makes it harmless: it is ignored."""
        return bool(self.name and _NAME.fullmatch(self.name) and _VALUE.fullmatch(self.value))


def split(text: str) -> tuple[Field, ...]:
    """The fields behind the version. Never raises."""
    found: list[Field] = []
    at = text.find(";") + 1 or len(text)
    pieces = text[at:MAX_TEXT].split(";", MAX_FIELDS)[:MAX_FIELDS]
    for number, piece in enumerate(pieces, 1):
        plain = piece.strip(_WSP)
        if plain or number < len(pieces):
            column = at + len(piece) - len(piece.lstrip(_WSP)) + 1
            name, equals, value = plain.partition("=")
            known = (name, value) if equals and name else ("", "")
            found.append(Field(plain, column, *known))
        at += len(piece) + 1
    return tuple(found)


def looks_like(text: str, version: str) -> bool:
    """Whether a record was meant to be of this version, though it may not say so exactly."""
    name, _, value = text[:64].partition(";")[0].partition("=")
    meant = version.partition("=")[2].lower().rstrip("v0123456789")
    squeezed = re.sub(r"[^a-z0-9]", "", value.lower())
    return name.strip().lower() == "v" and squeezed.startswith(meant)


def begins_with(text: str, version: str) -> bool:
    """RFC 8461 §3.1, RFC 8460 §3: whatever begins otherwise is discarded."""
    return text.startswith(version + ";")


def parts(
    text: str, prefix: str, version: str, error_of: Callable[[Field], str], known: frozenset[str]
) -> list[Part]:
    """`text` in coloured pieces. `error_of` gives the code of what is wrong with a field."""
    end = text.find(";") if ";" in text else len(text)
    wrong = "" if begins_with(text, version) else "version"
    found = [Part(text[:end], f"{prefix}.v", wrong)]
    at = end
    for field in split(text):
        start = field.column - 1
        if start > at:
            found.append(Part(text[at:start]))
        if field.text:
            kind = field.name if field.name in known else "extension"
            found.append(Part(field.text, f"{prefix}.{kind}", error_of(field)))
        at = start + len(field.text)
    if at < len(text):
        found.append(Part(text[at:]))
    return [part for part in found if part.text]
