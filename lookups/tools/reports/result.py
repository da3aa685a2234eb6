"""Everything that was read of the files, and its faces."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from lookups.engine.reports import Reading

from . import words
from .aggregate_view import AggregateView
from .export import aggregate_csv, tls_csv
from .names import Names
from .tls_view import FailureView, TlsView

MAX_LINKED_ROWS = 3_000  # of a file that stands in a link: browsers take about two megabytes
MAX_FAILURES_SHOWN = 50


@dataclass(frozen=True, slots=True)
class KeptNow:
    """What became of reports that were to be kept."""

    new: int
    known: int
    refused: int


@dataclass(frozen=True, slots=True)
class Download:
    """A file in the address of a link, so that nothing has to be stored for it."""

    name: str
    address: str


@dataclass(slots=True)
class ReportsResult:
    reading: Reading
    names: Names = field(default_factory=dict)
    kept: KeptNow | None = None
    aggregate: AggregateView | None = None
    tls: TlsView | None = None
    failures: list[FailureView] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.reading.aggregates:
            self.aggregate = AggregateView(self.reading.aggregates, self.names)
        if self.reading.tls:
            self.tls = TlsView(self.reading.tls)
        self.failures = [FailureView(report) for report in self.reading.failures]

    @property
    def failed(self) -> list[tuple[str, str]]:
        """The files that could not be read, with the reason in words."""
        return [(one.file or "?", words.refusal(one.code)) for one in self.reading.failed]

    @property
    def duplicates(self) -> list[str]:
        return self.reading.duplicates[:20]

    @property
    def shown_failures(self) -> list[FailureView]:
        return self.failures[:MAX_FAILURES_SHOWN]

    @property
    def headers_tool(self) -> Any:
        """The analyser of mail headers, where there is one."""
        from lookups.tools import registry  # which knows this tool as well

        return registry.tool("headers")

    @property
    def downloads(self) -> list[Download]:
        """CSV and JSON, unless there is too much for a link."""
        rows = len(self.aggregate.sources) if self.aggregate else 0
        rows += len(self.tls.failures) if self.tls else 0
        if rows + 10 * len(self.failures) > MAX_LINKED_ROWS:
            return []
        text = json.dumps(self.as_json(), ensure_ascii=False, indent=1)
        files = [("reports.json", "application/json", text)]
        if self.aggregate:
            files.insert(0, ("dmarc-sources.csv", "text/csv", aggregate_csv(self.aggregate)))
        if self.tls:
            files.insert(0, ("tls-failures.csv", "text/csv", tls_csv(self.tls)))
        return [
            Download(name, f"data:{type};charset=utf-8;base64,{_base64(content)}")
            for name, type, content in files
        ]

    def as_json(self) -> dict[str, Any]:
        """One kind of report at the top; several kinds as "parts" of a whole."""
        parts: list[dict[str, Any]] = []
        if self.aggregate:
            parts.append(self.aggregate.as_json())
        if self.tls:
            parts.append(self.tls.as_json())
        if self.failures:
            heads = [one.report.head() for one in self.failures]
            parts.append({"kind": "failure", "reports": heads})
        whole = parts[0] if len(parts) == 1 else {"kind": "several", "parts": parts}
        failed = [
            {"file": one.file, "code": one.code, "reason": words.refusal(one.code)}
            for one in self.reading.failed
        ]
        return whole | {"duplicates": self.reading.duplicates, "failed": failed}

    def lines(self) -> Iterator[str]:
        views: list[AggregateView | TlsView | FailureView] = []
        views += [self.aggregate] if self.aggregate else []
        views += [self.tls] if self.tls else []
        views += self.failures
        for number, view in enumerate(views):
            if number:
                yield ""
            yield from view.lines()
        for file in self.reading.duplicates:
            yield ""
            yield _("%(file)s holds a report that was read already; it counts once.") % {
                "file": file
            }


def _base64(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "replace")).decode("ascii")
