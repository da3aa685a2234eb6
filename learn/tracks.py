"""The tracks: articles in an order that leads somewhere. tracks.toml holds them in every language.

A further track is a further table there; an article may be in several.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .articles import FALLBACK, Article, articles

_FILE = Path(__file__).parent / "tracks.toml"


@dataclass(frozen=True, slots=True)
class Track:
    """One track in one language, with its articles in order."""

    id: str
    title: str
    description: str
    articles: tuple[Article, ...]

    @property
    def slugs(self) -> list[str]:
        return [article.slug for article in self.articles]

    @property
    def minutes(self) -> int:
        return sum(article.minutes for article in self.articles)


@dataclass(frozen=True, slots=True)
class Way:
    """A track as one reader has it: how many articles are done, and which is next."""

    track: Track
    done: int
    next: Article | None

    @property
    def total(self) -> int:
        return len(self.track.articles)


def tracks(language: str) -> list[Track]:
    """Every track, in the order of the file."""
    by_slug = {article.slug: article for article in articles(language)}
    return [_track(table, by_slug, language) for table in _tables()]


def track(id: str, language: str) -> Track | None:
    return next((found for found in tracks(language) if found.id == id), None)


def way(track: Track, done: frozenset[str]) -> Way:
    """`track` for somebody who has done `done`."""
    open_ = [article for article in track.articles if article.slug not in done]
    return Way(track, len(track.articles) - len(open_), open_[0] if open_ else None)


@cache
def _tables() -> tuple[Mapping, ...]:
    return tuple(tomllib.loads(_FILE.read_text("utf-8"))["track"])


def _track(table: Mapping, by_slug: Mapping[str, Article], language: str) -> Track:
    words = table.get(language) or table[FALLBACK]
    return Track(
        id=table["id"],
        title=words["title"],
        description=words["description"],
        articles=tuple(by_slug[slug] for slug in table["articles"]),
    )
