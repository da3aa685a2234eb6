"""One topic of a lesson's report, over the real sockets of the classroom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from learn.classroom import server as classroom
from lookups.engine.context import Context, Options
from lookups.engine.finding import Section
from lookups.engine.guard import GuardSettings
from lookups.engine.names import parse_domain
from lookups.engine.report import TOPICS, report
from lookups.engine.resolver import Resolver, ResolverSettings
from lookups.engine.transport import Server, Transport
from lookups.runtime import LESSON_ANCHOR, LESSON_BLOCKLISTS, LESSON_SELECTORS, LESSONS


def ids(section: Section) -> set[str]:
    return {finding.id for finding in section.findings}


def options(**changes: Any) -> Options:
    """What a report of a lesson examines; `changes` are fields of Options."""
    usual: dict[str, Any] = {
        "lesson": True,
        "smtp": True,
        "trust_anchors": {LESSONS: LESSON_ANCHOR},
        "blocklists": LESSON_BLOCKLISTS,
    }
    return Options(**usual | changes)


def guard_settings() -> GuardSettings:
    """Where the classroom plays web and mail servers."""
    machines, authority = classroom.machines_in_background()
    played = {port: Server(*address) for port, address in machines.items()}
    return GuardSettings(classroom=played, classroom_ca=authority)


async def sections_of(
    lesson: str, topic: str, *, chosen: Options | None = None, **settings: Any
) -> tuple[list[Section], Context]:
    """Every section that the check of `topic` yields, and the context with its resolver's log.

    `settings` are fields of ResolverSettings, `chosen` stands in for the usual options.
    """
    return await _sections(lesson, [topic], chosen, settings)


async def whole_report(lesson: str, **settings: Any) -> dict[str, Section]:
    """The last section of every topic, as a visitor gets them."""
    sections, _ = await _sections(lesson, TOPICS, None, settings)
    return {section.topic: section for section in sections}


async def _sections(
    lesson: str, topics: Sequence[str], chosen: Options | None, settings: dict[str, Any]
) -> tuple[list[Section], Context]:
    server, transport = Server(*classroom.start_in_background()), Transport()
    known = ResolverSettings((server,), classroom=server, **settings)
    resolver = Resolver(known, transport)
    domain = parse_domain(f"{lesson}.classroom.test")
    selectors = LESSON_SELECTORS.get(domain.ascii, ())
    context = Context(resolver, domain, chosen or options(selectors=selectors), guard_settings())
    try:
        return [section async for section in report(context, topics, hold=0)], context
    finally:
        transport.close()


async def section_of(
    lesson: str, topic: str, *, chosen: Options | None = None, **settings: Any
) -> Section:
    """The last section of `topic` for <lesson>.classroom.test: the whole of what is found."""
    sections, _ = await sections_of(lesson, topic, chosen=chosen, **settings)
    assert [s.complete for s in sections] == [False] * (len(sections) - 1) + [True]
    return sections[-1]
