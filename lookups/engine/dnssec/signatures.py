"""Whether one RRset is rightly signed by one of several keys (RFC 4035 §5.3).

The cryptography is dnspython's and OpenSSL's; what is signed (RFC 4034 §3.1.8.1) is put together
here, since dnspython wants whole RRsets of its own for it, which costs more than the verification.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

import dns.dnssec
import dns.dnssecalgs
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from ..message import RRset
from .algorithms import DIGESTS, SHA1_DIGEST, SUPPORTED

ZONE_KEY, REVOKED, ENTRY_POINT = 0x0100, 0x0080, 0x0001  # RFC 4034 §2.1.1, RFC 5011 §7
DNSSEC_PROTOCOL = 3  # RFC 4034 §2.1.2
MAX_KEYS = 32  # of one zone that are looked at
MAX_SIGNATURES = 8  # over one RRset that are looked at
MAX_COLLISIONS = 3  # keys of one tag that are tried: more are an attack (CVE-2023-50387)
# Results kept beyond a report. Only DNSKEY and DS, which all domains below a zone share.
MAX_KEPT = 512
_SHARED_TYPES = frozenset({dns.rdatatype.DNSKEY, dns.rdatatype.DS})
# Types without names in their rdata: canonical as they stand in the message.
_NAMELESS = _SHARED_TYPES | {
    dns.rdatatype.A,
    dns.rdatatype.AAAA,
    dns.rdatatype.TLSA,
    dns.rdatatype.NSEC3,
    dns.rdatatype.NSEC3PARAM,
}
_HALF = 1 << 31


class Fault(StrEnum):
    """Why data of a signed zone is bogus."""

    MISSING = "missing"  # no signature by the zone over the RRset
    UNKNOWN_KEY = "unknown-key"  # signed, but by a key that the zone does not have
    WRONG = "wrong"  # the signature does not fit the data
    NOT_YET = "not-yet"
    EXPIRED = "expired"
    NO_KEYS = "no-keys"  # a DS record, but no DNSKEY at all
    DS_MISMATCH = "ds-mismatch"  # no DNSKEY fits a DS record
    DENIAL = "denial"  # nothing proves that what is missing does not exist
    COSTLY = "costly"  # more work than a report may do


@dataclass(frozen=True, slots=True)
class Key:
    """A DNSKEY record with its key tag."""

    tag: int
    record: Any

    @property
    def usable(self) -> bool:
        """A zone key that is not revoked, for an algorithm that can be verified."""
        flags = self.record.flags
        return bool(
            flags & ZONE_KEY
            and not flags & REVOKED
            and self.record.protocol == DNSSEC_PROTOCOL
            and self.record.algorithm in SUPPORTED
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """`fault` is None where `signature` holds; otherwise `signature` is the one that does not."""

    fault: Fault | None
    signature: Any = None


@dataclass(slots=True)
class Effort:
    """How many verifications a report may still do."""

    left: int


def keys_of(records: Sequence[Any]) -> tuple[Key, ...]:
    return tuple(Key(dns.dnssec.key_id(record), record) for record in records[:MAX_KEYS])


def fits(ds: Any, owner: dns.name.Name, key: Key) -> bool:
    """Whether `ds` is the digest of `key` (RFC 4034 §5.1.4)."""
    if ds.key_tag != key.tag or ds.algorithm != key.record.algorithm:
        return False
    digest = DIGESTS.get(ds.digest_type)
    if digest is None:
        return False
    data = _wire(owner) + key.record.to_wire()
    return bool(digest(data).digest() == ds.digest)


def usable_ds(records: Sequence[Any]) -> list[Any]:
    """The DS records that a validator heeds: algorithms it knows (RFC 4035 §5.2), and SHA-1 only
    where there is nothing better (RFC 4509 §3)."""
    known = [r for r in records if r.algorithm in SUPPORTED and r.digest_type in DIGESTS]
    better = [r for r in known if r.digest_type != SHA1_DIGEST]
    return (better or known)[:MAX_KEYS]


def verify(
    rrset: RRset,
    signatures: Sequence[Any],
    zone: dns.name.Name,
    keys: Sequence[Key],
    now: int,
    effort: Effort,
) -> Verdict:
    """The first signature by `zone` that holds, or what is wrong with the most promising one."""
    found = Verdict(Fault.MISSING)
    rdatas: list[bytes] | None = None
    rank = list(Fault)
    for signature in signatures[:MAX_SIGNATURES]:
        if signature.signer != zone or signature.algorithm not in SUPPORTED:
            continue
        fault = _in_time(signature, now)
        if fault is None:
            candidates = [k for k in keys if _made_by(signature, k)][:MAX_COLLISIONS]
            fault = Fault.WRONG if candidates else Fault.UNKNOWN_KEY
            if candidates and rdatas is None:
                rdatas = _canonical(rrset)
            data = signed_data(rrset.name, rrset.type, rdatas or (), signature)
            for key in candidates if data else ():
                if effort.left <= 0:
                    return Verdict(Fault.COSTLY, signature)
                effort.left -= 1
                if _holds(rrset.type, key.record, signature.signature, data or b""):
                    return Verdict(None, signature)
        if rank.index(fault) > rank.index(found.fault or Fault.MISSING):
            found = Verdict(fault, signature)
    return found


def signed_data(
    owner: dns.name.Name, rdtype: int, rdatas: Sequence[bytes], signature: Any
) -> bytes | None:
    """The octets that `signature` covers (RFC 4034 §3.1.8.1); None where it cannot cover them."""
    labels = owner.labels[:-1]
    count = len(labels) - (labels[:1] == (b"*",))
    if signature.labels > count:
        return None
    if signature.labels < count:  # made from a wildcard (RFC 4035 §5.3.2)
        owner = dns.name.Name((b"*", *owner.labels[-(signature.labels + 1) :]))
    head = struct.pack(
        "!HBBIIIH",
        signature.type_covered,
        signature.algorithm,
        signature.labels,
        signature.original_ttl,
        signature.expiration,
        signature.inception,
        signature.key_tag,
    )
    parts = [head, _wire(signature.signer)]
    fixed = _wire(owner) + struct.pack("!HHI", rdtype, dns.rdataclass.IN, signature.original_ttl)
    for rdata in rdatas:
        parts += (fixed, len(rdata).to_bytes(2, "big"), rdata)
    return b"".join(parts)


def is_expanded(owner: dns.name.Name, signature: Any) -> bool:
    """Whether a wildcard was expanded to `owner`: it has more labels (RFC 4035 §5.3.4)."""
    labels = owner.labels[:-1]
    return bool(signature.labels < len(labels) - (labels[:1] == (b"*",)))


def _canonical(rrset: RRset) -> list[bytes]:
    """The rdata in canonical form and order, each once (RFC 4034 §6.2 and §6.3)."""
    if rrset.type in _NAMELESS:
        return sorted({rrset.wire[start : start + length] for start, length in rrset.spans})
    return sorted({record.to_digestable() for record in rrset.readable})


def _wire(name: dns.name.Name) -> bytes:
    return name.canonicalize().to_wire() or b""


def _made_by(signature: Any, key: Key) -> bool:
    return bool(
        key.tag == signature.key_tag and key.record.algorithm == signature.algorithm and key.usable
    )


def _in_time(signature: Any, now: int) -> Fault | None:
    """Serial number arithmetic, since the times are 32 bits wide (RFC 4034 §3.1.5)."""
    if (signature.expiration - now) & 0xFFFFFFFF >= _HALF:
        return Fault.EXPIRED
    if (now - signature.inception) & 0xFFFFFFFF >= _HALF:
        return Fault.NOT_YET
    return None


def _holds(rdtype: int, key: Any, signature: bytes, data: bytes) -> bool:
    check = _kept_check if rdtype in _SHARED_TYPES else _check
    return check(key.algorithm, key.key, signature, data)


def _check(algorithm: int, key: bytes, signature: bytes, data: bytes) -> bool:
    """Any error means no: keys and signatures come from strangers and fail in many ways."""
    try:
        _public_key(algorithm, key).verify(signature, data)
    except Exception:
        return False
    return True


_kept_check = lru_cache(maxsize=MAX_KEPT)(_check)


@lru_cache(maxsize=256)
def _public_key(algorithm: int, key: bytes) -> Any:
    wire = struct.pack("!HBB", ZONE_KEY, DNSSEC_PROTOCOL, algorithm) + key
    record: Any = dns.rdata.from_wire(dns.rdataclass.IN, dns.rdatatype.DNSKEY, wire, 0, len(wire))
    return dns.dnssecalgs.get_algorithm_cls_from_dnskey(record).public_cls.from_dnskey(record)
