"""The picture that link previews show of a report: an envelope, the domain, the verdict's postmark.

Drawn with Pillow, since previews take no SVG. The fonts are the site's own; a name in characters
that they lack is drawn in its A-label form.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from unicodedata import category

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 1200, 630
MARGIN = 72
PAPER, CARD, INK, QUIET, LINE = "#f6f2ea", "#fffdf8", "#22201c", "#6a645a", "#d9d0bf"
COLOURS = {
    "good": "#226b3f",
    "info": "#2b5b9c",
    "warning": "#8a5a00",
    "error": "#a92c22",
    "running": "#6a645a",
}
DOMAIN_SIZES = (84, 68, 56, 46, 38, 32)
TEXT_WIDTH = 640  # of the domain, left of the postmark
MARK_X, MARK_Y, MARK_RADIUS = 955, 330, 165

Font = ImageFont.FreeTypeFont


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


def draw(domain: str, unicode: str, status: str, made: datetime, language: str) -> bytes:
    """A PNG of 1200 x 630 pixels. `status` is a severity, or "running"."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    pen = ImageDraw.Draw(picture)
    with translation.override(language):
        _envelope(pen)
        _address(pen, domain, unicode)
        _postmark(pen, status, made)
    buffer = BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _envelope(pen: ImageDraw.ImageDraw) -> None:
    pen.rounded_rectangle((36, 36, WIDTH - 36, HEIGHT - 36), 18, fill=CARD, outline=LINE, width=3)
    pen.line((36, 52, WIDTH // 2, 176, WIDTH - 36, 52), fill=LINE, width=3, joint="curve")
    pen.text((MARGIN, HEIGHT - 104), "MXplain", font=_serif(40), fill=INK)


def _address(pen: ImageDraw.ImageDraw, domain: str, unicode: str) -> None:
    _text(pen, (MARGIN, 214), _("Mail DNS of"), 34, QUIET)
    shown = unicode if _can_draw(unicode) else domain
    lines, size = _fitted(shown)
    top = 276
    for line in lines:
        _text(pen, (MARGIN, top), line, size, INK)
        top += int(size * 1.25)


def _fitted(text: str) -> tuple[list[str], int]:
    """The text in the largest size at which it fits into one line, else cut into two or three."""
    for size in DOMAIN_SIZES:
        if _font_for(text, size).getlength(text) <= TEXT_WIDTH:
            return [text], size
    font, lines, rest = _font_for(text, DOMAIN_SIZES[-1]), [], text
    while rest and len(lines) < 3:
        count = next(n for n in range(len(rest), 0, -1) if font.getlength(rest[:n]) <= TEXT_WIDTH)
        lines.append(rest[:count])
        rest = rest[count:]
    if rest:
        lines[-1] = lines[-1][:-1] + "…"
    return lines, DOMAIN_SIZES[-1]


def _postmark(pen: ImageDraw.ImageDraw, status: str, made: datetime) -> None:
    colour = COLOURS.get(status, COLOURS["running"])
    x, y, radius = MARK_X, MARK_Y, MARK_RADIUS
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), outline=colour, width=9)
    inner = radius - 20
    pen.ellipse((x - inner, y - inner, x + inner, y + inner), outline=colour, width=3)
    for offset in (-46, 46):
        pen.line((x - 140, y + offset, x + 140, y + offset), fill=colour, width=3)
    word = verdict(status)
    size = next((s for s in (54, 46, 40, 34) if _font_for(word, s).getlength(word) <= 250), 30)
    _text(pen, (x, y), word, size, colour, anchor="mm")
    _text(pen, (x, y + 84), f"{made:%Y-%m-%d}", 28, colour, anchor="mm")
    _shape(pen, status, x, y - 86, colour)


def verdict(status: str) -> str:
    """The word of the verdict, as `lookups/_verdict.html` has it."""
    words = {
        "good": _("In order"),
        "info": _("Note"),
        "warning": _("Needs care"),
        "error": _("Broken"),
    }
    return words.get(status, _("Checking"))


def _shape(pen: ImageDraw.ImageDraw, status: str, x: int, y: int, colour: str) -> None:
    """The verdict's shape, so that it does not hang on colour: tick, i, triangle, cross, dots."""
    if status == "good":
        pen.line((x - 26, y, x - 8, y + 20, x + 28, y - 22), fill=colour, width=10, joint="curve")
    elif status == "info":
        pen.ellipse((x - 5, y - 28, x + 5, y - 18), fill=colour)
        pen.line((x, y - 8, x, y + 26), fill=colour, width=10)
    elif status == "warning":
        pen.polygon((x, y - 28, x + 32, y + 26, x - 32, y + 26), outline=colour, width=8)
        pen.line((x, y - 8, x, y + 8), fill=colour, width=7)
        pen.ellipse((x - 4, y + 13, x + 4, y + 21), fill=colour)
    elif status == "error":
        pen.line((x - 22, y - 22, x + 22, y + 22), fill=colour, width=10)
        pen.line((x - 22, y + 22, x + 22, y - 22), fill=colour, width=10)
    else:
        for offset in (-26, 0, 26):
            pen.ellipse((x + offset - 6, y - 6, x + offset + 6, y + 6), fill=colour)


def _is_japanese(character: str) -> bool:
    """Kana, kanji and their punctuation; everything else is left to the Latin font."""
    return "\u3000" <= character <= "\u9fff"


def _font_for(text: str, size: int) -> Font:
    return _japanese(size) if any(map(_is_japanese, text)) else _serif(size)


def _can_draw(text: str) -> bool:
    """Whether the font has a glyph for each character: a missing one looks like U+10FFFF's box."""
    font = _font_for(text, 20)
    missing = font.getmask("\U0010ffff")
    return all(
        category(c)[0] in "LNPM" and bytes(font.getmask(c)) != bytes(missing) for c in set(text)
    )


def _text(
    pen: ImageDraw.ImageDraw,
    at: tuple[int, int],
    text: str,
    size: int,
    colour: str,
    anchor: str = "la",
) -> None:
    pen.text(at, text, font=_font_for(text, size), fill=colour, anchor=anchor)
