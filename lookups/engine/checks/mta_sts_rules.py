"""The rules of topic mta-sts: from what was found to findings. Nothing here asks anybody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..fetch import Fetched
from ..finding import Finding
from ..records import mta_sts
from ..records.fields import Field
from ..records.mta_sts import Policy
from ..resolver import Outcome, name_text
from .answers import evidence, failure_finding

if TYPE_CHECKING:
    from .mta_sts import Case

MAX_OF_A_KIND = 5  # findings with one id
DAY = 86_400  # seconds
FEW_DAYS = 7 * DAY  # max_age is to be "in the range of weeks or greater", RFC 8461 §3.2
ENDING_DAYS = 14  # before a certificate ends, when a renewal should have come

# The codes of FetchError that senders see as well, and the parameters that go with each.
_FETCHING = {
    "no-address": "mta-sts-policy-host-missing",
    "forbidden": "mta-sts-policy-not-public",
    "refused": "mta-sts-policy-unreachable",
    "network": "mta-sts-policy-unreachable",
    "timeout": "mta-sts-policy-unreachable",
    "tls": "mta-sts-policy-certificate",
    "redirect": "mta-sts-policy-redirect",
    "status": "mta-sts-policy-status",
    "too-large": "mta-sts-policy-too-large",
}
_ABSENT = ("no-address", "status", "redirect")
_POLICY = {
    "line": "mta-sts-policy-line",
    "missing": "mta-sts-policy-field-missing",
    "value": "mta-sts-policy-value",
    "pattern": "mta-sts-policy-pattern",
    "age": "mta-sts-max-age-too-long",
    "repeated": "mta-sts-policy-field-repeated",
    "blank": "mta-sts-policy-blank-line",
}


def findings(case: Case) -> Iterator[Finding]:
    """All of them, at most MAX_OF_A_KIND of each where a record can bring many."""
    yield from _dns(case)
    if case.answer.aliases and case.texts:
        parameters = {"name": name_text(case.answer.name), "target": name_text(case.answer.owner)}
        yield Finding("mta-sts-delegated", parameters, evidence(case.answer))
    yield from _record(case)
    if case.record is not None:
        yield from _fetching(case)
        yield from _policy(case)


def is_usable(fetched: Fetched, policy: Policy) -> bool:
    """Whether senders take what the web server gave for a policy."""
    return policy.is_valid and fetched.media_type == "text/plain"


def _dns(case: Case) -> Iterator[Finding]:
    """What DNS left open of the questions that matter here."""
    asked = [case.answer]
    if case.record is not None:
        asked.append(case.mail.answer)
    if case.error is not None and case.error.code == "dns":
        asked += case.addresses
    for answer in asked:
        if answer.outcome.is_failure:
            yield failure_finding(answer, case.context.resolver)


def _record(case: Case) -> Iterator[Finding]:
    """RFC 8461 §3.1."""
    proof = evidence(case.answer)
    if not case.texts:
        # That a domain does not exist is for topic mx to say.
        if case.state == "none" and case.mail.answer.outcome is not Outcome.NXDOMAIN:
            id = "mta-sts-no-mail" if case.takes_no_mail else "mta-sts-none"
            yield Finding(id, {"domain": case.context.domain.ascii}, proof)
        return
    records = [text for text in case.texts if mta_sts.is_record(text)]
    if len(records) > 1:
        yield Finding("mta-sts-multiple", {"count": len(records)}, proof)
    for text in case.texts[:MAX_OF_A_KIND]:
        if text not in records:
            yield Finding("mta-sts-record-version", {"record": text[:200]}, proof)
    if case.record is None:
        return
    if not case.record.id and not any(code == "id" for code, _ in case.record.errors):
        yield Finding("mta-sts-id-missing", {}, proof)
    for code, field in case.record.errors[:MAX_OF_A_KIND]:
        id, about = record_error(code, field)
        yield Finding(id, about, proof)


def record_error(code: str, field: Field) -> tuple[str, dict[str, Any]]:
    """What explains an error of the record: id and parameters, with the column."""
    if code == "id":
        return "mta-sts-id-invalid", {"id": field.value[:200], "column": field.value_column}
    return "mta-sts-record-syntax", {"text": field.text[:200], "column": field.column}


def policy_problem(problem: mta_sts.Problem) -> tuple[str, dict[str, Any]]:
    """What explains a problem of the policy: id and parameters."""
    parameters = {"line": problem.line, "field": problem.name, "value": problem.text}
    return _POLICY[problem.code], parameters


def age_finding(policy: Policy) -> tuple[str, dict[str, Any]] | None:
    """What there is to say of max_age (RFC 8461 §3.2 speaks of weeks)."""
    if policy.max_age is None or policy.mode == "none":
        return None
    if policy.max_age < DAY:
        return "mta-sts-max-age-short", {"seconds": policy.max_age}
    if policy.max_age < FEW_DAYS and policy.mode == "enforce":
        return "mta-sts-max-age-days", {"days": policy.max_age // DAY}
    return None


def _fetching(case: Case) -> Iterator[Finding]:
    """RFC 8461 §3.3: everything but a plain 200 over good TLS leaves senders without a policy."""
    proof = evidence(*case.addresses)
    if case.error is not None and case.error.code != "dns":
        parameters: dict[str, Any] = {"host": case.host, "url": case.url}
        parameters |= {"address": case.error.address, "detail": case.error.detail}
        if case.error.code == "status":
            parameters["status"] = case.error.detail
        elif case.error.code == "redirect":
            parameters["target"] = case.error.detail
        yield Finding(_FETCHING.get(case.error.code, "mta-sts-policy-protocol"), parameters, proof)
    if case.fetched is None:
        return
    if case.fetched.media_type != "text/plain":
        parameters = {"url": case.url, "media_type": case.fetched.media_type}
        yield Finding("mta-sts-policy-media-type", parameters, proof)
    if case.fetched.certificate_not_after is not None:
        days = (case.fetched.certificate_not_after - case.context.now).days
        if days < ENDING_DAYS:
            parameters = {"host": case.host, "days": max(0, days)}
            yield Finding("mta-sts-certificate-ends", parameters, proof)


def _policy(case: Case) -> Iterator[Finding]:
    """RFC 8461 §3.2, §5."""
    policy = case.policy
    if policy is None or case.fetched is None:
        return
    proof = evidence(*case.addresses)
    count: Counter[str] = Counter()
    for problem in policy.problems:
        count[problem.code] += 1
        if count[problem.code] > MAX_OF_A_KIND:
            continue
        id, parameters = policy_problem(problem)
        yield Finding(id, parameters, proof)
    if about_age := age_finding(policy):
        yield Finding(*about_age, proof)
    if not is_usable(case.fetched, policy):
        return
    if policy.mode == "none":
        yield Finding("mta-sts-mode-none", {}, proof)
        return
    if policy.mode == "testing":
        yield Finding("mta-sts-testing", {}, proof)
    yield from _coverage(case, policy)


def _coverage(case: Case, policy: Policy) -> Iterator[Finding]:
    """RFC 8461 §4.1: hosts that no pattern matches get no mail from senders that honour it."""
    proof = evidence(case.mail.answer)
    uncovered = [host for host in case.hosts if not mta_sts.pattern_of(host, policy.mx)]
    if uncovered:
        kind = "mta-sts-mx-not-covered"
        kind = kind if policy.mode == "enforce" else "mta-sts-mx-not-covered-testing"
        yield Finding(kind, {"hosts": uncovered, "patterns": list(policy.mx)}, proof)
    if not case.hosts:
        return
    unused = [p for p in policy.mx if not any(mta_sts.matches(p, host) for host in case.hosts)]
    if unused:
        yield Finding("mta-sts-pattern-unused", {"patterns": unused}, proof)
    if not uncovered and case.state == "mode-enforce":
        yield Finding("mta-sts-enforced", {"hosts": case.hosts}, proof)


# --- records to publish -------------------------------------------------------------------------
def ready(case: Case) -> list[dict[str, str]]:
    """The record and the policy that would mend what was found; none where all is in order."""
    if not case.hosts or case.state == "unknown":
        return []
    text = _better_policy(case)
    found: list[dict[str, str]] = []
    if text or case.state in ("none", "invalid"):
        id = mta_sts.id_of(case.context.now)  # a changed policy needs a new one (RFC 8461 §3.1)
        name = name_text(case.answer.name)
        found.append({"name": name, "type": "TXT", "value": mta_sts.record_text(id)})
    if text:
        found.append({"name": case.url, "type": "FILE", "value": text})
    return found


def _better_policy(case: Case) -> str:
    """Empty where the policy may stay, or where its text is not what is wrong."""
    hosts = [host for host in case.hosts if mta_sts.is_pattern(host)]
    policy = case.policy
    if policy is None:
        # Where TLS or the network fails there may be a good policy behind it.
        absent = case.record is None or (case.error and case.error.code in _ABSENT)
        return mta_sts.policy_text("testing", hosts) if absent and hosts else ""
    uncovered = [host for host in hosts if not mta_sts.pattern_of(host, policy.mx)]
    age = mta_sts.STARTING_AGE if policy.max_age is None else policy.max_age
    patterns = list(dict.fromkeys([*policy.mx, *uncovered]))
    if policy.mode == "none" or not patterns:
        return ""
    if not policy.problems and not uncovered and age >= DAY:
        return ""
    return mta_sts.policy_text(policy.mode or "testing", patterns, max(age, mta_sts.STARTING_AGE))
