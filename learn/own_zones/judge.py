"""Whether an exercise is solved: the engine checks the learner's zone, and its findings decide."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from asgiref.sync import async_to_sync

from lookups import catalog
from lookups.engine.names import Domain
from lookups.engine.report import finished
from lookups.engine.transport import Transport
from lookups.presentation import FindingView, finding_view
from lookups.runtime import context_for, resolver_settings

from .exercises import Exercise, Kept
from .models import OwnZone
from .text import Record

DEADLINE_SECONDS = 6.0


@dataclass(frozen=True, slots=True)
class Missing:
    """A finding that should be there: its id and what it is called."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What still stands in the way. `wrong`: findings that must go; `missing`: those that must
    come; `lost`: records that must not have been removed. `unsure`: the check did not come to its
    end."""

    wrong: tuple[FindingView, ...] = ()
    missing: tuple[Missing, ...] = ()
    lost: tuple[Kept, ...] = ()
    unsure: bool = False

    @property
    def solved(self) -> bool:
        return not (self.wrong or self.missing or self.lost or self.unsure)


def judge(zone: OwnZone, exercise: Exercise, records: Iterable[Record], language: str) -> Judgement:
    """Checks the zone as it is served at this moment, which takes up to DEADLINE_SECONDS."""
    sections = async_to_sync(_check)(zone.domain, exercise)
    findings = [found for section in sections.values() for found in section["findings"]]
    views = [view for found in findings if (view := finding_view(found, language))]
    ids = {view.id for view in views}
    wanted = [one for one in exercise.there if not ids.intersection(one)]
    failed = any(section["failed"] for section in sections.values())
    return Judgement(
        wrong=tuple(v for v in views if v.id in exercise.gone or v.severity == "error"),
        missing=tuple(_missing(one[0], language) for one in wanted),
        lost=tuple(_lost(exercise.keep, records, zone.addresses)),
        unsure=failed or set(sections) != set(exercise.topics),
    )


def _missing(id: str, language: str) -> Missing:
    return Missing(id, catalog.entry(id).texts_in(language).name)


def _lost(
    keep: Iterable[Kept], records: Iterable[Record], addresses: Mapping[str, str]
) -> Iterable[Kept]:
    records = list(records)
    for kept in keep:
        wanted = replace(kept, has=kept.has.format_map(addresses))
        if not any(_is(record, wanted) for record in records):
            yield wanted


def _is(record: Record, kept: Kept) -> bool:
    data = record.data
    if record.type == "TXT":
        data = b"".join(record.rdata.strings).decode("latin-1")
    return record.type == kept.type and kept.name in ("*", record.name) and kept.has in data


async def _check(domain: str, exercise: Exercise) -> dict[str, Any]:
    """Topic -> the last section of it."""
    transport = Transport()
    settings = replace(resolver_settings(), report_timeout=DEADLINE_SECONDS)
    context = context_for(Domain(domain, domain), transport, settings, exercise.selectors)
    try:
        found = await finished(context, exercise.topics)
    finally:
        transport.close()
    return {topic: section.as_json() for topic, section in found.items()}
