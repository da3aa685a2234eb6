"""From an address to its names, and back again: what receivers look at when a server connects."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import dns.name
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lookups.engine.addresses import Address, Scope, reverse_name, scope_of
from lookups.engine.authorities import Authorities, authorities
from lookups.engine.checks.delegation_servers import addresses_in
from lookups.engine.checks.generic_names import looks_generic
from lookups.engine.checks.mx_hosts import is_host_name
from lookups.engine.checks.reverse import MAX_NAMES, Reverse, ReverseName, look_up
from lookups.engine.names import to_unicode
from lookups.engine.records import soa as soa_records
from lookups.engine.records.publish import Publication
from lookups.engine.resolver import Outcome, Resolver, name_text
from lookups.tools.base import Result, Tool, ToolError, ToolForm
from lookups.tools.dns import Dns
from lookups.tools.fields import AddressField, DomainField
from lookups.tools.publish import PublicationView, publication

MAX_SHOWN = 8  # addresses of one name
# The results of the iprev method (RFC 8601 §2.7.3) by Reverse.state.
IPREV = {"confirmed": "pass", "unconfirmed": "fail", "none": "permerror", "failed": "temperror"}
LEVELS = {"confirmed": "good", "unconfirmed": "error", "none": "error", "failed": "warning"}


class Form(ToolForm):
    positional = ("address",)
    folded = ("host",)

    address = AddressField(label=gettext_lazy("An IPv4 or IPv6 address"))
    host = DomainField(
        label=gettext_lazy("The name it is to have"),
        help_text=gettext_lazy("For the records to publish: the name of your mail server."),
        placeholder="mail.example.com",
        required=False,
    )


@dataclass(frozen=True, slots=True)
class NameView:
    """A name of the address, and where it leads in turn."""

    name: str
    unicode: str
    confirmed: bool
    alias: str
    generic: bool
    invalid: bool
    addresses: tuple[str, ...]
    more: int

    @property
    def level(self) -> str:
        return "good" if self.confirmed else "warning"


@dataclass(frozen=True, slots=True)
class ZoneView:
    """The zone in which the names stand. `mailbox` is its operator's, by the SOA record."""

    name: str
    servers: tuple[str, ...]
    mailbox: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """`pointer` is the reverse name, `aliases` where it leads (RFC 2317), `count` the PTR records
    there."""

    address: str
    pointer: str
    state: str
    outcome: str
    names: tuple[NameView, ...]
    count: int
    aliases: tuple[str, ...]
    zone: ZoneView | None
    records: tuple[tuple[Publication, str], ...]
    notes: tuple[str, ...] = ()

    @property
    def level(self) -> str:
        return LEVELS[self.state]

    @property
    def iprev(self) -> str:
        return IPREV[self.state]

    @property
    def verdict(self) -> str:
        sentences = {
            "confirmed": _(
                "The address has a name, and that name leads back to it: forward-confirmed reverse "
                "DNS. Receivers are content."
            ),
            "unconfirmed": _(
                "The address has a name, but the name does not lead back to it. Receivers do not "
                "believe such a name, and many refuse mail from the address."
            ),
            "none": _(
                "This address has no name: there is no PTR record. Many receivers refuse mail from "
                "such an address."
            ),
            "failed": _(
                "DNS gave no usable answer (%(outcome)s), so whether there is a name is not known. "
                "Receivers put mail from such an address off."
            )
            % {"outcome": self.outcome},
        }
        return sentences[self.state]

    @property
    def views(self) -> tuple[PublicationView, ...]:
        return tuple(PublicationView(record, kind) for record, kind in self.records)

    def as_json(self) -> dict[str, Any]:
        zone = self.zone
        return {
            "address": self.address,
            "pointer": self.pointer,
            "aliases": list(self.aliases),
            "state": self.state,
            "iprev": self.iprev,
            "outcome": self.outcome,
            "count": self.count,
            "names": [
                {
                    "name": n.name,
                    "confirmed": n.confirmed,
                    "alias": n.alias or None,
                    "generic": n.generic,
                    "addresses": list(n.addresses),
                }
                for n in self.names
            ],
            "zone": {"name": zone.name, "servers": list(zone.servers), "mailbox": zone.mailbox}
            if zone
            else None,
            "records": [record.as_json() for record, _ in self.records],
        }

    def lines(self) -> Iterator[str]:
        yield f"{self.address}  {self.pointer}"
        for alias in self.aliases:
            yield f"  CNAME {alias}"
        for name in self.names:
            tags = [_("confirmed") if name.confirmed else _("does not lead back")]
            tags += [_("looks machine-made")] if name.generic else []
            yield f"  PTR {name.name}  [{', '.join(tags)}]"
            yield f"    {', '.join(name.addresses) or '–'}"
        yield f"iprev={self.iprev}: {self.verdict}"
        yield from self.notes
        if self.zone:
            yield f"{self.zone.name}: {', '.join(self.zone.servers)}  {self.zone.mailbox}"
        for record, _kind in self.records:
            yield record.zone_line


async def run(data: dict[str, Any], dns: Dns) -> Result:
    address: Address = data["address"]
    _refuse_private(address, dns)
    resolver = dns.resolver()
    pointer = reverse_name(address)
    back, zone = await asyncio.gather(
        look_up(resolver, address), authorities(resolver, pointer, "PTR")
    )
    if back.answer.aliases:  # RFC 2317: the names stand in a zone of somebody else
        zone = await authorities(resolver, back.answer.owner, "PTR")
    names, described = await asyncio.gather(
        asyncio.gather(*(_name(resolver, each, address) for each in back.names)),
        _zone(resolver, zone),
    )
    records = await _records(data["host"].ascii if data["host"] else "", address, back, zone)
    answer = back.answer
    failure = back.failure or answer
    return Found(
        address=str(address),
        pointer=name_text(pointer),
        state=back.state,
        outcome=failure.rcode if failure.outcome is Outcome.OTHER_RCODE else failure.outcome.value,
        names=tuple(names),
        count=len({record.target for record in answer.records}),
        aliases=tuple(map(name_text, answer.aliases)),
        zone=described,
        records=records,
        notes=tuple(_notes(tuple(names), len(answer.records), address)),
    )


def _refuse_private(address: Address, dns: Dns) -> None:
    scope = scope_of(address, lesson=bool(dns.settings.routes))
    if scope is Scope.PUBLIC:
        return
    kinds = {
        Scope.PRIVATE: _("%(address)s is a private address, which many networks use at once."),
        Scope.LOOPBACK: _("%(address)s is a loopback address: every machine’s own."),
        Scope.DOCUMENTATION: _("%(address)s is an address for examples in documents."),
        Scope.RESERVED: _("%(address)s is a reserved address, which nobody has."),
    }
    why = kinds[scope] % {"address": address}
    raise ToolError(f"{why} " + _("The world’s DNS has no names for it. Type a public one."))


async def _name(resolver: Resolver, back: ReverseName, address: Address) -> NameView:
    name = back.name
    answers = await resolver.queries((name, "A"), (name, "AAAA"))
    found = [str(each) for answer in answers for each in addresses_in(answer)]
    target = dns.name.from_text(name)
    return NameView(
        name=name,
        unicode=to_unicode(name),
        confirmed=back.confirmed,
        alias=back.alias,
        generic=looks_generic(name, address),
        invalid=not is_host_name(target),
        addresses=tuple(found[:MAX_SHOWN]),
        more=max(0, len(found) - MAX_SHOWN),
    )


async def _zone(resolver: Resolver, zone: Authorities | None) -> ZoneView | None:
    """The zone, and its operator's mail address."""
    if zone is None or zone.zone == dns.name.root:
        return None
    answer = await resolver.query(zone.zone, "SOA")
    mailbox = ""
    if answer.outcome is Outcome.ANSWER and not answer.aliases:
        mailbox = soa_records.mailbox(answer.records[0].rname)
    return ZoneView(name_text(zone.zone), tuple(map(name_text, zone.hosts)), mailbox)


def _notes(names: tuple[NameView, ...], count: int, address: Address) -> Iterator[str]:
    """What is worth knowing beside the verdict."""
    if count > 1:
        yield _(
            "There are %(count)d PTR records. Receivers take one of them, whichever comes first; "
            "one is enough."
        ) % {"count": count}
    if count > MAX_NAMES:
        yield _("Only %(count)d of them were followed.") % {"count": MAX_NAMES}
    for name in names:
        if name.generic:
            yield _(
                "%(name)s looks machine-made, like the names of customers’ lines. Many receivers "
                "distrust mail from such a name."
            ) % {"name": name.name}
        if name.alias:
            yield _(
                "%(name)s is an alias for %(target)s. A PTR record should name the host itself "
                "(RFC 2181 §10.2)."
            ) % {"name": name.name, "target": name.alias}
        if name.invalid:
            yield _("%(name)s is not a host name: letters, digits and hyphens only.") % {
                "name": name.name
            }


async def _records(
    host: str, address: Address, back: Reverse, zone: Authorities | None
) -> tuple[tuple[Publication, str], ...]:
    """What to publish: the PTR record for the name wanted, and the way back from the name."""
    if not host and back.state == "unconfirmed":
        host = next((n.name for n in back.names if _may_be_published(n.name)), "")
    if not host:
        return ()
    owner = name_text(back.answer.owner)
    parent = name_text(zone.zone) if zone and zone.zone != dns.name.root else owner
    pointer = Publication(owner, "PTR", f"{host}.", parent)
    forward_type = "A" if address.version == 4 else "AAAA"
    forward = await publication(host, forward_type, str(address), host)
    known = {name.name: name.confirmed for name in back.names}
    records = [] if host in known else [(pointer, "ptr")]
    if not known.get(host):
        records.append((forward, forward_type.lower()))
    return tuple(records)


def _may_be_published(name: str) -> bool:
    return is_host_name(dns.name.from_text(name)) and "." in name


def examples() -> tuple[tuple[str, str], ...]:
    return (
        (_("A mail server in good order"), "address=198.18.1.1"),
        ("IPv6", "address=2001:2::1:1"),
        (_("Without a name"), "address=198.18.26.1&host=mx1.no-ptr.classroom.test"),
        (_("A name that does not lead back"), "address=198.18.27.1"),
        (_("A machine-made name"), "address=198.18.161.21"),
        (_("Many names"), "address=198.18.161.11"),
        (_("A reverse zone that fails"), "address=198.18.161.32"),
    )


TOOL = Tool(
    slug="reverse",
    group="look-up",
    article="ptr-record",
    title=gettext_lazy("Reverse lookup"),
    summary=gettext_lazy(
        "Which names does an IP address have, do they lead back to it, and who can change them?"
    ),
    button=gettext_lazy("Look it up"),
    form=Form,
    run=run,
    template="tools/look_up/reverse.html",
    command="reverse",
    examples=examples,
)
