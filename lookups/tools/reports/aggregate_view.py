"""Aggregate reports as the page, the terminal and JSON show them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from lookups.drawings.bars import Bars, Part, lying, standing
from lookups.engine.reports.aggregate import Aggregate
from lookups.engine.reports.mend import senders
from lookups.engine.reports.text import iso
from lookups.engine.reports.totals import GROUPS, NEITHER, Source, add_up, organization

from . import words
from .advice import Advice, advice
from .names import Names, SourceName

MAX_SHOWN = 100  # sources of one group on the page
MAX_ADVICE = 40
MAX_BARS = 10
MAX_NAMED = 20  # reporters and domains that the head names


@dataclass(frozen=True, slots=True)
class SourceView:
    source: Source
    messages: int
    name: SourceName | None

    @property
    def dkim(self) -> list[dict[str, Any]]:
        return [
            {
                "domain": one.domain,
                "selector": one.selector,
                "result": one.result,
                "aligned": self.source.aligns(one.domain, self.source.strict_dkim),
            }
            for one in self.source.dkim
        ]

    @property
    def spf(self) -> dict[str, Any] | None:
        one = self.source.spf_result
        if one is None:
            return None
        aligned = self.source.aligns(one.domain, self.source.strict_spf)
        return {
            "domain": one.domain, "scope": one.scope, "result": one.result, "aligned": aligned,
        }  # fmt: skip

    @property
    def disposition(self) -> str:
        return words.disposition(self.source.disposition)

    @property
    def reasons(self) -> list[str]:
        return [
            words.reason(one.type) + (f" ({one.comment})" if one.comment else "")
            for one in self.source.reasons
        ]

    def as_json(self) -> dict[str, Any]:
        source = self.source
        return {
            "ip": source.ip,
            "name": self.name.name if self.name else None,
            "confirmed": self.name.confirmed if self.name else None,
            "messages": self.messages,
            "header_from": source.header_from,
            "envelope_from": source.envelope_from,
            "spf": self.spf,
            "dkim": self.dkim,
            "disposition": source.disposition,
            "dmarc": "pass" if source.passed else "fail",
            "group": source.group,
            "reasons": [{"type": one.type, "comment": one.comment} for one in source.reasons],
        }


@dataclass(frozen=True, slots=True)
class Group:
    """Sources with one outcome. `more` are those that are not shown."""

    id: str
    title: str
    note: str
    messages: int
    sources: tuple[SourceView, ...]
    more: int


class AggregateView:
    """All aggregate reports that were read, added up."""

    def __init__(self, reports: Sequence[Aggregate], names: Names) -> None:
        self.reports = list(reports)
        self.names = names
        self.totals = add_up(self.reports)

    @property
    def share(self) -> float:
        """Percentage of the messages that passed."""
        whole = self.totals.all.messages
        return 100 * self.totals.all.passed / whole if whole else 0.0

    @property
    def domains(self) -> list[str]:
        return self.totals.domains[:MAX_NAMED]

    @property
    def begin(self) -> datetime | None:
        return _moment(self.totals.begin)

    @property
    def end(self) -> datetime | None:
        return _moment(self.totals.end)

    @property
    def policies(self) -> list[tuple[str, str]]:
        """Each domain with the policy that was published last, as its record would say it."""
        found: dict[str, str] = {}
        for report in sorted(self.reports, key=lambda one: one.end):
            tags = {"testing": "t"}
            listed = [f"{tags.get(tag, tag)}={value}" for tag, value in report.policy.items()]
            found[report.domain] = "; ".join(listed)
        return list(found.items())[:MAX_NAMED]

    @property
    def dispositions(self) -> list[tuple[str, int]]:
        ranked = self.totals.dispositions.most_common(6)
        return [(words.disposition(word) or "?", count) for word, count in ranked]

    @property
    def errors(self) -> list[tuple[str, str]]:
        """What reporters had to complain of, with their names."""
        told = [(one.org_name, error) for one in self.reports for error in one.errors]
        return list(dict.fromkeys(told))[:MAX_NAMED]

    @cached_property
    def sources(self) -> list[SourceView]:
        return [
            SourceView(source, messages, self.names.get(source.ip))
            for source, messages in self.totals.sources
        ]

    @cached_property
    def groups(self) -> list[Group]:
        """The sources by how they passed; those that did not come first."""
        found = []
        for id in (NEITHER, *(group for group in reversed(GROUPS) if group != NEITHER)):
            rows = [row for row in self.sources if row.source.group == id]
            if rows:
                shown = tuple(rows[:MAX_SHOWN])
                note, count = words.group_note(id), self.totals.groups[id]
                more = len(rows) - len(shown)
                found.append(Group(id, words.group_title(id), note, count, shown, more))
        return found

    @cached_property
    def all_advice(self) -> list[Advice]:
        confirmed = {ip: name.name for ip, name in self.names.items() if name.confirmed}
        return [advice(sender) for sender in senders(self.totals.sources, confirmed)]

    @property
    def to_mend(self) -> list[Advice]:
        return [one for one in self.all_advice if one.sender.severity != "info"][:MAX_ADVICE]

    @property
    def to_leave(self) -> list[Advice]:
        return [one for one in self.all_advice if one.sender.severity == "info"][:MAX_ADVICE]

    # --- pictures -----------------------------------------------------------------------------
    def _parts(self) -> list[Part]:
        """Messages by the organization of the name, or by address."""
        sums: dict[str, list[int]] = {}
        for row in self.sources:
            name = row.name
            known = name is not None and name.confirmed
            label = organization(name.name) if known and name else row.source.ip
            sums.setdefault(label or "?", [0, 0])[0 if row.source.passed else 1] += row.messages
        return sorted(
            ((label, good, bad) for label, (good, bad) in sums.items()), key=lambda p: -p[1] - p[2]
        )

    @cached_property
    def by_source(self) -> Bars | None:
        return lying(_cut(self._parts()))

    @cached_property
    def by_reporter(self) -> Bars | None:
        reporters = self.totals.reporters.items()
        return lying(_cut([(name or "?", one.passed, one.failed) for name, one in reporters]))

    @cached_property
    def by_day(self) -> Bars | None:
        return standing([(day, one.passed, one.failed) for day, one in self.totals.days.items()])

    # --- faces --------------------------------------------------------------------------------
    def as_json(self) -> dict[str, Any]:
        totals = self.totals
        return {
            "kind": "dmarc-aggregate",
            "period": {"begin": iso(totals.begin), "end": iso(totals.end)},
            "reports": [report.head() for report in self.reports],
            "totals": {
                "messages": totals.all.messages,
                "passed": totals.all.passed,
                "failed": totals.all.failed,
                "groups": {group: totals.groups[group] for group in GROUPS},
                "dispositions": dict(totals.dispositions),
            },
            "days": [
                {"day": day.isoformat(), "passed": one.passed, "failed": one.failed}
                for day, one in totals.days.items()
            ],
            "reporters": [
                {"org_name": name, "passed": one.passed, "failed": one.failed}
                for name, one in totals.reporters.items()
            ],
            "sources": [row.as_json() for row in self.sources],
            "mend": [
                {
                    "code": one.sender.code,
                    "severity": one.sender.severity,
                    "sender": one.sender.name,
                    "addresses": one.sender.addresses,
                    "messages": one.sender.messages,
                    "header_from": one.sender.header_from,
                    "title": one.title,
                    "text": one.text,
                }
                for one in self.all_advice
            ],
        }

    def lines(self) -> Iterator[str]:
        totals = self.totals
        yield _("DMARC of %(domains)s") % {"domains": ", ".join(self.domains) or "?"}
        yield _("%(begin)s to %(end)s, reported by %(reporters)s") % {
            "begin": f"{self.begin:%Y-%m-%d}" if self.begin else "?",
            "end": f"{self.end:%Y-%m-%d}" if self.end else "?",
            "reporters": ", ".join(list(totals.reporters)[:MAX_NAMED]) or "?",
        }
        for domain, policy in self.policies:
            yield f"{domain}: {policy}"
        yield _("%(messages)d messages, %(passed)d passed DMARC (%(share)s)") % {
            "messages": totals.all.messages,
            "passed": totals.all.passed,
            "share": f"{self.share:.1f} %",
        }
        for group in self.groups:
            yield ""
            yield f"{group.title}: {group.messages}"
            for row in group.sources:
                yield "  " + _row_line(row)
            if group.more:
                yield "  " + _("and %(count)d more") % {"count": group.more}
        if self.all_advice:
            yield ""
            yield _("What to mend")
            for one in (*self.to_mend, *self.to_leave):
                yield f"  {one.sender.name} ({one.sender.messages}): {one.title}"
                yield f"    {one.text}"


def _row_line(row: SourceView) -> str:
    name = f" ({row.name.name})" if row.name else ""
    dkim = ", ".join(f"{one['domain']} {one['result']}" for one in row.dkim) or "-"
    spf = f"{row.spf['domain']} {row.spf['result']}" if row.spf else "-"
    return (
        f"{row.messages:>8}  {row.source.ip}{name}  {row.source.header_from}  "
        f"DKIM {dkim}  SPF {spf}  {row.source.disposition}"
    )


def _cut(parts: list[Part]) -> list[Part]:
    """The largest, and the sum of the others."""
    if len(parts) <= MAX_BARS:
        return parts
    rest = parts[MAX_BARS - 1 :]
    label = _("%(count)d others") % {"count": len(rest)}
    return [
        *parts[: MAX_BARS - 1],
        (label, sum(part[1] for part in rest), sum(part[2] for part in rest)),
    ]


def _moment(seconds: int) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
