"""Where reports go, and whether the destinations agreed to take them.

RFC 9990 §4 for `rua`, RFC 9991 §5 for `ruf`: another organization must publish
`<domain>._report._dmarc.<destination>`, or receivers ignore the address.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import dns.name

from ..context import Context
from ..records import dmarc
from ..records.dmarc import Record
from ..records.dmarc_uris import Uri
from ..resolver import Answer, Outcome
from .walk import Discovery, discover_for, texts_of

MAX_HOSTS = 6  # destinations that are asked about
MAX_NAME = 253


@dataclass(frozen=True, slots=True)
class Destination:
    """One host that takes reports.

    `consent`: "own" (the same organization), "given", "missing", or "unknown" (DNS left it open).
    `mail`: "yes", "no" (neither MX nor address, or no such name), "null" (RFC 7505), "unknown".
    """

    host: str
    question: str
    consent: str
    mail: str
    answers: tuple[Answer, ...]
    failure: Answer | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """One address of `rua` or `ruf` with its destination; None for those that were not asked."""

    tag: str
    uri: Uri
    destination: Destination | None

    def as_json(self) -> dict[str, Any]:
        there = self.destination
        return {
            "tag": self.tag,
            "address": self.uri.address or self.uri.text,
            "host": self.uri.host,
            "error": self.uri.error,
            "consent": there.consent if there else "",
            "mail": there.mail if there else "",
            "question": there.question if there and there.consent != "own" else "",
        }


async def addresses(context: Context, discovery: Discovery) -> tuple[Address, ...]:
    """All addresses of the record in force, with what DNS says of their hosts, asked at once."""
    record = discovery.record
    if record is None:
        return ()
    listed = [("rua", uri) for uri in record.rua] + [("ruf", uri) for uri in record.ruf]
    hosts = dict.fromkeys(uri.host for _, uri in listed if uri.host)
    asked = list(hosts)[:MAX_HOSTS]
    found = await asyncio.gather(*(_destination(context, discovery, host) for host in asked))
    by_host = {destination.host: destination for destination in found}
    return tuple(Address(tag, uri, by_host.get(uri.host)) for tag, uri in listed)


def record_organization(discovery: Discovery) -> str:
    """The organization of the domain that the record stands at."""
    own = discovery.record_domain == discovery.domain
    return discovery.organizational_domain if own else discovery.record_domain


async def _destination(context: Context, discovery: Discovery, host: str) -> Destination:
    question = f"{discovery.record_domain}._report._dmarc.{host}"
    mail = asyncio.ensure_future(_mail(context, host))
    if host in (discovery.record_domain, discovery.organizational_domain):
        state, answer = await mail
        return Destination(host, question, "own", state, (answer,))
    if len(question) > MAX_NAME:  # such a name cannot be asked for, so there is no consent
        state, answer = await mail
        return Destination(host, question, "missing", state, (answer,))
    walk, consent, (state, mx) = await asyncio.gather(
        context.once(("dmarc", host), lambda: discover_for(context, host)),
        context.query(dns.name.from_text(question), "TXT"),
        mail,
    )
    if walk.organizational_domain == record_organization(discovery):
        return Destination(host, question, "own", state, (mx,))
    if consent.outcome.is_failure:
        return Destination(host, question, "unknown", state, (consent, mx), consent)
    given = any(_consents(text, host) for text in texts_of(consent))
    return Destination(host, question, "given" if given else "missing", state, (consent, mx))


def _consents(text: str, host: str) -> bool:
    """Whether one TXT record agrees (RFC 9990 §4): v=DMARC1 comes first; an address in it must
    be at the same host, else nothing is sent at all."""
    if not dmarc.is_record(text):
        return False
    record: Record = dmarc.parse(text)
    return all(not uri.host or uri.host == host for uri in (*record.rua, *record.ruf))


async def _mail(context: Context, host: str) -> tuple[str, Answer]:
    """Whether anything takes mail there (RFC 5321 §5.1)."""
    answer = await context.query(host, "MX")
    if answer.outcome is Outcome.NXDOMAIN:
        return "no", answer
    if answer.outcome.is_failure:
        return "unknown", answer
    if answer.records:
        null = all(record.exchange == dns.name.root for record in answer.records)
        return ("null" if null else "yes"), answer
    found = await context.queries((answer.owner, "A"), (answer.owner, "AAAA"))
    if any(one.records for one in found):
        return "yes", answer
    failed = any(one.outcome.is_failure for one in found)
    return ("unknown" if failed else "no"), answer
