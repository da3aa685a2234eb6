"""What topic dkim knows of a domain: the selectors that were asked for, and what stands there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ..context import Context
from ..finding import Finding, Section
from ..records import dkim, txt
from ..records.dkim_selectors import USUAL_AT
from ..resolver import Answer, Outcome, name_text

TOPIC = "dkim"
MAX_READ = 50  # records of one answer
MAX_RECORDS = 5  # of them that are looked at
MAX_RAW = 20  # records that are shown in full


@dataclass(slots=True)
class Selector:
    """One selector that was asked for. `named`: by the visitor. `records` are all its texts, read.

    `state` as docs/contracts.md lists it. A "*" stands for whatever selector, where a wildcard
    answers with a key.
    """

    selector: str
    answer: Answer
    named: bool
    texts: tuple[str, ...] = ()
    record: dkim.KeyRecord | None = None
    state: str = "missing"

    @property
    def name(self) -> str:
        return name_text(self.answer.name)

    @property
    def target(self) -> str | None:
        """Where the selector leads, if its name is an alias."""
        return name_text(self.answer.owner) if self.answer.aliases else None

    @property
    def is_found(self) -> bool:
        """Whether there is something at its name."""
        return self.state not in ("missing", "failed", "wildcard", "dangling")

    def as_json(self) -> dict[str, Any]:
        key = self.record.key if self.record else None
        return {
            "selector": self.selector,
            "name": self.name,
            "named": self.named,
            "usual": USUAL_AT.get(self.selector, ""),
            "state": self.state,
            "outcome": self.answer.outcome.value if self.state == "failed" else None,
            "target": self.target,
            "algorithm": key.algorithm if key else None,
            "bits": key.bits if key else None,
            "flags": list(self.record.flags) if self.record else [],
            "ttl": self.answer.ttl,
        }


@dataclass(slots=True)
class Case:
    """What is known so far. `parent` is the answer for _domainkey, `probe` that of a wildcard."""

    context: Context
    parent: Answer
    probe: Answer
    selectors: list[Selector] = field(default_factory=list)

    @property
    def found(self) -> list[Selector]:
        return [selector for selector in self.selectors if selector.is_found]

    @property
    def is_open(self) -> bool:
        """DNS failed, so that what was not found may be there all the same."""
        failed = any(selector.state == "failed" for selector in self.selectors)
        return failed or self.parent.outcome.is_failure

    @property
    def is_bare(self) -> bool:
        """Nothing exists below _domainkey.<domain> (RFC 8020 §2), and nothing was found."""
        gone = self.parent.outcome is Outcome.NXDOMAIN and not self.parent.aliases
        return gone and not self.found

    @property
    def is_hinted(self) -> bool:
        """_domainkey.<domain> exists without records of its own: so there is something below it.

        Where the impossible selector exists too, or a text stands there, it tells nothing.
        """
        empty = self.parent.outcome is Outcome.NODATA and not self.parent.aliases
        return empty and self.probe.outcome is Outcome.NXDOMAIN and not self.probe.aliases

    @property
    def wildcard(self) -> tuple[str, ...]:
        """The texts that come for any selector."""
        return _texts(self.probe)

    @property
    def kind(self) -> str:
        if self.found:
            return "keys"
        if self.is_open:
            return "unknown"
        return "none" if self.is_bare else "hidden" if self.is_hinted else "not-found"

    def section(self, findings: Iterable[Finding] = (), complete: bool = True) -> Section:
        shown = [s for s in self.selectors if s.is_found or s.named or s.state == "dangling"]
        records: dict[str, Any] = {
            "kind": self.kind if complete else "pending",
            "name": name_text(self.parent.name),
            "asked": sum(selector.selector != "*" for selector in self.selectors),
            "guessed": any(not s.named and s.selector != "*" for s in self.selectors),
            "wildcard": bool(self.wildcard),
            "selectors": [selector.as_json() for selector in shown],
            "raw": _raw(shown),
        }
        if ready := _ready(shown):
            records["ready"] = ready
        return Section(TOPIC, records, tuple(findings), complete)


def is_wildcards(case: Case, found: Selector) -> bool:
    """Whether the answer is the one that any selector gets."""
    if found.named and any(map(dkim.looks_like_key, found.texts)):
        return False
    if found.texts:
        return set(found.texts) == set(case.wildcard)
    probe = case.probe
    return found.state == "dangling" and probe.aliases[-1:] == found.answer.aliases[-1:]


def read(found: Selector) -> Selector:
    """Fills in the state of a selector from its answer."""
    answer = found.answer
    found.texts = _texts(answer)
    keys = [text for text in found.texts if dkim.looks_like_key(text)]
    if answer.outcome.is_failure:
        found.state = "failed"
    elif not found.texts:
        found.state = "dangling" if answer.aliases else "missing"
    elif not keys:
        found.state = "no-key"
    else:
        found.record = dkim.parse(keys[0])
        found.state = "several" if len(answer.records) > 1 else _state(found.record)
    return found


def _state(record: dkim.KeyRecord) -> str:
    if record.problems:
        return "wrong"
    if record.key is None:
        return "revoked" if record.revoked else "wrong"
    if record.key.algorithm == "rsa" and record.key.bits < dkim.GOOD_RSA_BITS:
        return "weak"
    return "sound"


def _texts(answer: Answer) -> tuple[str, ...]:
    """In an order of their own, as servers turn the records of a set around."""
    texts = sorted(txt.text_of(record.strings) for record in answer.records[:MAX_READ])
    return tuple(texts[:MAX_RECORDS])


def _raw(selectors: list[Selector]) -> list[dict[str, Any]]:
    texts = ((selector.name, text) for selector in selectors for text in selector.texts)
    return [
        txt.raw_record(name, text, dkim.parts(text))
        for (name, text), _ in zip(texts, range(MAX_RAW), strict=False)
    ]


def _ready(selectors: list[Selector]) -> list[dict[str, Any]]:
    """Mended records for names that are the domain's own: an alias leads to somebody else's."""
    return [
        {"name": selector.name, "type": "TXT", "value": mended}
        for selector in selectors
        if selector.state == "wrong" and not selector.target
        if selector.record and (mended := selector.record.mended)
    ][:MAX_RAW]
