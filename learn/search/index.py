"""The index: an SQLite file in var/, made from the site's own texts when somebody first searches.

The file is named after what it was made from, so that a new release makes a new one. It is written
beside its place and moved there whole; afterwards it is only read. docs/decisions says why.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from functools import cache
from pathlib import Path

from django.conf import settings

from learn import articles, glossary
from learn.classroom import lessons
from learn.search.documents import KINDS, Document, Passage, documents
from learn.search.text import Word, essential_words_of, fold, index_words, words_of
from lookups import catalog, tools

MAX_PER_KIND = 50
# A word in the title counts for more than one in the head, and that for more than one in the text.
_TIERS = ("{title} :", "{title head} :", "")
_WEIGHTS = "10.0, 4.0, 1.0"
_SOURCES = (
    (articles.CONTENT, "*/*.md"),
    (glossary.FILE.parent, glossary.FILE.name),
    (Path(lessons.__file__).parent, "lessons/*.toml"),
    (Path(catalog.__file__).parent, "*.toml"),
    (Path(tools.__file__).parent, "**/*.py"),
    (Path(settings.BASE_DIR) / "locale", "*/LC_MESSAGES/*.po"),  # what tools are called
    (Path(__file__).parent, "*.py"),
)
_making = threading.Lock()
_local = threading.local()


@dataclass(frozen=True, slots=True)
class Hit:
    """A document that was found. `exact`: the query is its very name."""

    document: Document
    exact: bool


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to a query. `counts` of all and `hits` by kind, the best first; `loose`: not all
    of the words are in each of them."""

    words: tuple[Word, ...]
    counts: dict[str, int]
    hits: dict[str, list[Hit]]
    loose: bool = False

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def search(query: str, language: str, limits: Mapping[str, int] | None = None) -> Found:
    """What holds all words of `query`; else all of its essential words; else some of them.

    `limits`: how many hits of a kind are wanted, at most MAX_PER_KIND of each.
    """
    limits = limits or dict.fromkeys(KINDS, MAX_PER_KIND)
    typed, essential = words_of(query), essential_words_of(query)
    for words, joint in ((typed, " AND "), (essential, " AND "), (essential or typed, " OR ")):
        ranked = _ranked(words, joint, language)
        if ranked:
            found = _grouped(ranked, query, language, limits)
            return Found(words, *found, loose=joint == " OR " and len(words) > 1)
    return Found(typed, {}, {})


def names(language: str) -> dict[str, str]:
    """What the terms of the glossary are called, folded -> title."""
    rows = _connection().execute(
        "SELECT names, title FROM documents WHERE language = ? AND kind = 'term'",
        [_known(language)],
    )
    return {fold(name): title for known, title in rows for name in (title, *json.loads(known))}


def prepare() -> Path:
    """The index file; made first where there is none."""
    path = _path()
    if not path.exists():
        with _making, _lock():
            if not path.exists():
                _make(path)
    return path


# --- reading -------------------------------------------------------------------------------------
def _ranked(words: Sequence[Word], joint: str, language: str) -> dict[int, tuple[int, float]]:
    """Row -> (tier, rank), the best first: the less, the better."""
    if not words:
        return {}
    table = _table(_known(language))
    wanted = joint.join(f"({word.expression})" for word in words)
    best: dict[int, tuple[int, float]] = {}
    for tier, columns in enumerate(_TIERS if joint == " AND " else _TIERS[-1:]):
        rows = _connection().execute(
            f"SELECT rowid, bm25({table}, {_WEIGHTS}) FROM {table} WHERE {table} MATCH ?",
            [f"{columns} ({wanted})"],
        )
        for row, rank in rows:
            best.setdefault(row, (tier, rank))
    return dict(sorted(best.items(), key=lambda item: item[1]))


def _grouped(
    ranked: dict[int, tuple[int, float]], query: str, language: str, limits: Mapping[str, int]
) -> tuple[dict[str, int], dict[str, list[Hit]]]:
    """Counts and hits by kind; what is called just as the query comes first."""
    called = index_words(query)
    rows = _connection().execute(
        "SELECT id, kind, called FROM documents WHERE language = ?", [_known(language)]
    )
    about = {id: (kind, called in known.split("\n")) for id, kind, known in rows if id in ranked}
    order = sorted(ranked, key=lambda id: (not about[id][1], ranked[id]))
    counts: dict[str, int] = {}
    chosen: dict[int, bool] = {}
    for id in order:
        kind, exact = about[id]
        counts[kind] = counts.get(kind, 0) + 1
        if counts[kind] <= min(limits.get(kind, 0), MAX_PER_KIND):
            chosen[id] = exact
    # A kind that has the words only in its texts comes after those that have them higher up.
    in_text = {
        kind: all(ranked[id][0] == len(_TIERS) - 1 for id in ranked if about[id][0] == kind)
        for kind in counts
    }
    kinds = sorted(counts, key=lambda kind: (in_text[kind], KINDS.index(kind)))
    loaded = _load(list(chosen))
    hits = {
        kind: [Hit(loaded[id], exact) for id, exact in chosen.items() if about[id][0] == kind]
        for kind in kinds
    }
    return {kind: counts[kind] for kind in kinds}, hits


def _load(ids: Sequence[int]) -> dict[int, Document]:
    marks = ", ".join("?" * len(ids))
    rows = _connection().execute(
        "SELECT id, kind, key, title, names, head, passages, severity FROM documents "
        f"WHERE id IN ({marks})",
        ids,
    )
    return {
        id: Document(
            kind,
            key,
            title,
            tuple(json.loads(names)),
            head,
            tuple(Passage(*passage) for passage in json.loads(passages)),
            severity,
        )
        for id, kind, key, title, names, head, passages, severity in rows
    }


def _connection() -> sqlite3.Connection:
    """This thread's connection to the index, which nobody writes any more."""
    path = prepare()
    if getattr(_local, "path", None) != path:
        _local.connection = sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)
        _local.path = path
    return _local.connection


def _known(language: str) -> str:
    """`language` if the site has it; else its first."""
    codes = [code for code, _ in settings.LANGUAGES]
    return language if language in codes else codes[0]


def _table(language: str) -> str:
    return "words_" + language.replace("-", "_")


# --- making --------------------------------------------------------------------------------------
def _path() -> Path:
    # While texts are being written (DEBUG), each change of them makes an index of its own.
    fingerprint = _fingerprint() if settings.DEBUG else _first_fingerprint()
    return settings.VAR_DIR.resolve() / f"search-{fingerprint}.sqlite3"


@cache
def _first_fingerprint() -> str:
    return _fingerprint()


def _fingerprint() -> str:
    """Of the files of which the index is made."""
    digest = hashlib.sha256(repr(settings.LANGUAGES).encode())
    for folder, pattern in _SOURCES:
        for path in sorted(folder.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@contextmanager
def _lock() -> Iterator[None]:
    """Held by one process of the site at a time."""
    with open(settings.VAR_DIR / "search.lock", "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make(path: Path) -> None:
    """Makes the index and moves it to `path`; older ones are deleted."""
    unfinished = path.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    connection = sqlite3.connect(unfinished)
    try:
        with connection:
            connection.execute(
                "CREATE TABLE documents (id INTEGER PRIMARY KEY, language, kind, key, title, "
                "names, head, passages, severity, called)"
            )
            for code, _ in settings.LANGUAGES:
                _fill(connection, code)
        connection.execute("VACUUM")
    finally:
        connection.close()
    os.replace(unfinished, path)
    for older in path.parent.glob("search-*.sqlite3"):
        if older != path:
            older.unlink(missing_ok=True)


def _fill(connection: sqlite3.Connection, language: str) -> None:
    table = _table(language)
    # The words alone: the texts are in `documents`.
    connection.execute(
        f"CREATE VIRTUAL TABLE {table} USING fts5(title, head, body, content='', "
        "tokenize='unicode61 remove_diacritics 0', prefix='1 2 3')"
    )
    for document in documents(language):
        body = " ".join(index_words(passage.text) for passage in document.passages)
        row = connection.execute(
            "INSERT INTO documents (language, kind, key, title, names, head, passages, severity, "
            "called) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                language,
                document.kind,
                document.key,
                document.title,
                json.dumps(document.names),
                document.head,
                json.dumps([astuple(passage) for passage in document.passages]),
                document.severity,
                "\n".join(index_words(name) for name in (document.title, *document.names)),
            ],
        ).lastrowid
        connection.execute(
            f"INSERT INTO {table} (rowid, title, head, body) VALUES (?, ?, ?, ?)",
            [row, index_words(document.title), index_words(document.head), body],
        )
