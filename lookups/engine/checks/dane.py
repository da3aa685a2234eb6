"""Topic dane: TLSA records, by which senders recognise the mail servers (RFC 6698, RFC 7672).

They count only where DNSSEC vouches for the whole way: for the MX records, for the host's
addresses and for the TLSA records themselves (RFC 7672 §2.2).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import dns.name
from dns.rdatatype import TLSA

from ..context import Context
from ..dnssec import Security, examine, security_of
from ..dnssec.status import weakest
from ..finding import Partial, Section
from ..records import tlsa
from ..records.tlsa import Tlsa
from ..records.txt import raw_record
from ..resolver import Answer, Outcome, name_text
from . import dane_rules
from .mail_hosts import MailHost, MailHosts, mail_hosts
from .mx_rules import bounded

if TYPE_CHECKING:
    from .smtp import Probe

TOPIC = "dane"
MAX_HOSTS = 10
MAX_SPOKEN = 4  # hosts whose certificates are looked at, as in topic smtp
MAX_RECORDS = 8  # of one host
NAME_PROBLEMS = frozenset({"name", "expired", "not-yet-valid"})


@dataclass(slots=True)
class Host:
    """One mail server. `state` and `certificate` as docs/contracts.md lists them; `base` is the
    name whose TLSA records count (RFC 7672 §2.2.3)."""

    name: str
    preference: int
    base: str = ""
    state: str = "pending"
    addresses: Security = Security.INDETERMINATE
    answer: Answer | None = None
    security: Security = Security.INDETERMINATE
    records: list[Tlsa] = field(default_factory=list)
    certificate: str = ""
    chain: tuple[bytes, ...] = ()
    matching: frozenset[int] = frozenset()  # indexes of `records`

    @property
    def usable(self) -> list[Tlsa]:
        """The records that a sender of mail goes by."""
        return [r for r in self.records if not r.problem] if self.state == "usable" else []

    def as_json(self) -> dict[str, Any]:
        return {
            "host": self.name,
            "preference": self.preference,
            "base": self.base if self.base != self.name else None,
            "state": self.state,
            "addresses": self.addresses.value,
            "tlsa": self.security.value,
            "certificate": self.certificate or None,
            "records": [
                {
                    "parameters": record.parameters,
                    "usage": tlsa.USAGES[record.usage] if record.usage < 4 else "",
                    "data": record.data.hex()[:16],
                    "problem": record.problem or None,
                    "matches": index in self.matching if self.chain else None,
                }
                for index, record in enumerate(self.records)
            ],
        }


@dataclass(slots=True)
class Case:
    context: Context
    mail: MailHosts
    mx: Security
    hosts: list[Host]

    @property
    def kind(self) -> str:
        if self.mail.null:
            return "null"
        if self.mail.hosts:
            return "implicit" if self.mail.hosts[0].implicit else "mx"
        return "unknown" if self.mail.answer.outcome.is_failure else "none"

    def section(self, complete: bool) -> Section:
        findings = dane_rules.findings(self) if complete else []
        records = {
            "kind": self.kind,
            "mx": self.mx.value,
            "hosts": [host.as_json() for host in self.hosts],
            "skipped": max(0, len(self.mail.hosts) - MAX_HOSTS),
            "raw": [_raw(host, record) for host in self.hosts for record in host.records],
            "ready": dane_rules.ready(self),
        }
        return Section(TOPIC, records, tuple(bounded(findings)), complete)


async def check(context: Context) -> AsyncIterator[Section | Partial]:
    """Yields what DNS says at once, then whether the certificates fit."""
    mail = await mail_hosts(context)
    mx = await security_of(context, mail.answer)
    hosts = [Host(host.text, host.preference) for host in mail.hosts[:MAX_HOSTS]]
    case = Case(context, mail, mx, hosts)
    named = zip(hosts, mail.hosts, strict=False)
    await asyncio.gather(*(_look_up(context, host, each) for host, each in named))
    spoken = [host for host in hosts if host.state in ("usable", "none")][:MAX_SPOKEN]
    spoken = [host for host in spoken if host.addresses is Security.SECURE]
    if spoken:
        yield partial(case.section, complete=False)
        await asyncio.gather(*(_speak_to(context, host) for host in spoken))
    yield case.section(complete=True)


async def _look_up(context: Context, host: Host, mail_host: MailHost) -> None:
    """The host's addresses and TLSA records, and whether they may be believed."""
    name = mail_host.name
    first, *addresses = await context.queries((_owner(name), "TLSA"), (name, "A"), (name, "AAAA"))
    states = await asyncio.gather(*(security_of(context, answer) for answer in addresses))
    found = [s for s, answer in zip(states, addresses, strict=True) if answer.records]
    host.addresses = weakest(found or states)
    host.base, answer = host.name, first
    target = next((a.owner for a in addresses if a.aliases), None)
    if target is not None and host.addresses is Security.SECURE:
        # The end of secure aliases comes first, the name in the MX record second (RFC 7672 §2.2.3).
        expanded = await context.query(_owner(target), "TLSA")
        if _records(expanded) or expanded.outcome.is_failure:
            host.base, answer = name_text(target), expanded
    host.records = _records(answer)
    host.answer = answer = _readable(answer)
    host.security = (await examine(context, answer)).security
    has_address = any(a.records for a in addresses)
    host.state = _state(host, answer) if has_address else "no-address"


def _owner(name: dns.name.Name) -> dns.name.Name:
    try:
        return dns.name.Name((b"_25", b"_tcp", *name.labels))
    except dns.name.NameTooLong:
        return name  # no room for a TLSA record; what is asked there is not found


def _rdata(answer: Answer) -> Sequence[bytes]:
    """The octets of the TLSA records, those included that dnspython does not take."""
    message = answer.message
    rrset = message.find(message.answer, answer.owner, TLSA) if message else None
    if rrset is None:
        return ()
    return [rrset.wire[start : start + length] for start, length in rrset.spans[:MAX_RECORDS]]


def _records(answer: Answer) -> list[Tlsa]:
    found = [tlsa.of_wire(octets) for octets in _rdata(answer)]
    return sorted((r for r in found if r is not None), key=lambda r: r.text)


def _readable(answer: Answer) -> Answer:
    """An answer that is malformed only because of a digest's length, as one like any other."""
    message = answer.message
    if answer.outcome is not Outcome.MALFORMED or message is None or not _rdata(answer):
        return answer
    rrset = message.find(message.answer, answer.owner, TLSA)
    return replace(answer, outcome=Outcome.ANSWER, rrset=rrset)


def _state(host: Host, answer: Answer) -> str:
    if host.addresses is Security.BOGUS:
        return "bogus"
    if host.addresses is not Security.SECURE:
        # Senders do not even ask for TLSA records here (RFC 7672 §2.2.2).
        return "insecure" if host.records else "none"
    if answer.outcome.is_failure or host.security is Security.BOGUS:
        return "failed"
    if not host.records:
        return "none"
    if host.security is not Security.SECURE:
        return "insecure"
    return "unusable" if all(record.problem for record in host.records) else "usable"


async def _speak_to(context: Context, host: Host) -> None:
    """Holds the records against the certificate that the server shows (RFC 7672 §3.2)."""
    from .smtp import probe

    found = await probe(context, host.name)
    if found is None or found.error and not found.greeting_code:
        return
    if not found.certificates:
        host.certificate = "" if found.starttls or found.error else "no-starttls"
        return
    host.chain = tuple(found.certificates)
    host.matching = frozenset(
        index for index, record in enumerate(host.records) if _fits(record, found)
    )
    if host.usable:
        host.certificate = "match" if host.matching else "mismatch"


def _fits(record: Tlsa, found: Probe) -> bool:
    """DANE-EE looks at the key alone; with DANE-TA name and dates count too (RFC 7672 §3.1)."""
    if record.problem or not tlsa.fits(record, found.certificates):
        return False
    return record.usage == tlsa.DANE_EE or not NAME_PROBLEMS & set(found.problems)


def _raw(host: Host, record: Tlsa) -> dict[str, Any]:
    text = record.text[: tlsa.MAX_TEXT]
    return raw_record(tlsa.owner(host.base), text, tlsa.parts(text), "TLSA")
