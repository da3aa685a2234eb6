"""Outcomes as files: a CSV that spreadsheets open, and JSON. Sent row by row, whatever its size."""

from __future__ import annotations

import csv
import json
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import StreamingHttpResponse

from .models import Bulk, BulkItem
from .summary import COLUMNS, FEATURES

SCHEMA = 1
BATCH = 500
HEAD = ("domain", "unicode", "country", "industry", "state", "verdict", "score", *COLUMNS,
        "errors", "warnings", "failure", "checked")  # fmt: skip


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


_row: Callable[[Iterable[Any]], str] = csv.writer(_Echo()).writerow  # type: ignore[assignment]


def harmless(cell: Any) -> Any:
    """A cell that no spreadsheet takes for a formula."""
    if isinstance(cell, str) and cell[:1] in tuple("=+-@\t\r\n"):
        return "'" + cell
    return cell


def line(cells: Iterable[Any]) -> str:
    return _row([harmless(cell) for cell in cells])


def as_json(item: BulkItem) -> dict[str, Any]:
    """One domain. Words are those of lookups.bulk.summary; null where it is not done."""
    summary = item.summary
    return {
        "domain": item.domain,
        "unicode": item.unicode,
        "country": item.country,
        "industry": item.industry,
        "state": item.state,
        "verdict": item.status or None,
        "score": item.score,
        **{column: summary.get(column) for column in COLUMNS},
        "errors": summary.get("errors", []),
        "warnings": summary.get("warnings", []),
        "failure": item.failure or None,
        "checked": item.finished.isoformat() if item.finished else None,
    }


def _cells(item: BulkItem) -> list[Any]:
    known = as_json(item)
    known["errors"], known["warnings"] = " ".join(known["errors"]), " ".join(known["warnings"])
    return ["" if known[name] is None else known[name] for name in HEAD]


async def csv_lines(items: QuerySet[BulkItem]) -> AsyncIterator[str]:
    """With a byte order mark: without it, spreadsheets take UTF-8 for something else."""
    yield "\ufeff" + line(HEAD)
    async for item in items.aiterator(chunk_size=BATCH):
        yield line(_cells(item))


async def json_lines(bulk: Bulk, items: QuerySet[BulkItem]) -> AsyncIterator[str]:
    head = {
        "schema": SCHEMA,
        "name": bulk.name,
        "state": bulk.state,
        "created": bulk.created.isoformat(),
        "finished": bulk.finished.isoformat() if bulk.finished else None,
    }
    yield json.dumps(head, ensure_ascii=False)[:-1] + ', "domains": ['
    between = "\n"
    async for item in items.aiterator(chunk_size=BATCH):
        yield between + json.dumps(as_json(item), ensure_ascii=False)
        between = ",\n"
    yield "\n]}\n"


def download(chunks: AsyncIterator[str], kind: str, name: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(chunks, content_type=f"{kind}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


def figures_csv(figures: dict[str, Any]) -> str:
    """The figures as a table of three columns: what, which of it, how many domains."""
    rows: list[tuple[Any, ...]] = [("figure", "value", "domains"), ("total", "", figures["total"])]
    for id in FEATURES:
        counted = figures["features"][id]
        rows += [(id, "has", counted["has"]), (id, "lacks", counted["lacks"])]
    for column, words in figures["words"].items():
        rows += [(f"{column} state", word, count) for word, count in words.items()]
    rows += [("verdict", verdict, count) for verdict, count in figures["verdicts"].items()]
    rows += [
        ("score", f"{10 * band} to {10 * band + 9 + (band == 9)}", count)
        for band, count in enumerate(figures["scores"])
    ]
    rows += [("finding", id, count) for id, count in figures["problems"]]
    for kind, groups in (("country", figures["countries"]), ("industry", figures["industries"])):
        for group in groups:
            name = group["name"] or f"({group['kind']})"
            rows.append((f"{kind}: {name}", "total", group["total"]))
            rows += [(f"{kind}: {name}", id, group["has"][id]) for id in FEATURES]
    return "\ufeff" + "".join(map(line, rows))


def exported(user: Any) -> list[dict[str, Any]]:
    """A person's bulk checks, for the copy of their data."""
    return [
        {
            "name": bulk.name,
            "state": bulk.state,
            "created": bulk.created,
            "published": _public_url(bulk),
            "domains": [as_json(item) for item in bulk.items.order_by("position")],
        }
        for bulk in Bulk.objects.filter(owner=user).order_by("created", "id")
    ]


def _public_url(bulk: Bulk) -> str | None:
    return settings.PUBLIC_URL + bulk.public_path if bulk.public_token else None
