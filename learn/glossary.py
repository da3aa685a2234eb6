"""The glossary: what a word means, in every language, and where an article's text uses it.

`glossary.toml` holds the terms; its head says what each of its keys is.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from lookups import catalog
from lookups.presentation import Reference

FILE = Path(__file__).with_name("glossary.toml")
FALLBACK = "en"
# The last kana of each row of the gojuon table, as dictionaries group them.
_ROWS = {"お": "あ", "ご": "か", "ぞ": "さ", "ど": "た", "の": "な", "ぽ": "は", "も": "ま"}
_ROWS |= {"よ": "や", "ろ": "ら", "ん": "わ"}
_VOICED = "\u3099\u309a"  # the marks of が and ぱ, set apart by NFD
_VOWELS = {
    vowel: row
    for vowel, row in zip(
        "あいうえお",
        (
            "あかさたなはまやらわがざだばぱゃぁ",
            "いきしちにひみりぎじぢびぴぃ",
            "うくすつぬふむゆるぐずづぶぷゅぅっ",
            "えけせてねへめれげぜでべぺぇ",
            "おこそとのほもよろをごぞどぼぽょぉ",
        ),
        strict=True,
    )
}
# What may not touch a term, by the kind of its own first and last character: so that it is not
# found inside a longer word. Between scripts a Japanese word begins without a space.
_LATIN, _KATAKANA, _KANJI = "A-Za-z0-9_@-", "ァ-ヺー", "一-鿿々"


@dataclass(frozen=True, slots=True)
class Term:
    """A term in one language. `reading` orders it; `within`: the articles whose text may link to
    it, all where that is empty."""

    id: str
    term: str
    aliases: tuple[str, ...]
    reading: str
    text: str
    references: tuple[Reference, ...]
    article: str
    written: tuple[str, ...]
    within: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Where in a text a term stands."""

    start: int
    end: int
    id: str


@cache
def terms(language: str) -> tuple[Term, ...]:
    """Every term in dictionary order, in English where `language` ("ja", "en-gb") has none."""
    tables = tomllib.loads(FILE.read_text("utf-8"))
    found = [_term(id, table, language.split("-")[0]) for id, table in tables.items()]
    return tuple(sorted(found, key=lambda term: _order(term.reading)))


def term(id: str, language: str) -> Term:
    """One term; KeyError where there is none."""
    return _by_id(language)[id]


def grouped(language: str) -> list[tuple[str, list[Term]]]:
    """The terms by their first letter, Japanese ones by the row of their first kana."""
    return [(head, list(found)) for head, found in groupby(terms(language), _head)]


@dataclass(frozen=True, slots=True)
class Finder:
    """Finds terms in text, the longest first."""

    pattern: re.Pattern[str]
    ids: Mapping[str, str]

    def find(self, text: str) -> Iterator[Occurrence]:
        """Each place where a term stands as a word of its own, from left to right."""
        for match in self.pattern.finditer(text):
            yield Occurrence(match.start(), match.end(), self._id(match[0]))

    def _id(self, written: str) -> str:
        lowered = written[0].lower() + written[1:]
        singular = (form.removesuffix("s") for form in (written, lowered))
        return next(self.ids[form] for form in (written, lowered, *singular) if form in self.ids)


def finder(language: str, slug: str, text: str) -> Finder:
    """What finds the terms in the text of article `slug`: all but those that it is about itself.

    It knows those alone that `text`, the whole of the article, can hold: the fewer, the faster.
    """
    ids = {
        form: term.id
        for term in terms(language)
        if not _is_subject(term, slug) and (not term.within or slug in term.within)
        for form in term.written
        if form[1:] in text
    }
    forms = sorted(ids, key=len, reverse=True)
    return Finder(re.compile("|".join(map(_as_word, forms)) or r"(?!)"), ids)


def _is_subject(term: Term, slug: str) -> bool:
    return term.article == slug and slug in (term.id, f"{term.id}-record")


def _as_word(form: str) -> str:
    """A pattern for `form` where it is no part of a longer word.

    Words in small letters may begin a sentence; English ones may stand in the plural.
    """
    before, after = _neighbours(form[0]), _neighbours(form[-1])
    pattern = re.escape(form)
    if form[0].isascii() and form[0].isalpha() and form == form.lower():
        pattern = f"[{form[0]}{form[0].upper()}]{re.escape(form[1:])}"
    plural = "s?" if form[-1].isascii() and form[-1].isalpha() else ""
    left = f"(?<![{before}])" if before else ""
    right = f"(?![{after}])" if after else ""
    inside_name = r"(?<![A-Za-z0-9]\.)" if before == _LATIN else ""
    return rf"{left}{inside_name}{pattern}{plural}{right}" + (
        r"(?!\.[A-Za-z0-9])" if after == _LATIN else ""
    )


def _neighbours(character: str) -> str:
    """The characters that would make a longer word, as a class of a regular expression."""
    for kind in (_LATIN, _KATAKANA, _KANJI):
        if re.match(f"[{kind}]", character):
            return kind
    return ""


@cache
def _by_id(language: str) -> Mapping[str, Term]:
    return {term.id: term for term in terms(language)}


def _term(id: str, table: Mapping[str, Any], language: str) -> Term:
    texts = table.get(language, table[FALLBACK])
    aliases = tuple(texts.get("aliases", ()))
    return Term(
        id=id,
        term=texts["term"],
        aliases=aliases,
        reading=texts.get("reading", texts["term"]),
        text=texts["text"],
        references=tuple(Reference(label, catalog.rfc_link(label)) for label in table["rfc"]),
        article=table["article"],
        written=tuple(texts.get("written", (texts["term"], *aliases))),
        within=tuple(table.get("within", ())),
    )


def _order(reading: str) -> tuple[str, str]:
    """Dictionary order: without regard to case; voiced kana after their plain ones, and a long
    vowel as the vowel that it is (JIS X 4061)."""
    plain = hiragana(reading.casefold())
    for position, character in enumerate(plain):
        if character == "ー" and position:
            vowel = next((v for v, row in _VOWELS.items() if plain[position - 1] in row), "ー")
            plain = plain[:position] + vowel + plain[position + 1 :]
    unvoiced = "".join(c for c in unicodedata.normalize("NFD", plain) if c not in _VOICED)
    return unvoiced, plain


def _head(term: Term) -> str:
    first = _order(term.reading)[0][0]
    if first < "ぁ":
        return first.upper()
    return next(row for last, row in _ROWS.items() if first <= last)


def hiragana(text: str) -> str:
    """`text` with katakana as hiragana, character for character."""
    return "".join(chr(ord(c) - 0x60) if "ァ" <= c <= "ヶ" else c for c in text)
