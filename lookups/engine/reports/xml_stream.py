"""XML read as a stream: each element of one kind is handed over as soon as it ends, then forgotten.

There are no entities but the five of XML itself, for a document type declaration is refused;
nothing outside the document is ever looked at. Expat is fed in small pieces so that each limit
takes hold at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from .errors import ReportError

MAX_DEPTH = 50
MAX_TEXT = 64_000  # characters of the text in one element
KEPT_TEXT = 1_000  # characters of it that are kept
MAX_TOKEN = 256_000  # octets of one tag, comment or the like
MAX_ELEMENTS = 1_000_000  # in the document
MAX_WITHIN = 2_000  # elements within one that is handed over, and outside all of them
CHUNK = 64_000
# Encodings that are tried one after the other where the declared one is wrong.
ENCODINGS = (None, "utf-8", "iso-8859-1")
_SPACE = b" \t\r\n"
_BOM = b"\xef\xbb\xbf"
_ENCODING_ERRORS = frozenset(
    expat.errors.codes[message]
    for message in (
        expat.errors.XML_ERROR_INCORRECT_ENCODING,
        expat.errors.XML_ERROR_UNKNOWN_ENCODING,
        expat.errors.XML_ERROR_INVALID_TOKEN,
        expat.errors.XML_ERROR_PARTIAL_CHAR,
    )
)
_TRUNCATED = frozenset(
    expat.errors.codes[message]
    for message in (
        expat.errors.XML_ERROR_NO_ELEMENTS,
        expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
    )
)


@dataclass(slots=True)
class Element:
    """An element by its local name in lower case, whatever its namespace."""

    name: str
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def find(self, *names: str) -> Element | None:
        """The first child that has one of the names."""
        return next((child for child in self.children if child.name in names), None)

    def all(self, name: str) -> Iterator[Element]:
        return (child for child in self.children if child.name == name)

    def value(self, *names: str) -> str:
        """The text of the first child that has one of the names."""
        found = self.find(*names)
        return found.text if found else ""

    def inner(self, name: str) -> Element:
        """The child of that name; an empty one where it is missing."""
        return self.find(name) or Element(name)


@dataclass(slots=True)
class Document:
    """The root without what was handed over, and the namespace that it is in."""

    root: Element
    namespace: str


def read(data: bytes, handed: str, take: Callable[[Element], None]) -> Document:
    """Reads `data`; `take` is given each `handed` element. It may be called anew from the start
    with the elements of a second try: whoever takes them forgets the first at Restart."""
    last: ReportError | None = None
    for encoding in ENCODINGS:
        try:
            return _Reader(handed, take).read(data, encoding)
        except expat.ExpatError as error:
            if error.code not in _ENCODING_ERRORS:
                code = "truncated" if error.code in _TRUNCATED else "xml"
                raise ReportError(code) from None
            last = ReportError("xml" if error.code == _INVALID else "encoding")
        except (LookupError, UnicodeError, ValueError) as error:
            if isinstance(error, ReportError):
                raise
            last = ReportError("encoding")  # the declared encoding is none that Python knows
        take(RESTART)
    raise last or ReportError("xml")


_INVALID = expat.errors.codes[expat.errors.XML_ERROR_INVALID_TOKEN]
RESTART = Element("")  # given to `take`: forget what was handed over so far


class _Reader:
    def __init__(self, handed: str, take: Callable[[Element], None]) -> None:
        self.handed, self.take = handed, take
        self.stack: list[Element] = []
        self.depth = 0
        self.elements = 0
        self.outside = 0  # elements outside of those that are handed over
        self.within = 0
        self.inside = False
        self.pieces: list[str] = []
        self.length = 0
        self.root: Element | None = None
        self.namespace = ""

    def read(self, data: bytes, encoding: str | None) -> Document:
        # White space before the XML declaration is a mistake that some reporters make.
        start = len(_BOM) if data.startswith(_BOM) else 0
        while data[start : start + 1] and data[start] in _SPACE:
            start += 1
        parser = expat.ParserCreate(encoding)
        parser.buffer_text = True
        parser.StartElementHandler = self.begin
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.characters
        parser.StartDoctypeDeclHandler = _refuse
        parser.EntityDeclHandler = _refuse
        for at in range(start, len(data), CHUNK):
            parser.Parse(data[at : at + CHUNK], False)
            if at + CHUNK - start - max(0, parser.CurrentByteIndex) > MAX_TOKEN:
                raise ReportError("text")
        parser.Parse(b"", True)
        if self.root is None:
            raise ReportError("xml")
        return Document(self.root, self.namespace)

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        prefix, _, local = name.rpartition(":")
        name = local.lower()[:100]
        self.depth += 1
        self.elements += 1
        if self.depth > MAX_DEPTH:
            raise ReportError("depth")
        if self.elements > MAX_ELEMENTS:
            raise ReportError("records")
        self._keep_text()
        element = Element(name)
        if self.root is None:
            self.root = element
            own = attributes.get(f"xmlns:{prefix}" if prefix else "xmlns", "")
            self.namespace = own.strip()[:200]
        elif name == self.handed and not self.inside:
            self.inside, self.within = True, 0
        else:
            self._count()
            self.stack[-1].children.append(element)
        self.stack.append(element)

    def _count(self) -> None:
        if self.inside:
            self.within += 1
        else:
            self.outside += 1
        if max(self.within, self.outside) > MAX_WITHIN:
            raise ReportError("records")

    def end(self, name: str) -> None:
        self._keep_text()
        self.depth -= 1
        element = self.stack.pop()
        if self.inside and element.name == self.handed and not self._encloses():
            self.inside = False
            self.take(element)

    def _encloses(self) -> bool:
        """Whether an element like those that are handed over is still open."""
        return any(element.name == self.handed for element in self.stack)

    def characters(self, text: str) -> None:
        self.length += len(text)
        if self.length > MAX_TEXT:
            raise ReportError("text")
        self.pieces.append(text)

    def _keep_text(self) -> None:
        """What was read since the last tag belongs to the element that is open."""
        if self.pieces and self.stack:
            text = "".join(self.pieces)
            if not text.isspace() and len(self.stack[-1].text) < KEPT_TEXT:
                self.stack[-1].text += text.lstrip()[:KEPT_TEXT]
        self.pieces.clear()
        self.length = 0


def _refuse(*declared: object) -> None:
    raise ReportError("doctype")
