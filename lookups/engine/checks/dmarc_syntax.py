"""Mistakes in the text of DMARC records as findings (RFC 9989 §4.7, §4.8)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..finding import Finding
from ..records import dmarc
from ..records.dmarc import Problem, Record
from ..resolver import Answer
from .answers import evidence

# What each code of a problem is called. `removed` is told apart below.
IDS = {
    "version": "dmarc-version-invalid",
    "separator": "dmarc-separator-missing",
    "malformed": "dmarc-tag-malformed",
    "duplicate": "dmarc-tag-duplicate",
    "unknown": "dmarc-tag-unknown",
    "policy": "dmarc-policy-invalid",
    "value": "dmarc-value-invalid",
    "address": "dmarc-report-address-invalid",
    "scheme": "dmarc-report-scheme",
    "size": "dmarc-report-size",
    "fo-without-ruf": "dmarc-fo-without-ruf",
}
MAX_OF_A_KIND = 5  # findings with one id about one record


def findings(record: Record, name: str, domain: str, answer: Answer) -> Iterator[Finding]:
    """What is wrong with one record at `name`. `domain` is the one that it speaks for."""
    proofs = evidence(answer)
    count: dict[str, int] = {}
    for problem in record.problems:
        id = IDS.get(problem.code)
        count[problem.code] = count.get(problem.code, 0) + 1
        if id and count[problem.code] <= MAX_OF_A_KIND:
            yield Finding(id, parameters(problem, name, domain), proofs)
    for id, about in removed(record, name):
        yield Finding(id, about, proofs)
    stated = _defaults(record)
    if stated:
        yield Finding("dmarc-defaults", {"name": name, "tags": stated}, proofs)


def parameters(problem: Problem, name: str, domain: str) -> dict[str, Any]:
    """Those of the finding for one problem. `domain` is the one that the record speaks for."""
    meant = list(problem.meant)
    if problem.code == "address":
        meant = meant or [f"mailto:dmarc-reports@{domain}"]
    return {
        "name": name,
        "tag": problem.tag,
        "column": problem.column,
        "found": problem.found,
        "meant": meant,
    }


def removed(record: Record, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """`pct`, `rf` and `ri`, which RFC 9989 removed (Appendix A.6 and C.5.2)."""
    gone = {p.tag: p.found for p in record.problems if p.code == "removed"}
    share = gone.get("pct", "")
    if share.isascii() and share.isdigit() and len(share) < 4 and int(share) < 100:
        del gone["pct"]
        policy = record.policy or "none"
        yield "dmarc-pct-partial", {"name": name, "pct": int(share), "policy": policy}
    if gone:
        tags = [f"{tag}={value}" for tag, value in gone.items()]
        yield "dmarc-removed-tags", {"name": name, "tags": tags}


def _defaults(record: Record) -> list[str]:
    """Tags that say what holds without them."""
    default = {name: values[0] for name, values in dmarc.VALUES.items()}
    return [f"{name}={value}" for name, value in default.items() if record.get(name) == value]
