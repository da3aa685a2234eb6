"""Any record of any name, asked of whom the visitor chooses, as dig shows it and in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import dns.name
from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lookups.engine.addresses import Address, is_classroom
from lookups.engine.authorities import Authorities, authorities
from lookups.engine.dig import Asked
from lookups.engine.exchange import Exchange
from lookups.engine.message import AD, CD, RD
from lookups.engine.query_name import QueryName
from lookups.engine.resolver import Resolver, name_text
from lookups.engine.transport import Server
from lookups.tools.base import Result, Tool, ToolForm
from lookups.tools.dns import Dns

from .fields import (
    PUBLIC_RESOLVERS,
    RESOLVER_AT,
    NameField,
    ServerField,
    TypeField,
    type_for,
    whom,
)
from .reply import ReplyView
from .words import outcome_words

SITE, ZONE = "site", "zone"
MAX_TRIES = 6  # servers of a zone
TRY_SECONDS = 2.0  # for one of them
_CHOICES = (
    (SITE, gettext_lazy("This site’s resolver")),
    (ZONE, gettext_lazy("The zone’s own servers")),
    *((each.address, f"{each.operator} ({each.address})") for each in PUBLIC_RESOLVERS),
)


class Form(ToolForm):
    positional = ("name", "type")
    folded = ("server", "dnssec", "cd", "norec", "tcp")

    name = NameField(
        help_text=gettext_lazy("Any name, such as _dmarc.example.com, or an IP address.")
    )
    type = TypeField()
    at = forms.ChoiceField(label=gettext_lazy("Who is asked"), choices=_CHOICES, initial=SITE)
    server = ServerField(
        label=gettext_lazy("Another server"),
        help_text=gettext_lazy("The public IP address of a DNS server. It is asked instead."),
    )
    dnssec = forms.BooleanField(label=gettext_lazy("With signatures (DO)"), required=False)
    cd = forms.BooleanField(
        label=gettext_lazy("Without DNSSEC validation by the resolver (CD)"), required=False
    )
    norec = forms.BooleanField(
        label=gettext_lazy("Without recursion: only what the server knows itself"), required=False
    )
    tcp = forms.BooleanField(label=gettext_lazy("Over TCP"), required=False)


@dataclass(frozen=True, slots=True)
class Try:
    """One of the zone's servers, and what became of asking it."""

    host: str
    address: str
    outcome: str
    ms: float | None

    @property
    def words(self) -> str:
        return outcome_words(self.outcome, _("ERROR"))


@dataclass(frozen=True, slots=True)
class Found:
    """`zone` and `tries` are there where the zone's own servers were asked."""

    name: QueryName
    type: str
    reply: ReplyView
    zone: str = ""
    tries: tuple[Try, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        return tuple(self.reply.sentences())

    def as_json(self) -> dict[str, Any]:
        tries = [
            {"host": t.host, "address": t.address, "outcome": t.outcome, "ms": t.ms}
            for t in self.tries
        ]
        return self.reply.as_json() | {"zone": self.zone, "tries": tries}

    def lines(self) -> Iterator[str]:
        for note in self.notes:
            yield f"; {note}"
        for each in self.tries[:-1]:
            yield f"; {each.host} ({each.address}): {each.words}"
        yield from self.reply.raw.split("\n")
        yield ""
        for sentence in self.sentences:
            yield f"; {sentence}"
        for error in self.reply.errors:
            yield f"; {error.name}: {error.text}"


async def run(data: dict[str, Any], dns: Dns) -> Result:
    name: QueryName = data["name"]
    rdtype = type_for(name, data["type"])
    notes = []
    if name.address:
        notes.append(
            _("The address was turned into the name %(name)s, under which its records stand.")
            % {"name": name.text}
        )
    to = _chosen(data, dns)
    recursion = not data["norec"] and to != ZONE
    flags = AD | (RD if recursion else 0) | (CD if data["cd"] else 0)
    asked = Asked(f"{name.text}", rdtype, flags, data["dnssec"], data["tcp"])
    if to == ZONE:
        return await _at_zone(name, asked, dns, notes)
    resolver = dns.resolver()
    if resolver.is_routed(name.name) and not _plays(to):
        if to is not None and not isinstance(to, str):
            notes.append(_("Names of the classroom are known here only: this site answers itself."))
        to = None
    assert not isinstance(to, str)
    exchange = await _put(resolver, name.name, asked, to)
    shown, now = _shown(exchange, to), datetime.now(UTC)
    reply = ReplyView(asked, name.name, exchange, shown, now, named=to is not None)
    return Found(name, rdtype, reply, notes=tuple(notes))


def _chosen(data: dict[str, Any], dns: Dns) -> Address | Server | str | None:
    """Whom the visitor chose: ZONE, a server, or None for this site's resolver."""
    if data["server"] is not None:
        return whom(data["server"], dns)
    if data["at"] in (SITE, ZONE):
        return ZONE if data["at"] == ZONE else None
    return RESOLVER_AT[data["at"]].to


def _plays(to: Address | Server | str | None) -> bool:
    """Whether `to` is a machine of the classroom, or one that only whoever runs the site names."""
    if isinstance(to, Server):
        return True
    return to is not None and not isinstance(to, str) and is_classroom(to)


async def _put(
    resolver: Resolver, name: dns.name.Name, asked: Asked, to: Address | Server | None
) -> Exchange:
    return await resolver.exchange(
        name, asked.type, to, flags=asked.flags, dnssec=asked.dnssec, tcp=asked.tcp
    )


async def _at_zone(name: QueryName, asked: Asked, dns: Dns, notes: list[str]) -> Found:
    """Asks the zone's servers one after the other, until one has something to say."""
    known = await authorities(dns.resolver(), name.name, asked.type)
    resolver = dns.resolver(query_timeout=min(TRY_SECONDS, dns.settings.query_timeout))
    exchange, server, tries = Exchange(), "", []
    for each in known.servers[:MAX_TRIES] if known else ():
        exchange = await _put(resolver, name.name, asked, each.address)
        host, address = name_text(each.host), str(each.address)
        server = f"{address}#53({host})"
        ms = round((exchange.ended - exchange.started) * 1000, 1) if exchange.reply else None
        tries.append(Try(host, address, exchange.outcome.value, ms))
        if not exchange.outcome.is_failure:
            break
    notes.extend(_zone_notes(known))
    reply = ReplyView(asked, name.name, exchange, server, datetime.now(UTC))
    zone = name_text(known.zone) if known else ""
    return Found(name, asked.type, reply, zone, tuple(tries), tuple(notes))


def _zone_notes(known: Authorities | None) -> Iterator[str]:
    if known is None:
        yield _("The resolver cannot tell which servers speak for this name.")
    elif not known.servers:
        yield _("The zone %(zone)s has no name server with a public address.") % {
            "zone": name_text(known.zone)
        }


def _shown(exchange: Exchange, to: Address | Server | None) -> str:
    """The server as dig writes it."""
    if to is not None and not isinstance(to, Server):
        return f"{to}#53"
    return f"{exchange.server.host}#{exchange.server.port}" if exchange.server else ""


def examples() -> tuple[tuple[str, str], ...]:
    return (
        ("perfect.classroom.test MX", "name=perfect.classroom.test&type=MX"),
        (_("A DMARC record"), "name=_dmarc.perfect.classroom.test&type=TXT"),
        (_("An alias"), "name=alias.classroom.test&type=MX"),
        (_("A name that does not exist"), "name=nothing.classroom.test&type=A"),
        (_("A resolver that fails"), "name=servfail.classroom.test&type=MX"),
        (_("At the zone’s own servers"), "name=delegation-servers.classroom.test&type=MX&at=zone"),
        (_("Signatures"), "name=perfect.classroom.test&type=DNSKEY&dnssec=on"),
        (_("An address"), "name=198.18.1.1"),
    )


TOOL = Tool(
    slug="lookup",
    group="look-up",
    article="dns-record",
    title=gettext_lazy("DNS lookup"),
    summary=gettext_lazy(
        "Any record of any name, as the resolver of your choice or the zone’s own servers give it: "
        "raw, as dig shows it, and explained."
    ),
    button=gettext_lazy("Ask"),
    form=Form,
    run=run,
    template="tools/look_up/lookup.html",
    command="query",
    examples=examples,
)
