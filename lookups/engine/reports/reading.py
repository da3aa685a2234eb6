"""Several files read at once: the good ones count, the others are named with their reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from . import aggregate, containers, failure, tls
from .aggregate import Aggregate
from .errors import Budget, ReportError
from .failure import FailureReport
from .text import tidy
from .tls import TlsReport

Report = Aggregate | TlsReport | FailureReport
MAX_FAILED = 100  # that are named


@dataclass(frozen=True, slots=True)
class Failed:
    """A file, or something in it, that could not be read; `code` is one of errors.CODES."""

    file: str
    code: str


@dataclass(slots=True)
class Reading:
    """All reports, each once. `duplicates` names the files that held one of them again."""

    aggregates: list[Aggregate] = field(default_factory=list)
    tls: list[TlsReport] = field(default_factory=list)
    failures: list[FailureReport] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    _known: set[tuple[str, str, str]] = field(default_factory=set)

    @property
    def reports(self) -> list[Report]:
        return [*self.aggregates, *self.tls, *self.failures]

    def add(self, report: Report, file: str = "") -> None:
        """Takes a report, unless it is there: the same organisation and number."""
        if report.key[2].strip() and report.key in self._known:
            self.duplicates.append(file)
            return
        self._known.add(report.key)
        if isinstance(report, Aggregate):
            self.aggregates.append(report)
        elif isinstance(report, TlsReport):
            self.tls.append(report)
        else:
            self.failures.append(report)

    def fail(self, file: str, error: ReportError) -> None:
        if len(self.failed) < MAX_FAILED:
            self.failed.append(Failed(file, error.code))


def read_files(files: Iterable[tuple[str, bytes]], budget: Budget | None = None) -> Reading:
    """Reads what is in `files`: names, which are only shown, and octets. Never raises."""
    budget = budget or Budget()
    reading = Reading()
    for name, data in files:
        _read_file(reading, tidy(name), data, budget)
    return reading


def _read_file(reading: Reading, name: str, data: bytes, budget: Budget) -> None:
    try:
        for packed in containers.unpack(data, budget):
            inner = tidy(packed.name)
            label = f"{name}: {inner}" if inner and inner != name else name
            try:
                reading.add(parse(packed, budget), label)
            except ReportError as error:
                reading.fail(label, error)
    except ReportError as error:
        reading.fail(name, error)


def parse(packed: containers.Packed, budget: Budget | None = None) -> Report:
    """The report in an unpacked document. Raises ReportError."""
    if packed.kind == "xml":
        return aggregate.parse(packed.data, budget)
    if packed.kind == "json":
        return tls.parse(packed.data, budget)
    return failure.parse(packed.data, packed.original, budget)
