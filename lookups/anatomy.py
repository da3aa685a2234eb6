"""A record taken apart, in the reader's words: what templates show of `lookups.engine.anatomy`."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _

from lookups import catalog
from lookups.engine.anatomy import KINDS, Anatomy, Mark, read
from lookups.engine.records.recognise import TYPES, Recognised

from .presentation import Reference, finding_view

__all__ = ["KINDS", "MAX_OCTETS", "AnatomyView", "MarkView", "anatomy_views", "kind_name"]

MAX_OCTETS = 8192  # of a text that is read
EXCERPT = 30  # characters of an excerpt: a line of a phone
_BEFORE = 14  # of them before the column

_NAMES = {
    "spf": "SPF",
    "dkim": "DKIM",
    "dmarc": "DMARC",
    "bimi": "BIMI",
    "mta-sts": "MTA-STS",
    "tls-rpt": "TLS-RPT",
}
# The article on each kind, where it is not called "<kind>-record".
_ARTICLES = {
    **{kind: kind for kind in _NAMES},
    "policy": "mta-sts",
    "ds": "ds-dnskey",
    "dnskey": "ds-dnskey",
}


@dataclass(frozen=True, slots=True)
class MarkView:
    """Something said of a place in a record. `finding` is the id of the finding that explains it,
    empty where only `title` does. `column` and `line` are 0 where it is about the whole.

    `excerpt` is what stands around the column, and `caret` the line below it that points there.
    """

    number: int
    column: int
    line: int
    severity: str
    title: str
    meaning: str = ""
    remedy: str = ""
    finding: str = ""
    rfc: tuple[Reference, ...] = ()
    excerpt: str = ""
    caret: str = ""


@dataclass(frozen=True, slots=True)
class AnatomyView:
    """One record. `record` is what lookups/_record.html shows, its parts with their marks."""

    kind: str
    kind_name: str
    record: Mapping[str, Any]
    marks: tuple[MarkView, ...]
    article: str
    name: str
    ttl: int | None
    guessed: bool
    strings: int

    @property
    def is_sound(self) -> bool:
        """Nothing in it is wrong; there may be something worth knowing."""
        return not any(mark.severity in ("error", "warning") for mark in self.marks)

    @property
    def has_columns(self) -> bool:
        return any(mark.excerpt for mark in self.marks)


def anatomy_views(text: str, kind: str, language: str) -> tuple[AnatomyView, ...]:
    """The records in `text`, of which MAX_OCTETS at most are read. `kind`: one of KINDS or ""."""
    plain = text.replace("\0", "\ufffd")
    return tuple(_view(found, language) for found in read(plain, kind))


def kind_name(kind: str) -> str:
    """What a kind of record is called, in the active language."""
    if kind == "policy":
        return _("MTA-STS policy file")
    if kind == "txt":
        return _("TXT (any other text)")
    return _NAMES.get(kind, TYPES[kind])


def _view(found: Anatomy, language: str) -> AnatomyView:
    record = found.record
    marks = tuple(_mark(n, mark, record, language) for n, mark in enumerate(found.marks, 1))
    name = record.name.rstrip(".") if len(record.name) > 1 else record.name
    return AnatomyView(
        kind=record.kind,
        kind_name=kind_name(record.kind),
        record={
            "name": name,
            "type": record.shown_type if record.kind != "policy" else "",
            "value": record.value,
            "parts": _parts(found, marks),
        },
        marks=marks,
        article=_ARTICLES.get(record.kind, f"{record.kind}-record"),
        name=name,
        ttl=record.ttl,
        guessed=record.guessed,
        strings=len(record.strings),
    )


def _parts(found: Anatomy, marks: Sequence[MarkView]) -> list[dict[str, Any]]:
    """Each part with the marks that lie in it. A line of a policy is a part of its own."""
    shown: list[dict[str, Any]] = []
    column, line = 1, 1 if found.record.kind == "policy" else 0
    left = [mark for mark in marks if mark.column]
    for part in found.parts:
        end = column + len(part.text)
        inside = [m for m in left if m.line == line and column <= m.column < end]
        left = [mark for mark in left if mark not in inside]
        if inside and shown and part.text.startswith("\n"):  # an empty line: its mark stands on it
            shown[-1]["marks"] = [*shown[-1]["marks"], *inside]
            inside = []
        shown.append({**part.as_json(), "marks": inside})
        column = end
        if line and "\n" in part.text:
            line += part.text.count("\n")
            column = len(part.text) - part.text.rindex("\n")
    if shown and left:  # behind the end
        shown[-1]["marks"] = [*shown[-1]["marks"], *left]
    return shown


def _mark(number: int, mark: Mark, record: Recognised, language: str) -> MarkView:
    excerpt, caret = _excerpt(record.value, mark)
    place = {"number": number, "column": mark.column, "line": mark.line}
    finding = mark.finding
    words = (
        finding_view({"id": finding.id, "parameters": finding.parameters}, language)
        if finding
        else None
    )
    if words:
        return MarkView(
            **place,
            severity=words.severity,
            title=words.title,
            meaning=words.meaning,
            remedy=words.remedy,
            finding=words.id,
            rfc=words.rfc,
            excerpt=excerpt,
            caret=caret,
        )
    reference = catalog.part_reference(mark.note)
    return MarkView(
        **place,
        severity="info" if mark.is_hint else "error",
        title=catalog.part_note(mark.note, language),
        rfc=(Reference(reference, catalog.rfc_link(reference)),) if reference else (),
        excerpt=excerpt,
        caret=caret,
    )


def _excerpt(value: str, mark: Mark) -> tuple[str, str]:
    """What stands around the column, in one line, and the line that points at it."""
    if not mark.column:
        return "", ""
    text = value
    if mark.line:
        lines = value.split("\n", mark.line)
        text = lines[mark.line - 1] if mark.line <= len(lines) else ""
    at = min(mark.column - 1, max(0, len(text) - 1))
    start = max(0, min(at - _BEFORE, len(text) - EXCERPT))
    piece = "".join(_visible(character) for character in text[start : start + EXCERPT])
    lead = "…" if start else ""
    trail = "…" if start + EXCERPT < len(text) else ""
    before = islice(lead + piece, at - start + len(lead))
    blanks = "".join("\u3000" if _is_wide(character) else " " for character in before)
    return f"{lead}{piece}{trail}", f"{blanks}^"


def _visible(character: str) -> str:
    """The character itself, or a sign for what would not be seen or would disturb the line."""
    if character in "\t\u00a0\u3000":
        return "␣"
    return "\ufffd" if unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp") else character


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"
