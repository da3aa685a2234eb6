"""Whether one answer is secure: its records, the aliases that led to them, or their absence."""

from __future__ import annotations

from dataclasses import dataclass

import dns.name
import dns.rdatatype
from dns.rdatatype import CNAME, DNAME, SOA

from ..context import Context
from ..message import Message, RRset
from ..resolver import SIGNED, Answer, Outcome
from .chain import Reason, Zone, ask_ahead, proofs_in, trust_of, zone_at
from .denial import Denial
from .signatures import Fault, is_expanded
from .status import Security, weakest

Name = dns.name.Name


@dataclass(frozen=True, slots=True)
class Examination:
    """What validation says of an answer, by which zone, and why where it does not hold."""

    security: Security
    zone: Zone | None = None
    reason: Reason | None = None


async def security_of(context: Context, answer: Answer) -> Security:
    """The state of `answer` (RFC 4033 §5), which must be of a type in `resolver.SIGNED`."""
    return (await examine(context, answer)).security


async def examine(context: Context, answer: Answer) -> Examination:
    """The state of `answer` and the reason for it; the same answer is looked at once."""
    key = ("examined", answer.name, answer.type)
    return await context.once(key, lambda: _examine(context, answer))


async def _examine(context: Context, answer: Answer) -> Examination:
    message = answer.message
    if answer.type not in SIGNED:  # asked without DO: there are no signatures to look at
        return Examination(Security.INDETERMINATE)
    if answer.outcome.is_failure or message is None:
        return await _failed(context, answer)
    found: list[Examination] = []
    for alias in (answer.name, *answer.aliases)[: len(answer.aliases)]:
        # An alias that an earlier reply held is not in this one, and left open.
        rrset = _alias_rrset(message, alias)
        if rrset is None:
            reason = Reason(None, alias, "CNAME", answer=answer)
            found.append(Examination(Security.INDETERMINATE, None, reason))
        else:
            found.append(await _records(context, answer, message, rrset))
    if answer.rrset is not None:
        found.append(await _records(context, answer, message, answer.rrset))
    else:
        found.append(await _absence(context, answer, message))
    worst = weakest(each.security for each in found)
    return next(each for each in reversed(found) if each.security is worst)


async def _failed(context: Context, answer: Answer) -> Examination:
    """A resolver that validates says SERVFAIL for bogus data; the chain tells what it was."""
    if answer.outcome is Outcome.SERVFAIL:
        zone = await zone_at(context, answer.owner)
        if zone.security is Security.BOGUS:
            return Examination(Security.BOGUS, zone, zone.reason)
    reason = Reason(None, answer.owner, answer.type, answer=answer)
    return Examination(Security.INDETERMINATE, None, reason)


def _alias_rrset(message: Message, alias: Name) -> RRset | None:
    """What must be signed for an alias: the CNAME, or the DNAME that it was made from
    (RFC 6672 §5.3.1: a synthesized CNAME has no signature)."""
    cname = message.find(message.answer, alias, CNAME)
    if cname is None or message.signatures(cname) or not cname.readable:
        return cname
    target = cname.readable[0].target
    for rrset in message.answer:
        is_above = rrset.type == DNAME and alias.is_subdomain(rrset.name) and alias != rrset.name
        if is_above and rrset.readable:
            kept = alias.relativize(rrset.name)
            try:
                made = kept.concatenate(rrset.readable[0].target)
            except dns.name.NameTooLong:
                continue
            if made == target:
                return rrset
    return cname


async def _records(context: Context, answer: Answer, message: Message, rrset: RRset) -> Examination:
    """RFC 4035 §5.3: the RRset, by the zone that its signatures name, or that it lies in."""
    type = dns.rdatatype.to_text(dns.rdatatype.RdataType.make(rrset.type))
    if context.resolver.pretends(rrset.name, type):
        return await _pretended(context, rrset.name)
    signatures = message.signatures(rrset)
    signers = {s.signer for s in signatures if rrset.name.is_subdomain(s.signer)}
    if signers:
        zone = await _zone(context, max(signers, key=len), keys=True)
    else:
        zone = await _zone_around(context, rrset.name)
    if zone.security is not Security.SECURE:
        return Examination(zone.security, zone, zone.reason)
    trust = await trust_of(context)
    verdict = trust.verify(rrset, signatures, zone.name, zone.keys)
    if verdict.fault is not None:
        reason = Reason(verdict.fault, rrset.name, type, verdict.signature, answer)
        return Examination(Security.BOGUS, zone, reason)
    if not is_expanded(rrset.name, verdict.signature):
        return Examination(Security.SECURE, zone)
    # From a wildcard: that no closer name exists must be proven too (RFC 4035 §5.3.4).
    proofs, _ = proofs_in(trust, message, zone)
    return _by(proofs.no_closer(rrset.name, verdict.signature.labels), zone, rrset.name, answer)


async def _pretended(context: Context, name: Name) -> Examination:
    """Of what is taken for published (Resolver.pretends): as secure as the zone it lies in, which
    would sign it like all else."""
    zone = await _zone(context, name, keys=True)
    return Examination(zone.security, zone, zone.reason)


async def _absence(context: Context, answer: Answer, message: Message) -> Examination:
    """RFC 4035 §5.4: that there is no such name or type, by the zone whose SOA came along."""
    name = answer.owner
    if context.resolver.pretends(name, answer.type):
        return await _pretended(context, name)
    soa = next((r.name for r in message.authority if r.type == SOA), None)
    if soa is not None and name.is_subdomain(soa):
        zone = await _zone(context, soa, keys=True)
    else:
        zone = await _zone_around(context, name)
    if zone.security is not Security.SECURE:
        return Examination(zone.security, zone, zone.reason)
    proofs, bad = proofs_in(await trust_of(context), message, zone)
    if answer.outcome is Outcome.NXDOMAIN:
        denial = proofs.no_name(name)
    else:
        denial = proofs.no_type(name, dns.rdatatype.from_text(answer.type))
    if denial is Denial.NOTHING and bad is not None:
        fault = bad.fault or Fault.DENIAL
        reason = Reason(fault, name, answer.type, bad.signature, answer)
        return Examination(Security.BOGUS, zone, reason)
    return _by(denial, zone, name, answer)


def _by(denial: Denial, zone: Zone, name: Name, answer: Answer) -> Examination:
    if denial is Denial.PROVEN:
        return Examination(Security.SECURE, zone)
    if denial is Denial.NOTHING:
        reason = Reason(Fault.DENIAL, name, answer.type, answer=answer)
        return Examination(Security.BOGUS, zone, reason)
    return Examination(Security.INSECURE, zone)  # RFC 5155 §9.2, RFC 9276 §3.2


async def _zone(context: Context, name: Name, *, keys: bool) -> Zone:
    await ask_ahead(context, name, keys=keys)
    return await zone_at(context, name)


async def _zone_around(context: Context, name: Name) -> Zone:
    """The zone of something without signatures: most often an insecure one begins above it, so
    the name itself is asked about only where that is not so."""
    if name != dns.name.root:
        zone = await _zone(context, name.parent(), keys=False)
        if zone.security is not Security.SECURE:
            return zone
    return await zone_at(context, name)
