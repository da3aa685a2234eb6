"""The badge of a watched domain: a small picture for other people's pages.

A static SVG of plain shapes and letters: no script, no link, no font or picture from elsewhere. How
wide the letters are is measured here, and told to the browser, so that they fit in any font.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.utils import translation
from django.utils.html import escape
from django.utils.translation import gettext as _
from PIL import ImageFont

from lookups import catalog
from lookups.cards import COLOURS, verdict
from lookups.engine.report import TOPICS
from lookups.models import Report
from lookups.presentation import section_views
from lookups.watching import history
from lookups.watching.models import Watch

FLAT, POSTMARK = "flat", "postmark"
STYLES = (FLAT, POSTMARK)
FAMILY = "Source Sans 3,Noto Sans JP,Hiragino Sans,Yu Gothic,Meiryo,Helvetica,Arial,sans-serif"
_FONT = Path(__file__).parents[1] / "fonts" / "noto-sans-jp-regular.ttf"
_MEASURED = 100  # the size at which widths are measured, in pixels

# In a box of 24 units, as in templates/lookups/_shape.html.
_SHAPES = {
    "good": '<circle cx="12" cy="12" r="10"/><path d="m7.5 12.3 3.2 3.2 5.8-6.6"/>',
    "info": '<rect x="2.5" y="2.5" width="19" height="19" rx="3"/><path d="M12 11v5.5M12 7.2v.3"/>',
    "warning": '<path d="M12 2.6 22.4 21H1.6z"/><path d="M12 9.5v5.2M12 17.6v.2"/>',
    "error": '<path d="M8 2h8l6 6v8l-6 6H8l-6-6V8z"/>'
    '<path d="m8.4 8.4 7.2 7.2M15.6 8.4l-7.2 7.2"/>',
}
_RUNNING = '<circle cx="12" cy="12" r="10" stroke-dasharray="5.2 5.27"/><path d="M12 7v5l3.2 2"/>'


@dataclass(frozen=True, slots=True)
class Badge:
    """What it says: `label` on the left, `word` on the right, `title` to whoever cannot see it."""

    label: str
    word: str
    title: str
    severity: str  # or "running", where nothing is known


def badge_of(watch: Watch, topic: str, language: str) -> Badge:
    """The verdict of the newest finished report; with `topic`, of that part of it."""
    light = ("status", "finished", *(["sections"] if topic in TOPICS else []))
    last = history.finished(Report.objects.history_of(watch)).only(*light).first()
    with translation.override(language):
        label = catalog.topic_title(topic, language) if topic in TOPICS else _("Mail DNS")
        severity = _severity(last, topic, language) if last else ""
        word = verdict(severity) if severity else _("not known yet")
        title = f"{watch.unicode}, {label}: {word}"
        if last and last.finished:
            title += f" ({last.finished:%Y-%m-%d})"
    return Badge(label, word, title, severity or "running")


def _severity(report: Report, topic: str, language: str) -> str:
    if topic not in TOPICS:
        return report.status
    known = report.sections.get(topic) or {}
    if not known.get("complete") or known.get("failed"):
        return ""
    (section,) = section_views({topic: known}, (topic,), language)
    return section.status


def svg(badge: Badge, style: str) -> str:
    """The picture. `style` is one of STYLES."""
    return (_postmark if style == POSTMARK else _flat)(badge)


def _flat(badge: Badge) -> str:
    """Label on dark, verdict on its colour; 20 pixels high."""
    left, right = text_width(badge.label, 11) + 14, text_width(badge.word, 11) + 30
    colour = COLOURS[badge.severity]
    return _picture(
        badge,
        left + right,
        20,
        f'<clipPath id="r"><rect width="{left + right}" height="20" rx="3"/></clipPath>'
        f'<g clip-path="url(#r)"><rect width="{left}" height="20" fill="#3d3a34"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{colour}"/></g>'
        + _shape(badge.severity, left + 6, 3, 14, "#fff")
        + _text(badge.label, 7, 14, 11, "#fff")
        + _text(badge.word, left + 24, 14, 11, "#fff"),
    )


def _postmark(badge: Badge) -> str:
    """A stamp on paper: a frame, the shape, the label over the verdict; 40 pixels high."""
    inner = max(text_width(badge.label, 10), text_width(badge.word, 14))
    width, colour = inner + 54, COLOURS[badge.severity]
    return _picture(
        badge,
        width,
        40,
        f'<rect x=".75" y=".75" width="{width - 1.5}" height="38.5" rx="6" fill="#fffdf8" '
        f'stroke="{colour}" stroke-width="1.5"/>'
        f'<rect x="3.5" y="3.5" width="{width - 7}" height="33" rx="4" fill="none" '
        f'stroke="{colour}" stroke-width=".75"/>'
        + _shape(badge.severity, 11, 9, 22, colour)
        + _text(badge.label, 41, 16, 10, "#5a554c")
        + _text(badge.word, 41, 31, 14, colour, bold=True),
    )


def _picture(badge: Badge, width: float, height: int, drawn: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" aria-labelledby="t">'
        f'<title id="t">{escape(_clean(badge.title))}</title>{drawn}</svg>'
    )


def _shape(severity: str, x: float, y: float, size: float, colour: str) -> str:
    return (
        f'<g transform="translate({x} {y}) scale({size / 24:.4f})" fill="none" stroke="{colour}" '
        'stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round">'
        f"{_SHAPES.get(severity, _RUNNING)}</g>"
    )


def _text(text: str, x: float, y: float, size: int, colour: str, bold: bool = False) -> str:
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{x}" y="{y}" font-family="{FAMILY}" font-size="{size}"{weight} fill="{colour}" '
        f'textLength="{text_width(text, size)}" lengthAdjust="spacingAndGlyphs">'
        f"{escape(_clean(text))}</text>"
    )


def _clean(text: str) -> str:
    """XML has no control characters."""
    return "".join(c for c in text if c.isprintable())


def text_width(text: str, size: int) -> int:
    """In pixels, with a little air: fonts differ."""
    return round(_font().getlength(_clean(text)) * size / _MEASURED * 1.04 + 0.5)


@cache
def _font() -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(_FONT), _MEASURED)
