"""What is the same to a reader who searches, and which words a text has.

Folding makes capitals, full and half width, accents, katakana and hiragana the same. It keeps the
length of a text, so that what is found in the folded text can be marked in the original.

Latin words are words. Chinese characters and kana have no spaces between words, so each pair of
neighbours is one ("署名の鍵": 署名 名の の鍵 鍵): a phrase of pairs is found wherever the text is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from learn.glossary import hiragana

MAX_QUERY = 200  # characters
MAX_WORDS = 10
SNIPPET = {"ja": 110}  # characters; wide ones need fewer
SNIPPET_OTHERWISE = 200

_CJK = "ぁ-ゖァ-ヺー一-鿿々〇"
_RUN = re.compile(rf"[{_CJK}]+|(?:(?![{_CJK}])[^\W_])+")
_BETWEEN_WORDS = re.compile(r"[\s\x00-\x1f、。,;:()「」『』“”\"]+")
_SCRIPT_RUN = re.compile(r"[a-z0-9]+|[ァ-ヺー]+|[一-鿿々]+")
_IN_WORD, _BEFORE_WORD = r"[^\W_]", r"(?<![^\W_])"
# Words of questions, which tell nothing of what is sought.
_QUESTION = frozenset(
    re.findall(
        r"\w+",
        "a an and are can do does for how i in is it its mean means my of on or should that the "
        "this to what when where which why with you your",
    )
)


class _Folding(dict[int, int]):
    """Character to folded character, each worked out once."""

    def __missing__(self, code: int) -> int:
        folded = self[code] = ord(_fold_character(chr(code)))
        return folded


def _fold_character(character: str) -> str:
    """Its folded form, or itself where that would be longer or shorter."""
    if character in "’‘":
        return "'"
    plain = _same_length(unicodedata.normalize("NFKC", character), character)
    base = unicodedata.normalize("NFD", plain)[0]
    if base.isascii():
        plain = base
    return hiragana(_same_length(plain.lower(), plain))


def _same_length(changed: str, character: str) -> str:
    return changed if len(changed) == 1 else character


_folding = _Folding()


def fold(text: str) -> str:
    """`text` folded, character for character."""
    return text.translate(_folding)


def index_words(text: str) -> str:
    """The words of a text that is not folded yet, as the index keeps them: between spaces."""
    return " ".join(word for run in _RUN.findall(fold(text)) for word in _words(run))


def _words(run: str) -> Iterator[str]:
    if not _is_cjk(run):
        yield run
        return
    yield from (run[at : at + 2] for at in range(len(run)))


def _is_cjk(run: str) -> bool:
    return re.match(f"[{_CJK}]", run) is not None


@dataclass(frozen=True, slots=True)
class Word:
    """A word that is sought: its folded runs, Latin or not. The last may be a beginning."""

    runs: tuple[str, ...]

    @property
    def expression(self) -> str:
        """For FTS5: phrases in quotes of letters and digits alone, which no syntax can break."""
        *first, last = self.runs
        before = [word for run in first for word in _words(run)]
        if _is_cjk(last):
            pairs = list(_words(last))
            return _phrase([*before, *(pairs[:-1] or pairs)], prefix=len(last) == 1)
        forms = dict.fromkeys((last, stem(last)))
        return " OR ".join(_phrase([*before, form], prefix=len(last) > 1) for form in forms)

    @property
    def pattern(self) -> str:
        """A regular expression that finds it in folded text."""
        *first, last = self.runs
        parts = [re.escape(run) for run in first]
        if _is_cjk(last):
            parts.append(re.escape(last) + "ー?")
        else:
            parts.append(re.escape(stem(last)) + (f"{_IN_WORD}*" if len(last) > 1 else ""))
            # A Latin word ends where kana begin, which count as letters.
            parts[-1] = parts[-1].replace(_IN_WORD, rf"(?:(?![{_CJK}]){_IN_WORD})")
            if len(last) == 1:
                parts[-1] += r"(?![a-z0-9])"
        start = "" if _is_cjk(self.runs[0]) else r"(?<![a-z0-9])"
        return start + r"[\W_]*".join(parts)


def _phrase(words: Iterable[str], prefix: bool) -> str:
    return '"' + " ".join(words) + '"' + ("*" if prefix else "")


def stem(word: str) -> str:
    """An English word without its ending, so that "forwarding" finds "forwarded", too."""
    for ending, stays in (("ies", 3), ("ing", 4), ("ed", 4), ("s", 3)):
        short = word.removesuffix(ending)
        if short != word and len(short) >= stays and not (ending == "s" and short[-1] in "su"):
            return short
    return word


def words_of(query: str) -> tuple[Word, ...]:
    """The words of a query as they were typed."""
    return _read(_BETWEEN_WORDS.split(_tidy(query)))


def essential_words_of(query: str) -> tuple[Word, ...]:
    """The same without what only makes a sentence: words of questions, hiragana in between."""
    runs = [run for run in _SCRIPT_RUN.findall(_tidy(query).lower()) if run not in _QUESTION]
    return _read(runs)


def _tidy(query: str) -> str:
    return unicodedata.normalize("NFKC", query[:MAX_QUERY])[:MAX_QUERY]


def _read(pieces: Iterable[str]) -> tuple[Word, ...]:
    found: dict[Word, None] = {}
    for piece in pieces:
        # Whether a long vowel at the end is written varies: サーバ, サーバー.
        short = piece.rstrip("ー") if len(piece) > 2 else piece
        runs = tuple(_RUN.findall(fold(short)))
        if runs:
            found[Word(runs)] = None
    return tuple(found)[:MAX_WORDS]


def pattern_of(words: Iterable[Word]) -> re.Pattern[str] | None:
    """What finds any of the words in folded text; None where there are none."""
    parts = sorted((word.pattern for word in words), key=len, reverse=True)
    return re.compile("|".join(parts)) if parts else None


def marked(text: str, pattern: re.Pattern[str] | None) -> SafeString:
    """`text` as HTML with its found words marked."""
    pieces, start = [], 0
    for found in pattern.finditer(fold(text)) if pattern else ():
        if found.end() == found.start():
            continue
        pieces.append(format_html("{}", text[start : found.start()]))
        pieces.append(format_html("<mark>{}</mark>", text[found.start() : found.end()]))
        start = found.end()
    pieces.append(format_html("{}", text[start:]))
    return mark_safe("".join(pieces))  # each piece is escaped


def snippet(text: str, pattern: re.Pattern[str] | None, language: str) -> SafeString:
    """The stretch of `text` with the most of the words, marked; its beginning if it has none."""
    size = SNIPPET.get(language, SNIPPET_OTHERWISE)
    text = " ".join(text.split())
    hits = [(m.start(), m[0]) for m in pattern.finditer(fold(text))] if pattern else []
    start = 0
    if hits:
        best = max(hits, key=lambda hit: _variety(hits, hit[0], size))[0]
        start = _start_near(text, max(0, best - size // 4), best)
    end = start + size
    if end < len(text):
        space = text.rfind(" ", start + size // 2, end)
        end = space if space > 0 and language != "ja" else end
    cut = marked(text[start:end], pattern)
    return format_html("{}{}{}", "… " if start else "", cut, " …" if end < len(text) else "")


def _variety(hits: list[tuple[int, str]], start: int, size: int) -> int:
    """How many different words stand within `size` characters of `start`."""
    return len({word for at, word in hits if start <= at < start + size * 3 // 4})


def _start_near(text: str, earliest: int, latest: int) -> int:
    """The beginning of a sentence or else of a word, not before `earliest`."""
    if earliest == 0:
        return 0
    for ends in ("。", ". ", ": ", " "):
        at = text.find(ends, earliest, latest)
        if at >= 0:
            return at + len(ends)
    return earliest
