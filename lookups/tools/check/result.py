"""What a check tells: a section of the report, what was rehearsed for it, or a record alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from lookups import output, text_report
from lookups.anatomy import AnatomyView
from lookups.cards import verdict
from lookups.engine.names import Domain
from lookups.engine.rehearsal import Rehearsal, Taken
from lookups.presentation import FindingView, SectionView, query_views, section_views

from .paste import Paste
from .running import Checked
from .topics import Topic
from .words import note_words


@dataclass(frozen=True, slots=True)
class Change:
    """How publishing would change one topic: findings are the same where their titles are."""

    before: SectionView
    after: SectionView

    @property
    def gone(self) -> tuple[FindingView, ...]:
        return _without(self.before.findings, self.after.findings)

    @property
    def new(self) -> tuple[FindingView, ...]:
        return _without(self.after.findings, self.before.findings)

    def as_json(self) -> dict[str, Any]:
        return {
            "topic": self.after.topic,
            "before": self.before.status,
            "after": self.after.status,
            "gone": [finding.id for finding in self.gone],
            "new": [finding.id for finding in self.new],
        }


@dataclass(frozen=True, slots=True)
class Staged:
    """A rehearsal in words. `changes` are none where all of it is published already."""

    rehearsal: Rehearsal
    changes: tuple[Change, ...]

    @property
    def taken(self) -> Sequence[Taken]:
        return self.rehearsal.taken

    @property
    def files(self) -> Sequence[tuple[str, str]]:
        """Addresses, and what they are taken to serve."""
        files = self.rehearsal.files.items()
        return [(url, body.decode("utf-8", "replace")) for url, body in files]

    @property
    def notes(self) -> list[str]:
        return [note_words(note) for note in self.rehearsal.notes]

    def as_json(self) -> dict[str, Any]:
        records = [
            {"name": t.name, "type": t.type, "values": list(t.values), "now": list(t.published)}
            for t in self.taken
        ]
        return {
            "records": records,
            "files": [{"url": url, "text": text} for url, text in self.files],
            "notes": self.notes,
            "changes": [change.as_json() for change in self.changes],
        }

    def lines(self) -> Iterator[str]:
        yield _("A rehearsal: as if this were published.")
        for taken in self.taken:
            for value in taken.values:
                yield f"  {taken.name} {taken.type} {value}"
        for url, text in self.files:
            yield f"  {url}"
            yield from (f"    {line}" for line in text.splitlines())
        for note in self.notes:
            yield f"  {note}"
        if self.rehearsal.is_published:
            yield "  " + _("All of it is published already.")
        for change in self.changes:
            before, after = verdict(change.before.status), verdict(change.after.status)
            yield f"  {change.after.title}: {before} → {after}"
            yield from ("  - " + finding.title for finding in change.gone)
            yield from ("  + " + finding.title for finding in change.new)


@dataclass(frozen=True, slots=True)
class SectionResult:
    """The section of one topic. `staged`: what it is as if were published."""

    topic: Topic
    domain: Domain
    selectors: str
    section: SectionView
    log: Sequence[Mapping[str, Any]]
    staged: Staged | None = None
    slips: tuple[str, ...] = ()
    left_out: int = 0

    @property
    def queries(self) -> tuple[dict[str, Any], ...]:
        return query_views(self.log)

    def as_json(self) -> dict[str, Any]:
        shape: dict[str, Any] = {
            "domain": self.domain.ascii,
            "section": output.section_json(self.section),
        }
        return shape | ({"as_if": self.staged.as_json()} if self.staged else {})

    def lines(self) -> Iterator[str]:
        if self.staged:
            yield from self.staged.lines()
            yield ""
        shown = text_report.render(self.domain, (self.section,), list(self.log), None)
        yield from shown.split("\n")


@dataclass(frozen=True, slots=True)
class TakenApart:
    """Records alone. `refusal` says why nothing was checked although there was a domain; `several`
    is the finding for too many of them."""

    topic: Topic
    views: tuple[AnatomyView, ...]
    paste: Paste
    refusal: str = ""
    several: FindingView | None = None

    @property
    def with_domain(self) -> str:
        """The query string of the same with the domain that the record came with, if any."""
        domain = self.paste.domain
        return urlencode({"domain": domain.ascii, "record": self.paste.text}) if domain else ""

    def as_json(self) -> dict[str, Any]:
        return {"records": [_anatomy_json(view) for view in self.views]}

    def lines(self) -> Iterator[str]:
        for view in self.views:
            yield str(view.record["value"])
            yield from (f"  {mark.column}: {mark.title}" for mark in view.marks)


def staged(checked: Checked, topics: Sequence[str], language: str) -> Staged | None:
    """The rehearsal in `checked`, if there is one; of several topics those that it changes."""
    if checked.rehearsal is None:
        return None
    if checked.before is None:
        return Staged(checked.rehearsal, ())
    before = section_views(checked.before, topics, language, ended=True)
    after = section_views(checked.sections, topics, language, ended=True)
    changes = [Change(old, new) for old, new in zip(before, after, strict=True)]
    if len(changes) > 1:
        changes = [change for change in changes if change.gone or change.new]
    return Staged(checked.rehearsal, tuple(changes))


def _without(
    findings: Sequence[FindingView], others: Sequence[FindingView]
) -> tuple[FindingView, ...]:
    known = {(finding.id, finding.title) for finding in others}
    return tuple(f for f in findings if (f.id, f.title) not in known)


def _anatomy_json(view: AnatomyView) -> dict[str, Any]:
    marks = [
        {"id": m.finding, "severity": m.severity, "line": m.line, "column": m.column}
        | {"title": m.title}
        for m in view.marks
    ]
    return {"kind": view.kind, "value": view.record["value"], "marks": marks}
