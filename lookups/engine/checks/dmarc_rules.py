"""The rules of topic dmarc: from discovery to findings. Nothing here asks DNS."""

from __future__ import annotations

from collections.abc import Iterator

from ..dmarc.walk import rank
from ..finding import Finding
from ..records import dmarc
from ..records.dmarc import Record
from .answers import absence_finding, evidence, failure_finding
from .dmarc_case import Case
from .dmarc_syntax import findings as syntax_findings

MAX_DESTINATIONS = 2  # addresses that every receiver of RFC 7489 §6.2 had to serve
MAX_SHOWN = 120


def findings(case: Case) -> Iterator[Finding]:
    """Everything that follows from what DNS said."""
    if case.absent and not case.discovery.record:
        yield absence_finding(case.apex)
        return
    if case.discovery.failure:
        yield failure_finding(case.discovery.failure, case.resolver)
    yield from _own_name(case)
    yield from _misplaced(case)
    record = case.discovery.record
    if record is None:
        if case.kind == "none":
            yield Finding("dmarc-none", {"domain": case.domain}, evidence(*case.discovery.answers))
            yield from _mailless(case)
        return
    yield from _record_text(case, record)
    yield from _policy(case, record)
    yield from _subdomains(case, record)
    yield from _mailless(case)
    yield from _alignment(case, record)
    yield from _reports(case, record)
    yield from _generations(case)


def _own_name(case: Case) -> Iterator[Finding]:
    """What stands at _dmarc below the domain, whichever record is in force."""
    step = case.discovery.own
    proofs = evidence(step.answer)
    if step.answer.aliases and not step.answer.outcome.is_failure:
        target = step.answer.owner.to_text(omit_final_dot=True).lower()
        yield Finding("dmarc-alias", {"name": step.question, "target": target}, proofs)
    records = [text for text in step.texts if dmarc.is_record(text)]
    if len(records) > 1:
        parameters = {"name": step.question, "count": len(records)}
        yield Finding("dmarc-multiple", parameters, proofs)
    for text in case.meant[:3]:
        yield from syntax_findings(dmarc.parse(text), step.question, case.domain, step.answer)
    others = [t for t in step.texts if not dmarc.is_record(t) and t not in case.meant]
    if others:
        parameters = {"name": step.question, "text": others[0][:MAX_SHOWN]}
        yield Finding("dmarc-other-text", parameters, proofs)


def _misplaced(case: Case) -> Iterator[Finding]:
    """A record at the domain itself: nobody looks for it there (RFC 9989 §4.5)."""
    if case.misplaced:
        parameters = {"domain": case.domain, "name": case.discovery.own.question}
        yield Finding("dmarc-misplaced", parameters, evidence(case.apex))


def _record_text(case: Case, record: Record) -> Iterator[Finding]:
    step = case.discovery.record_step
    if step is None:
        return
    yield from syntax_findings(record, step.question, step.name, step.answer)
    if not record.has("p") and record.policy:
        yield Finding("dmarc-policy-missing", {"name": step.question}, evidence(step.answer))
    if record.psd == "y" and not case.suffix:
        yield Finding("dmarc-psd", {"domain": step.name}, evidence(step.answer))


def _policy(case: Case, record: Record) -> Iterator[Finding]:
    """What receivers shall do with mail of the domain that fails (RFC 9989 §4.7)."""
    found = case.discovery
    proofs = evidence(*found.answers)
    if found.inherited:
        policy = found.policy or "none"
        name = found.record_domain
        yield Finding("dmarc-inherited", {"name": name, "policy": policy}, proofs)
    if not found.policy:
        return  # a policy tag that is wrong switched DMARC off: dmarc-policy-invalid says so
    if found.policy == "none":
        yield Finding("dmarc-monitoring", {"domain": case.domain}, proofs)
    elif found.testing:
        parameters = {"policy": found.policy, "effective": found.effective}
        yield Finding("dmarc-testing", parameters, proofs)
    elif found.policy == "quarantine":
        yield Finding("dmarc-quarantine", {"domain": case.domain}, proofs)
    else:
        yield Finding("dmarc-reject", {"domain": case.domain}, proofs)
    if rank(found.policy) > 0 and not found.inherited and not case.sends_by_spf:
        parameters = {"domain": case.domain, "policy": found.policy}
        yield Finding("dmarc-enforced-without-spf", parameters, evidence(case.apex))


def _subdomains(case: Case, record: Record) -> Iterator[Finding]:
    """Whether names below are as well protected (RFC 9989 §4.7, tags sp and np)."""
    found = case.discovery
    if found.inherited:
        return
    proofs = evidence(found.own.answer)
    if found.organizational_domain != case.domain and not found.failure:
        ignored = [tag for tag in ("sp", "np") if record.has(tag)]
        if ignored:
            parameters = {
                "tags": ignored,
                "domain": case.domain,
                "organization": found.organizational_domain,
            }
            yield Finding("dmarc-sp-ignored", parameters, proofs)
        return
    if rank(found.policy) < 1:
        return
    weaker = False
    if rank(found.subdomain_policy) < rank(found.policy):
        weaker = True
        parameters = {"policy": found.policy, "subdomains": found.subdomain_policy}
        yield Finding("dmarc-subdomains-weaker", parameters, proofs)
    if rank(found.nonexistent_policy) < rank(found.policy):
        weaker = True
        parameters = {"policy": found.policy, "nonexistent": found.nonexistent_policy}
        yield Finding("dmarc-nonexistent-weaker", parameters, proofs)
    if not weaker:
        parameters = {"subdomains": found.subdomain_policy, "nonexistent": found.nonexistent_policy}
        yield Finding("dmarc-subdomains-covered", parameters, proofs)


def _mailless(case: Case) -> Iterator[Finding]:
    """A domain without mail can refuse all that claims to come from it."""
    if case.mailless and case.discovery.policy != "reject":
        proofs = evidence(case.hosts.answer, case.discovery.own.answer)
        yield Finding("dmarc-mailless", {"domain": case.domain}, proofs)


def _alignment(case: Case, record: Record) -> Iterator[Finding]:
    """RFC 9989 §4.4: strict alignment asks for the very same domain."""
    strict = [tag for tag in ("adkim", "aspf") if record.get(tag) == "s"]
    step = case.discovery.record_step
    if strict and step:
        parameters = {"tags": strict, "domain": case.domain}
        yield Finding("dmarc-strict", parameters, evidence(step.answer))


def _reports(case: Case, record: Record) -> Iterator[Finding]:
    """Who hears of it (RFC 9990 §4, RFC 9991 §5)."""
    found = case.discovery
    step = found.record_step
    proofs = evidence(step.answer) if step else ()
    working = [a for a in case.addresses if a.tag == "rua" and a.uri.valid]
    if not working and not (case.mailless and found.policy == "reject"):
        yield Finding("dmarc-no-reports", {"domain": found.record_domain}, proofs)
    if len(working) > MAX_DESTINATIONS:
        yield Finding("dmarc-many-destinations", {"count": len(working)}, proofs)
    if any(a.tag == "ruf" and a.uri.valid for a in case.addresses):
        hosts = sorted({a.uri.host or a.uri.text for a in case.addresses if a.tag == "ruf"})
        yield Finding("dmarc-failure-reports", {"hosts": hosts[:5]}, proofs)
    troubles = list(_destinations(case))
    yield from troubles
    if working and not troubles:
        names = [address.uri.address or address.uri.text for address in working]
        yield Finding("dmarc-reports", {"addresses": names[:5]}, proofs)


def _destinations(case: Case) -> Iterator[Finding]:
    """What keeps reports from arriving, once for each tag and host."""
    seen: set[tuple[str, str]] = set()
    for address in case.addresses:
        there = address.destination
        if there is None or (address.tag, there.host) in seen:
            continue
        seen.add((address.tag, there.host))
        if there.failure:
            yield failure_finding(there.failure, case.resolver)
        elif there.consent == "missing":
            parameters = {
                "tag": address.tag,
                "host": there.host,
                "name": there.question,
                "domain": case.discovery.record_domain,
            }
            yield Finding("dmarc-report-unauthorised", parameters, evidence(*there.answers))
        if there.mail in ("no", "null"):
            parameters = {"tag": address.tag, "host": there.host}
            proofs = evidence(there.answers[-1])
            yield Finding("dmarc-report-undeliverable", parameters, proofs)


def _generations(case: Case) -> Iterator[Finding]:
    """Where the Public Suffix List leads elsewhere than the tree walk (RFC 9989 §4.10)."""
    found, listed = case.discovery, case.listed
    if listed is None or not listed.differs(found):
        return
    parameters = {
        "organization": found.organizational_domain,
        "policy": found.policy or "–",
        "listed_organization": listed.organizational_domain,
        "listed_policy": listed.policy or "–",
    }
    yield Finding("dmarc-psl-differs", parameters, evidence(*found.answers))
