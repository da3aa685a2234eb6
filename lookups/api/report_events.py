"""The events of a report for programs: its sections in JSON, as the worker finishes them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from lookups import output, sse, stream
from lookups.engine.report import TOPICS
from lookups.events import Chunk, Teller
from lookups.presentation import SectionView, section_view, section_views


@dataclass
class JsonTeller(Teller):
    """Tells a program about some topics of a report; nothing twice on one connection."""

    topics: tuple[str, ...] = TOPICS
    told: dict[str, str] = field(default_factory=dict)

    def _tell(self, news: list[stream.Event]) -> list[Chunk]:
        self.last = news[-1].id
        newest = {event.event: event.data for event in news}
        return [
            self._section(section_view(data, self.language))
            for event, data in newest.items()
            if event.startswith("section-") and data["topic"] in self.topics
        ]

    def _all(self) -> list[Chunk]:
        sections = section_views(self.report.sections, TOPICS, self.language, ended=True)
        chunks = [self._section(section) for section in sections if section.topic in self.topics]
        end = {
            "state": self.report.state,
            "status": self.report.status,
            "score": self.report.score,
        }
        return [*chunks, self._event("done", end)]

    def _gone(self) -> Chunk:
        return self._event("done", {"state": "deleted", "status": "", "score": None})

    def _section(self, section: SectionView) -> Chunk:
        """Nothing where the very same was told already."""
        data = output.section_json(section)
        chunk = self._event("section", data)
        told = json.dumps(data)
        if self.told.get(section.topic) == told:
            return ""
        self.told[section.topic] = told
        return chunk

    def _event(self, name: str, data: Any) -> Chunk:
        """In ASCII: names in records may hold what some take for the end of a line."""
        return sse.event(name, json.dumps(data), self.last)
