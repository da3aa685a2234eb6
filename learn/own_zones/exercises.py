"""The exercises of learn/exercises.toml, in a reader's language."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FALLBACK_LANGUAGE = "en"
FILE = Path(__file__).parents[1] / "exercises.toml"


@dataclass(frozen=True, slots=True)
class Kept:
    """A record that must still be there: `has` is a part of its data, name "*" means anywhere."""

    type: str
    name: str = "@"
    has: str = ""


@dataclass(frozen=True, slots=True)
class Exercise:
    """One broken zone and its words. The file explains each field."""

    id: str
    number: int
    article: str
    topics: tuple[str, ...]
    selectors: tuple[str, ...]
    gone: tuple[str, ...]
    there: tuple[tuple[str, ...], ...]
    keep: tuple[Kept, ...]
    zone: str
    title: str
    story: str
    task: str
    hints: tuple[str, ...]
    learned: str


@cache
def exercises(language: str) -> tuple[Exercise, ...]:
    """All of them in their order; in English where a language has no words for them."""
    tables = tomllib.loads(FILE.read_text("utf-8"))["exercises"]
    return tuple(_exercise(table, number, language) for number, table in enumerate(tables, 1))


def exercise(id: str, language: str) -> Exercise | None:
    return next((found for found in exercises(language) if found.id == id), None)


def _exercise(table: Mapping[str, Any], number: int, language: str) -> Exercise:
    words = table.get(language.split("-")[0], table[FALLBACK_LANGUAGE])
    return Exercise(
        id=table["id"],
        number=number,
        article=table["article"],
        topics=tuple(table["topics"]),
        selectors=tuple(table.get("selectors", ())),
        gone=tuple(table["gone"]),
        there=tuple(tuple(one.split("|")) for one in table["there"]),
        keep=tuple(Kept(**kept) for kept in table["keep"]),
        zone=table["zone"].lstrip("\n"),
        title=words["title"],
        story=words["story"],
        task=words["task"],
        hints=tuple(words["hints"]),
        learned=words["learned"],
    )
