"""The events of a report for programs: its sections in JSON, as the worker finishes them."""

from __future__ import annotations

import json
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from lookups import output, sse, stream
from lookups.broadcast import DONE, Chunk
from lookups.engine.report import TOPICS
from lookups.events import Teller
from lookups.presentation import SectionView, section_view, section_views


@dataclass
class JsonTeller(Teller):
    """Tells a program about some topics of a report; nothing twice on one connection."""

    topics: tuple[str, ...] = TOPICS
    told: dict[str, str] = field(default_factory=dict)

    @property
    def audience(self) -> tuple[Hashable, ...]:
        return (*super().audience, self.topics)

    def _tell(self, news: list[stream.Event]) -> list[Chunk | None]:
        chunks = []
        for event in news:
            self.last = event.id
            if event.event.startswith("section-") and event.data["topic"] in self.topics:
                chunks.append(self._section(section_view(event.data, self.language)))
        return chunks

    def _all(self) -> list[Chunk | None]:
        sections = section_views(self.report.sections, TOPICS, self.language, ended=True)
        chunks = [self._section(section) for section in sections if section.topic in self.topics]
        end = {
            "state": self.report.state,
            "status": self.report.status,
            "score": self.report.score,
        }
        return [*chunks, self._event(DONE, DONE, end)]

    def _end(self) -> Chunk:
        return self._event(DONE, DONE, {"state": "deleted", "status": "", "score": None})

    def _section(self, section: SectionView) -> Chunk | None:
        """None where the very same was told already."""
        data = output.section_json(section)
        told = json.dumps(data)
        if self.told.get(section.topic) == told:
            return None
        self.told[section.topic] = told
        return self._event(f"section {section.topic}", "section", data)

    def _event(self, kind: str, name: str, data: Any) -> Chunk:
        """In ASCII: names in records may hold what some take for the end of a line."""
        return Chunk(kind, self.last, sse.event(name, json.dumps(data), self.last))
