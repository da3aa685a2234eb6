"""How many new reports are made on one registrable domain, whoever asks for them.

Every report asks the resolvers for names below its domain, so reports on ever new subdomains would
end at the same few name servers. Lessons of the classroom are not counted.
"""

from __future__ import annotations

from django.conf import settings

from lookups.engine.dmarc.suffixes import organization
from lookups.runtime import is_lesson

from .counting import Ask, State, count, seconds_to_wait
from .refusing import Refusal


def registrable(domain: str) -> str:
    """One label below the public suffix; `domain` in A-labels."""
    return organization(domain.lower().rstrip("."))


def take(domain: str) -> int:
    """Counts one new report on `domain`; seconds to wait where there is no room for it."""
    return seconds_to_wait(_count(domain))


def refusal(domain: str) -> Refusal | None:
    """The same for whoever waits for the report."""
    seconds = take(domain)
    return Refusal(seconds, domain=registrable(domain)) if seconds else None


def _count(domain: str) -> list[State]:
    if is_lesson(domain):
        return []
    return count(Ask("domain", settings.LIMIT_DOMAIN, registrable(domain)))
