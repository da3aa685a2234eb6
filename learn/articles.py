"""The articles: Markdown files with front matter, one folder a language.

A new article is a new file in content/en (and its translations); a new language a new folder.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import frontmatter
from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

from . import glossary
from .markdown import Heading, Part, render, render_inline

CONTENT = Path(__file__).parent / "content"
FALLBACK = "en"
WORDS_PER_MINUTE = 200
CHARACTERS_PER_MINUTE = 500  # of Japanese
_SLUG = re.compile(r"[a-z0-9-]+")
_ANATOMY_PARTS = 8  # colours in site.css


@dataclass(frozen=True, slots=True)
class Source:
    """What an article rests on."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class RecordPart:
    """A part of a record that explains itself."""

    part: str
    label: str
    text: SafeString


@dataclass(frozen=True, slots=True)
class Question:
    """A question of an article's quiz. `right` is the position of the right answer, from 0."""

    question: str
    answers: tuple[str, ...]
    right: int
    why: str


@dataclass(frozen=True, slots=True)
class Article:
    """One article in one language, rendered. `minutes`: to read it."""

    slug: str
    language: str
    title: str
    summary: str
    group: str
    order: int
    reviewed: date
    minutes: int
    short: tuple[SafeString, ...]
    sources: tuple[Source, ...]
    anatomy: tuple[RecordPart, ...]
    quiz: tuple[Question, ...]
    headings: tuple[Heading, ...]
    parts: tuple[Part, ...] = field(repr=False)
    terms: tuple[glossary.Term, ...] = field(default=(), repr=False)


def articles(language: str) -> list[Article]:
    """Every article in reading order, in English where `language` lacks it."""
    return sorted(_load_all(language, _stamp()).values(), key=lambda article: article.order)


def grouped(language: str) -> list[tuple[str, list[Article]]]:
    """The articles by group, groups and articles in reading order."""
    return [(group, list(found)) for group, found in groupby(articles(language), _group)]


def _group(article: Article) -> str:
    return article.group


def article(slug: str, language: str) -> Article | None:
    return _load_all(language, _stamp()).get(slug)


def markdown_of(slug: str, language: str) -> str:
    """The text of an article as its author wrote it, without the front matter."""
    return frontmatter.loads(_in_language(language, f"{slug}.md").read_text("utf-8")).content


def picture(name: str, language: str) -> SafeString:
    """The drawing's SVG, of the site's own making. Raises FileNotFoundError."""
    if not _SLUG.fullmatch(name):
        raise FileNotFoundError(name)
    # Safe: these files are part of the source.
    return mark_safe(_in_language(language, f"pictures/{name}.svg").read_text("utf-8"))


def languages_of(slug: str) -> list[str]:
    """The languages in which the article itself exists."""
    return [code for code, _ in settings.LANGUAGES if (CONTENT / code / f"{slug}.md").exists()]


def _stamp() -> float:
    """Changes with the files while they are being written (DEBUG); constant otherwise."""
    if not settings.DEBUG:
        return 0.0
    return max(path.stat().st_mtime for path in CONTENT.rglob("*.md"))


@cache
def _load_all(language: str, stamp: float) -> Mapping[str, Article]:
    paths = (CONTENT / FALLBACK).glob("*.md")
    return {path.stem: _load(path.stem, language) for path in paths}


def _in_language(language: str, name: str) -> Path:
    path = CONTENT / language / name
    return path if path.exists() else CONTENT / FALLBACK / name


def _load(slug: str, language: str) -> Article:
    path = _in_language(language, f"{slug}.md")
    document = frontmatter.loads(path.read_text("utf-8"))
    meta: dict[str, Any] = document.metadata
    prefix = "" if language == FALLBACK else f"/{language}"
    # Headings have the ids of the English text, so that a link to one works in every language.
    english = frontmatter.loads((CONTENT / FALLBACK / f"{slug}.md").read_text("utf-8"))
    ids = [heading.id for heading in render(english.content).headings]
    finder = glossary.finder(path.parent.name, slug, document.content)
    rendered = render(document.content, prefix, ids, finder)
    return Article(
        slug=slug,
        language=path.parent.name,
        title=meta["title"],
        summary=meta["summary"],
        group=meta["group"],
        order=meta["order"],
        reviewed=meta["reviewed"],
        minutes=_minutes(document.content, path.parent.name),
        short=tuple(render_inline(line, prefix) for line in meta["short"]),
        sources=tuple(Source(source["label"], source["url"]) for source in meta["sources"]),
        anatomy=tuple(
            RecordPart(part["part"], part["label"], render_inline(part["text"], prefix))
            for part in meta.get("anatomy", [])[:_ANATOMY_PARTS]
        ),
        quiz=tuple(
            Question(q["question"], tuple(q["answers"]), q["right"], q["why"]) for q in meta["quiz"]
        ),
        headings=rendered.headings,
        parts=rendered.parts,
        terms=tuple(glossary.term(id, path.parent.name) for id in rendered.terms),
    )


def _minutes(text: str, language: str) -> int:
    if language == "ja":
        return max(1, round(len(re.sub(r"\s", "", text)) / CHARACTERS_PER_MINUTE))
    return max(1, round(len(text.split()) / WORDS_PER_MINUTE))
