"""The same question to the zone's own servers and to many resolvers: has a change arrived?"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lookups.engine.authorities import Authorities, authorities
from lookups.engine.compare import Comparison, Kind, Voice, Whom, ask_all
from lookups.engine.query_name import QueryName
from lookups.engine.resolver import name_text
from lookups.engine.transport import Server
from lookups.tools.base import Result, Tool, ToolForm
from lookups.tools.dns import Dns
from lookups.tools.durations import duration
from lookups.tools.fields import plain

from . import compare_words as words
from .fields import (
    PUBLIC_RESOLVERS,
    NameField,
    TypeField,
    domain_of,
    read_server,
    type_for,
    whom,
)

MAX_RESOLVERS = 5  # that a visitor names
SECONDS = 2.5  # for each answer; all are asked at once
_BETWEEN = re.compile(r"[\s,;、]+")
SHAPES = 6  # of the signs that tell groups apart


class Form(ToolForm):
    positional = ("name", "type")
    folded = ("resolvers",)

    name = NameField()
    type = TypeField()
    resolvers = forms.CharField(
        label=gettext_lazy("Resolvers that are asked as well"),
        help_text=gettext_lazy("Up to five public IP addresses, with spaces between."),
        required=False,
        widget=forms.TextInput(plain(placeholder="203.0.113.53 2001:db8::53")),
        max_length=300,
    )

    def clean_resolvers(self) -> tuple[Server, ...]:
        pieces = [piece for piece in _BETWEEN.split(self.cleaned_data["resolvers"]) if piece]
        servers = tuple(dict.fromkeys(map(read_server, pieces)))
        if len(servers) > MAX_RESOLVERS:
            raise forms.ValidationError(
                _("At most %(count)d servers can be named.") % {"count": MAX_RESOLVERS}
            )
        return servers


@dataclass(frozen=True, slots=True)
class VoiceView:
    """One who was asked, for a row of the table."""

    voice: Voice
    comparison: Comparison
    when: datetime

    @property
    def is_old(self) -> bool:
        return self.voice in self.comparison.old

    @property
    def said(self) -> str:
        return words.said(self.voice)

    @property
    def copy(self) -> str:
        return words.copy(self.comparison, self.voice, self.when)

    @property
    def finding(self) -> str:
        """The finding that explains why a server of the zone is of no use."""
        is_own = self.voice.whom.kind is Kind.AUTHORITY
        return words.FINDINGS.get(self.voice.outcome, "") if is_own else ""

    @property
    def ttl_words(self) -> str:
        return duration(self.voice.ttl) if self.voice.ttl is not None else ""

    @property
    def shape(self) -> int:
        """Which sign stands for its group; 0 for none."""
        groups = self.comparison.groups
        return groups.index(self.voice.group) % SHAPES + 1 if self.voice.group else 0


@dataclass(frozen=True, slots=True)
class Found:
    """`aliases` lead from the name that was typed to the one compared."""

    name: QueryName
    comparison: Comparison
    zone: str
    when: datetime
    aliases: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def compared(self) -> str:
        return name_text(self.comparison.name)

    @property
    def type(self) -> str:
        return self.comparison.type

    @property
    def checkable(self) -> str:
        """The domain for a full check; empty for a zone of addresses."""
        return domain_of(self.zone)

    @property
    def verdict(self) -> str:
        return self.comparison.verdict.value

    @property
    def level(self) -> str:
        return words.LEVELS[self.comparison.verdict]

    @property
    def sentences(self) -> tuple[str, ...]:
        return tuple(words.verdict(self.comparison, self.when))

    @property
    def has_serials(self) -> bool:
        return len(self.comparison.serials) > 1

    @property
    def authorities(self) -> tuple[VoiceView, ...]:
        return self._views(self.comparison.authorities)

    @property
    def resolvers(self) -> tuple[VoiceView, ...]:
        return self._views(self.comparison.resolvers)

    def _views(self, voices: tuple[Voice, ...]) -> tuple[VoiceView, ...]:
        return tuple(VoiceView(voice, self.comparison, self.when) for voice in voices)

    def as_json(self) -> dict[str, Any]:
        more = {"asked": self.name.text, "aliases": list(self.aliases), "zone": self.zone}
        return self.comparison.as_json() | more | {"time": self.when.isoformat(timespec="seconds")}

    def lines(self) -> Iterator[str]:
        yield from self.sentences
        yield from self.notes
        for view in (*self.authorities, *self.resolvers):
            voice = view.voice
            ttl = f"TTL {voice.ttl}" if voice.ttl is not None else ""
            serial = f"SOA {voice.serial}" if voice.serial is not None else ""
            head = "  ".join(filter(None, [voice.whom.label, voice.whom.address, ttl, serial]))
            yield f"[{voice.group or '-'}] {head}"
            for text in (*voice.records, view.said, view.copy):
                if text:
                    yield f"    {text}"


async def run(data: dict[str, Any], dns: Dns) -> Result:
    typed: QueryName = data["name"]
    rdtype = type_for(typed, data["type"])
    named = [whom(server, dns) for server in data["resolvers"]]
    finding = dns.resolver(query_timeout=min(SECONDS, dns.settings.query_timeout))
    known, zone = await asyncio.gather(
        finding.query(typed.name, rdtype), authorities(finding, typed.name, rdtype)
    )
    name = known.owner
    if known.aliases:
        zone = await authorities(finding, name, rdtype)
    asking = dns.resolver(query_timeout=min(SECONDS, dns.settings.query_timeout))
    asked = [*_own(zone), Whom(Kind.RESOLVER, _("This site’s resolver"), "", None)]
    notes = list(_notes(zone))
    if asking.is_routed(name):
        notes.append(
            _(
                "The classroom’s names are known here only, so other resolvers than this site’s "
                "are not asked for them."
            )
        )
    else:
        asked += [
            Whom(Kind.RESOLVER, each.operator, each.address, each.to) for each in PUBLIC_RESOLVERS
        ]
        asked += [Whom(Kind.RESOLVER, _("Named by you"), _address(to), to) for to in named]
    # Without a zone nobody is asked for a serial number.
    found = await ask_all(asking, name, rdtype, zone.zone if zone else name, asked)
    aliases = tuple(map(name_text, known.aliases))
    shown_zone = name_text(zone.zone) if zone else ""
    return Found(typed, found, shown_zone, datetime.now(UTC), aliases, tuple(notes))


def _own(zone: Authorities | None) -> Iterator[Whom]:
    for each in zone.servers if zone else ():
        yield Whom(Kind.AUTHORITY, name_text(each.host), str(each.address), each.address)


def _address(to: Any) -> str:
    return f"{to.host}#{to.port}" if isinstance(to, Server) else str(to)


def _notes(zone: Authorities | None) -> Iterator[str]:
    if zone is None:
        yield _("The resolver cannot tell which servers speak for this name.")
    elif zone.without:
        yield _("Name servers without a public address: %(hosts)s.") % {
            "hosts": ", ".join(map(name_text, zone.without))
        }


def examples() -> tuple[tuple[str, str], ...]:
    return (
        ("perfect.classroom.test MX", "name=perfect.classroom.test&type=MX"),
        (_("Two versions of a zone"), "name=delegation-moved.classroom.test&type=NS"),
        (_("Servers that do not speak for the zone"), "name=delegation-servers.classroom.test"),
        (_("No server answers"), "name=delegation-dead.classroom.test&type=MX"),
        (_("An alias"), "name=alias.classroom.test&type=MX"),
    )


TOOL = Tool(
    slug="compare",
    group="look-up",
    article="ttl-caching",
    title=gettext_lazy("Propagation check"),
    summary=gettext_lazy(
        "Ask the zone’s own servers and many resolvers the same at once: who still has an old "
        "copy, until when, and whether the servers agree."
    ),
    button=gettext_lazy("Compare"),
    form=Form,
    run=run,
    template="tools/look_up/compare.html",
    command="compare",
    examples=examples,
)
