"""Topic tls-rpt: where senders report how TLS to a domain's mail servers fares (RFC 8460 §3)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import dns.exception
import dns.name

from ..context import Context
from ..finding import Finding, Section
from ..records import tls_rpt, txt
from ..records.tls_rpt import Destination, Record
from ..resolver import Answer, Outcome, name_text
from .answers import evidence, failure_finding
from .mail_hosts import MailHosts, mail_hosts
from .mx_hosts import is_address
from .names_below import name_below

TOPIC = "tls-rpt"
MAX_TEXTS = 10  # TXT records that are looked at
MAX_ASKED = 5  # destinations whose hosts are looked up
MAX_OF_A_KIND = 5
MAILBOX = "tls-reports"  # in records that are ready to publish


@dataclass(slots=True)
class _Place:
    """A destination, and what DNS says of its host. `state`: "ok" "missing" "failed" "error"
    "unasked"."""

    destination: Destination
    state: str = "unasked"
    answers: tuple[Answer, ...] = ()

    @property
    def is_wrong(self) -> bool:
        return bool(self.destination.error) or self.state == "missing"

    def as_json(self) -> dict[str, str]:
        to = self.destination
        return {
            "uri": to.text[:500],
            "kind": to.kind,
            "host": to.host[:253],
            "state": "error" if to.error else self.state,
        }


@dataclass(slots=True)
class _Case:
    """What is known so far. `texts` are the records that are, or were meant to be, of TLSRPT."""

    context: Context
    answer: Answer
    mail: MailHosts
    texts: list[str] = field(default_factory=list)
    records: list[str] = field(default_factory=list)
    record: Record | None = None
    places: list[_Place] = field(default_factory=list)

    @property
    def takes_no_mail(self) -> bool:
        return not self.mail.hosts and not self.mail.answer.outcome.is_failure


async def check(context: Context) -> AsyncIterator[Section]:
    """One question for the record, then those for the hosts that it names."""
    name = name_below(context, "_smtp._tls")
    if name is None:  # too long for DNS: there can be no such record
        yield Section(TOPIC, {"raw": [], "destinations": []})
        return
    answer, mail = await asyncio.gather(context.query(name, "TXT"), mail_hosts(context))
    case = _Case(context, answer, mail)
    texts = [txt.text_of(record.strings) for record in answer.records[:MAX_TEXTS]]
    case.texts = [text for text in texts if tls_rpt.looks_like_record(text)]
    case.records = [text for text in case.texts if tls_rpt.is_record(text)]
    if len(case.records) == 1:
        case.record = tls_rpt.parse(case.records[0])
        case.places = [_Place(destination) for destination in case.record.destinations]
        usable = [place for place in case.places if not place.destination.error]
        await asyncio.gather(*(_look_up(context, place) for place in usable[:MAX_ASKED]))
    yield Section(TOPIC, _records(case), tuple(_findings(case)))


async def _look_up(context: Context, place: _Place) -> None:
    """Whether mail, or a connection, can get to the destination at all."""
    try:
        host = dns.name.from_text(place.destination.host)
    except dns.exception.DNSException:
        place.state = "missing"
        return
    if is_address(host):
        place.state = "ok"
        return
    types = ("MX", "A", "AAAA") if place.destination.kind == "mailto" else ("A", "AAAA")
    first = await context.query(host, types[0])
    if first.outcome is Outcome.ANSWER:
        place.answers = (first,)
        is_null = types[0] == "MX" and all(r.exchange == dns.name.root for r in first.records)
        place.state = "missing" if is_null else "ok"  # RFC 7505 §3: a null MX takes no mail
        return
    rest = await context.queries(*((host, type) for type in types[1:]))
    place.answers = (first, *rest)
    if any(answer.records for answer in rest):
        place.state = "ok"
    else:
        failed = any(answer.outcome.is_failure for answer in place.answers)
        place.state = "failed" if failed else "missing"


def _records(case: _Case) -> dict[str, Any]:
    name = name_text(case.answer.name)
    return {
        "raw": [txt.raw_record(name, text, tls_rpt.parts(text)) for text in case.texts],
        "destinations": [place.as_json() for place in case.places],
        "ready": _ready(case, name),
    }


def _ready(case: _Case, name: str) -> list[dict[str, str]]:
    """A record where there is none that works; it keeps the destinations that are good."""
    if not case.mail.hosts or case.answer.outcome.is_failure:
        return []
    wrong = any(place.is_wrong for place in case.places)
    if case.record and case.record.usable and not case.record.errors and not wrong:
        return []
    good = [place.destination.text for place in case.places if not place.is_wrong]
    value = tls_rpt.write(good or [f"{MAILBOX}@{case.context.domain.ascii}"])
    return [{"name": name, "type": "TXT", "value": value}]


def _findings(case: _Case) -> Iterator[Finding]:
    proof = evidence(case.answer)
    if case.answer.outcome.is_failure:
        yield failure_finding(case.answer, case.context.resolver)
        return
    if not case.texts:
        # That a domain does not exist is for topic mx to say.
        if case.mail.answer.outcome is not Outcome.NXDOMAIN:
            id = "tls-rpt-no-mail" if case.takes_no_mail else "tls-rpt-none"
            yield Finding(id, {"domain": case.context.domain.ascii}, proof)
        return
    if case.answer.aliases:
        parameters = {"name": name_text(case.answer.name), "target": name_text(case.answer.owner)}
        yield Finding("tls-rpt-delegated", parameters, proof)
    if len(case.records) > 1:
        yield Finding("tls-rpt-multiple", {"count": len(case.records)}, proof)
    for text in [text for text in case.texts if text not in case.records][:MAX_OF_A_KIND]:
        yield Finding("tls-rpt-version", {"record": text[:200]}, proof)
    if case.record is not None:
        yield from _of_record(case, case.record)


def _of_record(case: _Case, record: Record) -> Iterator[Finding]:
    """RFC 8460 §3: the form of the record, and its destinations."""
    proof = evidence(case.answer)
    for piece in record.errors[:MAX_OF_A_KIND]:
        parameters = {"text": piece.text[:200], "column": piece.column}
        yield Finding("tls-rpt-syntax", parameters, proof)
    if not record.has_rua:
        yield Finding("tls-rpt-rua-missing", {}, proof)
    for place in case.places[:MAX_OF_A_KIND]:
        yield from _of_place(case, place)
    good = [place.destination.text[:200] for place in case.places if place.state == "ok"]
    if good and not record.errors:
        yield Finding("tls-rpt-found", {"destinations": good}, proof)


def _of_place(case: _Case, place: _Place) -> Iterator[Finding]:
    to, proof = place.destination, evidence(case.answer, *place.answers)
    if to.error:
        id = "tls-rpt-scheme" if to.error == "scheme" else "tls-rpt-uri"
        yield Finding(id, {"uri": to.text[:200]}, proof)
    elif place.state == "missing":
        id = "tls-rpt-no-mailbox" if to.kind == "mailto" else "tls-rpt-no-web-server"
        yield Finding(id, {"uri": to.text[:200], "host": to.host[:253]}, proof)
    elif place.state == "failed":
        failed = next(answer for answer in place.answers if answer.outcome.is_failure)
        yield failure_finding(failed, case.context.resolver)
