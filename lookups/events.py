"""The server-sent events of a running report: rendered sections, as the worker finishes them.

An open page may come late, come back with Last-Event-ID, or lose Redis: it is told everything that
is known, from the stream where there is one and else from the row.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

import kombu.exceptions
import redis
from asgiref.sync import sync_to_async
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.views.decorators.http import require_safe

from . import outage, sse, stream, tasks
from .engine.report import TOPICS
from .models import Report
from .presentation import ReportView, SectionView, query_views, section_view, section_views
from .sharing.access import find_report, seal
from .views import report_view

RETRY_MS = 1000  # how soon a browser comes back after a lost connection
PAUSE_SECONDS = 1.0  # between two looks at the row while Redis or the database is away
_EVENT_ID = re.compile(r"\d{1,20}-\d{1,20}")

Chunk = str


@require_safe
async def events(request: HttpRequest, token: str) -> HttpResponse:
    """The stream of one report. `compact` names the one topic that an article shows of it."""
    found = await sync_to_async(find_report)(request, token)
    if isinstance(found, HttpResponse):
        return found
    given = request.headers.get("Last-Event-ID", "")
    teller = _PageTeller(
        report=found,
        view=await outage.look(lambda: report_view(request, found)),
        language=translation.get_language() or "en",
        compact=request.GET.get("compact", "")[:20],
        last=given if _EVENT_ID.fullmatch(given) else "0",
    )
    return seal(sse.response(teller.chunks()), found)


@dataclass
class Teller:
    """Tells one open connection about one report until it is done."""

    report: Report
    language: str
    last: str  # the id of the last event that was told

    async def chunks(self) -> AsyncIterator[Chunk]:
        yield f"retry: {RETRY_MS}\n\n"
        connection = stream.async_client()
        try:
            while not self.report.is_finished:
                news = await self._news(connection)
                if any(event.event == "done" for event in news) or not news:
                    await self._look()
                else:
                    for chunk in filter(None, self._tell(news)):
                        yield chunk
                if not news and not self.report.is_finished:
                    yield ": still here\n\n"
                    await sync_to_async(self._revive)()
            for chunk in filter(None, self._all()):
                yield chunk
        except Report.DoesNotExist:
            yield self._gone()
        finally:
            await connection.aclose()

    async def _news(self, connection: Any) -> list[stream.Event]:
        """What is new in the stream; nothing, after a pause, while Redis is away."""
        try:
            return await stream.read(connection, self.report.id, self.last)
        except (redis.RedisError, OSError):
            await asyncio.sleep(PAUSE_SECONDS)
            return []

    async def _look(self) -> None:
        """Reads the row anew, unless the database is away: then, after a pause, it is as it was."""
        try:
            await outage.look(self.report.refresh_from_db)
        except DatabaseError as error:
            if not outage.is_database_away(error):
                raise
            await asyncio.sleep(PAUSE_SECONDS)

    def _revive(self) -> None:
        try:
            tasks.revive(self.report)
        except (redis.RedisError, kombu.exceptions.OperationalError):
            pass  # the next look at the row tries again

    def _tell(self, news: list[stream.Event]) -> list[Chunk]:
        """What `news` are to who listens; sets `last`."""
        raise NotImplementedError

    def _all(self) -> list[Chunk]:
        """Everything from the finished row that was not told yet, and that there is no more."""
        raise NotImplementedError

    def _gone(self) -> Chunk:
        """The report was deleted while it was being watched."""
        return sse.event("done", "", self.last)


@dataclass
class _PageTeller(Teller):
    """Tells an open page, which is given what it is to show in HTML."""

    view: ReportView
    compact: str
    told: dict[str, str] = field(default_factory=dict)  # the HTML of each event, as last sent

    def _tell(self, news: list[stream.Event]) -> list[Chunk]:
        """Only the newest of each kind: a page that comes late needs no replay."""
        self.last = news[-1].id
        newest = {event.event: event.data for event in news}
        first = self.view.state == "waiting"
        arrived = self._remember(newest)
        chunks = [self._section(section) for section in arrived.values() if self._shows(section)]
        if self.compact:
            return chunks
        if "queries" in newest:
            chunks.append(self._render("queries", "lookups/_queries.html"))
        chunks.append(self._render("overview", "lookups/_overview.html"))
        if first:
            chunks.append(self._render("summary", "lookups/_summary.html"))
        return chunks

    def _remember(self, newest: dict[str, Any]) -> dict[str, SectionView]:
        """The sections that arrived; the head of the page shows how each topic stands by now."""
        arrived = {
            data["topic"]: section_view(data, self.language)
            for event, data in newest.items()
            if event.startswith("section-")
        }
        sections = tuple(arrived.get(s.topic, s) for s in self.view.sections)
        self.view = replace(self.view, state="running", sections=sections)
        if queries := newest.get("queries"):
            self.view = replace(self.view, queries=query_views(queries))
        return arrived

    def _all(self) -> list[Chunk]:
        self.view = replace(
            self.view,
            state=self.report.state,
            status=self.report.status,
            failure=self.report.failure,
            finished=self.report.finished,
            queries=query_views(self.report.queries),
            sections=section_views(self.report.sections, TOPICS, self.language, ended=True),
        )
        kept = [s for s in self.view.sections if s.topic in self.report.sections and self._shows(s)]
        chunks = [self._section(section) for section in kept]
        if not self.compact:
            chunks.append(self._render("queries", "lookups/_queries.html"))
            chunks.append(self._render("overview", "lookups/_overview.html"))
            chunks.append(self._render("summary", "lookups/_summary.html"))
        return [*chunks, sse.event("done", "", self.last)]

    def _shows(self, section: SectionView) -> bool:
        return self.compact in ("", section.topic)

    def _section(self, section: SectionView) -> Chunk:
        template = "lookups/_section_compact.html" if self.compact else "lookups/_section.html"
        return self._render(f"section-{section.topic}", template, section=section)

    def _render(self, event: str, template: str, **context: Any) -> Chunk:
        """The event; nothing where the page shows the very same already."""
        with translation.override(self.language):
            html = render_to_string(template, {"view": self.view, **context})
        if self.told.get(event) == html:
            return ""
        self.told[event] = html
        return sse.event(event, html, self.last)
