"""The chain of trust: from the trust anchor down to the zone of a name (RFC 4035 §5).

At every name on the way the zone above is asked for a DS record. It answers in one of three ways,
each of them signed: here is the digest of the child's key; here begins an unsigned zone; or no zone
begins here. Where it answers in none of these ways, the chain is broken.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import dns.name
import dns.rdata
from dns.rdataclass import IN
from dns.rdatatype import CNAME, DS, NSEC, NSEC3

from ..context import Context
from ..message import Message, RRset
from ..resolver import Answer, Outcome
from .denial import Cut, Nsec3Proofs, Proofs, proofs_of
from .signatures import (
    Effort,
    Fault,
    Key,
    Verdict,
    fits,
    is_expanded,
    keys_of,
    usable_ds,
    verify,
)
from .status import Security

Name = dns.name.Name

MAX_DEPTH = 16  # labels of a name below the trust anchor
MAX_VERIFICATIONS = 250  # of signatures in one report: an ordinary one needs 15 to 40
MAX_PROOFS = 8  # NSEC and NSEC3 RRsets of one answer that are looked at
MAX_NOTED = 400


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a zone or an answer is not secure: `fault` of the RRset (`name`, `type`), or the
    `answer` that DNS owed. `signature` is the RRSIG record that does not hold."""

    fault: Fault | None
    name: Name
    type: str
    signature: Any = None
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone, or a name from which on nothing is known. `keys` are all that it publishes, as far
    as they were asked for; `ds` the records above it. `unsupported`: it is insecure because its DS
    records name algorithms that nobody verifies; `opt_out`: because of a span without proofs."""

    name: Name
    security: Security
    parent: Zone | None = None
    keys: tuple[Key, ...] = ()
    ds: tuple[Any, ...] = ()
    reason: Reason | None = None
    unsupported: bool = False
    opt_out: bool = False

    @property
    def path(self) -> list[Zone]:
        """From the trust anchor down to this zone."""
        zones: list[Zone] = []
        zone: Zone | None = self
        while zone is not None:
            zones.append(zone)
            zone = zone.parent
        return zones[::-1]


@dataclass(frozen=True, slots=True)
class Noted:
    """A signature that was looked at, and whether it held."""

    zone: Name
    name: Name
    type: str
    signature: Any
    holds: bool


@dataclass(slots=True, eq=False)
class Trust:
    """What the validation of one report shares. `now` in seconds since 1970; `anchors` are the DS
    records of the zones that are trusted to begin with, in presentation form."""

    context: Context
    now: int
    anchors: tuple[tuple[Name, tuple[str, ...]], ...]
    effort: Effort = field(default_factory=lambda: Effort(MAX_VERIFICATIONS))
    noted: list[Noted] = field(default_factory=list)
    hashed: dict[Name, Any] = field(default_factory=dict)  # an NSEC3 record seen, by zone
    unaware: bool = False  # the resolver hands no signatures on

    def anchor_of(self, name: Name) -> tuple[Name, tuple[str, ...]] | None:
        """The closest trust anchor at or above `name`, with its DS records."""
        above = [anchor for anchor in self.anchors if name.is_subdomain(anchor[0])]
        return max(above, key=lambda anchor: len(anchor[0]), default=None)

    def verify(self, rrset: RRset, signatures: Any, zone: Name, keys: tuple[Key, ...]) -> Verdict:
        verdict = verify(rrset, signatures, zone, keys, self.now, self.effort)
        if verdict.signature is not None and len(self.noted) < MAX_NOTED:
            type = dns.rdatatype.to_text(dns.rdatatype.RdataType.make(rrset.type))
            holds = verdict.fault is None
            self.noted.append(Noted(zone, rrset.name, type, verdict.signature, holds))
        return verdict


async def trust_of(context: Context) -> Trust:
    async def make() -> Trust:
        anchors = tuple(
            (dns.name.from_text(zone), tuple(records))
            for zone, records in context.options.trust_anchors.items()
            if records
        )
        return Trust(context, int(context.now.timestamp()), anchors)

    return await context.once("trust", make)


def names_between(anchor: Name, name: Name) -> Iterator[Name]:
    """`anchor` and each name below it down to `name`."""
    for depth in range(len(anchor), len(name) + 1):
        yield Name(name.labels[-depth:])


async def ask_ahead(context: Context, name: Name, *, keys: bool) -> None:
    """Asks at once for what the chain down to `name` will need; with `keys` also for DNSKEY."""
    trust = await trust_of(context)
    anchor = trust.anchor_of(name)
    if anchor is None or len(name) - len(anchor[0]) > MAX_DEPTH:
        return
    names = list(names_between(anchor[0], name))
    questions = [(each, "DS") for each in names[1:]]
    questions += [(each, "DNSKEY") for each in (names if keys else names[:1])]
    await context.queries(*((each, type) for each, type in questions))


async def zone_at(context: Context, name: Name) -> Zone:
    """The zone that `name` is the apex of or lies in; where the chain breaks off above it, the
    zone or name at which it does."""
    trust = await trust_of(context)
    anchor = trust.anchor_of(name)
    if anchor is None or len(name) - len(anchor[0]) > MAX_DEPTH:
        return Zone(name, Security.INDETERMINATE)
    return await _zone_at(trust, name, *anchor)


async def _zone_at(trust: Trust, name: Name, anchor: Name, records: tuple[str, ...]) -> Zone:
    if name == anchor:
        key = ("trust-anchor", name)
        return await trust.context.once(key, lambda: _anchor(trust, anchor, records))
    above = await _zone_at(trust, name.parent(), anchor, records)
    if above.security is not Security.SECURE:
        return above
    return await trust.context.once(("trust-zone", name), lambda: _step(trust, above, name))


async def _anchor(trust: Trust, name: Name, texts: tuple[str, ...]) -> Zone:
    """The zone that is trusted to begin with. If it does not fit its anchor, somebody between
    here and there is to blame, or the anchor is old: no domain is accused of it."""
    answer = await trust.context.query(name, "DNSKEY")
    anchors = tuple(dns.rdata.from_text(IN, DS, text) for text in texts)
    keys = keys_of(answer.records)
    if answer.outcome is not Outcome.ANSWER:
        reason = Reason(None, name, "DNSKEY", answer=answer)
        return Zone(name, Security.INDETERMINATE, ds=anchors, reason=reason)
    if not answer.signatures:
        trust.unaware = True
        reason = Reason(Fault.MISSING, name, "DNSKEY", answer=answer)
        return Zone(name, Security.INDETERMINATE, None, keys, anchors, reason)
    fault, signature = _trusted_keys(trust, name, answer, keys, list(anchors))
    if fault is not None:
        reason = Reason(fault, name, "DNSKEY", signature, answer)
        return Zone(name, Security.INDETERMINATE, None, keys, anchors, reason)
    return Zone(name, Security.SECURE, None, keys, anchors)


async def _step(trust: Trust, above: Zone, name: Name) -> Zone:
    """What begins at `name`, by the word of the secure zone `above` (RFC 4035 §5.2)."""
    answer = await trust.context.query(name, "DS")
    if answer.outcome.is_failure:
        reason = Reason(None, name, "DS", answer=answer)
        return Zone(name, Security.INDETERMINATE, above, reason=reason)
    if answer.aliases:  # an alias is no delegation
        verdict = _alias(trust, above, name, answer)
        if verdict.fault is None:
            return above
        return _broken(above, name, verdict.fault, "CNAME", verdict.signature, answer)
    if trust.context.resolver.pretends(name, "DS"):  # as if the zone above had signed it
        child = Zone(name, Security.INSECURE, above)
        return await _child(trust, above, name, answer) if answer.rrset else child
    if answer.outcome is Outcome.ANSWER and answer.rrset:
        verdict = trust.verify(answer.rrset, answer.signatures, above.name, above.keys)
        if verdict.fault is not None:
            return _broken(above, name, verdict.fault, "DS", verdict.signature, answer)
        return await _child(trust, above, name, answer)
    return _without_ds(trust, above, name, answer)


async def _child(trust: Trust, above: Zone, name: Name, answer: Answer) -> Zone:
    """The zone at `name`, whose DS records are secure."""
    ds = tuple(answer.records)
    usable = usable_ds(ds)
    if not usable:  # RFC 4035 §5.2: as if there were none
        return Zone(name, Security.INSECURE, above, (), ds, unsupported=True)
    keys_answer = await trust.context.query(name, "DNSKEY")
    if keys_answer.outcome.is_failure:
        reason = Reason(None, name, "DNSKEY", answer=keys_answer)
        return Zone(name, Security.INDETERMINATE, above, (), ds, reason)
    keys = keys_of(keys_answer.records)
    if not keys or keys_answer.aliases:
        reason = Reason(Fault.NO_KEYS, name, "DNSKEY", answer=keys_answer)
        return Zone(name, Security.BOGUS, above, (), ds, reason)
    fault, signature = _trusted_keys(trust, name, keys_answer, keys, usable)
    if fault is not None:
        reason = Reason(fault, name, "DNSKEY", signature, keys_answer)
        return Zone(name, Security.BOGUS, above, keys, ds, reason)
    return Zone(name, Security.SECURE, above, keys, ds)


def _trusted_keys(
    trust: Trust, name: Name, answer: Answer, keys: tuple[Key, ...], ds: list[Any]
) -> tuple[Fault | None, Any]:
    """Whether a key that one of `ds` fits signs the keys (RFC 4035 §5.2): fault and signature."""
    fitting = tuple(k for k in keys if k.usable and any(fits(each, name, k) for each in ds))
    if not fitting:
        return Fault.DS_MISMATCH, None
    if answer.rrset is None:
        return Fault.NO_KEYS, None
    verdict = trust.verify(answer.rrset, answer.signatures, name, fitting)
    return verdict.fault, verdict.signature


def _alias(trust: Trust, above: Zone, name: Name, answer: Answer) -> Verdict:
    message = answer.message
    rrset = message.find(message.answer, name, CNAME) if message else None
    if message is None or rrset is None:
        return Verdict(Fault.MISSING)
    return trust.verify(rrset, message.signatures(rrset), above.name, above.keys)


def _without_ds(trust: Trust, above: Zone, name: Name, answer: Answer) -> Zone:
    """No DS record: an unsigned zone, or no zone at all, if the zone above proves it."""
    proofs, bad = proofs_in(trust, answer.message, above)
    cut = proofs.cut(name)
    if cut is Cut.NONE:
        return above
    if cut is Cut.UNSIGNED:
        return Zone(name, Security.INSECURE, above, opt_out=proofs.match(name) is None)
    fault, signature = (bad.fault, bad.signature) if bad else (None, None)
    return _broken(above, name, fault or Fault.DENIAL, "DS", signature, answer)


def proofs_in(trust: Trust, message: Message | None, zone: Zone) -> tuple[Proofs, Verdict | None]:
    """The NSEC and NSEC3 records of an answer whose signatures by `zone` hold; and what is wrong
    with one that has a signature which does not."""
    found: list[tuple[Name, Any]] = []
    bad: Verdict | None = None
    candidates = [r for r in (message.authority if message else ()) if r.type in (NSEC, NSEC3)]
    for rrset in candidates[:MAX_PROOFS]:
        if message is None or not rrset.name.is_subdomain(zone.name) or not rrset.readable:
            continue
        verdict = trust.verify(rrset, message.signatures(rrset), zone.name, zone.keys)
        if verdict.fault is not None:
            bad = bad or (verdict if verdict.signature is not None else None)
        elif not is_expanded(rrset.name, verdict.signature):
            found.append((rrset.name, rrset.records[0]))
    proofs = proofs_of(zone.name, found)
    if isinstance(proofs, Nsec3Proofs) and proofs.records:
        opted = [record for _, record in proofs.records if record.flags & 1]
        if opted or zone.name not in trust.hashed:
            trust.hashed[zone.name] = (opted or [proofs.records[0][1]])[0]
    return proofs, bad


def _broken(
    above: Zone, name: Name, fault: Fault, type: str, signature: Any, answer: Answer
) -> Zone:
    reason = Reason(fault, name, type, signature, answer)
    ds = tuple(answer.records) if answer.type == "DS" and not answer.aliases else ()
    return Zone(name, Security.BOGUS, above, (), ds, reason)
