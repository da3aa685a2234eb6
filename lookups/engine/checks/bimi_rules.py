"""The rules of topic bimi: from what was fetched to findings. Nothing here asks anybody.

"The draft" is draft-brand-indicators-for-message-identification.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..fetch import FetchError
from ..finding import Finding
from ..records import bimi, svg_tiny_ps, vmc
from ..records.svg_tiny_ps import Logo
from ..records.vmc import MarkCertificate
from .answers import evidence, failure_finding
from .dmarc import Discovery
from .mx_rules import bounded

if TYPE_CHECKING:
    from .bimi import Case, EvidenceFile, LogoFile

MAX_LISTED = 12  # values in one finding
SVG_MEDIA_TYPE = "image/svg+xml"


def findings(case: Case) -> Iterator[Finding]:
    """Everything that follows once the files are fetched."""
    yield from bounded(_all(case))


def _all(case: Case) -> Iterator[Finding]:
    yield from _record(case)
    if case.state in ("record", "multiple", "ignored"):
        yield from _dmarc(case)
    if case.logo:
        yield from _logo(case, case.logo)
    if case.evidence:
        yield from _certificate(case, case.evidence)


def readiness(dmarc: Discovery) -> tuple[bool | None, str]:
    """Whether DMARC is as strict as BIMI demands, and what is in the way (the draft §7.1).

    (None, "") where DNS left it open. Obstacles: "missing", "policy", "subdomain", "t=y", "pct=…".
    """
    record = dmarc.record
    if dmarc.failure and record is None:
        return None, ""
    if record is None or not dmarc.policy:
        return False, "missing"
    named = (s.record for s in dmarc.steps if s.name == dmarc.organizational_domain)
    organization = next(named, None)
    if dmarc.policy == "none" or (organization and organization.policy == "none"):
        return False, "policy"
    if dmarc.subdomain_policy == "none":
        return False, "subdomain"
    if dmarc.testing:
        return False, "t=y"
    percentage = next((tag.value for tag in record.tags if tag.name == "pct"), "100").strip()
    if dmarc.policy == "quarantine" and percentage != "100":
        return False, f"pct={percentage}"[:80]
    return True, ""


def _dmarc(case: Case) -> Iterator[Finding]:
    dmarc = case.dmarc
    ready, obstacle = readiness(dmarc)
    proofs = evidence(*dmarc.answers)
    domain = dmarc.record_domain
    if ready is None:
        if dmarc.failure:
            yield failure_finding(dmarc.failure, case.context.resolver)
    elif ready:
        parameters = {"policy": dmarc.policy, "domain": domain}
        yield Finding("bimi-dmarc-ready", parameters, proofs)
    elif obstacle == "missing":
        yield Finding("bimi-dmarc-missing", {"domain": case.context.domain.ascii}, proofs)
    elif obstacle == "policy":
        yield Finding("bimi-dmarc-policy", {"domain": domain}, proofs)
    elif obstacle == "subdomain":
        yield Finding("bimi-dmarc-subdomain", {"domain": domain}, proofs)
    else:
        yield Finding("bimi-dmarc-partial", {"domain": domain, "tag": obstacle}, proofs)


def _record(case: Case) -> Iterator[Finding]:
    """Which record holds, and what its text says."""
    proofs = evidence(*case.answers)
    if case.state == "failed":
        yield failure_finding(case.answer, case.context.resolver)
    elif case.state == "none":
        ready, _ = readiness(case.dmarc)
        parameters = {"name": case.name}
        yield Finding("bimi-none-ready" if ready else "bimi-none", parameters, proofs)
    elif case.state == "multiple":
        yield Finding("bimi-multiple", {"name": case.name, "count": len(case.texts)}, proofs)
    elif case.state == "declined":
        yield Finding("bimi-declined", {"name": case.name}, proofs)
    if case.inherited and case.state in ("record", "declined"):
        yield Finding("bimi-inherited", {"domain": case.domain}, proofs)
    if case.state == "ignored" and not case.assertion:
        yield Finding("bimi-version", {"name": case.name, "text": case.texts[0][:80]}, proofs)
    found = case.assertion
    if case.state == "record" and found and found.is_valid and not found.evidence:
        yield Finding("bimi-certificate-missing", {"name": case.name}, proofs)
    for problem in found.problems if found else ():
        id, parameters = text_problem(problem, case.name)
        yield Finding(id, parameters, proofs)


def text_problem(problem: bimi.Problem, name: str) -> tuple[str, dict[str, Any]]:
    """One mistake in a record's text (the draft §4.3, RFC 6376 §3.2): id and parameters."""
    tag, value, column = problem.tag, problem.value, problem.column
    if problem.code == "version":
        return "bimi-version", {"name": name, "text": value}
    if problem.code == "tag-malformed":
        return "bimi-tag-malformed", {"text": value, "column": column}
    if problem.code == "tag-duplicate":
        return "bimi-tag-duplicate", {"tag": tag, "column": column}
    if problem.code == "tag-unknown":
        parameters = {"tag": tag, "column": column, "suggestion": problem.suggestion}
        return "bimi-tag-unknown", parameters
    if problem.code == "value-ignored":
        return "bimi-value-ignored", {"tag": tag, "value": value, "column": column}
    if problem.code == "location-missing":
        return "bimi-location-missing", {"name": name}
    if problem.code == "not-https":
        return "bimi-not-https", {"tag": tag, "url": value}
    return "bimi-uri-invalid", {"tag": tag, "url": value, "column": column}


def _fetch_failure(case: Case, tag: str, url: str, error: FetchError) -> Finding:
    """Why a file of the record could not be had; each kind is mended elsewhere."""
    parameters: dict[str, Any] = {"tag": tag, "url": url}
    proofs = evidence(case.answer)
    if error.code == "tls":
        return Finding("bimi-fetch-tls", parameters | {"detail": error.detail}, proofs)
    if error.code == "status":
        return Finding("bimi-fetch-status", parameters | {"status": error.detail}, proofs)
    if error.code == "too-large":
        return Finding("bimi-fetch-too-large", parameters | {"limit": error.detail}, proofs)
    parameters |= {"code": error.code, "detail": error.detail}
    return Finding("bimi-fetch-failed", parameters, proofs)


def _logo(case: Case, file: LogoFile) -> Iterator[Finding]:
    proofs = evidence(case.answer)
    if suffix := bimi.image_suffix(file.url):
        yield Finding("bimi-logo-suffix", {"url": file.url, "suffix": suffix}, proofs)
    if file.error:
        yield _fetch_failure(case, "l", file.url, file.error)
    if not file.logo or not file.fetched:
        return
    if file.fetched.media_type != SVG_MEDIA_TYPE:
        parameters = {"url": file.url, "media_type": file.fetched.media_type}
        yield Finding("bimi-logo-media-type", parameters, proofs)
    yield from _picture(file.logo, file.url, case)


def _picture(logo: Logo, url: str, case: Case) -> Iterator[Finding]:
    """What the profile says of the picture (draft-svg-tiny-ps-abrotman §2)."""
    proofs = evidence(case.answer)
    by_code: dict[str, list[svg_tiny_ps.Problem]] = {}
    for problem in logo.problems:
        by_code.setdefault(problem.code, []).append(problem)
    if logo.is_valid:
        parameters: dict[str, Any] = {"octets": logo.octets, "title": logo.title}
        yield Finding("bimi-logo-valid", parameters, proofs)
    if unreadable := next((p for p in logo.problems if p.is_unreadable), None):
        parameters = {"url": url, "code": unreadable.code, "detail": _shown(unreadable)}
        yield Finding("bimi-logo-unreadable", parameters, proofs)
    if "title" in by_code:
        yield Finding("bimi-logo-title", {"url": url}, proofs)
    roots = ("namespace", "version", "profile", "position")
    if faults := [p for code in roots for p in by_code.get(code, ())]:
        listed = [_root_fault(problem) for problem in faults]
        yield Finding("bimi-logo-root", {"url": url, "faults": listed}, proofs)
    for code in ("element", "attribute", "reference"):
        if faults := by_code.get(code, []):
            listed = list(dict.fromkeys(_shown(problem) for problem in faults))[:MAX_LISTED]
            yield _contents(code, {"url": url, "found": listed}, proofs)
    if "size" in by_code:
        limit = svg_tiny_ps.ADVISED_OCTETS
        yield Finding("bimi-logo-size", {"octets": logo.octets, "limit": limit}, proofs)
    for problem in by_code.get("shape", ()):
        yield Finding("bimi-logo-not-square", {"shape": problem.value}, proofs)


def _contents(code: str, parameters: dict[str, Any], proofs: Any) -> Finding:
    if code == "element":
        return Finding("bimi-logo-elements", parameters, proofs)
    if code == "attribute":
        return Finding("bimi-logo-attributes", parameters, proofs)
    return Finding("bimi-logo-references", parameters, proofs)


def _root_fault(problem: svg_tiny_ps.Problem) -> str:
    """How the root element would be right, as it would stand in the file."""
    return {
        "namespace": f'xmlns="{svg_tiny_ps.SVG}"',
        "version": 'version="1.2"',
        "profile": 'baseProfile="tiny-ps"',
    }.get(problem.code, f"{problem.value}=")


def _shown(problem: svg_tiny_ps.Problem) -> str:
    if problem.code == "element":
        return f"<{problem.element}>"
    if problem.code == "root":
        return f"<{problem.element}>"
    if problem.code == "attribute":
        return f"{problem.value} (<{problem.element}>)"
    return problem.value or f"<{problem.element}>"


def certificate_faults(
    certificate: MarkCertificate, domains: Sequence[str], logo: Logo | None, now: datetime
) -> list[str]:
    """What makes receivers refuse the certificate: the ends of the findings' ids."""
    faults = []
    validity = certificate.validity(now)
    if validity in ("expired", "future"):
        faults.append(validity)
    if not vmc.matches(certificate.names, domains):
        faults.append("name")
    if not certificate.has_purpose:
        faults.append("purpose")
    if certificate.logo is None:
        faults.append("logo")
    elif logo and hashlib.sha256(certificate.logo).hexdigest() != logo.sha256:
        faults.append("differs")
    if not certificate.is_ordered:
        faults.append("chain")
    return faults


def _certificate(case: Case, file: EvidenceFile) -> Iterator[Finding]:
    proofs = evidence(case.answer)
    if file.error:
        yield _fetch_failure(case, "a", file.url, file.error)
    if file.unreadable:
        parameters: dict[str, Any] = {"url": file.url, "code": file.unreadable}
        yield Finding("bimi-certificate-unreadable", parameters, proofs)
    found = file.certificate
    if not found:
        return
    parameters = {"issuer": found.issuer, "expires": _day(found.not_after)}
    if not file.faults:
        yield Finding("bimi-certificate-valid", parameters, proofs)
    for fault in file.faults:
        yield _fault(fault, case, file, found)
    if found.validity(case.context.now) == "expiring":
        days = (found.not_after - case.context.now).days
        yield Finding("bimi-certificate-expiring", parameters | {"days": days}, proofs)
    if not file.is_known:
        yield Finding("bimi-certificate-issuer", {"issuer": found.issuer}, proofs)
    if found.kind == "cmc":
        yield Finding("bimi-certificate-common", {"mark": found.mark_type}, proofs)


def _fault(fault: str, case: Case, file: EvidenceFile, found: MarkCertificate) -> Finding:
    proofs = evidence(case.answer)
    if fault == "expired":
        return Finding("bimi-certificate-expired", {"expired": _day(found.not_after)}, proofs)
    if fault == "future":
        return Finding("bimi-certificate-future", {"begins": _day(found.not_before)}, proofs)
    if fault == "name":
        parameters = {"domain": case.context.domain.ascii, "names": list(found.names[:MAX_LISTED])}
        return Finding("bimi-certificate-name", parameters, proofs)
    if fault == "purpose":
        return Finding("bimi-certificate-purpose", {"url": file.url}, proofs)
    if fault == "logo":
        return Finding("bimi-certificate-logo", {"url": file.url}, proofs)
    if fault == "differs":
        return Finding("bimi-certificate-differs", {"url": file.url}, proofs)
    return Finding("bimi-certificate-chain", {"chain": list(found.chain)}, proofs)


def _day(moment: datetime) -> str:
    return moment.date().isoformat()
