"""Checks as the tools and `manage.py lookup` run them: as DNS is, and as it would be."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lookups.engine.context import Context
from lookups.engine.names import Domain
from lookups.engine.records.recognise import Recognised
from lookups.engine.rehearsal import Rehearsal, rehearse
from lookups.engine.report import finished
from lookups.tools.dns import Dns

Sections = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Checked:
    """Sections by topic, as a report keeps them. `before` are those of what is published now; None
    where nothing is rehearsed, or nothing that is not published already."""

    sections: Sections
    queries: list[dict[str, Any]]
    rehearsal: Rehearsal | None = None
    before: Sections | None = None


async def run_checks(
    dns: Dns,
    domain: Domain,
    topics: Sequence[str],
    selectors: Sequence[str] = (),
    records: Sequence[Recognised] = (),
) -> Checked:
    """The checks of `topics` as if `records` were published. Raises RehearsalError."""
    now = dns.context(domain, selectors)
    if not records:
        return Checked(await _sections(now, topics), _log(now))
    rehearsal = await rehearse(now, records)
    selectors, left = rehearsal.selectors, now.resolver.remaining
    if selectors != now.options.selectors:
        now = dns.context(domain, selectors, seconds=left)
    if rehearsal.is_published:
        return Checked(await _sections(now, topics), _log(now), rehearsal)
    then = dns.context(domain, selectors, rehearsal.as_if, rehearsal.files, left)
    before, after = await asyncio.gather(_sections(now, topics), _sections(then, topics))
    return Checked(after, _log(now, then), rehearsal, before)


async def _sections(context: Context, topics: Sequence[str]) -> dict[str, Any]:
    found = await finished(context, topics)
    return {topic: section.as_json() for topic, section in found.items()}


def _log(*contexts: Context) -> list[dict[str, Any]]:
    """What was asked, the same question once, numbered through."""
    asked: dict[tuple[str, str, str], dict[str, Any]] = {}
    for context in contexts:
        for query in sorted(context.resolver.log, key=lambda query: query["number"]):
            asked.setdefault((query["name"], query["type"], query["server"]), query)
    return [{**query, "number": number} for number, query in enumerate(asked.values(), 1)]
