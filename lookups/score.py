"""The score of a report, and what to mend first. Its rule stands on the page /score/.

Each topic has points. Where something in it is in order they are earned; each kind of error and
warning takes a part of them. Topics that do not apply to the domain are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lookups import catalog
from lookups.engine.finding import Severity

# What a topic is worth. Receiving mail and not being forged weigh most; what few domains have yet
# weighs little, so that a small domain without it still scores well.
POINTS = {
    "mx": 20,
    "spf": 15,
    "dkim": 10,
    "dmarc": 20,
    "delegation": 10,
    "dnssec": 7,
    "mta-sts": 5,
    "dane": 3,
    "tls-rpt": 2,
    "bimi": 1,
    "smtp": 5,
    "reverse": 4,
    "blocklist": 4,
}
FIRST_ERROR, FURTHER_ERROR, WARNING = 0.5, 0.25, 0.2  # parts of a topic's points that are lost
MEND_FIRST = 3
# Topics about receiving mail: they do not apply to a domain that takes none.
RECEIVING = frozenset({"mx", "mta-sts", "dane", "tls-rpt", "smtp"})
# Topics about sending: a domain that sends nothing needs no key and no logo.
SENDING = frozenset({"dkim", "bimi"})


@dataclass(frozen=True, slots=True)
class TopicScore:
    """The points of one topic: earned, of how many; `applies` is False where it is left out."""

    topic: str
    earned: float
    points: int
    errors: int
    warnings: int
    applies: bool


@dataclass(frozen=True, slots=True)
class Score:
    """`total` is 0 to 100; None where no topic applies."""

    total: int | None
    topics: tuple[TopicScore, ...]


def score(sections: Mapping[str, Mapping[str, Any]]) -> Score:
    """The score of stored sections by topic (docs/contracts.md)."""
    left_out = _left_out(sections)
    topics = tuple(
        _topic(topic, points, sections[topic], topic not in left_out)
        for topic, points in POINTS.items()
        if topic in sections
    )
    possible = sum(topic.points for topic in topics if topic.applies)
    earned = sum(topic.earned for topic in topics if topic.applies)
    return Score(round(100 * earned / possible) if possible else None, topics)


def mend_first(sections: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, Mapping[str, Any]]]:
    """The most pressing findings with their topics: errors first, then by the topic's points.

    Each finding id once: who mends one of its kind sees the others beside it.
    """
    found: list[tuple[tuple[int, int], str, Mapping[str, Any]]] = []
    seen: set[str] = set()
    for topic, section in sections.items():
        for finding in section.get("findings") or ():
            severity = _severity(finding["id"])
            if severity in (Severity.ERROR, Severity.WARNING) and finding["id"] not in seen:
                seen.add(finding["id"])
                found.append(((-severity.rank, -POINTS.get(topic, 0)), topic, finding))
    found.sort(key=lambda item: item[0])
    return [(topic, finding) for _, topic, finding in found[:MEND_FIRST]]


def _left_out(sections: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Topics that are switched off, broke off through no fault of the domain, or do not apply."""
    out = {
        topic
        for topic, section in sections.items()
        if section.get("failed") or (section.get("records") or {}).get("off")
    }
    if _records(sections, "mx").get("kind") == "null":
        out |= RECEIVING
        if _sends_nothing(sections):
            out |= SENDING
    return out


def _sends_nothing(sections: Mapping[str, Mapping[str, Any]]) -> bool:
    """SPF says so with `v=spf1 -all` alone."""
    findings = (sections.get("spf") or {}).get("findings") or ()
    return any(finding["id"] == "spf-no-mail" for finding in findings)


def _records(sections: Mapping[str, Mapping[str, Any]], topic: str) -> Mapping[str, Any]:
    return (sections.get(topic) or {}).get("records") or {}


def _topic(topic: str, points: int, section: Mapping[str, Any], applies: bool) -> TopicScore:
    severities = {f["id"]: _severity(f["id"]) for f in section.get("findings") or ()}
    kinds: Sequence[Severity | None] = list(severities.values())
    errors, warnings = kinds.count(Severity.ERROR), kinds.count(Severity.WARNING)
    earned = 0.0
    if Severity.GOOD in kinds:
        lost = WARNING * warnings
        if errors:
            lost += FIRST_ERROR + FURTHER_ERROR * (errors - 1)
        earned = points * max(0.0, 1 - lost)
    return TopicScore(topic, earned, points, errors, warnings, applies)


def _severity(id: str) -> Severity | None:
    """None for a finding that an older version of the site knew."""
    try:
        return catalog.entry(id).severity
    except KeyError:
        return None
