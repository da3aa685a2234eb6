"""A reply as pages and terminals show it: raw as dig would, and in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import dns.name
import dns.rdatatype
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from lookups.anatomy import anatomy_views
from lookups.catalog.extended_errors import EXTENDED_ERRORS
from lookups.engine import dig
from lookups.engine.compare import negative_ttl
from lookups.engine.exchange import Exchange
from lookups.engine.message import AA, RA, RD, Message, RRset
from lookups.engine.records.recognise import TYPES
from lookups.engine.resolver import MAX_ALIASES, name_text
from lookups.engine.transport import Server
from lookups.tools.durations import duration

from . import words

MAX_EXPLAINED = 40  # records of one section
SECTIONS = ("answer", "authority", "additional")
_KINDS = {type: kind for kind, type in TYPES.items() if type not in ("TXT", "FILE")} | {"CDS": "ds"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of explanation: a short name, and its sentence."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class RecordView:
    """A record for lookups/_record.html, how long it holds, and what its type is about."""

    record: dict[str, Any]
    ttl: int
    ttl_words: str
    about: str


@dataclass(frozen=True, slots=True)
class SectionView:
    title: str
    records: tuple[RecordView, ...]
    more: int


@dataclass(frozen=True)
class ReplyView:
    """`server` is whom it came from, as dig writes it; empty where nobody was there to ask.
    `named`: somebody else may ask that server too."""

    asked: dig.Asked
    name: dns.name.Name
    exchange: Exchange
    server: str
    when: datetime
    named: bool = True

    @property
    def message(self) -> Message | None:
        return self.exchange.reply.message if self.exchange.reply else None

    @property
    def raw(self) -> str:
        return dig.render(self.asked, self.exchange, self.when, EXTENDED_ERRORS, self.server)

    @property
    def dig_command(self) -> str:
        """The call of dig that asks the same; this site's own resolver is nobody else's."""
        host, _, port = self.server.split("(")[0].partition("#")
        return self.asked.command(Server(host, int(port)) if self.named and host else None)

    @cached_property
    def aliases(self) -> tuple[str, ...]:
        """Where the CNAME records of the reply lead, one after the other (RFC 1034 §3.6.2)."""
        found: list[dns.name.Name] = []
        message, current = self.message, self.name
        while message and len(found) < MAX_ALIASES and self.asked.type not in ("CNAME", "ANY"):
            alias = message.find(message.answer, current, dns.rdatatype.CNAME)
            if not alias or not alias.readable or alias.readable[0].target in (self.name, *found):
                break
            current = alias.readable[0].target
            found.append(current)
        return tuple(map(name_text, found))

    @cached_property
    def outcome(self) -> str:
        """As the resolver has it, and "referral" where the server sends on to another zone's."""
        outcome = self.exchange.outcome.value
        message = self.message
        if outcome in ("lame", "nodata") and message and self.referral:
            return "referral"
        if outcome == "answer" and message and not self._wanted(message):
            return "nxdomain" if message.rcode else "nodata"
        return outcome

    def _wanted(self, message: Message) -> int:
        """How many records of the type asked for there are, where the aliases lead."""
        if self.asked.type == "ANY":
            return dig.count(message.answer)
        owner = dns.name.from_text(self.aliases[-1]) if self.aliases else self.name
        found = message.find(message.answer, owner, int(dns.rdatatype.from_text(self.asked.type)))
        return len(found.spans) if found else 0

    @property
    def referral(self) -> str:
        """The zone whose servers the reply names instead of an answer (RFC 1034 §4.3.2). One that
        leads up to the root helps nobody, and a resolver that was to resolve has none."""
        message = self.message
        if not message or message.answer or message.flags & AA:
            return ""
        if message.flags & RA and message.flags & RD:
            return ""
        if any(rrset.type == dns.rdatatype.SOA for rrset in message.authority):
            return ""
        for rrset in message.authority:
            below = rrset.type == dns.rdatatype.NS and self.name.is_subdomain(rrset.name)
            if below and rrset.name != dns.name.root:
                return name_text(rrset.name)
        return ""

    @property
    def is_failure(self) -> bool:
        return self.outcome not in ("answer", "nodata", "nxdomain", "referral")

    @property
    def level(self) -> str:
        """The severity whose colour the status takes."""
        return {"answer": "good", "nodata": "info", "referral": "info", "nxdomain": "warning"}.get(
            self.outcome, "error"
        )

    @property
    def status(self) -> str:
        """The word of the protocol."""
        message = self.message
        return message.rcode_text if message else self.exchange.outcome.value.upper()

    def sentences(self) -> Iterator[str]:
        """What the reply means, in a few sentences."""
        message = self.message
        if self.outcome == "answer" and self.asked.type != "ANY" and message:
            yield _answered(self.asked.type, self._wanted(message))
        else:
            yield words.outcome_words(self.outcome, message.rcode_text if message else "")
        if self.aliases:
            yield _("The name is an alias: it stands for %(target)s.") % {
                "target": " → ".join(self.aliases)
            }
            if self.outcome == "nodata" and not negative_ttl_of(message):
                yield _("What is there this server does not say. Ask for that name in turn.")
            elif self.outcome == "nxdomain":
                yield _("The alias is there; the name that it leads to is not.")
        if self.referral and self.outcome == "referral":
            yield _("The servers of %(zone)s know more.") % {"zone": self.referral}
        if self.outcome in ("nodata", "nxdomain"):
            yield from self._absence()
        if self.asked.type == "ANY" and message:
            yield _(
                "ANY asks for whatever is at hand, not for everything; many servers give a short "
                "answer only (RFC 8482)."
            )

    def _absence(self) -> Iterator[str]:
        ttl = negative_ttl_of(self.message)
        if ttl is not None:
            yield _("Resolvers may remember this absence for %(time)s (RFC 2308 §5).") % {
                "time": duration(ttl)
            }
        elif self.message and not self.aliases:
            yield _("There is no SOA record with it, so resolvers do not remember this absence.")

    @property
    def flags(self) -> tuple[Line, ...]:
        message = self.message
        if message is None:
            return ()
        names = [*dig.flag_names(message), *(["do"] if message.edns & dig.DO else [])]
        return tuple(Line(name, words.flag_words(name)) for name in names)

    @property
    def errors(self) -> tuple[Line, ...]:
        """The extended errors (RFC 8914): the name, and in words what it is about."""
        found = self.message.extended_errors()[:5] if self.message else []
        lines = []
        for error in found:
            code = int(error.code)
            name = f"EDE {code}: {EXTENDED_ERRORS.get(code, '')}".rstrip(": ")
            said = dig.printable((error.text or "")[:200])
            text = " ".join(filter(None, [words.error_words(code), f"“{said}”" if said else ""]))
            lines.append(Line(name, text))
        return tuple(lines)

    @cached_property
    def sections(self) -> tuple[SectionView, ...]:
        """The records taken apart, by section."""
        message = self.message
        if message is None:
            return ()
        found = []
        for name in SECTIONS:
            section: list[RRset] = getattr(message, name)
            records = list(dig.records(section))
            if records:
                shown = tuple(map(record_view, records[:MAX_EXPLAINED]))
                more = dig.count(section) - len(shown)
                found.append(SectionView(words.section_words(name), shown, more))
        return tuple(found)

    def as_json(self) -> dict[str, Any]:
        message = self.message
        edns = None
        if message and message.has_edns:
            edns = {
                "version": message.edns >> 16 & 0xFF,
                "do": bool(message.edns & dig.DO),
                "payload": message.payload,
            }
        sections = {
            name: [r.as_json() for r in dig.records(getattr(message, name))] if message else []
            for name in SECTIONS
        }
        errors = message.extended_errors()[:5] if message else []
        return {
            "name": name_text(self.name),
            "type": self.asked.type,
            "server": self.server,
            "transport": self.exchange.transport,
            "outcome": self.outcome,
            "rcode": message.rcode_text if message else "",
            "flags": list(dig.flag_names(message)) if message else [],
            "edns": edns,
            "ede": [{"code": int(e.code), "text": (e.text or "")[:200]} for e in errors],
            "aliases": list(self.aliases),
            "negative_ttl": negative_ttl_of(message) if self.outcome != "answer" else None,
            **sections,
            "ms": round((self.exchange.ended - self.exchange.started) * 1000, 1),
            "size": self.exchange.size,
        }


def _answered(rdtype: str, count: int) -> str:
    return ngettext(
        "NOERROR: there is %(count)d %(type)s record.",
        "NOERROR: there are %(count)d %(type)s records.",
        count,
    ) % {"count": count, "type": rdtype}


def negative_ttl_of(message: Message | None) -> int | None:
    return negative_ttl(message) if message else None


def record_view(record: dig.Record) -> RecordView:
    """The record taken apart, where our parsers know its type; else as it stands."""
    name = record.name if record.name == "." else record.name.removesuffix(".")
    plain: dict[str, Any] = {"name": name, "type": record.type_text, "value": record.data}
    kind = _KINDS.get(record.type_text, "")
    if kind or record.type_text == "TXT":
        line = f"{record.name} {record.ttl} IN {record.type_text} {record.data}"
        found = anatomy_views(line, kind, get_language() or "en")
        if len(found) == 1 and found[0].record["type"] in (record.type_text, "DS"):
            parts = [{**part, "marks": []} for part in found[0].record["parts"]]
            plain |= {"value": found[0].record["value"], "parts": parts}
    about = words.type_words(record.type_text)
    return RecordView(plain, record.ttl, duration(record.ttl), about)
