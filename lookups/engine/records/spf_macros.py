"""Macro-strings of SPF records (RFC 7208 §7.1): their grammar; lookups.engine.spf expands them."""

from __future__ import annotations

import re
from dataclasses import dataclass

MACRO_LETTERS = frozenset("slodiphv")
EXPLANATION_LETTERS = frozenset("crt")  # beside the others, in explanations only (§7.2)
MAX_PARTS = 128  # right-hand parts that can matter: a name has at most 127 labels

_LITERAL = re.compile(r"[\x21-\x24\x26-\x7e]+")
_SPACED_LITERAL = re.compile(r"[\x20-\x24\x26-\x7e]+")
_MACRO = re.compile(r"%\{([A-Za-z])([0-9]*)([rR]?)([.\-+,/_=]*)\}")
_ESCAPES = {"%%": "%", "%_": " ", "%-": "%20"}
# toplabel, §7.1: letters, digits and inner hyphens, not digits alone
_TOPLABEL = re.compile(r"(?![0-9]*$)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?")


class MacroError(ValueError):
    """A macro-string that the grammar does not allow; `offset` is where (0: its first character).

    `code` is "character", "macro" or "domain".
    """

    def __init__(self, code: str, offset: int) -> None:
        super().__init__(f"{code} at {offset}")
        self.code, self.offset = code, offset


@dataclass(frozen=True, slots=True)
class Macro:
    """%{letter digits r delimiters}: `parts` is 0 where all are wanted; `escape` for capitals."""

    letter: str
    parts: int = 0
    reverse: bool = False
    delimiters: str = "."
    escape: bool = False


@dataclass(frozen=True, slots=True)
class MacroString:
    """A text and what it consists of: literal texts and macros."""

    text: str
    pieces: tuple[str | Macro, ...]

    @property
    def macros(self) -> tuple[Macro, ...]:
        return tuple(piece for piece in self.pieces if isinstance(piece, Macro))

    @property
    def letters(self) -> frozenset[str]:
        return frozenset(macro.letter for macro in self.macros)

    @property
    def literal(self) -> str | None:
        """The text itself with its escapes read; None where it depends on the message."""
        if len(self.pieces) == 1 and isinstance(self.pieces[0], str):
            return self.pieces[0]
        return None if self.macros else "".join(str(piece) for piece in self.pieces)


def parse_macro_string(text: str, explanation: bool = False) -> MacroString:
    """`macro-string`, or `explain-string` with spaces and three more letters. Raises MacroError."""
    pieces, _ = _read(text, explanation)
    return MacroString(text, pieces)


def parse_domain_spec(text: str) -> MacroString:
    """`domain-spec`: a macro-string that ends in a macro or in a top label (§7.1)."""
    pieces, ends_in_macro = _read(text, explanation=False)
    if not ends_in_macro:
        head, dot, label = text.removesuffix(".").rpartition(".")
        if not dot or not _TOPLABEL.fullmatch(label):
            raise MacroError("domain", 0)
    return MacroString(text, pieces)


def _read(text: str, explanation: bool) -> tuple[tuple[str | Macro, ...], bool]:
    """The pieces, and whether the last of them was written as a `macro-expand`."""
    literal = _SPACED_LITERAL if explanation else _LITERAL
    if literal.fullmatch(text):
        return (text,), False
    pieces: list[str | Macro] = []
    at, in_macro = 0, False
    while at < len(text):
        if match := literal.match(text, at):
            _append(pieces, match[0])
            at, in_macro = match.end(), False
            continue
        if text[at] != "%":
            raise MacroError("character", at)
        in_macro = True
        if (escape := _ESCAPES.get(text[at : at + 2])) is not None:
            _append(pieces, escape)
            at += 2
        elif match := _MACRO.match(text, at):
            pieces.append(_macro(match, at, explanation))
            at = match.end()
        else:
            raise MacroError("macro", at)
    return tuple(pieces), in_macro


def _append(pieces: list[str | Macro], literal: str) -> None:
    if pieces and isinstance(pieces[-1], str):
        pieces[-1] += literal
    else:
        pieces.append(literal)


def _macro(match: re.Match[str], at: int, explanation: bool) -> Macro:
    letter, digits, reverse, delimiters = match.groups()
    low = letter.lower()
    if low not in MACRO_LETTERS and not (explanation and low in EXPLANATION_LETTERS):
        raise MacroError("macro", at)
    significant = digits.lstrip("0")
    if digits and not significant:  # §7.3: a number of parts must not be zero
        raise MacroError("macro", at)
    parts = MAX_PARTS if len(significant) > 3 else int(significant or 0)
    return Macro(low, parts, bool(reverse), delimiters or ".", letter.isupper())
