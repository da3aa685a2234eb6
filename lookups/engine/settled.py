"""What of a history counts as its state: what DNS said twice, or plainly once.

A lost packet makes findings come and go from one report to the next. So a topic in which a server
did not answer counts only where the report before it met the same. Pure; it never raises.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .difference import is_comparable

# What DNS said plainly; every other finding about an answer may be gone at the next question.
_ANSWERS = frozenset({"dns-alias", "dns-nodata", "dns-nxdomain"})
# The same for what machines other than DNS servers did.
_PASSING = frozenset(
    {
        "bimi-fetch-failed",
        "dnssec-undetermined",
        "mta-sts-policy-unreachable",
        "smtp-broken-off",
        "smtp-connection-refused",
        "smtp-greeting-later",
        "smtp-timeout",
    }
)

Sections = Mapping[str, Any]


def settled_base(after: Sections, earlier: Sequence[Sections]) -> tuple[Sections, dict[str, int]]:
    """With what each topic of `after` is to be compared, and in which of `earlier` it was found.

    `earlier` are the reports before it, the newest first. Topics that are not in the result are
    not to be compared at all: nothing is known from before, or `after` may be a passing state.
    """
    base: dict[str, Any] = {}
    places: dict[str, int] = {}
    history = [after, *earlier]
    for topic in after:
        if not _is_settled(history, 0, topic):
            continue
        for place in range(1, len(history)):
            comparable = is_comparable(history[place], after, topic)
            if comparable and _is_settled(history, place, topic):
                base[topic], places[topic] = history[place][topic], place - 1
                break
    return base, places


def _is_settled(history: Sequence[Sections], place: int, topic: str) -> bool:
    if not _is_passing(history[place], topic):
        return True
    return place + 1 < len(history) and _is_passing(history[place + 1], topic)


def _is_passing(sections: Sections, topic: str) -> bool:
    section = sections.get(topic)
    found = section.get("findings") if isinstance(section, Mapping) else None
    ids = [f.get("id") for f in found or () if isinstance(f, Mapping)]
    return any(isinstance(id, str) and _passes(id) for id in ids)


def _passes(id: str) -> bool:
    return id in _PASSING or (id.startswith("dns-") and id not in _ANSWERS)
