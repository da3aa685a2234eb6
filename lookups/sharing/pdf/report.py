"""A report on A4 pages."""

from __future__ import annotations

import threading

from django.utils import translation
from django.utils.translation import gettext as _

from lookups.cards import COLOURS
from lookups.sharing.document import Document, Item, Part
from lookups.sharing.pdf.letters import HEADING, MONO, TEXT, Style, drawable, width_of
from lookups.sharing.pdf.pages import INNER, LEFT, Pages, shape

INK, QUIET, ACCENT = "#22201c", "#6a645a", "#2b5b9c"
SMALL = Style(TEXT, 8.5, 13, QUIET)
BODY = Style(TEXT, 9.5, 14.5, INK)
STRONG = Style(TEXT, 9.5, 15, INK)
RECORD = Style(MONO, 8.2, 12.2, INK)
LINK = Style(TEXT, 8.5, 14, ACCENT)
TOPIC = Style(HEADING, 15, 21, INK)
KIND = Style(TEXT, 9.5, 14, QUIET)
NAME_SIZES = (27, 22, 18, 14)
WAIT_SECONDS = 20

_turn = threading.Lock()  # one at a time: it is work for the processor alone


class Busy(Exception):
    """Others are in the way for too long."""


def report_pdf(document: Document) -> bytes:
    """The file. Raises Busy."""
    if not _turn.acquire(timeout=WAIT_SECONDS):
        raise Busy
    try:
        with translation.override(document.language):
            return _made(document)
    finally:
        _turn.release()


def _made(document: Document) -> bytes:
    pages = Pages()
    _head(pages, document)
    for part in document.parts:
        _part(pages, part)
    if pages.is_full:
        pages.close(_("The rest is left out here. The report has it."))
    return pages.pdf(document.title, f"MXplain · {document.url}", document.language)


# --- the head ----------------------------------------------------------------------------------
def _head(pages: Pages, document: Document) -> None:
    pages.text(_("Mail DNS of"), KIND)
    _name(pages, document)
    pages.space(8)
    _mark(pages, document.status, document.verdict, 20, Style(HEADING, 15, 24, _colour(document)))
    if document.score is not None:
        pages.text(_("Score: %d of 100") % document.score, BODY)
    word = _("Checked") if document.finished else _("Begun")
    pages.text(f"{word} {document.checked}", SMALL)
    if not document.finished:
        pages.text(_("The check is not done yet: this is what is known so far."), BODY)
    pages.links([(document.url, document.url)], LINK)
    pages.space(10)
    for part in document.parts:
        _contents(pages, part)
    pages.space(6)


def _name(pages: Pages, document: Document) -> None:
    """The domain, as large as it fits; in A-labels where its letters cannot be drawn."""
    name = document.unicode
    if drawable(name, HEADING) != name:
        name = document.domain
    styles = [Style(HEADING, size, size * 1.25, INK) for size in NAME_SIZES]
    style = next((style for style in styles if width_of(name, style) <= INNER), styles[-1])
    pages.text(name, style, bold=True)
    if name != document.domain:
        pages.text(document.domain, RECORD)


def _contents(pages: Pages, part: Part) -> None:
    """One line of the overview: a topic and how it stands."""
    if not pages.room(15):
        return
    pages.y -= 15
    y = pages.y + 3.5
    pages.draw(shape(part.status, LEFT, y - 2, 11, COLOURS.get(part.status, QUIET)))
    pages.y += 15
    pages.text(f"{part.title}: {part.verdict}", STRONG, indent=18)


def _colour(document: Document) -> str:
    return COLOURS.get(document.status, COLOURS["running"])


def _mark(pages: Pages, severity: str, word: str, size: float, style: Style) -> None:
    if not pages.room(style.leading):
        return
    y = pages.y - style.leading + (style.leading - size) / 2
    pages.draw(shape(severity, LEFT, y, size, style.colour))
    pages.text(word, style, indent=size + 8, bold=True)


# --- a topic -----------------------------------------------------------------------------------
def _part(pages: Pages, part: Part) -> None:
    pages.space(14)
    if not pages.room(80):  # a heading never stands alone at the foot of a page
        return
    pages.entry(part.title, 0)
    pages.rule()
    pages.space(6)
    pages.text(part.title, TOPIC, bold=True)
    colour = COLOURS.get(part.status, COLOURS["running"])
    _mark(pages, part.status, part.verdict, 12, Style(TEXT, 9.5, 16, colour))
    if part.failed:
        pages.text(_("This part of the check broke off."), BODY)
    pages.block(list(part.records), RECORD)
    if part.ready:
        pages.text(_("Ready to publish"), STRONG, keep=20, bold=True)
        pages.block(list(part.ready), RECORD)
    for item in part.items:
        if pages.is_full:
            return
        _item(pages, item)
    if part.cut:
        pages.text(_("The rest of this topic is left out here. The report has it."), SMALL)


def _item(pages: Pages, item: Item) -> None:
    pages.space(7)
    if not pages.room(44):
        return
    colour = COLOURS.get(item.severity, QUIET)
    if item.severity in ("error", "warning"):
        pages.entry(item.title, 1)
    pages.draw(shape(item.severity, LEFT, pages.y - 13, 11, colour))
    pages.text(item.title, STRONG, indent=18, bold=True)
    pages.text(f"{item.verdict} · {item.id}", Style(TEXT, 8.5, 13, colour), indent=18)
    for text in (item.meaning, item.why):
        if text:
            pages.text(text, BODY, indent=18)
    if item.remedy:
        pages.space(3)
        pages.text(item.remedy_title, BODY, indent=18, keep=14, bold=True)
        pages.text(item.remedy, BODY, indent=18)
    if item.evidence:
        proof = _("Proved by the answer to:") + " " + ", ".join(item.evidence)
        pages.text(proof, SMALL, indent=18)
    pages.links([(link.label, link.url) for link in item.links], LINK, indent=18)
