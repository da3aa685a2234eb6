"""What a check says: findings without sentences, gathered in sections.

Sentences, severities and references belong to `lookups.catalog`; the engine only names what it
found, with the parameters that the sentences need and the questions that prove it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """How a finding weighs. Ordered by `rank`: the worst of a section is the section's status."""

    GOOD = "good"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """0 (good) to 3 (error)."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A question whose answer proves a finding: an absolute name in A-label form and a type."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found. `parameters` are JSON values and may hold hostile text from DNS."""

    id: str
    parameters: dict[str, Any] = field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """What one check knows of one topic. `complete` is False while more is still being asked.

    `failed` says why the check broke off: "deadline", "crowded" (a machine was to be spared) or
    "crash"; empty where it came to its end.
    """

    topic: str
    records: dict[str, Any]
    findings: tuple[Finding, ...] = ()
    complete: bool = True
    failed: str = ""

    def as_json(self) -> dict[str, Any]:
        """The shape kept on the report row and in the stream (no sentences, no severity)."""
        return {
            "topic": self.topic,
            "complete": self.complete,
            "failed": self.failed,
            "records": self.records,
            "findings": [
                {
                    "id": finding.id,
                    "parameters": finding.parameters,
                    "evidence": [{"name": e.name, "type": e.type} for e in finding.evidence],
                }
                for finding in self.findings
            ],
        }


# A section that is not complete yet, made only when it is going to be shown.
Partial = Callable[[], Section]
