"""A trace of check_host() as the tree that it walked: records, their terms, and what these open."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any

from .result import Check, Step, Verdict


@dataclass(frozen=True, slots=True)
class Twig:
    """A term, and the record it led to. `decisive`: the evaluation of its record ended with it."""

    step: Step
    branch: Branch | None = None
    decisive: bool = False

    def as_json(self) -> dict[str, Any]:
        return {
            "term": self.step.term,
            "matched": self.step.matched,
            "why": self.step.why,
            "detail": self.step.detail,
            "lookup": self.step.lookup,
            "void": self.step.void,
            "decisive": self.decisive,
            "record": self.branch.as_json() if self.branch else None,
        }


@dataclass(frozen=True, slots=True)
class Branch:
    """A domain's record, as far as it was evaluated."""

    domain: str
    text: str
    twigs: tuple[Twig, ...]

    def as_json(self) -> dict[str, Any]:
        steps = [twig.as_json() for twig in self.twigs]
        return {"domain": self.domain, "text": self.text, "steps": steps}


def outline(verdict: Verdict) -> Branch:
    """The tree from the domain's own record down; as deep as lookups are allowed, ten at most."""
    steps: dict[int, list[Step]] = defaultdict(list)
    for step in verdict.trace:
        steps[step.check].append(step)
    return _deciding(_branch(0, verdict.checks, steps))


def _branch(number: int, checks: tuple[Check, ...], steps: dict[int, list[Step]]) -> Branch:
    check = checks[number]
    twigs = []
    for step in steps[number]:
        # A record is opened after the one that the term stands in, so there are no circles.
        opens = step.opens is not None and step.check < step.opens < len(checks)
        twigs.append(Twig(step, _branch(step.opens or 0, checks, steps) if opens else None))
    return Branch(check.domain, check.record, tuple(twigs))


def _deciding(branch: Branch) -> Branch:
    """Each record's evaluation ends with the term that decides it (RFC 7208 §4.6.2)."""
    if not branch.twigs:
        return branch
    last = branch.twigs[-1]
    opened = _deciding(last.branch) if last.branch else None
    return replace(branch, twigs=(*branch.twigs[:-1], Twig(last.step, opened, True)))
