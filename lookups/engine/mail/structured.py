"""The tokens of structured header fields (RFC 5322 §3.2): words, quoted strings, comments."""

from __future__ import annotations

from collections.abc import Iterator

MAX_TOKENS = 4000
MAX_DEPTH = 20  # of comments within comments that is told apart; deeper ones count as text

_SPECIALS = frozenset("<>,;:=@[]")


def tokens(text: str, specials: frozenset[str] = _SPECIALS) -> Iterator[tuple[str, str]]:
    """(kind, text) for each token; kind is "word", "quoted", "comment", "special" or "space".

    A comment is given without its outer parentheses, a quoted string without its quotes. What does
    not end goes to the end of the text. Never raises, and yields at most MAX_TOKENS.
    """
    ends = specials | frozenset(' "()\t\r\n')
    at, count, size = 0, 0, len(text)
    while at < size and count < MAX_TOKENS:
        count += 1
        letter = text[at]
        if letter in " \t\r\n":
            start = at
            while at < size and text[at] in " \t\r\n":
                at += 1
            yield "space", text[start:at]
        elif letter == '"':
            found, at = _quoted(text, at + 1)
            yield "quoted", found
        elif letter == "(":
            found, at = _comment(text, at + 1)
            yield "comment", found
        elif letter in specials or letter == ")":
            at += 1
            if letter != ")":
                yield "special", letter
        else:
            start = at
            while at < size and text[at] not in ends:
                at += 1
            yield "word", text[start:at]


def _quoted(text: str, at: int) -> tuple[str, int]:
    """The quoted string that begins at `at`, and where it ends."""
    found: list[str] = []
    while at < len(text):
        letter = text[at]
        if letter == '"':
            return "".join(found), at + 1
        if letter == "\\" and at + 1 < len(text):
            at += 1
            letter = text[at]
        found.append(letter)
        at += 1
    return "".join(found), at


def _comment(text: str, at: int) -> tuple[str, int]:
    """The comment that begins at `at`, with those inside it, and where it ends."""
    start, depth = at, 1
    while at < len(text):
        letter = text[at]
        if letter == "\\":
            at += 1
        elif letter == "(" and depth < MAX_DEPTH:
            depth += 1
        elif letter == ")":
            depth -= 1
            if not depth:
                return text[start:at], at + 1
        at += 1
    return text[start:], len(text)
