"""What a bulk check keeps of a report: the verdict, the score, and one word a topic.

Pure: sections in, small JSON out. The words are those of COLUMNS, each row of them from the least
to the most, so that tables can be sorted by them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lookups import catalog
from lookups.engine.finding import Section, Severity
from lookups.presentation import status_of
from lookups.score import score

# What a bulk check examines. Mail servers are not spoken to, name servers not compared: that would
# be a burden on other people's machines, thousands of times over.
TOPICS = ("mx", "spf", "dkim", "dmarc", "bimi", "mta-sts", "tls-rpt", "dnssec", "dane")
MAX_IDS = 30  # findings of one severity that are kept

COLUMNS: dict[str, tuple[str, ...]] = {
    "mx": ("unknown", "none", "null", "implicit", "mx"),
    "spf": ("unknown", "none", "invalid", "pass", "neutral", "softfail", "fail"),
    "dkim": ("unknown", "none", "hidden", "found"),
    "dmarc": ("unknown", "missing", "invalid", "none", "quarantine", "reject"),
    "mta_sts": ("unknown", "none", "invalid", "off", "testing", "enforce"),
    "tls_rpt": ("unknown", "none", "invalid", "found"),
    "dnssec": ("unknown", "bogus", "insecure", "secure"),
    "dane": ("unknown", "none", "invalid", "partly", "usable"),
    "bimi": ("unknown", "none", "invalid", "found"),
}


@dataclass(frozen=True, slots=True)
class Feature:
    """Something that a domain has or has not, told from a column's word: `has`, or `lacks`.
    With a word in neither it is not known."""

    id: str
    column: str
    has: tuple[str, ...]
    lacks: tuple[str, ...]


def _feature(id: str, column: str, *has: str) -> Feature:
    words = COLUMNS[column]
    return Feature(id, column, has, tuple(w for w in words if w not in (*has, "unknown")))


FEATURES: dict[str, Feature] = {
    feature.id: feature
    for feature in (
        _feature("spf", "spf", "pass", "neutral", "softfail", "fail"),
        Feature("dkim", "dkim", ("found",), ("none",)),
        _feature("dmarc", "dmarc", "none", "quarantine", "reject"),
        _feature("enforced", "dmarc", "quarantine", "reject"),
        _feature("mta_sts", "mta_sts", "testing", "enforce"),
        _feature("tls_rpt", "tls_rpt", "found"),
        _feature("dnssec", "dnssec", "secure"),
        _feature("dane", "dane", "usable"),
        _feature("bimi", "bimi", "found"),
    )
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is kept of one report. `status` is its worst severity."""

    status: str
    score: int | None
    summary: dict[str, Any]


def outcome(sections: Mapping[str, Section]) -> Outcome:
    """The outcome of a report's last sections by topic."""
    stored = {topic: section.as_json() for topic, section in sections.items()}
    words = {column: _word(column, stored) for column in COLUMNS}
    return Outcome(
        status=status_of(stored.values()),
        score=score(stored).total,
        summary=words | _findings(stored),
    )


def _word(column: str, stored: Mapping[str, Any]) -> str:
    section = stored.get(column.replace("_", "-"))
    if section is None or section["failed"]:
        return "unknown"
    ids = {finding["id"] for finding in section["findings"]}
    return _READERS[column](section["records"], ids)


def _findings(stored: Mapping[str, Any]) -> dict[str, list[str]]:
    kept: dict[Severity, list[str]] = {Severity.ERROR: [], Severity.WARNING: []}
    for section in stored.values():
        for finding in section["findings"]:
            ids = kept.get(catalog.entry(finding["id"]).severity)
            if ids is not None and finding["id"] not in ids and len(ids) < MAX_IDS:
                ids.append(finding["id"])
    return {"errors": kept[Severity.ERROR], "warnings": kept[Severity.WARNING]}


def _mx(records: Mapping[str, Any], ids: set[str]) -> str:
    return str(records.get("kind", "unknown"))


def _spf(records: Mapping[str, Any], ids: set[str]) -> str:
    kind = records.get("kind", "unknown")
    if kind == "record":
        return str(records.get("default") or "invalid") if "spf-found" in ids else "invalid"
    return {"none": "none", "unknown": "unknown"}.get(kind, "invalid")


def _dkim(records: Mapping[str, Any], ids: set[str]) -> str:
    kinds = {"keys": "found", "none": "none", "not-found": "none", "hidden": "hidden"}
    return kinds.get(records.get("kind", ""), "unknown")


def _dmarc(records: Mapping[str, Any], ids: set[str]) -> str:
    """The policy that receivers act on: one level lower while the owner is testing."""
    kind = records.get("kind", "unknown")
    if kind in ("own", "inherited"):
        return str(records.get("effective") or "invalid")
    if kind == "none":
        walk = records.get("walk") or ()
        broken = any(step.get("state") in ("ignored", "multiple") for step in walk)
        return "invalid" if broken else "missing"
    return "unknown"


def _mta_sts(records: Mapping[str, Any], ids: set[str]) -> str:
    states = {
        "none": "none",
        "invalid": "invalid",
        "no-policy": "invalid",
        "mode-none": "off",
        "mode-testing": "testing",
        "mode-enforce": "enforce",
    }
    return states.get(records.get("state", ""), "unknown")


def _tls_rpt(records: Mapping[str, Any], ids: set[str]) -> str:
    if "tls-rpt-found" in ids:
        return "found"
    if records.get("raw"):
        return "invalid"
    return "unknown" if any(id.startswith("dns-") for id in ids) else "none"


def _dnssec(records: Mapping[str, Any], ids: set[str]) -> str:
    security = str(records.get("security", ""))
    return security if security in COLUMNS["dnssec"] else "unknown"


def _dane(records: Mapping[str, Any], ids: set[str]) -> str:
    states = [host.get("state") for host in records.get("hosts") or ()]
    usable = states.count("usable")
    if usable and records.get("mx") != "secure":
        return "invalid"  # whoever forges the MX records leads senders past it (RFC 7672 §2.2.1)
    if usable:
        return "usable" if usable == len(states) else "partly"
    if any(state in ("unusable", "insecure", "bogus") for state in states):
        return "invalid"
    is_open = records.get("kind") == "unknown" or "failed" in states or "pending" in states
    return "unknown" if is_open else "none"


def _bimi(records: Mapping[str, Any], ids: set[str]) -> str:
    states = {
        "record": "found",
        "none": "none",
        "declined": "none",
        "multiple": "invalid",
        "ignored": "invalid",
    }
    return states.get(records.get("state", ""), "unknown")


_READERS: dict[str, Callable[[Mapping[str, Any], set[str]], str]] = {
    "mx": _mx,
    "spf": _spf,
    "dkim": _dkim,
    "dmarc": _dmarc,
    "mta_sts": _mta_sts,
    "tls_rpt": _tls_rpt,
    "dnssec": _dnssec,
    "dane": _dane,
    "bimi": _bimi,
}
