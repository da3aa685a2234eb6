"""The questions of check_host(), counted against its limits (RFC 7208 §4.6.4)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from typing import Any

import dns.name

from ..addresses import Address, reverse_name
from ..addresses import parse as parse_address
from ..names import DomainError, parse_domain
from ..records.spf import is_spf
from ..resolver import Answer, Outcome, Resolver, name_text
from .result import Result

MAX_LOOKUPS = 10  # terms that ask DNS
MAX_VOID_LOOKUPS = 2  # of them that find nothing
MAX_MX = 10  # hosts of one mx mechanism
MAX_PTR = 10  # names of the client's address

_DOMAIN_LITERAL = re.compile(r"^\[.*\]$", re.DOTALL)


class Stop(Exception):
    """The evaluation ends here with `result`; `why` and `detail` as in Step."""

    def __init__(self, result: Result, why: str, detail: str = "") -> None:
        super().__init__(f"{result} {why} {detail}")
        self.result, self.why, self.detail = result, why, detail


def spf_texts(records: Iterable[Any]) -> list[str]:
    """The SPF records among TXT records, each with its strings joined (§3.3, §4.5)."""
    texts = (b"".join(record.strings).decode("utf-8", "replace") for record in records)
    return [text for text in texts if is_spf(text)]


def dns_name(text: str) -> dns.name.Name | None:
    """The name in `text`, taken as it stands; None where DNS cannot have it (§4.3)."""
    try:
        labels = [label.encode("utf-8") for label in text.removesuffix(".").split(".")]
    except UnicodeEncodeError:
        return None
    if not all(labels):
        return None
    try:
        return dns.name.Name([*labels, b""])
    except (dns.name.LabelTooLong, dns.name.NameTooLong):
        return None


def ascii_domain(text: str) -> str:
    """A-labels for a name with letters beyond ASCII (§4.3); the name itself where that fails."""
    if text.isascii():
        return text
    try:
        return parse_domain(text).ascii
    except DomainError:
        return text


def is_checkable(domain: str) -> bool:
    """Whether check_host() has a domain to check: several labels, no address literal (§4.3)."""
    name = dns_name(domain)
    return name is not None and len(name) > 2 and not _DOMAIN_LITERAL.match(domain)


class Lookups:
    """Asks for one message, and stops where a limit is passed."""

    def __init__(self, resolver: Resolver, ip: Address) -> None:
        self._resolver = resolver
        self._ip = ip
        self._type = "A" if ip.version == 4 else "AAAA"
        self.count = 0
        self.void = 0
        self._names: list[str] | None = None

    def spend(self) -> None:
        """One more term that asks DNS."""
        if self.count >= MAX_LOOKUPS:
            raise Stop(Result.PERMERROR, "lookup-limit")
        self.count += 1

    async def record(self, domain: str) -> Answer:
        """The TXT question for a domain that has passed `is_checkable`."""
        return await self._query(dns_name(domain) or dns.name.root, "TXT")

    async def text(self, domain: str) -> str | None:
        """The one TXT record at `domain`, for an explanation; None where there is not one."""
        name = dns_name(domain)
        if name is None:
            return None
        answer = await self._query(name, "TXT")
        if len(answer.records) != 1:
            return None
        return b"".join(answer.records[0].strings).decode("utf-8", "replace")

    async def addresses(self, domain: str) -> list[Address]:
        """The addresses of the client's family (§5); temperror where DNS fails."""
        name = dns_name(domain)
        if name is None:
            return []
        return self._addresses(await self._query(name, self._type))

    async def mx_addresses(self, domain: str) -> list[Address]:
        """The addresses of all MX hosts, in the order of preference (§5.4)."""
        name = dns_name(domain)
        if name is None:
            return []
        answer = await self._query(name, "MX")
        self._judge(answer)
        records = sorted(answer.records, key=lambda record: record.preference)
        hosts = [record.exchange for record in records if record.exchange != dns.name.root]
        if len(hosts) > MAX_MX:
            raise Stop(Result.PERMERROR, "mx-limit", domain)
        answers = await asyncio.gather(*(self._query(host, self._type) for host in hosts))
        return [address for answer in answers for address in self._addresses(answer)]

    async def exists(self, domain: str) -> bool:
        """Whether an A record is there, whatever the client's family (§5.7)."""
        name = dns_name(domain)
        if name is None:
            return False
        answer = await self._query(name, "A")
        self._judge(answer)
        return bool(answer.records)

    async def names(self, count_void: bool = False) -> list[str]:
        """The validated names of the client's address (§5.5): DNS errors only cost names."""
        if self._names is not None:
            return self._names
        answer = await self._query(reverse_name(self._ip), "PTR")
        if count_void and not answer.outcome.is_failure:
            self._judge(answer)
        targets = [record.target for record in answer.records][:MAX_PTR]
        answers = await asyncio.gather(*(self._query(name, self._type) for name in targets))
        self._names = [
            name_text(name)
            for name, forward in zip(targets, answers, strict=True)
            if any(parse_address(r.address) == self._ip for r in forward.records)
        ]
        return self._names

    async def best_name(self, domain: str) -> str:
        """%{p}: the domain itself if validated, else a name below it, else any (§7.3)."""
        if self._names is None:
            self.spend()
        names = await self.names()
        low = domain.lower()
        below = [name for name in names if name.endswith("." + low)]
        if low in names:
            return low
        return next(iter([*below, *names]), "unknown")

    def _addresses(self, answer: Answer) -> list[Address]:
        self._judge(answer)
        return [parse_address(record.address) for record in answer.records]

    def _judge(self, answer: Answer) -> None:
        """Temperror for a failure; a void lookup for an answer without records."""
        if answer.outcome.is_failure:
            detail = name_text(answer.owner)
            raise Stop(Result.TEMPERROR, f"dns-{answer.outcome.value}", detail)
        if not answer.records:
            self.void += 1
            if self.void > MAX_VOID_LOOKUPS:
                raise Stop(Result.PERMERROR, "void-limit", name_text(answer.owner))

    async def _query(self, name: dns.name.Name, rdtype: str) -> Answer:
        answer = await self._resolver.query(name, rdtype)
        if answer.outcome is Outcome.DEADLINE:
            raise Stop(Result.TEMPERROR, "deadline")
        return answer
