"""From what was pasted or uploaded to a list of domains. Knows no database and no pages.

Text with a domain a line, or a table (CSV with commas, semicolons or tabs) with or without a row of
headings. Whatever comes in, reading ends soon, in bounded memory, and names the lines it refuses.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from lookups.engine.names import Domain, DomainError, parse_domain

MAX_DOMAINS = 10_000
MAX_BYTES = 2_000_000
MAX_TRIED = 5 * MAX_DOMAINS  # cells that are looked at before reading gives up
MAX_LINES = 20  # refused lines that are told one by one
MAX_TEXT = 60  # characters of such a line, of a country, and of an industry
_DELIMITERS = "\t;,"
_BETWEEN = re.compile(r"[\s,;、]+")
_SAMPLE = 50  # rows that settle the delimiter

HEADINGS = {
    "domain": (
        "domain", "domains", "domain name", "domainname", "host", "url", "website", "site",
        "email", "e-mail", "mail", "ドメイン", "ドメイン名", "メール", "メールアドレス",
        "ウェブサイト", "サイト",
    ),
    "country": ("country", "country code", "nation", "国", "国名", "国コード"),
    "industry": ("industry", "sector", "branch", "業種", "業界", "産業"),
}  # fmt: skip


class ReadingError(ValueError):
    """The whole input is refused. `code`: "too-large", "too-many", "too-many-lines" (both with
    `count`), "not-text" or "empty"."""

    def __init__(self, code: str, count: int = 0) -> None:
        super().__init__(code)
        self.code = code
        self.count = count


@dataclass(frozen=True, slots=True)
class Entry:
    """One domain of the list."""

    domain: Domain
    country: str = ""
    industry: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that names no domain: its number from 1, what it has, and a code of DomainError."""

    number: int
    text: str
    code: str


@dataclass(slots=True)
class Reading:
    """What was understood. `refused` counts all such lines, `lines` shows the first of them."""

    entries: list[Entry] = field(default_factory=list)
    duplicates: int = 0
    refused: int = 0
    lines: list[Refused] = field(default_factory=list)


def decode(data: bytes) -> str:
    """The text of a file in UTF-8, UTF-16 or Shift_JIS. Raises ReadingError."""
    if len(data) > MAX_BYTES:
        raise ReadingError("too-large")
    for encoding in _encodings(data):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text.removeprefix("\ufeff")
    raise ReadingError("not-text")


def _encodings(data: bytes) -> Sequence[str]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ("utf-16",)
    if b"\0" in data:  # ASCII in UTF-16 has a NUL in every second octet
        return ("utf-16-be",) if data[:1] == b"\0" else ("utf-16-le",)
    # Whatever the last one makes of a file, it is text: its domains are ASCII all the same.
    return ("utf-8", "cp932", "latin-1")


def read(text: str) -> Reading:
    """The domains in `text`, each once. Raises ReadingError."""
    if len(text) > MAX_BYTES:
        raise ReadingError("too-large")
    text = text.removeprefix("\ufeff").replace("\0", "")
    rows = _rows(text)
    reader = _Reader()
    for first, (number, cells) in enumerate(rows):
        if not first and (columns := _columns(cells)):
            reader.columns = columns
        else:
            reader.row(number, cells)
    if len(reader.reading.entries) > MAX_DOMAINS:
        raise ReadingError("too-many", len(reader.reading.entries))
    if not reader.reading.entries and not reader.reading.refused:
        raise ReadingError("empty")
    return reader.reading


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not empty, each with the number of the line it begins in."""
    lines = text.splitlines()
    # A quotation mark that nobody closes would swallow all that follows.
    quoting = csv.QUOTE_NONE if text.count('"') % 2 else csv.QUOTE_MINIMAL
    stream = io.StringIO("\n".join(lines), newline="")
    reader = csv.reader(stream, delimiter=_delimiter(lines), quoting=quoting, skipinitialspace=True)
    while True:
        number = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:  # a cell of more than 131,072 characters
            yield number, ["?" * (MAX_TEXT + 1)]
            continue
        cells = [cell.strip() for cell in row]
        if any(cells):
            yield number, cells


def _delimiter(lines: list[str]) -> str:
    """The one that stands in the most of the first lines."""
    sample = [line for line in lines[:_SAMPLE] if line.strip()]
    return max(_DELIMITERS, key=lambda mark: sum(mark in line for line in sample))


def _columns(cells: list[str]) -> dict[str, int] | None:
    """Which column has what, if this row is one of headings."""
    folded = [" ".join(unicodedata.normalize("NFKC", cell).casefold().split()) for cell in cells]
    columns: dict[str, int] = {}
    for kind, names in HEADINGS.items():
        if position := next((at for at, cell in enumerate(folded) if cell in names), -1) + 1:
            columns[kind] = position - 1
    if not columns:
        return None
    return {"domain": 0} | columns


class _Reader:
    """Takes row after row. Without headings, a row of nothing but domains gives all of them."""

    def __init__(self) -> None:
        self.reading = Reading()
        self.columns: dict[str, int] | None = None
        self._known: set[str] = set()
        self._tried = 0

    def row(self, number: int, cells: list[str]) -> None:
        column = self.columns["domain"] if self.columns else 0
        text = cells[column] if column < len(cells) else ""
        found = self._several(cells) if self.columns is None else ()
        try:
            for domain in found or (self._parse(text),):
                self._add(domain, cells)
        except DomainError as error:
            self.reading.refused += 1
            if len(self.reading.lines) < MAX_LINES:
                shown = text or " ".join(filter(None, cells))
                self.reading.lines.append(Refused(number, shown[:MAX_TEXT], error.code))

    def _several(self, cells: list[str]) -> Sequence[Domain]:
        """All domains of a row that has nothing else; none where it has something else too."""
        pieces = [piece for cell in cells for piece in _BETWEEN.split(cell) if piece]
        if len(pieces) < 2:
            return ()
        found = []
        for piece in pieces:
            try:
                found.append(self._parse(piece))
            except DomainError:
                return ()
        return found

    def _parse(self, text: str) -> Domain:
        self._tried += 1
        if self._tried > MAX_TRIED:
            raise ReadingError("too-many-lines", MAX_TRIED)
        return parse_domain(text)

    def _add(self, domain: Domain, cells: list[str]) -> None:
        if domain.ascii in self._known:
            self.reading.duplicates += 1
            return
        self._known.add(domain.ascii)
        entry = Entry(domain, self._label("country", cells), self._label("industry", cells))
        self.reading.entries.append(entry)

    def _label(self, kind: str, cells: list[str]) -> str:
        column = (self.columns or {}).get(kind, -1)
        if not 0 <= column < len(cells):
            return ""
        plain = unicodedata.normalize("NFKC", cells[column])
        kept = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in plain)
        return " ".join(kept.split())[:MAX_TEXT].strip()
