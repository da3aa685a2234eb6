"""The picture that link previews show of a report: an envelope, the domain, the verdict's postmark.

A name in characters that the fonts lack is drawn in its A-label form.
"""

from __future__ import annotations

from datetime import datetime

from django.utils import translation
from django.utils.translation import gettext as _

from .paper import INK, MARGIN, QUIET, Pen, can_draw, envelope, fitted, png, width_of, write

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


def draw(domain: str, unicode: str, status: str, made: datetime, language: str) -> bytes:
    """A PNG of 1200 x 630 pixels. `status` is a severity, or "running"."""
    picture, pen = envelope()
    with translation.override(language):
        _address(pen, domain, unicode)
        _postmark(pen, status, made)
    return png(picture)


def _address(pen: Pen, domain: str, unicode: str) -> None:
    write(pen, (MARGIN, 214), _("Mail DNS of"), 34, QUIET)
    lines, size = fitted(unicode if can_draw(unicode) else domain, DOMAIN_SIZES, TEXT_WIDTH)
    top = 276
    for line in lines:
        write(pen, (MARGIN, top), line, size, INK)
        top += int(size * 1.25)


def _postmark(pen: Pen, status: str, made: datetime) -> None:
    colour = COLOURS.get(status, COLOURS["running"])
    x, y, radius = MARK_X, MARK_Y, MARK_RADIUS
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), outline=colour, width=9)
    inner = radius - 20
    pen.ellipse((x - inner, y - inner, x + inner, y + inner), outline=colour, width=3)
    for offset in (-46, 46):
        pen.line((x - 140, y + offset, x + 140, y + offset), fill=colour, width=3)
    word = verdict(status)
    size = next((s for s in (54, 46, 40, 34) if width_of(word, s) <= 250), 30)
    write(pen, (x, y), word, size, colour, anchor="mm")
    write(pen, (x, y + 84), f"{made:%Y-%m-%d}", 28, colour, anchor="mm")
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


def _shape(pen: Pen, status: str, x: int, y: int, colour: str) -> None:
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
