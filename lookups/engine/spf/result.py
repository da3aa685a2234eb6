"""What check_host() finds, and how it came to it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Result(StrEnum):
    """RFC 7208 §2.6."""

    NONE = "none"
    NEUTRAL = "neutral"
    PASS = "pass"
    FAIL = "fail"
    SOFTFAIL = "softfail"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


@dataclass(frozen=True, slots=True)
class Step:
    """One term that was looked at. `matched` is None where it could not be decided, and for
    steps that are no mechanism. `why` is one of these codes, `detail` a name or an address:

    always, in-network, not-in-network, address, no-address, exists, not-exists, name, no-name,
    include-<result>, redirect, default, no-record, multiple-records, not-a-domain, syntax,
    lookup-limit, void-limit, mx-limit, deadline, dns-<outcome>.

    `check` is the index in Verdict.checks of the record that the term stands in, `opens` that of
    the record it led to, if any. `lookup` is the term's number among those that ask DNS, `void`
    that of its last lookup in vain; 0 where it cost none.
    """

    domain: str
    term: str
    matched: bool | None
    why: str
    detail: str = ""
    check: int = 0
    opens: int | None = None
    lookup: int = 0
    void: int = 0

    def as_json(self) -> dict[str, Any]:
        return {
            "domain": self.domain,
            "term": self.term,
            "matched": self.matched,
            "why": self.why,
            "detail": self.detail,
        }


@dataclass(frozen=True, slots=True)
class Check:
    """A domain whose record was asked for; `record` is its text, "" where none could be used."""

    domain: str
    record: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`mechanism` is the term of the domain's own record (or of its redirect's) that decided,
    "default" where none did; `explanation` the domain's words for a fail (§6.2), if any. `checks`
    are the records in the order in which they were asked for, the domain's own first."""

    result: Result
    explanation: str = ""
    mechanism: str = ""
    lookups: int = 0
    void_lookups: int = 0
    trace: tuple[Step, ...] = ()
    checks: tuple[Check, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "result": self.result.value,
            "explanation": self.explanation,
            "mechanism": self.mechanism,
            "lookups": self.lookups,
            "void_lookups": self.void_lookups,
            "trace": [step.as_json() for step in self.trace],
        }
