"""What DMARC makes of a mail: result and disposition, for receivers of RFC 9989 and older ones.

RFC 9989 §4.7, §4.10.1, §5.3; RFC 7489 §6.3, §6.6. Nothing here asks DNS.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..dmarc.suffixes import Listed
from ..dmarc.walk import Discovery, lowered
from ..records.dmarc import Record
from .alignment import Identifier

RESULTS = ("pass", "fail", "none", "temperror")
DISPOSITIONS = ("deliver", "quarantine", "reject", "defer")


@dataclass(frozen=True, slots=True)
class Ruling:
    """`policy` is what the owner asks for, `applied` the tag it comes from: "p", "sp", "np", or ""
    where no tag names it. `effective` is the policy with `testing` (t=y) taken into account."""

    record_domain: str
    record: str
    organizational_domain: str
    policy: str
    applied: str
    testing: bool
    effective: str
    result: str
    disposition: str

    def as_json(self) -> dict[str, Any]:
        return {
            "record_domain": self.record_domain or None,
            "record": self.record or None,
            "organizational_domain": self.organizational_domain or None,
            "policy": self.policy or None,
            "applied": self.applied or None,
            "testing": self.testing,
            "effective": self.effective or None,
            "result": self.result,
            "disposition": self.disposition,
        }


@dataclass(frozen=True, slots=True)
class Older:
    """The same by RFC 7489. `percentage` of the mail is treated by the policy, the rest one level
    more gently: `otherwise`. `reasons` tell why it differs, none where it does not."""

    ruling: Ruling
    percentage: int
    otherwise: str
    reasons: tuple[str, ...]

    REASONS = ("organization", "record", "np", "t", "pct")

    @property
    def differs(self) -> bool:
        return bool(self.reasons)

    def as_json(self) -> dict[str, Any]:
        return self.ruling.as_json() | {
            "percentage": self.percentage,
            "otherwise": self.otherwise,
            "differs": self.differs,
            "reasons": list(self.reasons),
        }


def rule(discovery: Discovery, identifiers: Sequence[Identifier]) -> Ruling:
    """The ruling of a receiver that goes by RFC 9989."""
    if discovery.record is None and discovery.failure:
        result = "temperror"
    else:
        result = _result(discovery.policy, identifiers)
    return Ruling(
        discovery.record_domain,
        discovery.record.text if discovery.record else "",
        "" if discovery.failure else discovery.organizational_domain,
        discovery.policy,
        applied(discovery),
        discovery.testing,
        discovery.effective,
        result,
        _disposition(result, discovery.effective),
    )


def rule_older(
    discovery: Discovery,
    ruling: Ruling,
    listed: Listed,
    identifiers: Sequence[Identifier],
    newer: Sequence[Identifier],
) -> Older:
    """The ruling of a receiver that goes by RFC 7489; `identifiers` by the Public Suffix List,
    `newer` by the tree walk."""
    result = _result(listed.policy, identifiers)
    percentage = _percentage(listed.record)
    effective = listed.policy if percentage else lowered(listed.policy)
    softer = lowered(listed.policy) if percentage < 100 else listed.policy
    older = Ruling(
        listed.record_domain,
        listed.record.text if listed.record else "",
        listed.organizational_domain,
        listed.policy,
        listed.tag,
        False,
        effective,
        result,
        _disposition(result, effective),
    )
    otherwise = _disposition(result, softer)
    same = (ruling.result, ruling.disposition) == (result, older.disposition)
    if discovery.failure or (same and otherwise == older.disposition):
        return Older(older, percentage, otherwise, ())
    moved = [one.aligned for one in identifiers] != [one.aligned for one in newer]
    return Older(older, percentage, otherwise, tuple(_reasons(ruling, older, percentage, moved)))


def applied(discovery: Discovery) -> str:
    """The tag that the policy comes from (RFC 9989 §4.7: np, else sp, else p)."""
    record = discovery.record
    if record is None or not discovery.policy:
        return ""
    tags: tuple[str, ...] = ("p",)
    if discovery.inherited:
        tags = ("sp", "p") if discovery.exists else ("np", "sp", "p")
    return next((tag for tag in tags if record.get(tag) == discovery.policy), "")


def _result(policy: str, identifiers: Sequence[Identifier]) -> str:
    """RFC 9989 §5.3.5: one identifier that is authenticated and aligned is enough."""
    if not policy:
        return "none"
    if any(identifier.counts for identifier in identifiers):
        return "pass"
    return "temperror" if any(identifier.may_count for identifier in identifiers) else "fail"


def _disposition(result: str, policy: str) -> str:
    """What a receiver does that honours the policy."""
    if result == "temperror":
        return "defer"
    if result == "fail" and policy in ("quarantine", "reject"):
        return policy
    return "deliver"


def _percentage(record: Record | None) -> int:
    """RFC 7489 §6.3, tag pct: a whole number up to 100, which is the default."""
    text = record.get("pct") if record else ""
    known = text.isascii() and text.isdigit() and len(text) <= 3
    return min(100, int(text)) if known else 100


def _reasons(ruling: Ruling, older: Ruling, percentage: int, moved: bool) -> list[str]:
    """Why the two differ; `moved`: an identifier is aligned by one and not by the other."""
    reasons = ["organization"] if moved else []
    if ruling.record_domain != older.record_domain:
        reasons.append("record")
    elif ruling.policy != older.policy:
        reasons.append("np" if ruling.applied == "np" else "record")
    if older.result == "fail" and ruling.effective != ruling.policy:
        reasons.append("t")
    if older.result == "fail" and percentage < 100 and older.policy != "none":
        reasons.append("pct")
    return reasons
