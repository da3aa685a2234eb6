"""The way of a question from the root down, step by step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import dns.name
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lookups.catalog.extended_errors import EXTENDED_ERRORS
from lookups.drawings.trace import Drawing, descent
from lookups.engine import dig
from lookups.engine.exchange import Exchange
from lookups.engine.query_name import QueryName
from lookups.engine.resolver import Resolver, name_text
from lookups.engine.trace import ROOT, Start, Step, Trace, Zone, start_at, trace, zones_on_the_way
from lookups.engine.transport import Reply
from lookups.runtime import LESSON_ZONES
from lookups.tools.base import Result, Tool, ToolForm
from lookups.tools.dns import Dns

from . import trace_words as words
from .fields import NameField, TypeField, domain_of, type_for

STEP_SECONDS = 1.5  # for one server on the way; a resolver would not wait longer either


class Form(ToolForm):
    positional = ("name", "type")

    name = NameField()
    type = TypeField()


@dataclass(frozen=True, slots=True)
class StepView:
    """A step for the page."""

    step: Step
    name: str
    type: str
    when: datetime
    is_last: bool

    @property
    def zone(self) -> str:
        return name_text(self.step.zone)

    @property
    def host(self) -> str:
        return name_text(self.step.host)

    @property
    def sentences(self) -> tuple[str, ...]:
        return tuple(words.sentences(self.step, self.is_last))

    @property
    def source(self) -> str:
        return words.source_words(self.step.source)

    @property
    def word(self) -> str:
        return words.kind_word(self.step)

    @property
    def level(self) -> str:
        return words.level(self.step)

    @property
    def ms(self) -> float | None:
        return self.step.answer.ms if self.step.replied else None

    @property
    def raw(self) -> str:
        """The reply as dig shows it; empty where none came."""
        message = self.step.answer.message
        if message is None:
            return ""
        reply = Reply(message, message.size)
        outcome = self.step.answer.outcome
        exchange = Exchange(outcome, reply, size=message.size, ended=self.step.answer.ms / 1000)
        asked = dig.Asked(self.name, self.type, flags=0)
        server = f"{self.step.address}#53({self.host})"
        return dig.render(asked, exchange, self.when, EXTENDED_ERRORS, server)


@dataclass(frozen=True, slots=True)
class Found:
    """`zones` are those on the way by the resolver's word, where nobody else could be asked."""

    name: QueryName
    trace: Trace
    zones: tuple[Zone, ...]
    when: datetime

    @property
    def type(self) -> str:
        return self.trace.type

    @property
    def steps(self) -> tuple[StepView, ...]:
        steps, name = self.trace.steps, self.name.text
        return tuple(
            StepView(step, name, self.type, self.when, step is steps[-1]) for step in steps
        )

    @property
    def drawing(self) -> Drawing | None:
        return descent(self.trace)

    @property
    def state(self) -> str:
        return self.trace.state.value

    @property
    def level(self) -> str:
        if self.trace.state.is_told:
            return "warning" if self.state == "nxdomain" else "good"
        return "error" if self.state == "stuck" else "warning"

    @property
    def ending(self) -> tuple[str, ...]:
        return tuple(words.ending(self.trace))

    @property
    def alias(self) -> str:
        return name_text(self.trace.alias) if self.trace.alias else ""

    @property
    def checkable(self) -> str:
        """The domain for a full check; empty for a name that is none."""
        return domain_of(self.name.text)

    @property
    def records(self) -> tuple[str, ...]:
        last = self.trace.steps[-1] if self.trace.steps else None
        return last.records if last and last.kind == "answer" else ()

    @property
    def total_ms(self) -> float:
        return sum(step.answer.ms for step in self.trace.steps)

    @property
    def known_zones(self) -> tuple[tuple[str, str], ...]:
        """Name and servers of each zone that the resolver tells."""
        return tuple(
            (name_text(zone.name), ", ".join(name_text(host) for host in zone.hosts[:4]))
            for zone in self.zones
        )

    def as_json(self) -> dict[str, Any]:
        zones = [
            {"zone": name_text(z.name), "servers": [name_text(h) for h in z.hosts]}
            for z in self.zones
        ]
        return self.trace.as_json() | {"zones": zones}

    def lines(self) -> Iterator[str]:
        for view in self.steps:
            ms = f"{view.ms:.0f} ms" if view.ms is not None else "–"
            yield f"{view.step.number}. {view.zone}  @{view.step.address} ({view.host})  {ms}"
            for sentence in view.sentences:
                yield f"   {sentence}"
            for record in view.step.records:
                yield f"   {self.type} {record}"
        if self.alias:
            yield f"   CNAME {self.alias}"
        for zone, hosts in self.known_zones:
            yield f"   {zone}: {hosts}"
        yield from self.ending


async def run(data: dict[str, Any], dns: Dns) -> Result:
    name: QueryName = data["name"]
    rdtype = type_for(name, data["type"])
    resolver = dns.resolver(query_timeout=min(STEP_SECONDS, dns.settings.query_timeout))
    lesson = resolver.is_routed(name.name)
    start = await _start(resolver, name.name) if lesson else ROOT
    found = await trace(resolver, name.name, rdtype, start, lesson=lesson)
    zones: tuple[Zone, ...] = ()
    if not lesson and all(step.kind == "failed" for step in found.steps):
        zones = await zones_on_the_way(dns.resolver(), name.name)
    return Found(name, found, zones, datetime.now(UTC))


async def _start(resolver: Resolver, name: dns.name.Name) -> Start:
    """The top of the classroom's tree that `name` hangs on: nothing above delegates it."""
    tops = [dns.name.from_text(zone) for zone in LESSON_ZONES]
    top = next(top for top in tops if name.is_subdomain(top))
    return await start_at(resolver, top)


def examples() -> tuple[tuple[str, str], ...]:
    return (
        ("perfect.classroom.test MX", "name=perfect.classroom.test&type=MX"),
        (_("An alias"), "name=alias.classroom.test&type=MX"),
        (_("A name that does not exist"), "name=nothing.classroom.test&type=A"),
        (_("No server of use"), "name=delegation-dead.classroom.test&type=MX"),
        (_("Some of the servers do not know the zone"), "name=delegation-servers.classroom.test"),
        (_("An address"), "name=198.18.1.1"),
    )


TOOL = Tool(
    slug="trace",
    group="look-up",
    article="name-resolution",
    title=gettext_lazy("Trace"),
    summary=gettext_lazy(
        "Follow a question from the root of DNS down to the server that answers it, one server "
        "after the other."
    ),
    button=gettext_lazy("Follow it"),
    form=Form,
    run=run,
    template="tools/look_up/trace.html",
    command="trace",
    examples=examples,
)
