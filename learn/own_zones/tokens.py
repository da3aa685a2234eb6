"""From the characters of a zone file to the words and strings of each record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Token:
    text: str
    line: int
    column: int

    @property
    def is_quoted(self) -> bool:
        return self.text.startswith('"')


class Wrong(Exception):
    """Ends the reading of one record."""

    def __init__(self, code: str, token: Token | None = None, part: str = "", **about: Any):
        super().__init__(code)
        self.code, self.token, self.part, self.about = code, token, part, about


@dataclass(slots=True)
class Entry:
    """The tokens of one record. `goes_on`: its line began with a blank. `wrong`: it cannot be
    read."""

    tokens: list[Token]
    goes_on: bool = False
    wrong: Wrong | None = None


def entries(text: str) -> Iterator[Entry]:
    """Every record in its tokens. A fault costs the record that it is in."""
    entry = Entry([])
    opened: Token | None = None
    for number, line in enumerate(text.split("\n"), 1):
        if not opened:
            entry = Entry([], goes_on=line[:1] in (" ", "\t"))
        try:
            opened = _line(entry, line.removesuffix("\r"), number, opened)
        except Wrong as wrong:
            entry.wrong, opened = wrong, None
        if not opened and (entry.tokens or entry.wrong):
            yield entry
    if opened:
        entry.wrong = Wrong("paren-open", opened)
        yield entry


def _line(entry: Entry, line: str, number: int, opened: Token | None) -> Token | None:
    """Adds the tokens of a line; the bracket that is open at its end."""
    for token in _tokens(line, number):
        if token.text == "(":
            if opened:
                raise Wrong("paren-again", token)
            opened = token
        elif token.text == ")":
            if not opened:
                raise Wrong("paren-close", token)
            opened = None
        else:
            entry.tokens.append(token)
    return opened


def _tokens(line: str, number: int) -> Iterator[Token]:
    """The words and strings of a line, up to its comment; brackets are tokens of their own."""
    at = 0
    while at < len(line) and line[at] != ";":
        start = at
        if line[at] in " \t":
            at += 1
            continue
        if line[at] == '"':
            at = _behind_string(line, at, number)
        elif line[at] in "()":
            at += 1
        else:
            while at < len(line) and line[at] not in ' \t;()"':
                at += 2 if line[at] == "\\" else 1
        check_ascii(line[start:at], number, start)
        yield Token(line[start:at], number, start + 1)


def _behind_string(line: str, start: int, number: int) -> int:
    at = start + 1
    while at < len(line) and line[at] != '"':
        at += 2 if line[at] == "\\" else 1
    if at >= len(line):
        raise Wrong("quote-open", Token("", number, start + 1), "data")
    return at + 1


def check_ascii(text: str, line: int, offset: int = 0) -> None:
    for place, character in enumerate(text):
        if not " " <= character <= "~":
            where = Token(character, line, offset + place + 1)
            shown = character if character.isprintable() else f"U+{ord(character):04X}"
            raise Wrong("not-ascii", where, "data", character=shown)
