"""From stored sections to what templates, JSON and the command line show.

Findings are kept without sentences; here they get severity, words and links in the reader's
language. Whatever was stored, by whichever version of the site, presenting it does not fail.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lookups import catalog

REFRESH_SECONDS = 2
RUNNING = "running"
_SHAPE: dict[str, Any] = {"topic": "", "complete": False, "records": {}, "findings": []}


@dataclass(frozen=True, slots=True)
class Reference:
    """A section of an RFC and where to read it."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class FindingView:
    """One finding in the reader's words."""

    id: str
    severity: str
    title: str
    meaning: str
    why: str
    remedy: str
    rfc: tuple[Reference, ...]
    article: str
    evidence: tuple[Mapping[str, str], ...]
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SectionView:
    """One topic. `status` is the worst severity of its findings, "running" while incomplete.

    `failed` says why the check of it broke off; `template` shows its records.
    """

    topic: str
    title: str
    status: str
    complete: bool
    records: Mapping[str, Any]
    findings: tuple[FindingView, ...]
    failed: str = ""

    @property
    def template(self) -> str:
        return f"lookups/topics/{self.topic}.html"

    @property
    def is_waiting(self) -> bool:
        """Nothing is known yet, so that the place is held for what will come."""
        return not self.complete and not self.records

    @property
    def folds(self) -> bool:
        """In order, so that a phone may show one line of it. Where mail goes is always shown."""
        return self.status == "good" and self.topic != "mx"


@dataclass(frozen=True, slots=True)
class ReportView:
    """Everything the report's templates know of a report."""

    token: str
    domain: str
    unicode: str
    state: str
    status: str
    failure: str
    created: datetime
    finished: datetime | None
    age_seconds: int
    sections: tuple[SectionView, ...]
    queries: tuple[Mapping[str, Any], ...]
    permalink: str = ""
    image_url: str = ""
    name: str = ""
    note: str = ""
    shared: bool = False
    saved: bool = False
    savable: bool = False
    sharing: Any = None  # a `sharing.words.State`
    selectors: str = ""
    expires: datetime | None = None
    history_url: str = ""  # of the watched domain, for those who watch it
    changes_url: str = ""  # what changed since the report before
    refresh_seconds: int = field(default=REFRESH_SECONDS)

    @property
    def overview(self) -> Any:
        """How each topic stands, the score, and what to mend first."""
        from .overview import overview  # it builds on the views of this module

        return overview(self.sections, self.live)

    @property
    def live(self) -> bool:
        """Whether more is to come."""
        return self.state in ("waiting", "running")


def finding_view(finding: Mapping[str, Any], language: str) -> FindingView | None:
    """The finding in words; None for an id that this version does not know."""
    try:
        entry = catalog.entry(finding["id"])
    except KeyError:
        return None
    parameters = finding.get("parameters") or {}
    words = catalog.sentences(entry.id, parameters, language)
    return FindingView(
        id=entry.id,
        severity=entry.severity.value,
        title=words.title,
        meaning=words.meaning,
        why=words.why,
        remedy=words.remedy,
        rfc=tuple(Reference(label, catalog.rfc_link(label)) for label in entry.rfc),
        article=entry.article,
        evidence=tuple(finding.get("evidence") or ()),
        parameters=parameters,
    )


def section_view(section: Mapping[str, Any], language: str) -> SectionView:
    """A section with its findings in words, the worst first."""
    complete = bool(section.get("complete"))
    found = (finding_view(finding, language) for finding in section.get("findings") or ())
    findings = sorted((f for f in found if f), key=lambda f: -_rank(f.severity))
    return SectionView(
        topic=section["topic"],
        title=catalog.topic_title(section["topic"], language),
        status=_worst(f.severity for f in findings) if complete else RUNNING,
        complete=complete,
        records=section.get("records") or {},
        findings=tuple(findings),
        failed=section.get("failed") or "",
    )


def section_views(
    sections: Mapping[str, Any], topics: Sequence[str], language: str, ended: bool = False
) -> tuple[SectionView, ...]:
    """All topics in order; those not begun are there too, to hold their place.

    `ended`: nothing more will come, so that what is incomplete is shown as such, not as running.
    """
    return tuple(
        section_view(
            _SHAPE
            | {"topic": topic}
            | (sections.get(topic) or {})
            | ({"complete": True} if ended else {}),
            language,
        )
        for topic in topics
    )


def status_of(sections: Iterable[Mapping[str, Any]]) -> str:
    """The worst severity in stored sections: the verdict. "info" where nothing was found."""
    ids = [f["id"] for section in sections for f in section.get("findings") or ()]
    return _worst(catalog.entry(id).severity.value for id in ids)


def query_views(queries: Iterable[Mapping[str, Any]]) -> tuple[dict[str, Any], ...]:
    """Log entries in the order asked, each with the finding that explains its outcome."""
    known = set(catalog.ids())
    views = []
    for query in sorted(queries, key=lambda query: query["number"]):
        id = f"dns-{query['outcome']}"
        views.append({**query, "finding": id if id in known else ""})
    return tuple(views)


def _rank(severity: str) -> int:
    return catalog.Severity(severity).rank


def _worst(severities: Iterable[str]) -> str:
    return max(severities, key=_rank, default="info")
