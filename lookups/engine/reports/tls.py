"""SMTP TLS reports (RFC 8460 §4): whether senders could deliver over TLS as the domain asks."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from . import bounded_json
from .errors import Budget, ReportError
from .text import address, domain, iso, moment, number, tidy, word

MAX_POLICIES = 500
MAX_FAILURES = 5_000  # of one report
MAX_STRINGS = 30  # lines of a policy

# Result types of RFC 8460 §4.3.
RESULT_TYPES = (
    "starttls-not-supported",
    "certificate-host-mismatch",
    "certificate-expired",
    "certificate-not-trusted",
    "validation-failure",
    "tlsa-invalid",
    "dnssec-invalid",
    "dane-required",
    "sts-policy-fetch-error",
    "sts-policy-invalid",
    "sts-webpki-invalid",
)


@dataclass(frozen=True, slots=True)
class Failure:
    """Sessions that failed alike (RFC 8460 §4.4). `type` is mostly one of RESULT_TYPES."""

    type: str
    sessions: int
    sending_ip: str
    receiving_mx: str
    receiving_helo: str
    receiving_ip: str
    information: str
    reason: str


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy that senders applied: `type` "tlsa", "sts" or "no-policy-found"."""

    type: str
    domain: str
    strings: tuple[str, ...]
    mx_hosts: tuple[str, ...]
    successful: int
    failed: int
    failures: tuple[Failure, ...]

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Policy:
        failures = tuple(Failure(**each) for each in data["failures"])
        tuples = {name: tuple(data[name]) for name in ("strings", "mx_hosts")}
        return cls(**{**data, **tuples, "failures": failures})


@dataclass(frozen=True, slots=True)
class TlsReport:
    """One report; `begin` and `end` are seconds since 1970, 0 where unknown."""

    organization: str
    contact: str
    report_id: str
    begin: int
    end: int
    policies: tuple[Policy, ...]

    @property
    def key(self) -> tuple[str, str, str]:
        return "tls", self.organization, self.report_id

    @property
    def domain(self) -> str:
        return next((policy.domain for policy in self.policies if policy.domain), "")

    @property
    def successful(self) -> int:
        return sum(policy.successful for policy in self.policies)

    @property
    def failed(self) -> int:
        return sum(policy.failed for policy in self.policies)

    def head(self) -> dict[str, Any]:
        return {
            "org_name": self.organization,
            "contact": self.contact,
            "report_id": self.report_id,
            "begin": iso(self.begin),
            "end": iso(self.end),
            "domain": self.domain,
            "successful": self.successful,
            "failed": self.failed,
        }

    def as_json(self) -> dict[str, Any]:
        """All of it, for keeping; `from_json` reads it back."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> TlsReport:
        return cls(**{**data, "policies": tuple(Policy.from_json(p) for p in data["policies"])})


def parse(data: bytes, budget: Budget | None = None) -> TlsReport:
    """The report in `data`, a JSON document. Raises ReportError."""
    found = bounded_json.loads(data)
    if isinstance(found, list) and len(found) == 1:
        found = found[0]
    if not isinstance(found, dict) or not isinstance(found.get("policies"), list):
        raise ReportError("not-a-report")
    listed = [each for each in found["policies"] if isinstance(each, dict)]
    if len(listed) > MAX_POLICIES:
        raise ReportError("records")
    policies = tuple(_policy(each) for each in listed)
    count = sum(len(policy.failures) for policy in policies)
    if count > MAX_FAILURES:
        raise ReportError("records")
    (budget or Budget()).keep(len(policies) + count)
    range_ = _object(found.get("date-range"))
    return TlsReport(
        organization=tidy(found.get("organization-name")),
        contact=tidy(found.get("contact-info")),
        report_id=tidy(found.get("report-id")),
        begin=moment(range_.get("start-datetime")),
        end=moment(range_.get("end-datetime")),
        policies=policies,
    )


def _policy(data: dict[str, Any]) -> Policy:
    policy, summary = _object(data.get("policy")), _object(data.get("summary"))
    details = data.get("failure-details")
    failures = [each for each in _list(details) if isinstance(each, dict)]
    if len(failures) > MAX_FAILURES:
        raise ReportError("records")
    hosts = policy.get("mx-host")
    return Policy(
        type=word(policy.get("policy-type")),
        domain=domain(policy.get("policy-domain")),
        strings=tuple(tidy(each) for each in _list(policy.get("policy-string"))[:MAX_STRINGS]),
        mx_hosts=tuple(domain(each) for each in _list(hosts)[:MAX_STRINGS]),
        successful=number(summary.get("total-successful-session-count")),
        failed=number(summary.get("total-failure-session-count")),
        failures=tuple(_failure(each) for each in failures),
    )


def _failure(data: dict[str, Any]) -> Failure:
    return Failure(
        type=word(data.get("result-type")),
        sessions=number(data.get("failed-session-count")),
        sending_ip=address(data.get("sending-mta-ip")),
        receiving_mx=domain(data.get("receiving-mx-hostname")),
        receiving_helo=domain(data.get("receiving-mx-helo")),
        receiving_ip=address(data.get("receiving-ip")),
        information=tidy(data.get("additional-information")),
        reason=tidy(data.get("failure-reason-code")),
    )


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    """The list; a lone text counts as a list of one, as some reporters write it."""
    if isinstance(value, list):
        return value
    return [value] if isinstance(value, str) and value else []
