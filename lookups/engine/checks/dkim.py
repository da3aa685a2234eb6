"""Topic dkim: which keys a domain publishes for signing its mail, and whether they are sound.

RFC 6376 §3.6.2.1 puts a key at <selector>._domainkey.<domain>, and nothing in DNS lists selectors.
So selectors that the visitor names are asked for, or those that are widely used. Two answers spare
and guard the guesses: NXDOMAIN for _domainkey.<domain> says that nothing is below it (RFC 8020 §2),
and what comes for a selector that cannot exist is the work of a wildcard (RFC 4592).
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterable
from functools import partial

from ..context import Context
from ..finding import Partial, Section
from ..records import dkim
from ..records.dkim_selectors import COMMON, MAX_SELECTORS, OTHERS
from ..resolver import Answer
from . import dkim_rules
from .dkim_case import TOPIC, Case, Selector, is_wildcards, read
from .names_below import name_below

BELOW = "_domainkey"  # RFC 6376 §3.6.2.1


async def check(context: Context) -> AsyncIterator[Section | Partial]:
    """Yields what the first round found, then the whole."""
    case = await _first_round(context)
    if case is None:  # so long a domain has no room for a selector
        yield Section(TOPIC, {"kind": "none", "selectors": [], "asked": 0, "raw": []})
        return
    if rest := _second_round(case):
        if case.found:
            yield partial(case.section, complete=False)
        await _guess(case, rest)
    yield case.section(await dkim_rules.findings(case), complete=True)


async def _first_round(context: Context) -> Case | None:
    """_domainkey, the impossible selector, and those that were named, or else the most common."""
    parent = name_below(context, BELOW)
    probe = name_below(context, f"{_impossible(context.domain.ascii)}.{BELOW}")
    if parent is None or probe is None:
        return None
    named = tuple(dict.fromkeys(context.options.selectors))[:MAX_SELECTORS]
    first = named or tuple(COMMON)
    (below, impossible), answers = await asyncio.gather(
        context.queries((parent, "TXT"), (probe, "TXT")), _answers(context, first)
    )
    case = Case(context, below, impossible)
    _add(case, first, answers, named=bool(named))
    if any(map(dkim.looks_like_key, case.wildcard)):
        case.selectors.insert(0, read(Selector("*", case.probe, named=False)))
    return case


def _second_round(case: Case) -> tuple[str, ...]:
    """The selectors to try next: none where nothing can be there, or nothing is missing."""
    asked = {selector.selector for selector in case.selectors}
    named = [selector for selector in case.selectors if selector.named]
    if case.is_bare or case.parent.outcome.is_failure or (named and all(s.is_found for s in named)):
        return ()
    return tuple(selector for selector in (*COMMON, *OTHERS) if selector not in asked)


async def _guess(case: Case, selectors: tuple[str, ...]) -> None:
    _add(case, selectors, await _answers(case.context, selectors), named=False)


def _add(case: Case, selectors: tuple[str, ...], answers: list[Answer | None], named: bool) -> None:
    for selector, answer in zip(selectors, answers, strict=True):
        if answer is not None:
            found = read(Selector(selector, answer, named))
            if is_wildcards(case, found):
                found.state, found.record = "wildcard", None
            case.selectors.append(found)


async def _answers(context: Context, selectors: Iterable[str]) -> list[Answer | None]:
    """All at once; None for a selector that makes the name too long for DNS."""
    names = [name_below(context, f"{selector}.{BELOW}") for selector in selectors]
    found = iter(await context.queries(*((name, "TXT") for name in names if name)))
    return [next(found) if name else None for name in names]


def _impossible(domain: str) -> str:
    """A selector that nobody has: the same for a domain each time, so that caches can help."""
    return "no-" + hashlib.sha256(domain.encode()).hexdigest()[:20]
