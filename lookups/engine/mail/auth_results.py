"""What servers noted about a message's authentication.

Authentication-Results (RFC 8601 §2.2), ARC-Authentication-Results (RFC 8617 §4.1.1) and
Received-SPF (RFC 7208 §9.1). Anybody can write such a field; only those of one's own receiver
count, see `analysis`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .structured import tokens
from .text import shown

MAX_RESULTS = 40  # of one field
MAX_PROPERTIES = 20  # of one result
MAX_VALUE = 200  # characters

_SPECIALS = frozenset(";")
_Word = tuple[str, str]  # kind and text of a token
_METHOD = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,40}")
# RFC 7208 §9.1 and older spellings.
_SPF_KEYS = frozenset((
    "client-ip", "envelope-from", "helo", "problem", "receiver", "identity", "mechanism",
))  # fmt: skip
SPF_RESULTS = ("pass", "fail", "softfail", "neutral", "none", "temperror", "permerror")


@dataclass(frozen=True, slots=True)
class Property:
    """`name` as in "smtp.mailfrom" or "header.d"."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class MethodResult:
    """One resinfo. `method` and `result` are in small letters; `comment` is the first one."""

    method: str
    result: str
    reason: str = ""
    properties: tuple[Property, ...] = ()
    comment: str = ""

    def get(self, *names: str) -> str:
        """The value of the first property of one of these names."""
        return next((p.value for n in names for p in self.properties if p.name == n), "")

    def as_json(self) -> dict[str, Any]:
        properties = {p.name: p.value for p in self.properties}
        return {"method": self.method, "result": self.result, "reason": self.reason,
                "comment": self.comment, "properties": properties}  # fmt: skip


@dataclass(frozen=True, slots=True)
class AuthResults:
    """One field. `server` is the authserv-id, empty where there is none (some leave it out);
    `instance` that of ARC, 0 in other fields. `cut`: there were more results than are kept."""

    server: str
    results: tuple[MethodResult, ...]
    instance: int = 0
    cut: bool = False

    def of(self, method: str) -> tuple[MethodResult, ...]:
        return tuple(result for result in self.results if result.method == method)

    def as_json(self) -> dict[str, Any]:
        results = [result.as_json() for result in self.results]
        return {"server": self.server, "instance": self.instance, "results": results}


@dataclass(frozen=True, slots=True)
class ReceivedSpf:
    """One Received-SPF field; `pairs` are its key-value pairs with keys in small letters."""

    result: str
    comment: str
    pairs: tuple[Property, ...]

    def get(self, name: str) -> str:
        return next((pair.value for pair in self.pairs if pair.name == name), "")

    def as_json(self) -> dict[str, Any]:
        pairs = {pair.name: pair.value for pair in self.pairs}
        return {"result": self.result, "comment": self.comment, "pairs": pairs}


def read_results(text: str) -> AuthResults:
    """An Authentication-Results field, or that of ARC. Never raises."""
    server, instance, cut = "", 0, False
    results: list[MethodResult] = []
    for index, (words, comments) in enumerate(_clauses(text)):
        if len(results) == MAX_RESULTS:
            cut = True
            break
        pairs = _pairs(words)
        if index <= 1 and not server and not results:
            if index == 0 and len(pairs) == 1 and pairs[0][0].lower() == "i":
                instance = _number(pairs[0][1])  # RFC 8617 §4.1.1
                continue
            if not pairs:
                server = shown(words[0][1] if words else "", MAX_VALUE).lower().rstrip(".")
                continue
        if result := _result(pairs, comments):
            results.append(result)
    return AuthResults(server, tuple(results), instance, cut)


def read_received_spf(text: str) -> ReceivedSpf:
    """A Received-SPF field: the result, a comment, key=value pairs. Never raises."""
    result, comment = "", ""
    pairs: list[Property] = []
    for words, comments in _clauses(text):
        comment = comment or next(iter(comments), "")
        if not result and words:
            result = shown(words[0][1], 20).lower()
            words = words[1:]
        for key, value in _pairs(words):
            if len(pairs) < MAX_PROPERTIES:
                value = value.strip("<>") if key.lower() in _SPF_KEYS else value
                pairs.append(Property(shown(key, 40).lower(), shown(value, MAX_VALUE)))
    return ReceivedSpf(result, shown(comment, 300), tuple(pairs))


def _clauses(text: str) -> Iterator[tuple[list[_Word], list[str]]]:
    """The words and the comments of what stands between semicolons."""
    words: list[_Word] = []
    comments: list[str] = []
    for kind, word in tokens(text, _SPECIALS):
        if kind == "special":
            yield words, comments
            words, comments = [], []
        elif kind == "comment":
            comments.append(word)
        elif kind != "space":
            words.append((kind, word))
    if words or comments:
        yield words, comments


def _pairs(words: list[_Word]) -> list[tuple[str, str]]:
    """name=value, with or without space around the sign; a value may hold further signs, be
    quoted, or be a quoted local part with a domain behind it."""
    found: list[tuple[str, str]] = []
    waiting = list(reversed(words))
    while waiting:
        kind, word = waiting.pop()
        name, sign, value = word.partition("=")
        if kind == "quoted" or not name:
            continue
        if not sign:
            if not (waiting and waiting[-1][0] == "word" and waiting[-1][1].startswith("=")):
                continue
            value = waiting.pop()[1][1:]
        if not value and waiting and (waiting[-1][0] == "quoted" or "=" not in waiting[-1][1]):
            kind, value = waiting.pop()
            if kind == "quoted" and waiting and waiting[-1][1].startswith("@"):
                value += waiting.pop()[1]
        found.append((name, value))
    return found


def _result(pairs: list[tuple[str, str]], comments: list[str]) -> MethodResult | None:
    if not pairs:
        return None
    method = pairs[0][0].partition("/")[0].lower()
    if not _METHOD.fullmatch(method):
        return None
    reason = ""
    properties: list[Property] = []
    for name, value in pairs[1:]:
        if name.lower() == "reason":
            reason = shown(value, MAX_VALUE)
        elif len(properties) < MAX_PROPERTIES:
            properties.append(Property(shown(name, 60).lower(), shown(value, MAX_VALUE)))
    comment = shown(next(iter(comments), ""), 300)
    return MethodResult(method, shown(pairs[0][1], 40).lower(), reason, tuple(properties), comment)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0
