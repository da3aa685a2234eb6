"""A learner's zone as text and as rows: both are read into the same records, or refused.

The text is a zone file (RFC 1035 §5) without `$INCLUDE` and without a SOA record, which the
classroom writes itself. Whatever is wrong is told with its place, and all of it at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import dns.exception
import dns.name
import dns.rdata
import dns.rdatatype
import dns.ttl
from dns.rdataclass import IN

from .fields import MAX_QUOTED, check_fields, read_name, read_ttl
from .tokens import Entry, Token, Wrong, check_ascii, entries

Name = dns.name.Name
TYPES = ("A", "AAAA", "MX", "TXT", "CNAME", "NS", "SRV", "CAA", "TLSA")
MAX_RECORDS = 100
MAX_TEXT = 32 * 1024  # characters
MAX_ERRORS = 20  # that are told at once
DEFAULT_TTL = 3600
_OWNER = re.compile(r"(?:\*|[A-Za-z0-9_-]+)(?:\.[A-Za-z0-9_-]+)*\.?")
# A name that ends so, without a dot behind it, was most likely meant to be whole.
_LOOKS_WHOLE = re.compile(r".*\.(?:test|com|net|org|jp|example|edu|gov|io)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong, or worth a word. `code` is one that `words` knows, `about` its parameters.

    In a text, `line` and `column` say where; in rows, `line` is the row's number and `part` the
    field of it.
    """

    code: str
    line: int = 0
    column: int = 0
    part: str = ""
    about: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Record:
    """One record. `name` and `data` are written relative to the zone, as a zone file has them."""

    name: str
    ttl: int
    type: str
    data: str
    line: int
    owner: Name
    rdata: Any


@dataclass(slots=True)
class Reading:
    """What was read. Where there are `errors`, the records are not all."""

    records: list[Record] = field(default_factory=list)
    errors: list[Trouble] = field(default_factory=list)
    notes: list[Trouble] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the form, as it was typed."""

    name: str = ""
    ttl: str = ""
    type: str = ""
    data: str = ""

    @property
    def is_empty(self) -> bool:
        return not (self.name.strip() or self.data.strip())


def read_text(text: str, origin: Name) -> Reading:
    """The records of a zone file."""
    reader = _Reader(origin)
    if len(text) > MAX_TEXT:
        reader.found.errors.append(Trouble("too-long", about={"most": MAX_TEXT // 1024}))
        return reader.found
    for entry in entries(text):
        reader.entry(entry)
    return reader.finished()


def read_rows(rows: Sequence[Row], origin: Name) -> Reading:
    """The records of the rows; those without a name and data are none."""
    reader = _Reader(origin)
    if sum(len(row.name) + len(row.data) for row in rows) > MAX_TEXT:
        reader.found.errors.append(Trouble("too-long", about={"most": MAX_TEXT // 1024}))
        return reader.found
    for number, row in enumerate(rows, 1):
        if not row.is_empty:
            reader.row(row, number)
    return reader.finished()


def as_rows(records: Iterable[Record]) -> list[Row]:
    return [Row(r.name, str(r.ttl), r.type, _plain(r)) for r in records]


def write_rows(rows: Iterable[Row]) -> str:
    """The rows as a zone file, also those that could not be read."""
    kept = [row for row in rows if not row.is_empty]
    width = max((len(row.name.strip() or "@") for row in kept), default=1)
    lines = []
    for row in kept:
        ttl, type = row.ttl.strip() or str(DEFAULT_TTL), row.type.strip().upper()
        data = _quoted(row.data.strip()) if type == "TXT" else row.data.strip()
        data = " ".join(data.splitlines())
        lines.append(f"{(row.name.strip() or '@').ljust(width)}  {ttl:<6} {type:<5}  {data}")
    return "".join(line.rstrip() + "\n" for line in lines)


def zone_file(records: Iterable[Record], origin: Name, serial: int, servers: Sequence[str]) -> str:
    """The whole zone as the DNS server reads it. `servers` serve it unless records say who does."""
    records = list(records)
    top = origin.to_text()
    soa = f"ns.classroom.test. hostmaster.classroom.test. {serial} 7200 900 1209600 300"
    lines = [f"{top} {DEFAULT_TTL} IN SOA {soa}"]
    if not any(r.type == "NS" and r.owner == origin for r in records):
        lines += [f"{top} {DEFAULT_TTL} IN NS {server}" for server in servers]
    lines += [f"{r.owner.to_text()} {r.ttl} IN {r.type} {r.rdata.to_text()}" for r in records]
    return "\n".join(lines) + "\n"


class _Reader:
    """Puts records together, and remembers what a zone file leaves out from line to line."""

    def __init__(self, origin: Name) -> None:
        self.found = Reading()
        self._zone = self._origin = origin
        self._ttl: int | None = None
        self._owner: Token | None = None

    # --- lines of a text -----------------------------------------------------------------------
    def entry(self, entry: Entry) -> None:
        """One record or directive."""
        try:
            if entry.wrong:
                raise entry.wrong
            if entry.tokens[0].text.startswith("$"):
                self._directive(entry.tokens)
            else:
                self._record(entry.tokens, entry.goes_on)
        except Wrong as wrong:
            token = wrong.token or entry.tokens[0]
            trouble = Trouble(wrong.code, token.line, token.column, wrong.part, wrong.about)
            self.found.errors.append(trouble)

    def _directive(self, tokens: list[Token]) -> None:
        word = tokens[0].text.upper()
        if word not in ("$TTL", "$ORIGIN"):
            raise Wrong("directive", tokens[0], word=tokens[0].text[:MAX_QUOTED])
        if len(tokens) != 2:
            raise Wrong("directive-value", tokens[0], word=word)
        if word == "$TTL":
            self._ttl = read_ttl(tokens[1])
        else:
            self._origin = self._inside(tokens[1])

    def _record(self, tokens: list[Token], goes_on: bool) -> None:
        tokens = list(tokens)
        if not goes_on:
            self._owner = tokens.pop(0)
        if self._owner is None:
            raise Wrong("name-missing", tokens[0])
        ttl = None
        while tokens and not tokens[0].is_quoted:
            word = tokens[0].text.upper()
            if word == "IN":
                tokens.pop(0)
            elif word in ("CH", "HS", "CS"):
                raise Wrong("class", tokens[0])
            elif word[:1].isdigit() and ttl is None:
                ttl = read_ttl(tokens.pop(0))
            else:
                break
        if not tokens:
            raise Wrong("type-missing", self._owner)
        kind = tokens.pop(0)
        if kind.text.upper() == "SOA":
            self.found.notes.append(Trouble("soa", kind.line, kind.column))
            return
        if ttl is None:
            ttl = DEFAULT_TTL if self._ttl is None else self._ttl
        self._add(self._owner, ttl, kind, tokens, kind.line)

    # --- rows of the form ----------------------------------------------------------------------
    def row(self, row: Row, number: int) -> None:
        type = row.type.strip().upper()
        data = _quoted(row.data.strip()) if type == "TXT" else row.data.strip()
        part = "name"
        try:
            owner = Token(row.name.strip() or "@", number, 1)
            check_ascii(owner.text, number)
            part = "ttl"
            typed = row.ttl.strip()
            ttl = read_ttl(Token(typed, number, 1)) if typed else DEFAULT_TTL
            part = "data"
            tokens = _data_tokens(data)
            part = ""
            self._add(owner, ttl, Token(type, number, 1), tokens, number)
        except Wrong as wrong:
            column = wrong.token.column if wrong.token else 1
            where = part or wrong.part
            self.found.errors.append(Trouble(wrong.code, number, column, where, wrong.about))

    # --- both ----------------------------------------------------------------------------------
    def _add(self, owner: Token, ttl: int, kind: Token, tokens: list[Token], line: int) -> None:
        type = kind.text.upper()
        if type not in TYPES:
            raise Wrong("type", kind, "type", word=kind.text[:MAX_QUOTED], types=list(TYPES))
        name = self._inside(owner)
        if type == "CNAME" and name == self._zone:
            raise Wrong("cname-apex", kind, "type")
        check_fields(type, tokens, kind, self._origin)
        data = " ".join(token.text for token in tokens)
        try:
            rdata = dns.rdata.from_text(IN, type, data, self._origin, relativize=False)
        except Exception as error:  # dnspython raises more than DNSException on hostile text
            raise Wrong("data", tokens[0] if tokens else kind, "data", type=type) from error
        if len(self.found.records) >= MAX_RECORDS:
            raise Wrong("too-many", kind, "name", most=MAX_RECORDS)
        self._note_whole(type, tokens)
        shown = rdata.to_text(origin=self._zone, relativize=True)
        relative = name.relativize(self._zone).to_text().lower()
        self.found.records.append(Record(relative, ttl, type, shown, line, name, rdata))

    def _inside(self, token: Token) -> Name:
        """The name that owns a record: inside the zone."""
        if token.text == "@":
            return self._origin
        if not _OWNER.fullmatch(token.text):
            code = "dots" if ".." in token.text or token.text.startswith(".") else "name-characters"
            raise Wrong(code, token, "name", word=token.text[:MAX_QUOTED])
        name = read_name(token, self._origin, "name")
        if not name.is_subdomain(self._zone):
            zone = self._zone.to_text(omit_final_dot=True)
            raise Wrong("outside", token, "name", word=token.text[:MAX_QUOTED], zone=zone)
        return name

    def _note_whole(self, type: str, tokens: list[Token]) -> None:
        """A host without its final dot is not an error, but hardly ever meant."""
        token = tokens[-1]
        hosts = ("MX", "CNAME", "NS", "SRV")
        if type in hosts and not token.text.endswith(".") and _LOOKS_WHOLE.fullmatch(token.text):
            whole = read_name(token, self._origin, "data").to_text(omit_final_dot=True)
            about = {"word": token.text[:MAX_QUOTED], "whole": whole[:200]}
            self.found.notes.append(Trouble("dot", token.line, token.column, "data", about))

    def finished(self) -> Reading:
        """With what only shows when all records are there."""
        by_name: dict[Name, list[Record]] = {}
        for record in self.found.records:
            by_name.setdefault(record.owner, []).append(record)
        for records in by_name.values():
            self.found.errors += _clashes(records)
        self.found.errors.sort(key=lambda trouble: (trouble.line, trouble.column))
        del self.found.errors[MAX_ERRORS:]
        return self.found


def _data_tokens(data: str) -> list[Token]:
    """The tokens of a row's data."""
    found: list[Token] = []
    for entry in entries(data):
        if entry.wrong:
            raise entry.wrong
        found += entry.tokens
    return found


def _clashes(records: list[Record]) -> Iterator[Trouble]:
    """What may not stand together at one name (RFC 1034 §3.6.2, RFC 2181 §5)."""
    aliases = [r for r in records if r.type == "CNAME"]
    if len(aliases) > 1:
        yield _clash("cname-twice", aliases[1])
    elif aliases and len(records) > 1:
        other = next(r for r in records if r is not aliases[0])
        yield _clash("cname-alone", max(aliases[0], other, key=lambda r: r.line), type=other.type)
    seen: dict[str, list[Record]] = {}
    for record in records:
        same = seen.setdefault(record.type, [])
        if any(record.rdata == each.rdata for each in same):
            yield _clash("twice", record, line=same[0].line, type=record.type)
        elif same and record.ttl != same[0].ttl:
            about = {"line": same[0].line, "ttl": same[0].ttl, "type": record.type}
            yield Trouble("ttl-differs", record.line, 1, "ttl", {"name": record.name, **about})
        same.append(record)


def _clash(code: str, record: Record, **about: Any) -> Trouble:
    return Trouble(code, record.line, 1, "type", {"name": record.name, **about})


def _quoted(text: str) -> str:
    """A TXT record's data as strings in quotation marks; left alone where it has them."""
    if text.startswith('"') or not text:
        return text
    plain = text.replace("\\", "\\\\").replace('"', '\\"')
    pieces = re.findall(r"(?:\\.|[^\\]){1,250}", plain, re.DOTALL)
    return " ".join(f'"{piece}"' for piece in pieces)


def _plain(record: Record) -> str:
    """Data as the form shows it: a TXT record of one plain string without quotation marks."""
    if record.type != "TXT":
        return record.data
    strings = record.rdata.strings
    whole = b"".join(strings)
    plain = all(0x20 <= octet <= 0x7E and octet not in b'\\"' for octet in whole)
    as_cut = b"".join(strings[:-1])  # strings that _quoted would make again
    if plain and whole and len(as_cut) == (len(strings) - 1) * 250 and whole == whole.strip():
        return whole.decode()
    return record.data
