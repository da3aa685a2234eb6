"""Identifier alignment: which authenticated domains speak for the domain in From.

RFC 9989 §4.4 and §4.10.2. Nothing here asks DNS.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Organization:
    """A domain and its organizational domain, "" where DNS left that open."""

    domain: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Identifier:
    """A domain that SPF or DKIM speaks for, compared with the one in From.

    `kind` is "mailfrom", "helo" or "dkim". `strict` and `relaxed` tell whether it is aligned in
    either mode, None where DNS left it open; `mode` ("s", "r") is the one in force. `used`: DMARC
    looks at it at all.
    """

    kind: str
    domain: str
    organization: str
    result: str
    mode: str
    strict: bool
    relaxed: bool | None
    used: bool = True

    @property
    def aligned(self) -> bool | None:
        return self.strict if self.mode == "s" else self.relaxed

    @property
    def counts(self) -> bool:
        """Whether the mail passes DMARC by it (RFC 9989 §4.4: authenticated and aligned)."""
        return self.used and self.result == "pass" and self.aligned is True

    @property
    def may_count(self) -> bool:
        """Whether only a failure of DNS keeps it from counting."""
        if not self.used or self.aligned is False:
            return False
        return self.result == "temperror" or (self.result == "pass" and self.aligned is None)

    @property
    def reason(self) -> str:
        """Why it counts or does not: one of REASONS."""
        if not self.used:
            return "unused"
        if self.aligned is None:
            return "unknown" if self.may_count else "failed"
        if self.aligned:
            if self.result == "pass":
                return "counts"
            return "unverified" if self.kind == "dkim" and self.result == "none" else "not-passed"
        if self.mode == "s" and self.relaxed:
            return "strict"
        return "stranger" if self.result == "pass" else "neither"

    REASONS = (
        "counts",
        "not-passed",  # aligned, but SPF or DKIM does not pass
        "unverified",  # aligned, but nobody has said whether the signature holds
        "stranger",  # passes, but for another organization
        "strict",  # of the same organization, but the very same name is asked for
        "neither",
        "failed",  # does not pass, whatever organization it is of
        "unknown",  # DNS left open which organization it belongs to
        "unused",  # HELO, where there is a MAIL FROM (RFC 9989 §4.4)
    )

    def as_json(self) -> dict[str, Any]:
        return {
            "identifier": self.kind,
            "domain": self.domain,
            "organizational_domain": self.organization,
            "result": self.result,
            "mode": "strict" if self.mode == "s" else "relaxed",
            "strict": self.strict,
            "relaxed": self.relaxed,
            "aligned": self.aligned,
            "counts": self.counts,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Authenticated:
    """What SPF or DKIM says of a domain; `kind` and `used` as in Identifier."""

    kind: str
    domain: str
    result: str
    used: bool = True


def compare(
    author: Organization, found: Authenticated, other: Organization, mode: str
) -> Identifier:
    """`found` against From. `other` is its organization; `mode` the value of aspf or adkim."""
    strict = bool(found.domain) and found.domain == author.domain
    relaxed: bool | None = strict
    if not strict and found.used and found.domain:
        known = author.name and other.name
        relaxed = author.name == other.name if known else None
    return Identifier(
        found.kind,
        found.domain,
        other.name,
        found.result,
        mode or "r",
        strict,
        relaxed,
        found.used,
    )
