"""The lessons as the classroom's page lists them: a TOML file for each topic, in their order."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from learn.classroom.zone_files import lesson_name, zone_lessons, zone_text
from lookups.engine.names import to_unicode

FALLBACK_LANGUAGE = "en"


@dataclass(frozen=True, slots=True)
class Lesson:
    """A domain to look at. `zone` is its name under classroom.test; `text` its zone file, empty
    for the domain that does not exist."""

    zone: str
    domain: str
    unicode: str
    title: str
    look: str
    text: str


@dataclass(frozen=True, slots=True)
class Group:
    id: str
    title: str
    lessons: tuple[Lesson, ...]


@cache
def lessons(language: str) -> tuple[Group, ...]:
    """Every lesson in `language` ("ja", "en-gb"), in English where it has no texts."""
    files = sorted((Path(__file__).parent / "lessons").glob("*.toml"))
    groups = [group for file in files for group in tomllib.loads(file.read_text())["groups"]]
    return tuple(
        Group(
            id=group["id"],
            title=_in_language(group, language),
            lessons=tuple(_lesson(table, language) for table in group["lessons"]),
        )
        for group in groups
    )


def _lesson(table: dict[str, Any], language: str) -> Lesson:
    zone = table["zone"]
    domain = lesson_name(zone).to_text(omit_final_dot=True)
    texts = _in_language(table, language)
    return Lesson(
        zone=zone,
        domain=domain,
        unicode=to_unicode(domain),
        title=texts["title"],
        look=texts["look"],
        text=zone_text(zone) if zone in zone_lessons() else "",
    )


def _in_language(table: dict[str, Any], language: str) -> Any:
    return table.get(language.split("-")[0], table[FALLBACK_LANGUAGE])
