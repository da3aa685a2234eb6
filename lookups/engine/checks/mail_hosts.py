"""The hosts that take a domain's mail: what topics other than mx need to know of them."""

from __future__ import annotations

from dataclasses import dataclass

import dns.name

from ..context import Context
from ..resolver import Answer, Outcome, name_text
from .mx_hosts import is_address, is_host_name

MAX_HOSTS = 20


@dataclass(frozen=True, slots=True)
class MailHost:
    """A host by its name; `implicit` where the domain itself stands in (RFC 5321 §5.1)."""

    name: dns.name.Name
    preference: int
    implicit: bool = False

    @property
    def text(self) -> str:
        return name_text(self.name)


@dataclass(frozen=True, slots=True)
class MailHosts:
    """`answer` is that to the MX question; `null` tells of a null MX (RFC 7505)."""

    answer: Answer
    hosts: tuple[MailHost, ...]
    null: bool = False


async def mail_hosts(context: Context) -> MailHosts:
    """The usable hosts, by preference and then name, each name once."""
    return await context.once("mail-hosts", lambda: _find(context))


async def _find(context: Context) -> MailHosts:
    answer = await context.query(context.name, "MX")
    if answer.outcome is Outcome.NODATA:
        owner = answer.owner
        found = await context.queries((owner, "A"), (owner, "AAAA"))
        implicit = any(address.records for address in found)
        return MailHosts(answer, (MailHost(owner, 0, implicit=True),) if implicit else ())
    records = sorted(
        ((record.preference, record.exchange) for record in answer.records),
        key=lambda record: (record[0], name_text(record[1])),
    )
    names = {
        name: preference
        for preference, name in reversed(records)
        if is_host_name(name) and not is_address(name)
    }
    hosts = [MailHost(name, preference) for name, preference in reversed(names.items())]
    null = bool(records) and all(name == dns.name.root for _, name in records)
    return MailHosts(answer, tuple(hosts[:MAX_HOSTS]), null)
