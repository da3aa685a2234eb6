"""What each finding is called, what it means, and how to mend it, in every language.

One TOML file a topic: `[topic]` holds its place and its titles, every other table is a finding.
A new topic, finding or language is added by adding to those files; nothing here names them.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

from lookups.catalog.wording import shown
from lookups.engine.finding import Severity

FALLBACK_LANGUAGE = "en"
T = TypeVar("T")

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_RFC = re.compile(r"RFC (\d+)(?: §([0-9]+(?:\.[0-9]+)*))?")


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of a finding in one language. All but `name` may hold `{parameter}`s."""

    name: str
    title: str
    meaning: str
    why: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Sentences:
    """The texts of one finding with its parameters filled in: plain text, bounded in length."""

    title: str
    meaning: str
    why: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What the catalog holds of a finding, whatever its parameters.

    `rfc` are references such as "RFC 7505 §3"; `article` is the slug of the article that explains
    it; `classroom` the lesson that shows it; `example` sensible parameters for its own page.
    """

    id: str
    topic: str
    severity: Severity
    rfc: tuple[str, ...]
    article: str
    classroom: str
    example: Mapping[str, Any]
    texts: Mapping[str, Texts]

    def texts_in(self, language: str) -> Texts:
        """The texts in `language` ("ja", "en-gb"), in English where there are none."""
        return _in_language(self.texts, language)


def ids() -> list[str]:
    """Every finding, by topic and then in the order of the topic's file."""
    return list(_entries())


def topics() -> list[str]:
    """Every topic, in the order in which pages show them."""
    return list(_topic_titles())


def entry(id: str) -> Entry:
    """The entry of a finding; KeyError where there is none."""
    return _entries()[id]


def topic_title(topic: str, language: str) -> str:
    """What a topic is called; KeyError where there is none."""
    return _in_language(_topic_titles()[topic], language)


def sentences(id: str, parameters: Mapping[str, Any], language: str) -> Sentences:
    """The texts of a finding with `parameters` filled in; KeyError for an unknown id.

    Parameters may be missing or hostile: see `lookups.catalog.wording`.
    """
    texts = entry(id).texts_in(language)

    def fill(text: str) -> str:
        return _PLACEHOLDER.sub(lambda found: shown(parameters, found[1], language), text)

    return Sentences(fill(texts.title), fill(texts.meaning), fill(texts.why), fill(texts.remedy))


def part_note(kind: str, language: str) -> str:
    """What a part of a record says, in one sentence; empty for a kind that needs no words."""
    note = _parts().get(kind)
    return _in_language(note, language) if note else ""


def part_reference(kind: str) -> str:
    """The section of an RFC behind the note of that kind, such as "RFC 1035 §5.1", or nothing."""
    return _parts().get(kind, {}).get("rfc", "")


def rfc_link(reference: str) -> str:
    """The address of "RFC 7505 §3" at the RFC Editor; ValueError for anything else."""
    match = _RFC.fullmatch(reference)
    if not match:
        raise ValueError(reference)
    number, section = match.groups()
    link = f"https://www.rfc-editor.org/rfc/rfc{number}"
    return f"{link}#section-{section}" if section else link


@cache
def _parts() -> dict[str, dict[str, str]]:
    """Notes by the kind of a part ("spf.include"): one file a topic in parts/, a table a kind."""
    notes: dict[str, dict[str, str]] = {}
    for file in (files(__package__) / "parts").iterdir():
        if file.name.endswith(".toml"):
            topic = file.name.removesuffix(".toml")
            for kind, texts in tomllib.loads(file.read_text("utf-8")).items():
                notes[f"{topic}.{kind}"] = texts
    return notes


@cache
def _topics() -> dict[str, dict[str, Any]]:
    """The parsed files by topic, in their order."""
    tables = {
        file.name.removesuffix(".toml"): tomllib.loads(file.read_text("utf-8"))
        for file in files(__package__).iterdir()
        if file.name.endswith(".toml")
    }
    return dict(sorted(tables.items(), key=lambda item: item[1]["topic"]["order"]))


@cache
def _topic_titles() -> dict[str, dict[str, str]]:
    return {topic: tables["topic"]["titles"] for topic, tables in _topics().items()}


@cache
def _entries() -> dict[str, Entry]:
    return {
        id: _entry(id, topic, table)
        for topic, tables in _topics().items()
        for id, table in tables.items()
        if id != "topic"
    }


def _entry(id: str, topic: str, table: dict[str, Any]) -> Entry:
    """Of one table: sub-tables other than `example` are languages."""
    example = table.get("example", {})
    texts = {
        key: Texts(**value)
        for key, value in table.items()
        if isinstance(value, dict) and key != "example"
    }
    return Entry(
        id=id,
        topic=topic,
        severity=Severity(table["severity"]),
        rfc=tuple(table["rfc"]),
        article=table["article"],
        classroom=table["classroom"],
        example=example,
        texts=texts,
    )


def _in_language(by_language: Mapping[str, T], language: str) -> T:
    base = language.split("-")[0]
    return by_language.get(base, by_language[FALLBACK_LANGUAGE])
