"""The picture that link previews show of an article: an envelope addressed with its title."""

from __future__ import annotations

from functools import cache
from math import radians, sin

from django.utils import translation
from django.utils.translation import ngettext

from lookups.paper import (
    CARD,
    HEIGHT,
    INK,
    LINE,
    MARGIN,
    PAPER,
    QUIET,
    Pen,
    envelope,
    png,
    wrapped,
    write,
)

TITLE_SIZES = (64, 56, 50, 44, 40)
TITLE_WIDTH, TITLE_LINES = 760, 3
STAMP, POSTMARK = "#a92c22", "#6a645a"
_STAMP_BOX = (930, 214, 1104, 424)  # left, top, right, bottom
_TOOTH = 15


@cache
def draw(group: str, title: str, minutes: int, language: str) -> bytes:
    """A PNG of 1200 x 630 pixels. Drawn once a process: articles are few and do not change."""
    picture, pen = envelope()
    with translation.override(language):
        write(pen, (MARGIN, 206), group, 32, QUIET)
        time = ngettext("%(minutes)s minute", "%(minutes)s minutes", minutes)
        write(pen, (1128, HEIGHT - 64), time % {"minutes": minutes}, 30, QUIET, anchor="rs")
    lines, size = wrapped(title, TITLE_SIZES, TITLE_WIDTH, TITLE_LINES)
    for number, line in enumerate(lines):
        write(pen, (MARGIN, 264 + int(number * size * 1.25)), line, size, INK)
    _stamp(pen)
    return png(picture)


def _stamp(pen: Pen) -> None:
    """A postage stamp with the site's mark, cancelled by a wavy postmark."""
    left, top, right, bottom = _STAMP_BOX
    pen.rectangle(_STAMP_BOX, fill=PAPER, outline=LINE, width=3)
    for x in range(left, right + 1, 29):
        _hole(pen, x, top)
        _hole(pen, x, bottom)
    for y in range(top, bottom + 1, 30):
        _hole(pen, left, y)
        _hole(pen, right, y)
    x, y = (left + right) // 2, (top + bottom) // 2
    pen.ellipse((x - 62, y - 62, x + 62, y + 62), outline=STAMP, width=6)
    letter = [(-31, 23), (-31, -23), (0, 4), (31, -23), (31, 23), (-31, 23)]
    pen.line([(x + dx, y + dy) for dx, dy in letter], fill=STAMP, width=7, joint="curve")
    for row in range(4):
        wave = [
            (left - 96 + dx, bottom - 74 + row * 22 + 7 * sin(radians(dx * 5)))
            for dx in range(0, 156, 3)
        ]
        pen.line(wave, fill=POSTMARK, width=4, joint="curve")


def _hole(pen: Pen, x: int, y: int) -> None:
    radius = _TOOTH // 2
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=CARD)
