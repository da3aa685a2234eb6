"""The rules of topic dkim: from the selectors that were looked up to findings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from ..finding import Finding
from ..records import txt
from ..records.dkim import GOOD_RSA_BITS, MAX_RSA_BITS, MIN_RSA_BITS, KeyRecord, Problem
from ..resolver import Outcome, name_text
from .answers import evidence, failure_finding
from .dkim_case import Case, Selector
from .mx_rules import bounded

MAX_SHOWN = 200  # characters of a text that is no key record

# The finding for each code of a Problem.
PROBLEMS = {
    "syntax": "dkim-syntax",
    "duplicate": "dkim-duplicate-tag",
    "version": "dkim-version",
    "version-place": "dkim-version-place",
    "no-key": "dkim-no-key",
    "backslash": "dkim-backslashes",
    "quote": "dkim-quotes",
    "armour": "dkim-armour",
    "base64": "dkim-base64",
    "padding": "dkim-padding",
    "cut": "dkim-key-cut",
    "private": "dkim-private-key",
    "unreadable": "dkim-key-unreadable",
    "wrapped": "dkim-ed25519-wrapped",
    "key-type": "dkim-key-type",
    "hash": "dkim-no-sha256",
    "service": "dkim-other-service",
}

# An SPF record that lets nobody send (RFC 7208 §5.1).
_SENDS_NOTHING = re.compile(r"v=spf1 +-all *", re.IGNORECASE)


async def findings(case: Case) -> tuple[Finding, ...]:
    """Everything that follows from the answers. Asks at most whether the domain sends mail."""
    found = [*_failures(case), *_wildcard(case)]
    for selector in case.selectors:
        found += _selector(selector)
    found += _keys(case)
    if not case.found:
        found += await _without_keys(case)
    return tuple(bounded(found))


def _failures(case: Case) -> Iterator[Finding]:
    """What DNS left open: of the guesses one for each outcome, since they fail for one cause."""
    answers = [case.parent, *(s.answer for s in case.selectors if s.named)]
    seen = {answer.outcome for answer in answers}
    for selector in case.selectors:
        if selector.answer.outcome not in seen:
            seen.add(selector.answer.outcome)
            answers.append(selector.answer)
    for answer in answers:
        if answer.outcome.is_failure:
            yield failure_finding(answer, case.context.resolver)


def _wildcard(case: Case) -> Iterator[Finding]:
    """RFC 4592: a wildcard answers for every selector that has no record of its own."""
    if not case.wildcard:
        return
    everywhere = next((s for s in case.selectors if s.selector == "*"), None)
    if everywhere and everywhere.state == "revoked":
        yield Finding("dkim-wildcard-revoked", {}, evidence(case.probe))
    else:
        parameters = {"text": case.wildcard[0][:MAX_SHOWN]}
        yield Finding("dkim-wildcard", parameters, evidence(case.probe))


def _selector(selector: Selector) -> Iterator[Finding]:
    """What is wrong at one selector."""
    proof = evidence(selector.answer)
    parameters: dict[str, Any] = {"selector": selector.selector}
    if selector.state in ("missing", "wildcard") and selector.named:
        parameters["name"] = selector.name
        yield Finding("dkim-selector-without-key", parameters, proof)
    elif selector.state == "dangling":
        parameters["target"] = selector.target
        yield Finding("dkim-selector-dangling", parameters, proof)
    elif selector.state == "several":
        parameters["count"] = len(selector.answer.records)
        yield Finding("dkim-several-records", parameters, proof)
    elif selector.state == "no-key":
        parameters["text"] = selector.texts[0][:MAX_SHOWN]
        yield Finding("dkim-not-a-key", parameters, proof)
    elif selector.record:
        for problem in selector.record.problems:
            about = problem_parameters(problem, selector.selector)
            yield Finding(PROBLEMS[problem.code], about, proof)
        for id, about in strength(selector.record, selector.selector):
            yield Finding(id, about, proof)


def problem_parameters(problem: Problem, selector: str) -> dict[str, Any]:
    """Those of the finding for one problem of a key record."""
    parameters: dict[str, Any] = {
        "selector": selector,
        "column": problem.column,
        "text": problem.text,
    }
    if problem.code == "cut":
        parameters |= {"have": problem.have, "need": problem.need}
    return parameters


def strength(record: KeyRecord, selector: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """RFC 8301 §3.2: 1024 bits are the least, 2048 advised, up to 4096 understood by all."""
    key = record.key
    if key is None or key.algorithm != "rsa":
        return
    parameters = {"selector": selector, "bits": key.bits}
    if key.bits < MIN_RSA_BITS:
        yield "dkim-rsa-too-short", parameters
    elif key.bits < GOOD_RSA_BITS:
        yield "dkim-rsa-short", parameters
    elif key.bits > MAX_RSA_BITS:
        yield "dkim-rsa-long", parameters


def _keys(case: Case) -> Iterator[Finding]:
    """What the selectors are like together: one finding names all that share a property."""
    yield from _together(case, "dkim-key-sound", lambda s, r: s.state == "sound")
    real = [s for s in case.found if s.selector != "*"]
    revoked = [s for s in real if s.state == "revoked"]
    if revoked:
        yield _naming("dkim-revoked", revoked)
    yield from _together(case, "dkim-testing", lambda s, r: r.is_testing)
    yield from _together(case, "dkim-strict", lambda s, r: r.is_strict)
    usable = [s for s in case.found if s.record and s.record.is_usable]
    if usable and all(s.record and s.record.key_type == "ed25519" for s in usable):
        yield _naming("dkim-ed25519-alone", usable)
    delegated = [s for s in real if s.target]
    if delegated:
        targets = [s.target for s in delegated]
        yield _naming("dkim-delegated", delegated, targets=targets)
    by_key: dict[bytes, list[Selector]] = {}
    for selector in real:
        if selector.record and selector.record.key:
            by_key.setdefault(selector.record.key.octets, []).append(selector)
    for same in by_key.values():
        if len(same) > 1:
            yield _naming("dkim-key-shared", same)


def _together(case: Case, id: str, has: Callable[[Selector, KeyRecord], bool]) -> Iterator[Finding]:
    """One finding for the selectors with a key that `has` a property."""
    chosen = [s for s in case.found if s.record and s.record.key and has(s, s.record)]
    if chosen:
        yield _naming(id, chosen)


def _naming(id: str, selectors: list[Selector], **more: Any) -> Finding:
    parameters = {"count": len(selectors), "selectors": [s.selector for s in selectors]}
    return Finding(id, parameters | more, evidence(*(s.answer for s in selectors)))


async def _without_keys(case: Case) -> list[Finding]:
    """No key was found: does that prove anything?"""
    if case.is_open:
        return []
    name = {"name": name_text(case.parent.name)}
    proof = evidence(case.parent)
    if case.is_hinted:
        return [Finding("dkim-unknown-selector", name | _asked(case), proof)]
    if not case.is_bare:
        return [Finding("dkim-none-found", _asked(case), proof)]
    spf = await case.context.query(case.context.name, "TXT")
    if spf.outcome is Outcome.NXDOMAIN:
        return []  # no domain, no keys: topic mx says so
    texts = [txt.text_of(record.strings) for record in spf.records[:50]]
    if any(map(_SENDS_NOTHING.fullmatch, texts)):
        return [Finding("dkim-not-needed", {}, proof + evidence(spf))]
    return [Finding("dkim-none", name, proof)]


def _asked(case: Case) -> dict[str, Any]:
    return {"asked": len(case.selectors)}
