"""Paper, pen and letters for the pictures that link previews show.

Drawn with Pillow, since previews take no SVG. The fonts are the site's own: Latin, kana and kanji;
whoever draws a text that may hold others asks `can_draw` first.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from io import BytesIO
from pathlib import Path
from unicodedata import category

from django.conf import settings
from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 1200, 630
MARGIN = 72
PAPER, CARD, INK, QUIET, LINE = "#f6f2ea", "#fffdf8", "#22201c", "#6a645a", "#d9d0bf"
# No line begins with these, and none ends with those.
_NOT_FIRST = frozenset("、。,.:;!?・」』)〉》】〕”’ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ")
_NOT_LAST = frozenset("「『(〈《【〔“‘")

Font = ImageFont.FreeTypeFont
Pen = ImageDraw.ImageDraw


def envelope() -> tuple[Image.Image, Pen]:
    """An empty envelope with the site's name on it, and a pen to address it."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    pen = ImageDraw.Draw(picture)
    pen.rounded_rectangle((36, 36, WIDTH - 36, HEIGHT - 36), 18, fill=CARD, outline=LINE, width=3)
    pen.line((36, 52, WIDTH // 2, 176, WIDTH - 36, 52), fill=LINE, width=3, joint="curve")
    pen.text((MARGIN, HEIGHT - 104), "MXplain", font=_serif(40), fill=INK)
    return picture, pen


def png(picture: Image.Image) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


@cache
def _font(name: str, size: int, weight: int | None = None) -> Font:
    static = Path(settings.BASE_DIR) / "static" / "fonts"
    here = Path(__file__).parent / "fonts"
    path = next(folder / name for folder in (static, here) if (folder / name).exists())
    font = ImageFont.truetype(str(path), size)
    if weight:
        font.set_variation_by_axes([weight])
    return font


def _serif(size: int) -> Font:
    return _font("source-serif-4.woff2", size, 600)


def _japanese(size: int) -> Font:
    return _font("noto-sans-jp-bold.woff2", size)


def _is_japanese(character: str) -> bool:
    """Kana, kanji and their punctuation; everything else is left to the Latin font."""
    return "\u3000" <= character <= "\u9fff"


def _is_katakana(character: str) -> bool:
    return "\u30a1" <= character <= "\u30fc"


def font_for(text: str, size: int) -> Font:
    return _japanese(size) if any(map(_is_japanese, text)) else _serif(size)


def width_of(text: str, size: int) -> float:
    return font_for(text, size).getlength(text)


def can_draw(text: str) -> bool:
    """Whether the font has a glyph for each character: a missing one looks like U+10FFFF's box."""
    font = font_for(text, 20)
    missing = font.getmask("\U0010ffff")
    return all(
        category(c)[0] in "LNPM" and bytes(font.getmask(c)) != bytes(missing) for c in set(text)
    )


def write(
    pen: Pen, at: tuple[int, int], text: str, size: int, colour: str, anchor: str = "la"
) -> None:
    pen.text(at, text, font=font_for(text, size), fill=colour, anchor=anchor)


def fitted(text: str, sizes: Sequence[int], width: int) -> tuple[list[str], int]:
    """A name in the largest size at which it fits into one line, else cut into two or three."""
    for size in sizes:
        if width_of(text, size) <= width:
            return [text], size
    font, lines, rest = font_for(text, sizes[-1]), [], text
    while rest and len(lines) < 3:
        count = next(n for n in range(len(rest), 0, -1) if font.getlength(rest[:n]) <= width)
        lines.append(rest[:count])
        rest = rest[count:]
    if rest:
        lines[-1] = lines[-1][:-1] + "…"
    return lines, sizes[-1]


def wrapped(text: str, sizes: Sequence[int], width: int, most: int) -> tuple[list[str], int]:
    """A sentence in the largest size at which it fits into `most` lines, broken between words.

    Japanese is broken between characters, by the rules of what may begin and end a line.
    """
    for size in sizes:
        font = font_for(text, size)
        lines = _lines(text, font, width)
        if len(lines) <= most and all(font.getlength(line) <= width for line in lines):
            return _balanced(text, font, width, lines), size
    return [*lines[: most - 1], lines[most - 1] + "…"], sizes[-1]


def _balanced(text: str, font: Font, width: int, lines: list[str]) -> list[str]:
    """As many lines, but as even as can be: no single word stands alone on the last."""
    for narrower in range(width, width // 3, -8):
        tried = _lines(text, font, narrower)
        if len(tried) > len(lines) or any(font.getlength(line) > narrower for line in tried):
            break
        lines = tried
    return lines


def _lines(text: str, font: Font, width: int) -> list[str]:
    lines = [""]
    for piece in pieces(text):
        if lines[-1] and font.getlength((lines[-1] + piece).rstrip()) > width:
            lines.append("")
        lines[-1] += piece if lines[-1] else piece.lstrip()
    return [line.rstrip() for line in lines]


def pieces(text: str) -> list[str]:
    """What a line may be broken between: words with their space, kanji, hiragana; in Japanese, a
    run of katakana is a word.
    """
    found: list[str] = []
    for character in text:
        last = found[-1][-1] if found else " "
        latin = not _is_japanese(character) and not _is_japanese(last) and last != " "
        word = latin or (_is_katakana(character) and _is_katakana(last))
        if found and (word or character in _NOT_FIRST or character == " " or last in _NOT_LAST):
            found[-1] += character
        else:
            found.append(character)
    return found
