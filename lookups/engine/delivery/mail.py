"""What is known of a mail before DNS is asked."""

from __future__ import annotations

from dataclasses import dataclass

from ..addresses import Address
from ..names import DomainError, parse_domain

# What a verifier may say of a DKIM signature (RFC 8601 §2.7.1).
DKIM_RESULTS = ("none", "pass", "fail", "policy", "neutral", "temperror", "permerror")
MAX_SIGNATURES = 10


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An address; `domain` in A-label form, without the final dot."""

    local_part: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local_part}@{self.domain}"


@dataclass(frozen=True, slots=True)
class Signature:
    """A DKIM signature: its d=, and how its verification ended; "none" where nobody knows."""

    domain: str
    result: str = "none"


@dataclass(frozen=True, slots=True)
class Mail:
    """`sender` is MAIL FROM, None for the null reverse-path (RFC 5321 §4.5.5). `helo` is what the
    client greeted with, "" where that is not known."""

    ip: Address
    author: Mailbox
    sender: Mailbox | None
    helo: str = ""
    signatures: tuple[Signature, ...] = ()

    @property
    def helo_domain(self) -> str:
        """HELO as a domain; "" where it is none, such as an address literal."""
        try:
            return parse_domain(self.helo).ascii if self.helo else ""
        except DomainError:
            return ""

    @property
    def spf_domain(self) -> str:
        """The domain that SPF speaks for: MAIL FROM's, or HELO's of a bounce (RFC 7208 §2.4)."""
        return self.sender.domain if self.sender else self.helo_domain
