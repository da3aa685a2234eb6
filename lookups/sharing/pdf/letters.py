"""Which font draws which character, how wide text is, and where its lines break.

Three fonts that the site brings: a serif for headings, one for text that knows Japanese, Greek and
Cyrillic, and a monospaced one for records. A character that none of them has is written as its
number, as in [U+1F600]: it is never lost, and never drawn as an empty box.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from lookups.paper import pieces

FOLDER = Path(__file__).parents[2] / "fonts"
TEXT, MONO, HEADING = "mx-text", "mx-mono", "mx-heading"
_FILES = {
    TEXT: "noto-sans-jp-regular.ttf",
    MONO: "jetbrains-mono-regular.ttf",
    HEADING: "source-serif-4-semibold.ttf",
}
# Characters that a font lacks are looked for in the text font.
_CHAINS = {TEXT: (TEXT,), MONO: (MONO, TEXT), HEADING: (HEADING, TEXT)}


@dataclass(frozen=True, slots=True)
class Style:
    """`font` is one of TEXT, MONO, HEADING; sizes in points; `leading` from line to line."""

    font: str
    size: float
    leading: float
    colour: str = "#22201c"


Run = tuple[str, str]  # a font and the text that it draws


@cache
def _fonts() -> dict[str, TTFont]:
    """Loaded once in a process."""
    fonts = {name: TTFont(name, str(FOLDER / file)) for name, file in _FILES.items()}
    for font in fonts.values():
        pdfmetrics.registerFont(font)
    return fonts


@cache
def _widths(name: str) -> dict[int, float]:
    """Of each character that the font has, in ems."""
    face = _fonts()[name].face
    return {code: face.charWidths[code] / 1000 for code in face.charToGlyph if code >= 32}


class _Letters(dict[str, tuple[str, float]]):
    """For one font: which font draws a character (empty: none) and how wide it is, in ems. Looked
    up once for each character; there are as many as the fonts have, and those that none has."""

    def __init__(self, font: str) -> None:
        self.chain = _CHAINS[font]

    def __missing__(self, character: str) -> tuple[str, float]:
        code = ord(character)
        name = next((name for name in self.chain if code in _widths(name)), "")
        found = (name, _widths(name)[code] if name else 0.5)
        if name:
            self[character] = found
        return found


@cache
def _letters(font: str) -> _Letters:
    return _Letters(font)


def drawable(text: str, font: str) -> str:
    """`text` with the numbers of those characters that no font has."""
    letters = _letters(font)
    if all(letters[character][0] for character in text):
        return text
    return "".join(c if letters[c][0] else f"[U+{ord(c):04X}]" for c in text)


def runs(text: str, font: str) -> list[Run]:
    """`text`, which is drawable, cut where the font changes."""
    found: list[list[str]] = []
    letters = _letters(font)
    for character in text:
        name = letters[character][0] or font
        if found and found[-1][0] == name:
            found[-1][1] += character
        else:
            found.append([name, character])
    return [(name, piece) for name, piece in found]


def width_of(text: str, style: Style) -> float:
    """In points."""
    letters = _letters(style.font)
    return sum([letters[character][1] for character in text]) * style.size


def lines(text: str, style: Style, width: float, later: float = 0) -> list[str]:
    """The lines of `text` at this width; line feeds break too. `later`: the width of those that
    follow the first, where it is another."""
    found: list[str] = []
    for part in text.replace("\t", " ").split("\n"):
        for line in _broken(drawable(part, style.font), style, width, later or width):
            found.append(line)
            width = later or width
    return found


def _broken(text: str, style: Style, width: float, later: float) -> Iterator[str]:
    line, used = "", 0.0
    for piece in _fitting(text, style, min(width, later)):
        shown = piece.rstrip(" ")
        size = width_of(shown, style)
        if line and used + size > width:
            yield line.rstrip()
            line, used, width = "", 0.0, later
            piece = piece.lstrip(" ")
        line += piece
        used += size + width_of(" ", style) * (len(piece) - len(shown))
    yield line.rstrip()


def _fitting(text: str, style: Style, width: float) -> Iterator[str]:
    """What may stand alone on a line: words, or parts of those that are too long for one."""
    letters = _letters(style.font)
    for piece in pieces(text):
        if width_of(piece, style) <= width:
            yield piece
            continue
        part, used = "", 0.0
        for character in piece:
            size = letters[character][1] * style.size
            if part and used + size > width:
                yield part
                part, used = "", 0.0
            part += character
            used += size
        yield part
