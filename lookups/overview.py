"""The head of a report: how each topic stands, the score, and what to mend first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .presentation import FindingView, SectionView
from .score import Score, mend_first, score


@dataclass(frozen=True, slots=True)
class Mend:
    """One thing to mend: its finding, its topic's title, and records that are ready for it."""

    finding: FindingView
    topic: str
    title: str
    ready: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Overview:
    """`score` is None until everything is known."""

    topics: tuple[SectionView, ...]
    score: Score | None
    mend: tuple[Mend, ...]


def overview(sections: tuple[SectionView, ...], live: bool) -> Overview:
    """What can be said of `sections` so far; `live` tells that more is to come."""
    if live:
        return Overview(sections, None, ())
    raw = {section.topic: _raw(section) for section in sections}
    return Overview(sections, score(raw), tuple(_mend(sections, raw)))


def _raw(section: SectionView) -> dict[str, Any]:
    return {
        "findings": [{"id": finding.id} for finding in section.findings],
        "records": section.records,
        "failed": section.failed,
    }


def _mend(sections: tuple[SectionView, ...], raw: Mapping[str, Any]) -> list[Mend]:
    """Records that are ready stand beside the first finding of their topic."""
    by_topic = {section.topic: section for section in sections}
    shown: set[str] = set()
    found = []
    for topic, chosen in mend_first(raw):
        section = by_topic[topic]
        finding = next(f for f in section.findings if f.id == chosen["id"])
        ready = () if topic in shown else tuple(section.records.get("ready") or ())
        shown.add(topic)
        found.append(Mend(finding, topic, section.title, ready))
    return found
