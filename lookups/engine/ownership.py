"""Whether a TXT record shows that somebody holds a domain."""

from __future__ import annotations

from dataclasses import dataclass

import dns.exception

from .records import txt
from .resolver import Outcome, Resolver

FOUND, OTHER, MISSING, FAILED = STATES = ("found", "other", "missing", "failed")
MAX_TEXTS = 20  # of the name that are looked at
MAX_SHOWN = 255  # characters of one that are kept


@dataclass(frozen=True, slots=True)
class Seen:
    """What stands at the name. `state`: "found"; "other" (texts, but not that one); "missing";
    "failed" (DNS left it open: `outcome` says how). `texts`: what is there instead."""

    state: str
    texts: tuple[str, ...] = ()
    outcome: str = ""

    @property
    def is_proof(self) -> bool:
        return self.state == FOUND


async def look(resolver: Resolver, name: str, text: str) -> Seen:
    """Asks for the TXT records of `name`. Quotes that a form has kept do no harm."""
    try:
        answer = await resolver.query(name, "TXT")
    except dns.exception.DNSException:  # longer than names may be: nothing can stand there
        return Seen(MISSING)
    if answer.outcome.is_failure:
        return Seen(FAILED, outcome=answer.outcome.value)
    if answer.outcome is not Outcome.ANSWER:
        return Seen(MISSING, outcome=answer.outcome.value)
    texts = [txt.text_of(record.strings) for record in answer.records[:MAX_TEXTS]]
    if any(each.strip(' \t"') == text for each in texts):
        return Seen(FOUND)
    return Seen(OTHER, tuple(each[:MAX_SHOWN] for each in texts))
