"""What a generator makes: records, files, and what there is to know about them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from lookups.engine.records.publish import Publication
from lookups.tools.publish import PublicationView, lines_of


@dataclass(frozen=True, slots=True)
class Made:
    """Records to publish, each with the kind of its anatomy. `notes` are sentences for whoever
    publishes them, `more` what else the JSON tells."""

    # Whether a command fails where no DNS server answers: records are made without, too.
    needs_dns: ClassVar[bool] = False

    records: tuple[tuple[Publication, str], ...]
    notes: tuple[str, ...] = ()
    more: tuple[tuple[str, Any], ...] = ()

    @property
    def views(self) -> tuple[PublicationView, ...]:
        return tuple(PublicationView(record, kind) for record, kind in self.records)

    def as_json(self) -> dict[str, Any]:
        records = [record.as_json() for record, _ in self.records]
        return {"records": records, "notes": list(self.notes), **dict(self.more)}

    def lines(self) -> Iterator[str]:
        yield from lines_of([record for record, _ in self.records])
        for note in self.notes:
            yield f"; {note}"
