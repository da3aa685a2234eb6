"""Tables to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any

from .aggregate_view import AggregateView
from .tls_view import TlsView

# Spreadsheets take a cell that begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
MARK = "\ufeff"  # by which they know UTF-8


def aggregate_csv(view: AggregateView) -> str:
    head = (
        "ip", "name", "confirmed", "messages", "header_from", "dmarc", "group", "spf_domain",
        "spf_result", "spf_aligned", "dkim", "disposition", "reasons",
    )  # fmt: skip
    rows = []
    for row in view.sources:
        told, spf = row.as_json(), row.spf or {}
        signatures = [
            f"{one['domain']} {one['selector']} {one['result']}"
            f"{' aligned' if one['aligned'] else ''}"
            for one in row.dkim
        ]
        rows.append(
            (
                told["ip"],
                told["name"] or "",
                told["confirmed"],
                told["messages"],
                told["header_from"],
                told["dmarc"],
                told["group"],
                spf.get("domain", ""),
                spf.get("result", ""),
                spf.get("aligned", ""),
                "; ".join(signatures),
                told["disposition"],
                "; ".join(one["type"] for one in told["reasons"]),
            )  # fmt: skip
        )
    return _table(head, rows)


def tls_csv(view: TlsView) -> str:
    head = ("type", "receiving_mx", "sessions", "senders", "receiving_ips", "reasons")
    rows = [
        (
            one.type, one.receiving_mx, one.sessions, " ".join(one.senders),
            " ".join(one.receiving_ips), "; ".join(one.reasons),
        )
        for one in view.failures
    ]  # fmt: skip
    return _table(head, rows)


def _table(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    buffer = io.StringIO()
    buffer.write(MARK)
    writer = csv.writer(buffer)
    writer.writerow(head)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return buffer.getvalue()


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return "'" + text if text.startswith(_FORMULA) else text
