"""What the check of DMARC knows of a domain, for its rules and its proposals."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..dmarc.reports import Address
from ..dmarc.suffixes import Listed
from ..dmarc.walk import Discovery, texts_of
from ..records import dmarc
from ..resolver import Answer, Outcome, Resolver
from .mail_hosts import MailHosts


@dataclass(slots=True)
class Case:
    """`apex` is the answer to the TXT question at the domain itself; `suffix` tells that others
    register below the domain of the record."""

    resolver: Resolver
    discovery: Discovery
    apex: Answer
    hosts: MailHosts
    addresses: tuple[Address, ...] = ()
    listed: Listed | None = None
    suffix: bool = False
    misplaced: tuple[str, ...] = field(init=False)
    meant: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """`misplaced`: records that stand at the domain instead of at _dmarc; `meant`: those at
        _dmarc that receivers do not take for DMARC records."""
        self.misplaced = tuple(text for text in texts_of(self.apex) if dmarc.is_record(text))
        self.meant = tuple(
            text
            for text in self.discovery.own.texts
            if not dmarc.is_record(text) and dmarc.looks_meant(text)
        )

    @property
    def domain(self) -> str:
        return self.discovery.domain

    @property
    def kind(self) -> str:
        """Whose record holds: "own", "inherited", "none", "unknown" (DNS left it open)."""
        if self.discovery.record:
            return "inherited" if self.discovery.inherited else "own"
        return "unknown" if self.discovery.failure else "none"

    @property
    def absent(self) -> bool:
        """The domain does not exist at all."""
        return self.apex.outcome is Outcome.NXDOMAIN

    @property
    def mailless(self) -> bool:
        """The domain takes no mail: it says so (RFC 7505), or has neither MX nor address."""
        hosts = self.hosts
        return hosts.null or (hosts.answer.outcome is Outcome.NODATA and not hosts.hosts)

    @property
    def sends_by_spf(self) -> bool:
        """Whether the domain has an SPF record, or DNS left that open (RFC 7208 §4.5)."""
        if self.apex.outcome.is_failure:
            return True
        return any(text.lower().startswith("v=spf1") for text in texts_of(self.apex))
