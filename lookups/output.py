"""The JSON of a report, a stable face: programs rely on its names (docs/contracts.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .engine.report import TOPICS
from .models import Report
from .presentation import FindingView, SectionView, section_views
from .score import score

SCHEMA = 1


def of_report(report: Report, language: str) -> dict[str, Any]:
    """A stored report, finished or not."""
    return as_json(
        domain=report.domain,
        started=report.started.isoformat() if report.started else None,
        finished=report.finished.isoformat() if report.finished else None,
        sections=section_views(report.sections, TOPICS, language, ended=report.is_finished),
        queries=report.queries,
        total=score(report.sections).total if report.is_finished else None,
    )


def as_json(
    domain: str,
    started: str | None,
    finished: str | None,
    sections: tuple[SectionView, ...],
    queries: list[Mapping[str, Any]],
    total: int | None,
) -> dict[str, Any]:
    """Times are ISO 8601 in UTC, or null where not reached yet; so is `total`, the score."""
    return {
        "schema": SCHEMA,
        "domain": domain,
        "started": started,
        "finished": finished,
        "sections": [section_json(section) for section in sections],
        "score": total,
        "queries": queries,
    }


def section_json(section: SectionView) -> dict[str, Any]:
    """One topic."""
    return {
        "topic": section.topic,
        "status": section.status,
        "records": section.records,
        "findings": [_finding(finding) for finding in section.findings],
    }


def _finding(finding: FindingView) -> dict[str, Any]:
    return {
        "id": finding.id,
        "severity": finding.severity,
        "parameters": finding.parameters,
        "evidence": finding.evidence,
        "title": finding.title,
        "explanation": " ".join(filter(None, [finding.meaning, finding.why])),
        "remedy": finding.remedy,
        "article": finding.article,
    }
