"""Aggregate reports added up: by source, by day, by reporter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache

from ..dmarc import suffixes
from .aggregate import Aggregate, Reason, Row, Signature, Spf

# How messages passed DMARC (RFC 9989 §5.3): by both, by one, or not at all.
BOTH, DKIM, SPF, NEITHER = GROUPS = ("both", "dkim", "spf", "neither")


@dataclass(frozen=True, slots=True)
class Source:
    """Messages from one address with one outcome, of all reports together."""

    ip: str
    header_from: str
    envelope_from: str
    disposition: str
    group: str
    dkim: tuple[Signature, ...]
    spf: tuple[Spf, ...]
    reasons: tuple[Reason, ...]
    strict_dkim: bool = False
    strict_spf: bool = False

    @property
    def passed(self) -> bool:
        return self.group != NEITHER

    @property
    def spf_result(self) -> Spf | None:
        """The result that DMARC looks at: that of MAIL FROM (RFC 9989 §4.4.2)."""
        return next((one for one in self.spf if one.scope != "helo"), None)

    def aligns(self, domain: str, strict: bool) -> bool:
        """Whether `domain` is aligned with the author's (RFC 9989 §4.4)."""
        return aligned(domain, self.header_from, strict)

    def own_signatures(self) -> list[Signature]:
        return [one for one in self.dkim if self.aligns(one.domain, self.strict_dkim)]

    def foreign_pass(self) -> str:
        """A domain of somebody else that DKIM or SPF vouched for; "" where there is none."""
        for one in self.dkim:
            if one.result == "pass" and not self.aligns(one.domain, self.strict_dkim):
                return one.domain
        found = self.spf_result
        if found and found.result == "pass" and not self.aligns(found.domain, self.strict_spf):
            return found.domain
        return ""


@dataclass(slots=True)
class Tally:
    """Messages that passed and those that did not."""

    passed: int = 0
    failed: int = 0

    @property
    def messages(self) -> int:
        return self.passed + self.failed

    def add(self, messages: int, passed: bool) -> None:
        if passed:
            self.passed += messages
        else:
            self.failed += messages


@dataclass(slots=True)
class Totals:
    """Sums over reports. `sources` are sorted, most messages first."""

    begin: int = 0
    end: int = 0
    all: Tally = field(default_factory=Tally)
    groups: Counter[str] = field(default_factory=Counter)
    dispositions: Counter[str] = field(default_factory=Counter)
    sources: list[tuple[Source, int]] = field(default_factory=list)
    days: dict[date, Tally] = field(default_factory=dict)
    reporters: dict[str, Tally] = field(default_factory=dict)
    domains: list[str] = field(default_factory=list)

    @property
    def addresses(self) -> list[str]:
        """Each address once, those with most messages first."""
        sums: Counter[str] = Counter()
        for source, messages in self.sources:
            sums[source.ip] += messages
        return [ip for ip, _ in sums.most_common()]


@lru_cache(maxsize=4096)
def organization(domain: str) -> str:
    return suffixes.organization(domain)


def aligned(domain: str, author: str, strict: bool = False) -> bool:
    """Alignment: the same domain, or, unless `strict`, the same organization."""
    if not domain or not author:
        return False
    return domain == author or (not strict and organization(domain) == organization(author))


def add_up(reports: Sequence[Aggregate]) -> Totals:
    totals = Totals()
    sums: Counter[Source] = Counter()
    for report in reports:
        day = _day(report)
        reporter = totals.reporters.setdefault(report.org_name or report.email, Tally())
        for row in report.rows:
            source = _source(row, report.policy)
            sums[source] += row.messages
            totals.all.add(row.messages, source.passed)
            totals.groups[source.group] += row.messages
            totals.dispositions[row.disposition] += row.messages
            reporter.add(row.messages, source.passed)
            if day:
                totals.days.setdefault(day, Tally()).add(row.messages, source.passed)
    totals.sources = sums.most_common()
    totals.days = dict(sorted(totals.days.items()))
    ranked = sorted(totals.reporters.items(), key=lambda item: -item[1].messages)
    totals.reporters = dict(ranked)
    totals.domains = list(dict.fromkeys(report.domain for report in reports if report.domain))
    totals.begin, totals.end = span((report.begin, report.end) for report in reports)
    return totals


def span(periods: Iterable[tuple[int, int]]) -> tuple[int, int]:
    """The first begin and the last end; 0 where nobody says."""
    given = list(periods)
    begins = [begin for begin, _ in given if begin]
    ends = [end for _, end in given if end]
    return min(begins, default=0), max(ends, default=0)


def _day(report: Aggregate) -> date | None:
    """The day that most of the report's period lies in: that of its middle, UTC."""
    known = [moment for moment in (report.begin, report.end) if moment]
    if not known:
        return None
    return datetime.fromtimestamp(sum(known) // len(known), UTC).date()


def _source(row: Row, policy: dict[str, str]) -> Source:
    strict_dkim, strict_spf = policy.get("adkim") == "s", policy.get("aspf") == "s"
    source = Source(
        row.ip, row.header_from, row.envelope_from, row.disposition, NEITHER,
        row.dkim, row.spf, row.reasons, strict_dkim, strict_spf,
    )  # fmt: skip
    dkim = row.dkim_aligned or _dkim_verdict(source)
    spf = row.spf_aligned or _spf_verdict(source)
    group = {
        (True, True): BOTH,
        (True, False): DKIM,
        (False, True): SPF,
        (False, False): NEITHER,
    }[dkim == "pass", spf == "pass"]
    return Source(
        row.ip, row.header_from, row.envelope_from, row.disposition, group,
        row.dkim, row.spf, row.reasons, strict_dkim, strict_spf,
    )  # fmt: skip


def _dkim_verdict(source: Source) -> str:
    """What DMARC makes of the signatures, where the reporter does not say."""
    return "pass" if any(one.result == "pass" for one in source.own_signatures()) else "fail"


def _spf_verdict(source: Source) -> str:
    found = source.spf_result
    good = found is not None and found.result == "pass"
    return "pass" if good and found and source.aligns(found.domain, source.strict_spf) else "fail"
