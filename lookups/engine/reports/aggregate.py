"""DMARC aggregate reports: RFC 9990, and the older form of RFC 7489 Appendix C.

What reporters really send is read too: results in any case, elements missing, in another order or
namespace, numbers with something around them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from sys import intern
from typing import Any

from . import text, xml_stream
from .errors import MAX_RECORDS, Budget, ReportError
from .text import address, iso, moment, number, tidy, word
from .xml_stream import Element

NAMESPACE = "urn:ietf:params:xml:ns:dmarc-2.0"
MAX_SIGNATURES = 20  # of one record, and SPF results
MAX_REASONS = 10
MAX_ERRORS = 20
POLICY = ("p", "sp", "np", "adkim", "aspf", "pct", "fo", "testing", "psd", "discovery_method")


@dataclass(frozen=True, slots=True)
class Signature:
    """The result of one DKIM signature."""

    domain: str
    selector: str
    result: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Spf:
    """The result of SPF for `domain`; `scope` "mfrom" or "helo"."""

    domain: str
    scope: str
    result: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the receiver did something else than the policy asks for."""

    type: str
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """Messages from one address with one outcome. `dkim_aligned` and `spf_aligned` are "pass" or
    "fail" as DMARC counts them; "" where the reporter did not say."""

    ip: str
    messages: int
    disposition: str
    dkim_aligned: str
    spf_aligned: str
    header_from: str
    envelope_from: str = ""
    envelope_to: str = ""
    reasons: tuple[Reason, ...] = ()
    dkim: tuple[Signature, ...] = ()
    spf: tuple[Spf, ...] = ()

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Row:
        return cls(
            **{
                **data,
                "reasons": tuple(Reason(**each) for each in data["reasons"]),
                "dkim": tuple(Signature(**each) for each in data["dkim"]),
                "spf": tuple(Spf(**each) for each in data["spf"]),
            }
        )


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One report. `form` is "RFC 9990" or "RFC 7489"; `begin` and `end` are seconds since 1970, 0
    where unknown; `policy` holds the elements of POLICY that are there."""

    org_name: str
    email: str
    contact: str
    report_id: str
    begin: int
    end: int
    domain: str
    policy: dict[str, str]
    form: str
    version: str
    generator: str
    errors: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def key(self) -> tuple[str, str, str]:
        """The same twice is the same report: reporters number them (RFC 9990 §3.1.1)."""
        return "dmarc-aggregate", self.org_name, self.report_id

    @property
    def messages(self) -> int:
        return sum(row.messages for row in self.rows)

    def head(self) -> dict[str, Any]:
        """What `--format json` tells of the report itself."""
        return {
            "org_name": self.org_name,
            "email": self.email,
            "extra_contact_info": self.contact,
            "report_id": self.report_id,
            "begin": iso(self.begin),
            "end": iso(self.end),
            "domain": self.domain,
            "policy": self.policy,
            "form": self.form,
            "version": self.version,
            "generator": self.generator,
            "errors": list(self.errors),
            "messages": self.messages,
        }

    def as_json(self) -> dict[str, Any]:
        """All of it, for keeping; `from_json` reads it back."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Aggregate:
        rows = tuple(Row.from_json(row) for row in data["rows"])
        return cls(**{**data, "errors": tuple(data["errors"]), "rows": rows})


def parse(data: bytes, budget: Budget | None = None) -> Aggregate:
    """The report in `data`, an XML document. Raises ReportError."""
    budget = budget or Budget()
    rows: dict[Row, int] = {}
    records = 0

    def take(element: Element) -> None:
        nonlocal records
        if element is xml_stream.RESTART:
            rows.clear()
            records = 0
            return
        records += 1
        if records > MAX_RECORDS:
            raise ReportError("records")
        row = _row(element)
        # The same outcome in several records is kept once, with the sum.
        same = _without_count(row)
        rows[same] = rows.get(same, 0) + row.messages

    document = xml_stream.read(data, "record", take)
    root = document.root
    policies = [part for part in root.all("policy_published") if part.children]
    metadata = root.find("report_metadata")
    if root.name != "feedback" or (metadata is None and not policies and not rows):
        raise ReportError("not-a-report")
    budget.keep(len(rows))
    counted = tuple(_with_count(row, count) for row, count in rows.items())
    policy = policies[0] if policies else Element("")
    return _report(document, metadata or Element(""), policy, counted)


def _report(
    document: xml_stream.Document, metadata: Element, policy: Element, rows: tuple[Row, ...]
) -> Aggregate:
    range_ = metadata.inner("date_range")
    published = {name: word(policy.value(name)) for name in POLICY}
    generator = tidy(metadata.value("generator"))
    newer = document.namespace == NAMESPACE or bool(
        generator or published["discovery_method"] or published["testing"] or published["np"]
    )
    first = next((row.header_from for row in rows if row.header_from), "")
    return Aggregate(
        org_name=tidy(metadata.value("org_name")),
        email=tidy(metadata.value("email")),
        contact=tidy(metadata.value("extra_contact_info")),
        report_id=tidy(metadata.value("report_id")),
        begin=moment(range_.value("begin")),
        end=moment(range_.value("end")),
        domain=text.domain(policy.value("domain")) or first,
        policy={name: value for name, value in published.items() if value},
        form="RFC 9990" if newer else "RFC 7489",
        version=tidy(document.root.value("version") or metadata.value("version"), 20),
        generator=generator,
        errors=tuple(tidy(each.text) for each in metadata.all("error"))[:MAX_ERRORS],
        rows=rows,
    )


def _row(record: Element) -> Row:
    row = record.inner("row")
    evaluated = row.inner("policy_evaluated")
    identifiers = record.find("identifiers", "identities") or Element("")
    results = record.inner("auth_results")
    reasons = [
        Reason(word(each.value("type")), tidy(each.value("comment")))
        for each in evaluated.all("reason")
    ]
    return Row(
        ip=intern(address(row.value("source_ip"))),
        messages=number(row.value("count")),
        disposition=intern(word(evaluated.value("disposition"))),
        dkim_aligned=intern(_verdict(evaluated.value("dkim"))),
        spf_aligned=intern(_verdict(evaluated.value("spf"))),
        header_from=intern(text.domain(identifiers.value("header_from"))),
        envelope_from=intern(text.domain(identifiers.value("envelope_from"))),
        envelope_to=intern(text.domain(identifiers.value("envelope_to"))),
        reasons=tuple(reason for reason in reasons if reason.type or reason.comment)[:MAX_REASONS],
        dkim=tuple(_signature(each) for each in results.all("dkim"))[:MAX_SIGNATURES],
        spf=tuple(_spf(each) for each in results.all("spf"))[:MAX_SIGNATURES],
    )


def _verdict(value: str) -> str:
    """ "pass", "fail" or "": whatever is no pass did not pass."""
    said = word(value)
    return said if said in ("", "pass") else "fail"


def _signature(element: Element) -> Signature:
    return Signature(
        intern(text.domain(element.value("domain"))),
        intern(tidy(element.value("selector"), 100)),
        intern(_result(element)),
        intern(tidy(element.value("human_result"))),
    )


def _spf(element: Element) -> Spf:
    domain, scope = text.domain(element.value("domain")), word(element.value("scope"))
    return Spf(intern(domain), intern(scope), intern(_result(element)))


def _result(element: Element) -> str:
    said = word(element.value("result"))
    return {"hardfail": "fail", "hard_fail": "fail", "unknown": "permerror"}.get(said, said)


def _without_count(row: Row) -> Row:
    return _with_count(row, 0)


def _with_count(row: Row, count: int) -> Row:
    return Row(
        row.ip, min(count, text.MAX_COUNT), row.disposition, row.dkim_aligned, row.spf_aligned,
        row.header_from, row.envelope_from, row.envelope_to, row.reasons, row.dkim, row.spf,
    )  # fmt: skip
