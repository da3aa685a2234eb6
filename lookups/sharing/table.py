"""CSV that spreadsheets open right: UTF-8 with a mark that says so, and no formula in any cell."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from django.utils import translation
from django.utils.translation import gettext as _

from lookups.sharing.document import Document, Part

# What a spreadsheet may take for the beginning of a formula, also in full width (Japanese input).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
MARK = "\ufeff"


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """The file. A cell that could be a formula begins with an apostrophe instead."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    for row in rows:
        writer.writerow([cell(value) for value in row])
    return MARK + buffer.getvalue()


def cell(value: object) -> str:
    """Numbers are written by ourselves and stay what they are."""
    if isinstance(value, int):
        return str(value)
    text = "" if value is None else str(value)
    return "'" + text if text.lstrip(" \u3000").startswith(_FORMULA) else text


def findings_csv(document: Document) -> str:
    """One row for each finding, in the language of the document."""
    with translation.override(document.language):
        head = [_("Topic"), _("Verdict"), "ID", _("Finding"), _("Meaning"), _("Remedy")]
        rows = [row for part in document.parts for row in _rows(part)]
        return csv_text([[*head, _("Evidence")], *rows])


def _rows(part: Part) -> list[list[str]]:
    return [
        [
            part.title,
            item.verdict,
            item.id,
            item.title,
            item.meaning,
            item.remedy,
            "; ".join(item.evidence),
        ]
        for item in part.items
    ]
