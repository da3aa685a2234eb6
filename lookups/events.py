"""The server-sent events of a running report: rendered sections, as the worker finishes them.

An open page may come late, come back with Last-Event-ID, or lose Redis: it is told everything that
is known, from the stream where there is one and else from the row.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import kombu.exceptions
import redis
from asgiref.sync import sync_to_async
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.views.decorators.http import require_safe

from . import outage, sse, stream, tasks
from .broadcast import DONE, Chunk, Say, broadcast
from .engine.report import TOPICS
from .following import Followed, reader
from .limits import streams
from .models import Report
from .presentation import ReportView, SectionView, query_views, section_view, section_views
from .report_page import neutral_view
from .sharing.access import PROGRESS, find_report, seal

_EVENT_ID = re.compile(r"\d{1,20}-\d{1,20}")
# What is told to many is rendered by few: a process has one processor for it.
_threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="telling")

T = TypeVar("T")
PAUSE_SECONDS = 1.0  # between two looks at the row while the database is away
logger = logging.getLogger(__name__)


@require_safe
async def events(request: HttpRequest, token: str) -> HttpResponse:
    """The stream of one report. `compact` names the one topic that an article shows of it."""
    found = await sync_to_async(find_report)(request, token, light=True)
    if isinstance(found, HttpResponse):
        return found
    topic = request.GET.get("compact", "")
    teller = _PageTeller(
        report=found,
        language=translation.get_language() or "en",
        compact=topic if topic in ("", *TOPICS) else "none",
    )
    return seal(await streams.response(request, listen(teller, request)), found)


def listen(teller: Teller, request: HttpRequest) -> AsyncIterator[str]:
    """What `teller` tells, together with all who are told the same, from where the page was."""
    given = request.headers.get("Last-Event-ID", "")
    report = teller.report
    telling = broadcast(
        (report.pk, report.finished, *teller.audience), teller.tell, is_final=report.is_finished
    )
    return telling.listen(given if _EVENT_ID.fullmatch(given) else "")


async def _in_thread(function: Callable[[], T]) -> T:
    """Calls what asks the database or renders, and keeps no connection that others may need."""
    return await outage.look(function, _threads)


@dataclass
class Teller:
    """Tells about one report until it is done."""

    report: Report
    language: str
    last: str = "0"  # the id of the last event that was heard of

    @property
    def audience(self) -> tuple[Hashable, ...]:
        """What those who are told the very same have in common."""
        return (type(self), self.language)

    async def tell(self, say: Say) -> None:
        try:
            while not await self._reached(self._begin):
                pass
            with reader().follow(self.report.pk) as followed:
                while not self.report.is_finished:
                    await self._go_on(followed, say)
            say(filter(None, await _in_thread(self._all)))
        except Report.DoesNotExist:
            say([self._end()])

    async def _go_on(self, followed: Followed, say: Say) -> None:
        news = await followed.news(self.last)
        if news:
            self.last = news[-1].id
        if news and all(event.event != DONE for event in news):
            say(filter(None, await _in_thread(lambda: self._tell(news))))
            return
        if await self._reached(self._look) and not news and not self.report.is_finished:
            await _in_thread(self._revive)

    async def _reached(self, look: Callable[[], None]) -> bool:
        """Whether the database could be asked; False, after a pause, while it is away."""
        try:
            await _in_thread(look)
        except DatabaseError as error:
            if not outage.is_database_away(error):
                raise
            logger.warning("the database is out of reach: %s", error)
            await asyncio.sleep(PAUSE_SECONDS)
            return False
        return True

    def _begin(self) -> None:
        """Reads what is known so far."""
        self._look()

    def _look(self) -> None:
        """Brings the row up to date."""
        self.report.refresh_from_db(fields=PROGRESS)

    def _revive(self) -> None:
        try:
            tasks.revive(self.report)
        except (redis.RedisError, kombu.exceptions.OperationalError):
            pass  # the next look at the row tries again

    def _tell(self, news: list[stream.Event]) -> list[Chunk | None]:
        """What `news` are to who listens."""
        raise NotImplementedError

    def _all(self) -> list[Chunk | None]:
        """Everything from the finished row that was not told yet, and that there is no more."""
        raise NotImplementedError

    def _end(self) -> Chunk:
        """There is no more: the report ended, or was deleted while it was being watched."""
        return Chunk(DONE, self.last, sse.event("done", "", self.last))


@dataclass
class _PageTeller(Teller):
    """Tells an open page, which is given what it is to show in HTML."""

    compact: str = ""
    view: ReportView = field(init=False)
    told: dict[str, str] = field(default_factory=dict)  # the HTML of each event, as last sent

    @property
    def audience(self) -> tuple[Hashable, ...]:
        return (*super().audience, self.compact)

    def _begin(self) -> None:
        super()._begin()
        self.view = neutral_view(self.report, self.language)

    def _tell(self, news: list[stream.Event]) -> list[Chunk | None]:
        """Only the newest of each kind: a page that comes late needs no replay."""
        newest = {event.event: event.data for event in news}
        first = self.view.state == "waiting"
        arrived = self._remember(newest)
        chunks = []
        for event in news:  # each under its own id, so that whoever comes back misses none
            self.last = event.id
            section = arrived.get(event.event)
            if section and self._shows(section):
                chunks.append(self._section(section))
        if self.compact:
            return chunks
        if "queries" in newest:
            chunks.append(self._render("queries", "lookups/_queries.html"))
        chunks.append(self._render("overview", "lookups/_overview.html"))
        if first:
            chunks.append(self._render("summary", "lookups/_summary.html"))
        return chunks

    def _remember(self, newest: dict[str, Any]) -> dict[str, SectionView]:
        """The sections that arrived, by event; the head of the page shows how each topic stands."""
        arrived = {
            event: section_view(data, self.language)
            for event, data in newest.items()
            if event.startswith("section-")
        }
        by_topic = {section.topic: section for section in arrived.values()}
        sections = tuple(by_topic.get(s.topic, s) for s in self.view.sections)
        self.view = replace(self.view, state="running", sections=sections)
        if queries := newest.get("queries"):
            self.view = replace(self.view, queries=query_views(queries))
        return arrived

    def _all(self) -> list[Chunk | None]:
        self.view = replace(
            self.view,
            state=self.report.state,
            status=self.report.status,
            failure=self.report.failure,
            finished=self.report.finished,
            queries=query_views(self.report.queries),
            sections=section_views(self.report.sections, TOPICS, self.language, ended=True),
        )
        if self.compact and self.report.failure == Report.Failure.OPTED_OUT:
            told = self._render(f"section-{self.compact}", "lookups/_opted_out.html")
            return [told, self._end()]
        kept = [s for s in self.view.sections if s.topic in self.report.sections and self._shows(s)]
        chunks = [self._section(section) for section in kept]
        if not self.compact:
            chunks.append(self._render("queries", "lookups/_queries.html"))
            chunks.append(self._render("overview", "lookups/_overview.html"))
            chunks.append(self._render("summary", "lookups/_summary.html"))
        return [*chunks, self._end()]

    def _shows(self, section: SectionView) -> bool:
        return self.compact in ("", section.topic)

    def _section(self, section: SectionView) -> Chunk | None:
        template = "lookups/_section_compact.html" if self.compact else "lookups/_section.html"
        return self._render(f"section-{section.topic}", template, section=section)

    def _render(self, event: str, template: str, **context: Any) -> Chunk | None:
        """The event; None where the page shows the very same already."""
        with translation.override(self.language):
            html = render_to_string(template, {"view": self.view, **context})
        if self.told.get(event) == html:
            return None
        self.told[event] = html
        return Chunk(event, self.last, sse.event(event, html, self.last))
