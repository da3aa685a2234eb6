"""Findings about the answers themselves: what DNS said instead of records."""

from __future__ import annotations

from typing import Any

from ..finding import Evidence, Finding
from ..resolver import Answer, Outcome, Resolver, name_text


def evidence(*answers: Answer) -> tuple[Evidence, ...]:
    """The questions behind a finding."""
    return tuple(Evidence(name_text(answer.name), answer.type) for answer in answers)


def absence_finding(answer: Answer) -> Finding:
    """`dns-nxdomain` or `dns-nodata`: DNS works, and says that nothing is there."""
    if answer.outcome is Outcome.NXDOMAIN:
        return Finding("dns-nxdomain", {"name": name_text(answer.owner)}, evidence(answer))
    parameters = {"name": name_text(answer.owner), "type": answer.type}
    return Finding("dns-nodata", parameters, evidence(answer))


def failure_finding(answer: Answer, resolver: Resolver) -> Finding:
    """`dns-<outcome>` of a question that DNS left open."""
    outcome = answer.outcome
    if outcome in (Outcome.BUDGET, Outcome.CROWDED):
        return Finding("dns-budget", {"asked": resolver.asked})
    if outcome is Outcome.DEADLINE:
        return Finding("dns-deadline", {"seconds": resolver.settings.report_timeout})
    parameters: dict[str, Any] = {"name": name_text(answer.owner), "type": answer.type}
    if outcome is Outcome.SERVFAIL:
        parameters["ede"] = [{"code": error.code, "text": error.text} for error in answer.ede]
    elif outcome is Outcome.OTHER_RCODE:
        parameters["rcode"] = answer.rcode
    elif outcome is Outcome.TIMEOUT:
        parameters["seconds"] = resolver.settings.query_timeout
    return Finding(f"dns-{outcome.value}", parameters, evidence(answer))


def alias_finding(answer: Answer) -> Finding:
    """`dns-alias`: the name that was asked is a CNAME."""
    parameters = {"name": name_text(answer.name), "target": name_text(answer.owner)}
    return Finding("dns-alias", parameters, evidence(answer))
