"""Records written as a row of fields, the last of which may be divided by spaces (DS, TLSA)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from .txt import MAX_TEXT, Part

MAX_SHOWN = 200  # characters of a field in a problem
MAX_FIELDS = 400  # of one record that are looked at: a key may stand in many pieces

_PIECE = re.compile(r"\s+|\S+")
_FIELD = re.compile(r"\S+")
_DIGITS = re.compile(r"[0-9]{1,10}")


@dataclass(frozen=True, slots=True)
class Field:
    """What stands between spaces; `column` counts from 1."""

    text: str
    column: int

    @property
    def end(self) -> int:
        """The column behind it."""
        return self.column + len(self.text)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong at `column` (from 1). `code` names a sentence of catalog/parts/problem.toml,
    or "fields": the record has too few or too many of them."""

    code: str
    column: int
    text: str = ""


def parts(text: str, kinds: Sequence[str]) -> list[Part]:
    """`text` in parts: each field of its kind, and all that is left of the last kind."""
    found: list[Part] = []
    number = 0
    for match in _PIECE.finditer(text[:MAX_TEXT]):
        piece = match[0]
        if piece.isspace():
            found.append(Part(piece))
            continue
        found.append(Part(piece, kinds[min(number, len(kinds) - 1)]))
        number += 1
    if len(text) > MAX_TEXT:
        found.append(Part(text[MAX_TEXT:]))
    return found


def marked(pieces: Iterable[Part], problems: Iterable[Problem]) -> list[Part]:
    """The parts, each with the code of the first problem in it."""
    found: list[Part] = []
    left = sorted(problems, key=lambda problem: problem.column)
    start = 1
    for piece in pieces:
        end = start + len(piece.text)
        inside = [problem for problem in left if start <= problem.column < end]
        if inside and piece.kind and not piece.error:
            piece = replace(piece, error=inside[0].code)
        found.append(piece)
        start = end
    return found


def fields(text: str) -> list[Field]:
    """The fields of a record, at most MAX_FIELDS."""
    matches = islice(_FIELD.finditer(text[:MAX_TEXT]), MAX_FIELDS)
    return [Field(match[0], match.start() + 1) for match in matches]


def number(field: Field, bits: int, problems: list[Problem]) -> int | None:
    """A whole number of 8, 16 or 32 bits in digits; otherwise None and a problem."""
    if _DIGITS.fullmatch(field.text) and int(field.text) < 1 << bits:
        return int(field.text)
    problems.append(Problem(f"number{bits}", field.column, field.text[:MAX_SHOWN]))
    return None


def count(found: Sequence[Field], wanted: int, text: str, problems: list[Problem]) -> bool:
    """Whether there are as many fields as wanted; otherwise a problem where they end or go on."""
    if len(found) == wanted:
        return True
    if len(found) > wanted:
        extra = found[wanted]
        problems.append(Problem("fields", extra.column, extra.text[:MAX_SHOWN]))
    else:
        problems.append(Problem("fields", max(1, len(text.rstrip()[:MAX_TEXT]))))
    return False
