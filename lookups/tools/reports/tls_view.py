"""TLS and failure reports as the page, the terminal and JSON show them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from lookups.engine.reports.failure import FailureReport
from lookups.engine.reports.text import iso
from lookups.engine.reports.tls import Failure, TlsReport
from lookups.engine.reports.totals import span

from . import words

MAX_SHOWN = 100
MAX_SENDERS = 10  # addresses named for one kind of failure


@dataclass(slots=True)
class PolicySum:
    """One policy in all reports that name it."""

    type: str
    domain: str
    strings: tuple[str, ...]
    mx_hosts: tuple[str, ...]
    successful: int = 0
    failed: int = 0

    @property
    def title(self) -> str:
        return words.tls_policy(self.type) or "?"


@dataclass(slots=True)
class FailureSum:
    """Failures of one type at one receiving server."""

    type: str
    receiving_mx: str
    sessions: int = 0
    senders: dict[str, int] = field(default_factory=dict)
    receiving_ips: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return words.tls_result(self.type) or "?"

    @property
    def remedy(self) -> str:
        return words.tls_remedy(self.type)

    def add(self, failure: Failure) -> None:
        self.sessions += failure.sessions
        for told, value in (
            (self.senders, failure.sending_ip),
            (self.receiving_ips, failure.receiving_ip),
            (self.reasons, failure.reason or failure.information),
        ):
            if value and (value in told or len(told) < MAX_SENDERS):
                told[value] = told.get(value, 0) + failure.sessions

    def as_json(self) -> dict[str, Any]:
        return {
            "type": self.type,
            "receiving_mx": self.receiving_mx,
            "sessions": self.sessions,
            "senders": self.senders,
            "receiving_ips": self.receiving_ips,
            "reasons": self.reasons,
            "text": self.text,
            "remedy": self.remedy,
        }


class TlsView:
    """All TLS reports that were read, added up."""

    def __init__(self, reports: Sequence[TlsReport]) -> None:
        self.reports = list(reports)
        self.successful = sum(report.successful for report in reports)
        self.failed = sum(report.failed for report in reports)
        self._span = span((report.begin, report.end) for report in reports)

    @property
    def begin(self) -> datetime | None:
        return datetime.fromtimestamp(self._span[0], UTC) if self._span[0] else None

    @property
    def end(self) -> datetime | None:
        return datetime.fromtimestamp(self._span[1], UTC) if self._span[1] else None

    @property
    def organizations(self) -> list[str]:
        return list(dict.fromkeys(report.organization or "?" for report in self.reports))[:20]

    @property
    def domains(self) -> list[str]:
        told = (policy.domain for report in self.reports for policy in report.policies)
        return list(dict.fromkeys(domain for domain in told if domain))[:20]

    @property
    def share(self) -> float:
        whole = self.successful + self.failed
        return 100 * self.successful / whole if whole else 0.0

    @cached_property
    def policies(self) -> list[PolicySum]:
        found: dict[tuple[Any, ...], PolicySum] = {}
        for report in self.reports:
            for policy in report.policies:
                key = (policy.type, policy.domain, policy.strings, policy.mx_hosts)
                total = found.setdefault(key, PolicySum(*key))
                total.successful += policy.successful
                total.failed += policy.failed
        return sorted(found.values(), key=lambda one: -one.successful - one.failed)

    @cached_property
    def failures(self) -> list[FailureSum]:
        found: dict[tuple[str, str], FailureSum] = {}
        for report in self.reports:
            for policy in report.policies:
                for failure in policy.failures:
                    key = (failure.type, failure.receiving_mx)
                    found.setdefault(key, FailureSum(*key)).add(failure)
        return sorted(found.values(), key=lambda one: -one.sessions)

    @property
    def shown_policies(self) -> list[PolicySum]:
        return self.policies[:MAX_SHOWN]

    @property
    def shown_failures(self) -> list[FailureSum]:
        return self.failures[:MAX_SHOWN]

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": "tls",
            "period": {"begin": iso(self._span[0]), "end": iso(self._span[1])},
            "reports": [report.head() for report in self.reports],
            "totals": {"successful": self.successful, "failed": self.failed},
            "policies": [asdict(policy) for policy in self.policies],
            "failures": [failure.as_json() for failure in self.failures],
        }

    def lines(self) -> Iterator[str]:
        yield _("TLS to %(domains)s") % {"domains": ", ".join(self.domains) or "?"}
        yield _("%(begin)s to %(end)s, reported by %(reporters)s") % {
            "begin": f"{self.begin:%Y-%m-%d}" if self.begin else "?",
            "end": f"{self.end:%Y-%m-%d}" if self.end else "?",
            "reporters": ", ".join(self.organizations),
        }
        for policy in self.shown_policies:
            yield _("%(policy)s for %(domain)s: %(good)d sessions in order, %(bad)d failed") % {
                "policy": policy.title,
                "domain": policy.domain,
                "good": policy.successful,
                "bad": policy.failed,
            }
        for failure in self.shown_failures:
            yield f"{failure.sessions:>8}  {failure.receiving_mx}  {failure.type}"
            yield "    " + words.sentences(failure.text, failure.remedy)


class FailureView:
    """One failure report."""

    def __init__(self, report: FailureReport) -> None:
        self.report = report

    @property
    def date(self) -> datetime | None:
        return datetime.fromtimestamp(self.report.date, UTC) if self.report.date else None

    @property
    def failed(self) -> str:
        """What failed: RFC 9991 names what did not align, too."""
        told = words.auth_failure(self.report.auth_failure) or self.report.type
        if self.report.alignment and self.report.alignment != "none":
            told += " (" + _("not aligned: %(what)s") % {"what": self.report.alignment} + ")"
        return told

    @property
    def delivery(self) -> str:
        return words.delivery(self.report.delivery)

    def lines(self) -> Iterator[str]:
        told = self.report
        yield _("A message from %(ip)s as %(domain)s failed: %(what)s") % {
            "ip": told.source_ip or "?",
            "domain": told.domain or "?",
            "what": self.failed,
        }
        for value in (told.header_from, told.subject, told.results):
            if value:
                yield f"  {value}"
