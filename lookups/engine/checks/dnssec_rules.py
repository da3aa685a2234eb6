"""The rules of topic dnssec: from the validated chain to findings. Nothing here asks DNS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..dnssec import Fault, Reason, Security, Zone
from ..dnssec.algorithms import (
    MODERN,
    RETIRED,
    RSA,
    SHA1_DIGEST,
    SHORT_RSA_BITS,
    algorithm_name,
    key_bits,
)
from ..finding import Evidence, Finding
from ..resolver import Answer, Outcome, name_text
from .answers import absence_finding, evidence, failure_finding
from .dnssec_json import moment

if TYPE_CHECKING:
    from .dnssec import Case, HostState

DAY = 86_400
# A signature this close to its end should have been renewed: signers do so days or weeks before,
# so that the zone outlives a signer that is down (RFC 6781 §4.4.2). Those made on the fly live for
# a day or two altogether, which is why the share of the whole time counts as well.
EXPIRING_SECONDS = 3 * DAY
EXPIRING_SHARE = 0.25
# Whoever recorded a signature can replay it until it ends (RFC 6781 §4.4.2).
LONG_VALIDITY_SECONDS = 366 * DAY


def findings(case: Case) -> Iterator[Finding]:
    if not case.exists:
        yield absence_finding(case.mail.answer)
        return
    yield from _chain(case)
    yield from _leaves(case)
    if case.own.keys:
        yield from _keys(case)
    yield from _digests(case.own)
    yield from _times(case)
    yield from _hashing(case)
    yield from _hosts(case)


def _zone_evidence(*zones: Zone) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(name_text(zone.name), type) for zone in zones for type in ("DS", "DNSKEY")
    )


def _chain(case: Case) -> Iterator[Finding]:
    """How far the chain of trust reaches, and why not further."""
    zone, own = case.zone, case.own
    parameters: dict[str, Any] = {"zone": name_text(own.name)}
    if zone.security is Security.SECURE:
        if case.security is Security.SECURE:
            count = len(case.levels)
            yield Finding("dnssec-secure", parameters | {"count": count}, _zone_evidence(own))
    elif zone.security is Security.INSECURE:
        yield _insecure(case, parameters)
    elif zone.reason and zone.security is Security.BOGUS:
        yield broken(zone.reason, zone)
    else:
        yield from _undetermined(case, zone.reason)


def _insecure(case: Case, parameters: dict[str, Any]) -> Finding:
    zone, own = case.zone, case.own
    proofs = _zone_evidence(own)
    parent = name_text(zone.parent.name) if zone.parent else "."
    if zone.name != own.name:
        above = {"parent": name_text(zone.name)}
        return Finding("dnssec-parent-unsigned", parameters | above, _zone_evidence(zone, own))
    if zone.unsupported:
        numbers = sorted({int(record.algorithm) for record in zone.ds})
        names = {"algorithms": [algorithm_name(number) for number in numbers]}
        return Finding("dnssec-algorithm-unsupported", parameters | names, proofs)
    if own.keys:
        return Finding("dnssec-island", parameters | {"parent": parent}, proofs)
    return Finding("dnssec-unsigned", parameters | {"parent": parent}, proofs)


def broken(reason: Reason, zone: Zone) -> Finding:
    """The finding for what makes `zone`, or an answer in it, bogus."""
    fault, signature = reason.fault, reason.signature
    about = {"zone": name_text(zone.name), "name": name_text(reason.name), "type": reason.type}
    proofs = (Evidence(about["name"], about["type"]),)
    if fault is Fault.NO_KEYS:
        return Finding("dnssec-no-keys", {"zone": about["zone"]}, _zone_evidence(zone))
    if fault is Fault.DS_MISMATCH:
        tags = {
            "ds": sorted({int(record.key_tag) for record in zone.ds}),
            "keys": sorted({key.tag for key in zone.keys}),
        }
        parameters: dict[str, Any] = {"zone": about["zone"], **tags}
        return Finding("dnssec-ds-mismatch", parameters, _zone_evidence(zone))
    if fault is Fault.EXPIRED:
        expired = {"expired": moment(signature.expiration)}
        return Finding("dnssec-signature-expired", about | expired, proofs)
    if fault is Fault.NOT_YET:
        begins = {"begins": moment(signature.inception)}
        return Finding("dnssec-signature-not-yet", about | begins, proofs)
    if fault is Fault.MISSING:
        return Finding("dnssec-signature-missing", about, proofs)
    if fault is Fault.DENIAL:
        return Finding("dnssec-denial-missing", about, proofs)
    if fault in (Fault.WRONG, Fault.UNKNOWN_KEY):
        return Finding("dnssec-signature-wrong", about, proofs)
    return Finding("dnssec-undetermined", {"zone": about["zone"]}, proofs)


def _undetermined(case: Case, reason: Reason | None) -> Iterator[Finding]:
    """DNS left it open: no signatures from the resolver, no answer, or no trust anchor."""
    answer = reason.answer if reason else None
    zone = name_text(reason.name if reason else case.context.name)
    proofs = evidence(answer) if answer else ()
    yield Finding("dnssec-undetermined", {"zone": zone}, proofs)
    if answer and answer.outcome.is_failure:
        yield failure_finding(answer, case.context.resolver)


def _leaves(case: Case) -> Iterator[Finding]:
    """The domain's own answers, below a chain that holds."""
    if case.zone.security is not Security.SECURE:
        return
    for answer, each in case.leaves:
        if each.security is Security.BOGUS and each.reason and each.zone:
            yield broken(each.reason, each.zone)
        elif each.security is Security.INSECURE and each.zone and each.zone is not case.zone:
            if answer.type == "MX":
                yield _elsewhere(answer, each.zone)
        elif each.security is Security.INDETERMINATE and answer.outcome is not Outcome.BUDGET:
            yield from _undetermined(case, each.reason)


def _elsewhere(answer: Answer, zone: Zone) -> Finding:
    """An alias leads out of the signed zone into one that is not."""
    parent = name_text(zone.parent.name) if zone.parent else "."
    parameters = {"zone": name_text(zone.name), "parent": parent}
    return Finding("dnssec-unsigned", parameters, (*evidence(answer), *_zone_evidence(zone)))


def _keys(case: Case) -> Iterator[Finding]:
    """Algorithms (RFC 8624 §3.1 as moved by RFC 9904 to 9906) and key sizes (RFC 6781 §3.4.2)."""
    own = case.own
    zone = {"zone": name_text(own.name)}
    proofs = (Evidence(zone["zone"], "DNSKEY"),)
    numbers = sorted({int(key.record.algorithm) for key in own.keys})
    retired = [number for number in numbers if number in RETIRED]
    names = [algorithm_name(number) for number in numbers]
    if retired:
        named = {"algorithms": [algorithm_name(number) for number in retired]}
        yield Finding("dnssec-algorithm-retired", zone | named, proofs)
    short = [
        (bits, key.tag)
        for key in own.keys
        if key.record.algorithm in RSA
        if (bits := key_bits(key.record)) and bits < SHORT_RSA_BITS
    ]
    if short:
        sizes = {"bits": min(short)[0], "tags": sorted({tag for _, tag in short})}
        yield Finding("dnssec-key-short", zone | sizes, proofs)
    if case.security is Security.SECURE and not short and set(numbers) <= MODERN:
        yield Finding("dnssec-algorithm-modern", zone | {"algorithms": names}, proofs)


def _digests(own: Zone) -> Iterator[Finding]:
    """SHA-1 in DS records (RFC 9905 §2)."""
    tags = sorted({int(r.key_tag) for r in own.ds if r.digest_type == SHA1_DIGEST})
    if tags:
        zone = name_text(own.name)
        yield Finding("dnssec-digest-sha1", {"zone": zone, "tags": tags}, (Evidence(zone, "DS"),))


def _times(case: Case) -> Iterator[Finding]:
    """How long the domain's own signatures last, and how soon the first of them ends."""
    own, now = case.own.name, case.trust.now
    times = [
        (
            noted.signature.expiration - now,
            noted.signature.expiration - noted.signature.inception,
            noted,
        )
        for noted in case.trust.noted
        if noted.zone == own and noted.holds
    ]
    if not times or case.zone.security is not Security.SECURE:
        return
    zone = name_text(own)
    soonest = [
        (left, noted)
        for left, whole, noted in times
        if left < EXPIRING_SECONDS and left < whole * EXPIRING_SHARE
    ]
    if soonest:
        left, noted = min(soonest, key=lambda pair: pair[0])
        parameters = {
            "zone": zone,
            "name": name_text(noted.name),
            "type": noted.type,
            "hours": max(0, left // 3600),
            "expires": moment(noted.signature.expiration),
        }
        proofs = (Evidence(parameters["name"], noted.type),)
        yield Finding("dnssec-signature-expiring", parameters, proofs)
    longest = max(whole for _, whole, _ in times)
    if longest > LONG_VALIDITY_SECONDS:
        days = {"zone": zone, "days": longest // DAY}
        yield Finding("dnssec-validity-long", days, (Evidence(zone, "SOA"),))


def _hashing(case: Case) -> Iterator[Finding]:
    """NSEC3 as RFC 9276 §3.1 wants it: no iterations, no salt; and opt-out (RFC 5155 §6)."""
    denial = case.denial or {}
    if denial.get("kind") != "nsec3":
        return
    zone = {"zone": name_text(case.own.name)}
    proofs = (Evidence(zone["zone"], "CDS"),)
    if denial["iterations"]:
        parameters = zone | {"iterations": denial["iterations"]}
        yield Finding("dnssec-nsec3-iterations", parameters, proofs)
    if denial["salt"]:
        yield Finding("dnssec-nsec3-salt", zone | {"salt": denial["salt"]}, proofs)
    if denial["opt_out"]:
        yield Finding("dnssec-nsec3-opt-out", zone, proofs)


def _hosts(case: Case) -> Iterator[Finding]:
    """The mail servers' addresses: a secure name of a host is worth little without them."""
    own = case.security is Security.SECURE
    proofs = tuple(Evidence(host.name, "A") for host in case.hosts)
    for host in case.hosts:
        if host.security is Security.BOGUS and not _is_known(case, host):
            parameters = {"host": host.name, "zone": host.zone}
            yield Finding("dnssec-host-bogus", parameters, evidence(host.answer))
    unsigned = [host for host in case.hosts if host.security is Security.INSECURE]
    if own and unsigned:
        parameters_of = {
            "hosts": [host.name for host in unsigned],
            "zones": sorted({host.zone for host in unsigned}),
        }
        yield Finding("dnssec-hosts-unsigned", parameters_of, proofs)
    secure = [host for host in case.hosts if host.security is Security.SECURE]
    if own and secure and len(secure) == len(case.hosts):
        yield Finding("dnssec-hosts-secure", {"hosts": [host.name for host in secure]}, proofs)


def _is_known(case: Case, host: HostState) -> bool:
    """Whether the host is bogus for the reason for which the domain itself already is."""
    return case.zone.security is Security.BOGUS and host.examination.zone is case.zone
