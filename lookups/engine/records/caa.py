"""CAA records: which authorities may issue certificates (RFC 8659; issuemail: RFC 9495).

`issuevmc` governs mark certificates for BIMI; contactemail and contactphone are those of the
CA/Browser Forum's Baseline Requirements, Appendix A.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from . import rows
from .rows import Problem
from .targets import name_problem
from .txt import MAX_TEXT, Part

CRITICAL = 128  # the only flag there is (RFC 8659 §4.1)
ISSUE = ("issue", "issuewild", "issuemail", "issuevmc")
CONTACT = ("iodef", "contactemail", "contactphone")
PARAMETERS = ("accounturi", "validationmethods")  # RFC 8657
MAX_PARAMETERS = 32

_ROW = re.compile(r"\s*(?P<flags>\S+)(?:\s+(?P<tag>[^\s\"]+)(?:\s*(?P<value>\S.*))?)?", re.DOTALL)
_TAG = re.compile(r"[A-Za-z0-9]+")  # RFC 8659 §4.1
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)(")?', re.DOTALL)
_REST = re.compile(r'([";\s]*)(.*)', re.DOTALL)
_PARAMETER = re.compile(r"[A-Za-z0-9](?:-*[A-Za-z0-9])*[ \t]*=[ \t]*[\x21-\x3a\x3c-\x7e]*")
_IODEF = re.compile(r"(?:mailto:[^\s@]+@[^\s@]+|https?://[^\s/]+\S*)\Z", re.IGNORECASE)
_MAILBOX = re.compile(r"[^\s@]+@[^\s@]+\Z")


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of the value: `kind` is "issuer", "nobody", "parameter" or "contact"."""

    text: str
    column: int
    kind: str


@dataclass(frozen=True, slots=True)
class CAA:
    """`value` is without its quotes; `tag` in small letters, as it is compared (RFC 8659 §4.1)."""

    text: str
    flags: int | None = None
    tag: str = ""
    value: str = ""
    pieces: tuple[Piece, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def is_critical(self) -> bool:
        """Whether authorities that do not know the tag must not issue."""
        return bool(self.flags and self.flags & CRITICAL)


def parse(text: str) -> CAA:
    """The record in presentation form (RFC 8659 §4.1.1). Never raises."""
    problems: list[Problem] = []
    match = _ROW.fullmatch(text[:MAX_TEXT].rstrip())
    if match is None:
        return CAA(text, problems=(Problem("fields", 1),))
    flags = _flags(rows.Field(match["flags"], match.start("flags") + 1), problems)
    tag = (match["tag"] or "").lower()
    if match["value"] is None:
        problems.append(Problem("fields", max(1, len(text.rstrip()[:MAX_TEXT]))))
        return CAA(text, flags, tag, problems=tuple(problems))
    _check_tag(rows.Field(match["tag"], match.start("tag") + 1), problems)
    value, column = _value(match["value"], match.start("value") + 1, problems)
    pieces = tuple(_pieces(tag, value, column, problems))
    return CAA(text, flags, tag, value, pieces, tuple(problems))


def parts(text: str) -> list[Part]:
    """The parts of the record's text, with what is wrong."""
    record = parse(text)
    found: list[Part] = []
    head = _ROW.fullmatch(text[:MAX_TEXT].rstrip())
    if head is None:
        return [Part(text)] if text else []
    flags = "caa.flags-critical" if record.is_critical else "caa.flags"
    known = record.tag in (*ISSUE, *CONTACT)
    spans = [(*head.span("flags"), flags)]
    if head["tag"]:
        spans.append((*head.span("tag"), f"caa.{record.tag}" if known else "caa.unknown"))
    for piece in record.pieces:
        start = piece.column - 1
        spans.append((start, start + len(piece.text), f"caa.{piece.kind}"))
    if not record.pieces and head["value"]:
        kind = "caa.nobody" if record.tag in ISSUE else "caa.value"
        spans.append((*head.span("value"), kind))
    at = 0
    for start, end, kind in spans:
        found += [Part(text[at:start]), Part(text[start:end], kind)]
        at = end
    if match := _REST.fullmatch(text, at):
        found += [Part(match[1]), Part(match[2], "caa.value" if match[2].strip(" ;") else "")]
    return rows.marked([part for part in found if part.text], record.problems)


def _flags(field: rows.Field, problems: list[Problem]) -> int | None:
    """Bits other than the critical one are reserved and must be 0 (RFC 8659 §4.1)."""
    flags = rows.number(field, 8, problems)
    if flags is not None and flags & ~CRITICAL:
        problems.append(Problem("caa-flags", field.column, field.text))
    return flags


def _check_tag(field: rows.Field, problems: list[Problem]) -> None:
    shown = field.text[: rows.MAX_SHOWN]
    if not _TAG.fullmatch(field.text):
        problems.append(Problem("caa-tag", field.column, shown))
    elif field.text.lower() not in (*ISSUE, *CONTACT):
        problems.append(Problem("caa-unknown", field.column, shown))


def _value(text: str, column: int, problems: list[Problem]) -> tuple[str, int]:
    """The value without its quotes, and where it begins."""
    if not text.startswith('"'):
        if re.search(r"[\s;]", text):  # a zone file would end the value there (RFC 1035 §5.1)
            problems.append(Problem("caa-quotes", column, text[: rows.MAX_SHOWN]))
        return text, column
    match = _QUOTED.match(text)
    if match is None:  # a backslash at the very end
        problems.append(Problem("quote-open", column))
        return text[1:], column + 1
    if not match[2]:
        problems.append(Problem("quote-open", column))
    elif match.end() < len(text):
        extra = text[match.end() :]
        at = column + match.end() + len(extra) - len(extra.lstrip())
        problems.append(Problem("fields", at, extra.strip()[: rows.MAX_SHOWN]))
    return match[1], column + 1


def _pieces(tag: str, value: str, column: int, problems: list[Problem]) -> list[Piece]:
    if tag in ISSUE:
        return _issue(value, column, problems)
    text = value.strip()
    at = column + len(value) - len(value.lstrip())
    if tag in CONTACT:
        good = {"iodef": _IODEF, "contactemail": _MAILBOX}.get(tag)
        if not text or (good and not good.match(text)):
            problems.append(Problem(f"caa-{tag}", at if text else column, text[: rows.MAX_SHOWN]))
        return [Piece(text, at, "contact")] if text else []
    return [Piece(text, at, "value")] if text else []


def _issue(value: str, column: int, problems: list[Problem]) -> list[Piece]:
    """`[issuer-domain-name] [";" parameters]` (RFC 8659 §4.2): without a name, nobody may."""
    found: list[Piece] = []
    at = column
    for number, raw in enumerate(value.split(";", MAX_PARAMETERS)[:MAX_PARAMETERS]):
        text = raw.strip(" \t")
        start = at + len(raw) - len(raw.lstrip(" \t"))
        if number == 0 and text:
            found.append(Piece(text, start, "issuer"))
            if wrong := name_problem(text, start):
                problems.append(Problem("caa-issuer", wrong.column, text[: rows.MAX_SHOWN]))
        elif text:
            name = text.partition("=")[0].strip().lower()
            found.append(Piece(text, start, name if name in PARAMETERS else "parameter"))
            if not _PARAMETER.fullmatch(text):
                problems.append(Problem("caa-parameter", start, text[: rows.MAX_SHOWN]))
        at += len(raw) + 1
    if not found and value.strip():
        found.append(Piece(";", column + value.index(";"), "nobody"))
    elif not any(piece.kind == "issuer" for piece in found) and found:
        found.insert(0, Piece(";", column + value.index(";"), "nobody"))
    return found
