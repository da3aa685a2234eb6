"""The difference between two reports as pages show it: by topic, in the reader's words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lookups import catalog
from lookups.engine.difference import FindingRef, RecordChange, difference, is_comparable
from lookups.engine.report import TOPICS
from lookups.presentation import FindingView, finding_view
from lookups.watching.marks import Piece, marked


@dataclass(frozen=True, slots=True)
class RecordView:
    """A record that came, went or changed; of one that changed, the pieces that did are marked."""

    kind: str
    name: str
    type: str
    before: tuple[Piece, ...]
    after: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class TopicView:
    """What changed in one topic. `before` and `after` are its verdicts, empty where they agree."""

    topic: str
    title: str
    before: str
    after: str
    records: tuple[RecordView, ...]
    new: tuple[FindingView, ...]
    gone: tuple[FindingView, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """`left_out` are the titles of topics that one of the reports does not know to the end."""

    topics: tuple[TopicView, ...]
    left_out: tuple[str, ...]


def comparison(before: Mapping[str, Any], after: Mapping[str, Any], language: str) -> Comparison:
    """What changed between the stored sections of two reports, the earlier one first."""
    found = difference(before, after)
    verdicts = {topic: (old, new) for topic, old, new in found.verdicts}
    views = []
    for topic in TOPICS:
        old, new = verdicts.get(topic, ("", ""))
        view = TopicView(
            topic=topic,
            title=catalog.topic_title(topic, language),
            before=old,
            after=new,
            records=tuple(record_view(change) for change in found.records if change.topic == topic),
            new=finding_views(found.new, topic, language),
            gone=finding_views(found.gone, topic, language),
        )
        if view.before or view.records or view.new or view.gone:
            views.append(view)
    return Comparison(tuple(views), _left_out(before, after, language))


def record_view(change: RecordChange) -> RecordView:
    if change.kind == "changed":
        before, after = marked(change.before, change.after)
    else:
        before, after = [(change.before, False)], [(change.after, False)]
    return RecordView(change.kind, change.name, change.type, tuple(before), tuple(after))


def finding_views(refs: Iterable[FindingRef], topic: str, language: str) -> tuple[FindingView, ...]:
    """In words, the worst first; without those that this version does not know."""
    views = (
        finding_view({"id": ref.id, "parameters": ref.parameters}, language)
        for ref in refs
        if ref.topic == topic
    )
    known = [view for view in views if view]
    return tuple(sorted(known, key=lambda view: -catalog.Severity(view.severity).rank))


def _left_out(
    before: Mapping[str, Any], after: Mapping[str, Any], language: str
) -> tuple[str, ...]:
    """Topics that were checked, but not to the end in both; those switched off are not missed."""
    return tuple(
        catalog.topic_title(topic, language)
        for topic in TOPICS
        if topic in before
        and topic in after
        and not is_comparable(before, after, topic)
        and not (_is_off(before[topic]) or _is_off(after[topic]))
    )


def _is_off(section: Any) -> bool:
    records = section.get("records") if isinstance(section, Mapping) else None
    return isinstance(records, Mapping) and bool(records.get("off"))
