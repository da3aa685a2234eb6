"""What a check will say of records once they are published, and what stands there now."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language

from lookups.engine.context import Context
from lookups.engine.finding import Partial, Section
from lookups.engine.names import Domain
from lookups.engine.records.publish import Publication
from lookups.engine.records.txt import text_of
from lookups.engine.resolver import Answer, Outcome
from lookups.presentation import FindingView, SectionView, section_view
from lookups.tools.dns import AsIf, Dns

SECONDS = 8.0  # of a check that somebody waits for while filling in a form
MAX_TEXTS = 10  # of one record set that are shown

Check = Callable[[Context], AsyncIterator[Section | Partial]]


@dataclass(frozen=True, slots=True)
class Expected:
    """A section as the report will have it. `reached`: whether DNS answered anything at all;
    `ignored`: findings that say nothing of these records."""

    section: SectionView
    reached: bool
    ignored: frozenset[str] = frozenset()

    @property
    def records(self) -> Mapping[str, Any]:
        return self.section.records

    @property
    def troubles(self) -> tuple[FindingView, ...]:
        """Errors and warnings, but not that DNS was out of reach: that says nothing of a record."""
        return tuple(
            finding
            for finding in self.section.findings
            if finding.severity in ("error", "warning")
            and finding.id not in self.ignored
            and not finding.id.startswith("dns-")
            and (self.reached or finding.id != "spf-target-unreachable")
        )


@dataclass(frozen=True, slots=True)
class Present:
    """What stands where a record is to go. `state`: "absent", "same", "different", "unknown", or
    "alias": the name is a CNAME, beside which nothing else may stand, and leads to something else.
    """

    name: str
    type: str
    state: str
    texts: tuple[str, ...] = ()
    alias: str = ""


def as_if(records: Sequence[Publication]) -> AsIf:
    """The records as if they were published, for Dns.context."""
    made: dict[tuple[str, str], tuple[str, ...]] = {}
    for record in records:
        key = record.name.lower(), record.type
        made[key] = (*made.get(key, ()), record.rdata)
    return made


async def expected(
    check: Check, dns: Dns, domain: Domain, records: Sequence[Publication]
) -> Expected:
    """What `check` says of `domain` with these records."""
    context = dns.context(domain, as_if=as_if(records))
    section: Section | Partial | None = None
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(SECONDS):
                async for step in check(context):
                    section = step
    finally:
        context.close()
    if section is None:
        section = Section("", {})
    found = section if isinstance(section, Section) else section()
    log = context.resolver.log
    answered = (Outcome.ANSWER, Outcome.NODATA, Outcome.NXDOMAIN)
    reached = not log or any(entry["outcome"] in answered for entry in log)
    return Expected(section_view(found.as_json(), get_language() or "en"), reached)


async def present(dns: Dns, records: Sequence[Publication]) -> tuple[Present, ...]:
    """What stands now at each name and type of `records`, in their order."""
    resolver = dns.resolver(report_timeout=min(SECONDS, dns.settings.report_timeout))
    wanted: dict[tuple[str, str], set[str]] = {}
    for record in records:
        wanted.setdefault((record.name, record.type), set()).add(_normal(record.type, record.value))
    answers = await resolver.queries(*wanted)
    return tuple(
        _present(name, type, texts, answer)
        for ((name, type), texts), answer in zip(wanted.items(), answers, strict=True)
    )


def _present(name: str, type: str, wanted: set[str], answer: Answer) -> Present:
    if answer.outcome.is_failure:
        return Present(name, type, "unknown")
    alias = answer.owner.to_text(omit_final_dot=True) if answer.aliases else ""
    if type == "TXT":
        found = [text_of(record.strings) for record in answer.records]
        version = _version(next(iter(wanted)))  # other texts at the name are not our business
        found = [text for text in found if _version(text) == version]
    else:
        found = [record.to_text() for record in answer.records]
    texts = tuple(sorted(found))[:MAX_TEXTS]
    if {_normal(type, text) for text in texts} == wanted:
        return Present(name, type, "same", texts, alias)
    state = "alias" if alias else "different" if texts else "absent"
    return Present(name, type, state, texts, alias)


def _version(text: str) -> str:
    """Which kind of record a text is: "v=spf1", "v=dmarc1", …"""
    return text.replace(";", " ").partition(" ")[0].lower()


def _normal(type: str, value: str) -> str:
    """The form in which two values are compared: names of hosts know no capitals."""
    return value if type == "TXT" else value.lower()
