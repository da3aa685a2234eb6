"""Pages that fill from the top: what is placed on them, and how it is drawn in the end.

All is placed first, so that the feet can say how many pages there are. There are at most MAX_PAGES:
what comes after them is left out, and `is_full` tells so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from lookups.sharing.pdf.letters import TEXT, Style, lines, runs, width_of

WIDTH, HEIGHT = A4
LEFT, RIGHT, TOP, BOTTOM = 62, 62, 60, 64
INNER = WIDTH - LEFT - RIGHT
MAX_PAGES = 80
LINE = "#d9d0bf"
FOOT = Style(TEXT, 7.5, 10, "#6a645a")
CLOSING = Style(TEXT, 8.5, 14, "#6a645a")

Drawing = Callable[[Canvas], None]


@dataclass(slots=True)
class Entry:
    """A line of the table of contents that readers show beside the pages."""

    title: str
    level: int
    page: int
    top: float


@dataclass(slots=True)
class Pages:
    """`y` is where the next thing goes on the page at hand, in points from its foot."""

    y: float = HEIGHT - TOP
    pages: list[list[Drawing]] = field(default_factory=lambda: [[]])
    entries: list[Entry] = field(default_factory=list)
    is_full: bool = False

    # --- placing --------------------------------------------------------------------------------
    def room(self, height: float) -> bool:
        """Makes room on this page or the next; False where there are no more pages."""
        if self.is_full:
            return False
        is_last = len(self.pages) == MAX_PAGES
        if self.y - height < BOTTOM + (CLOSING.leading if is_last else 0):
            if is_last:
                self.is_full = True
                return False
            self.pages.append([])
            self.y = HEIGHT - TOP
        return True

    def close(self, text: str) -> None:
        """The line that says that something was left out; its place is held at the very end."""
        y = BOTTOM + CLOSING.leading * 0.25
        self.draw(_line(text, LEFT, y, CLOSING, False))

    def draw(self, drawing: Drawing) -> None:
        self.pages[-1].append(drawing)

    def space(self, height: float) -> None:
        """Nothing at the head of a page."""
        if self.y < HEIGHT - TOP:
            self.y -= height

    def entry(self, title: str, level: int) -> None:
        self.entries.append(Entry(title, level, len(self.pages) - 1, self.y + 6))

    def text(
        self, text: str, style: Style, indent: float = 0, keep: float = 0, bold: bool = False
    ) -> None:
        """A paragraph. `keep`: so much must fit below its first line, or it goes to a new page."""
        if self.is_full:
            return
        for number, line in enumerate(lines(text, style, INNER - indent)):
            if not self.room(style.leading + (0 if number else keep)):
                return
            self.y -= style.leading
            self.draw(_line(line, LEFT + indent, self.y + style.leading * 0.25, style, bold))

    def block(self, block: list[str], style: Style) -> None:
        """Records on a tinted ground, each from the left, wrapped and set in where it goes on."""
        if not block:
            return
        self.space(4)
        for text in block:
            if self.is_full:
                return
            for number, line in enumerate(lines(text, style, INNER - 16, INNER - 28)):
                if not self.room(style.leading):
                    return
                self.y -= style.leading
                self.draw(_ground(self.y - 1.5, style.leading + 0.6))
                x = LEFT + (20 if number else 8)
                self.draw(_line(line, x, self.y + style.leading * 0.22, style, False))
        self.space(7)

    def rule(self) -> None:
        y = self.y
        self.draw(lambda canvas: _stroke(canvas, LEFT, y, WIDTH - RIGHT, y))

    def links(self, links: list[tuple[str, str]], style: Style, indent: float = 0) -> None:
        """Labels that lead somewhere, one after the other."""
        x, right = LEFT + indent, WIDTH - RIGHT
        if not links or not self.room(style.leading):
            return
        self.y -= style.leading
        for label, url in links:
            size = width_of(label, style)
            if x > LEFT + indent and x + size > right:
                if not self.room(style.leading):
                    return
                self.y -= style.leading
                x = LEFT + indent
            self.draw(_link(label, url, x, self.y + style.leading * 0.25, size, style))
            x += size + 14

    # --- drawing --------------------------------------------------------------------------------
    def pdf(self, title: str, foot: str, language: str) -> bytes:
        buffer = BytesIO()
        canvas = Canvas(buffer, pagesize=A4, lang=language, pageCompression=1)
        canvas.setTitle(title)
        canvas.setAuthor("MXplain")
        canvas.setCreator("MXplain")
        canvas.setSubject(foot)
        for number, drawings in enumerate(self.pages):
            for drawing in drawings:
                drawing(canvas)
            self._marks(canvas, number)
            _foot(canvas, foot, f"{number + 1} / {len(self.pages)}")
            canvas.showPage()
        if self.entries:
            canvas.showOutline()
        canvas.save()
        return buffer.getvalue()

    def _marks(self, canvas: Canvas, page: int) -> None:
        for index, entry in enumerate(self.entries):
            if entry.page == page:
                key = f"e{index}"
                canvas.bookmarkHorizontal(key, 0, entry.top)
                canvas.addOutlineEntry(entry.title, key, entry.level, closed=entry.level > 0)


def _line(text: str, x: float, y: float, style: Style, bold: bool) -> Drawing:
    def drawing(canvas: Canvas) -> None:
        pen = canvas.beginText(x, y)
        colour = HexColor(style.colour)
        pen.setFillColor(colour)
        for font, piece in runs(text, style.font):
            # What the bold font lacks is drawn with a thicker line instead.
            thick = bold and font == TEXT
            pen.setTextRenderMode(2 if thick else 0)
            pen.setStrokeColor(colour)
            pen.setFont(font, style.size)
            pen.textOut(piece)
        pen.setTextRenderMode(0)
        canvas.setLineWidth(style.size / 32)
        canvas.drawText(pen)

    return drawing


def _link(text: str, url: str, x: float, y: float, size: float, style: Style) -> Drawing:
    line = _line(text, x, y, style, False)

    def drawing(canvas: Canvas) -> None:
        line(canvas)
        canvas.linkURL(url, (x, y - 2, x + size, y + style.size), relative=0, thickness=0)

    return drawing


def _ground(y: float, height: float) -> Drawing:
    def drawing(canvas: Canvas) -> None:
        canvas.setFillColor(HexColor("#f6f2ea"))
        canvas.rect(LEFT, y, INNER, height, stroke=0, fill=1)

    return drawing


def _stroke(canvas: Canvas, *line: float) -> None:
    canvas.setStrokeColor(HexColor(LINE))
    canvas.setLineWidth(0.75)
    canvas.line(*line)


def _foot(canvas: Canvas, text: str, number: str) -> None:
    _stroke(canvas, LEFT, BOTTOM - 14, WIDTH - RIGHT, BOTTOM - 14)
    y = BOTTOM - 27
    end = width_of(number, FOOT)
    shown, *more = lines(text, FOOT, INNER - end - 20)
    _line(shown + ("…" if more else ""), LEFT, y, FOOT, False)(canvas)
    _line(number, WIDTH - RIGHT - end, y, FOOT, False)(canvas)


def shape(severity: str, x: float, y: float, size: float, colour: str) -> Drawing:
    """The mark of a verdict in a square whose lower left corner is (x, y): as in _shape.html."""

    def drawing(canvas: Canvas) -> None:
        canvas.saveState()
        canvas.translate(x, y + size)
        canvas.scale(size / 24, -size / 24)
        canvas.setStrokeColor(HexColor(colour))
        canvas.setLineWidth(2)
        canvas.setLineCap(1)
        canvas.setLineJoin(1)
        _SHAPES.get(severity, _running)(canvas)
        canvas.restoreState()

    return drawing


def _path(canvas: Any, *points: tuple[float, float], close: bool = False) -> None:
    path = canvas.beginPath()
    path.moveTo(*points[0])
    for point in points[1:]:
        path.lineTo(*point)
    if close:
        path.close()
    canvas.drawPath(path, stroke=1, fill=0)


def _good(canvas: Any) -> None:
    canvas.circle(12, 12, 10)
    _path(canvas, (7.5, 12.3), (10.7, 15.5), (16.5, 8.9))


def _info(canvas: Any) -> None:
    canvas.roundRect(2.5, 2.5, 19, 19, 3)
    _path(canvas, (12, 11), (12, 16.5))
    _path(canvas, (12, 7.2), (12, 7.5))


def _warning(canvas: Any) -> None:
    _path(canvas, (12, 2.6), (22.4, 21), (1.6, 21), close=True)
    _path(canvas, (12, 9.5), (12, 14.7))
    _path(canvas, (12, 17.6), (12, 17.8))


def _error(canvas: Any) -> None:
    corners = ((8, 2), (16, 2), (22, 8), (22, 16), (16, 22), (8, 22), (2, 16), (2, 8))
    _path(canvas, *corners, close=True)
    _path(canvas, (8.4, 8.4), (15.6, 15.6))
    _path(canvas, (15.6, 8.4), (8.4, 15.6))


def _running(canvas: Any) -> None:
    canvas.setDash(5.2, 5.27)
    canvas.circle(12, 12, 10)
    canvas.setDash()
    _path(canvas, (12, 7), (12, 12), (15.2, 14))


_SHAPES = {"good": _good, "info": _info, "warning": _warning, "error": _error}
