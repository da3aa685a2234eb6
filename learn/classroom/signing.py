"""DNSSEC for the lessons: keys made from a zone's name, signatures, and deliberate faults.

dnssec.toml says which zones are signed and how. The keys are no secret: whoever has this file can
make them. They protect nothing; they show how protection looks (RFC 4033 to 4035).
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import dns.dnssec
import dns.name
import dns.rdataset
import dns.rrset
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from dns.dnssectypes import Algorithm, DSDigest
from dns.rdataclass import IN
from dns.rdatatype import CDNSKEY, CDS, DNSKEY, NSEC3PARAM, RRSIG, RdataType
from dns.rdtypes.ANY.CDNSKEY import CDNSKEY as Cdnskey
from dns.rdtypes.ANY.NSEC3PARAM import NSEC3PARAM as Nsec3Param

from learn.classroom.zone_data import Zone

HERE = Path(__file__).parent
SEED = b"MXplain classroom"
PERIOD = 6 * 3600  # seconds for which signatures are kept and used again
HOUR, DAY = 3600, 86_400
KEY_TTL = 3600
ZONE_KEY, SECURE_ENTRY_POINT = 0x0100, 0x0001  # flags of a DNSKEY, RFC 4034 §2.1.1
EXPONENT = 65537
SM2SM3 = 17  # an algorithm that hardly anybody can verify (RFC 9563)
_TO_WINDOW = {
    "expired": (-44 * DAY, -30 * DAY),
    "not-yet": (7 * DAY, 21 * DAY),
    "expiring": (-13 * DAY, 36 * HOUR),
    "long": (-HOUR, 1200 * DAY),
}
_WINDOW = (-HOUR, 14 * DAY)
_ALGORITHM = {"weak-algorithm": Algorithm.RSASHA1NSEC3SHA1, "short-rsa": Algorithm.RSASHA256}


@dataclass(frozen=True, slots=True)
class Plan:
    """How a zone is signed, as dnssec.toml describes it."""

    kind: str = "signed"
    algorithm: int = Algorithm.ECDSAP256SHA256
    iterations: int | None = None
    salt: str = ""
    types: tuple[str, ...] = ()
    opt_out: bool = False
    cds: bool = False

    @classmethod
    def from_table(cls, table: dict[str, Any]) -> Plan:
        known = dict(table)
        kind = known.setdefault("kind", "signed")
        known.setdefault("algorithm", _ALGORITHM.get(kind, Algorithm.ECDSAP256SHA256))
        if kind == "nsec3":
            known.setdefault("iterations", 0)
        known["types"] = tuple(known.get("types", ()))
        return cls(**known)


@dataclass(frozen=True, slots=True)
class Key:
    """A private key and the DNSKEY record that publishes its public half."""

    private: Any
    dnskey: Any


def load_plans() -> dict[str, Plan]:
    """The plans by the zone's name under classroom.test, "@" for classroom.test itself."""
    tables = tomllib.loads((HERE / "dnssec.toml").read_text("utf-8"))
    return {name: Plan.from_table(table) for name, table in tables.items()}


class Signer:
    """Signs the records of one zone. Signatures are made when they are first asked for."""

    def __init__(self, zone: Zone, plan: Plan) -> None:
        self.plan = plan
        self.origin = zone.origin
        self.keys = keys(zone.origin, plan)
        self._period = -1
        self._kept: dict[tuple[dns.name.Name, RdataType], dns.rrset.RRset] = {}
        for rrset in self._own_records():
            zone.add(rrset)

    def signature(self, rrset: dns.rrset.RRset, period: int) -> dns.rrset.RRset:
        """The RRSIG record over `rrset`, valid in the period with this number.

        It stays the same for the period: `rrset` must be what its name and type always have.
        """
        if period != self._period:
            self._kept, self._period = {}, period
        place = (rrset.name, rrset.rdtype)
        found = self._kept.get(place)
        if found is None:
            found = self._kept[place] = self._sign(rrset, period)
        return found

    def signs(self, rrset: dns.rrset.RRset) -> bool:
        """Whether there is a signature at all."""
        return self.plan.kind != "no-signature" or not self._is_spoilt(rrset)

    def _sign(self, rrset: dns.rrset.RRset, period: int) -> dns.rrset.RRset:
        since, until = _TO_WINDOW.get(self.plan.kind, _WINDOW)
        key = self.keys[0] if rrset.rdtype in (DNSKEY, CDS, CDNSKEY) else self.keys[-1]
        signature = dns.dnssec.sign(
            rrset,
            key.private,
            self.origin,
            key.dnskey,
            inception=period * PERIOD + since,
            expiration=period * PERIOD + until,
            policy=dns.dnssec.allow_all_policy,
            deterministic=True,
        )
        if self.plan.kind == "bad-signature" and self._is_spoilt(rrset):
            signature = signature.replace(signature=bytes(o ^ 0xFF for o in signature.signature))
        signed = dns.rrset.RRset(rrset.name, IN, RRSIG, covers=rrset.rdtype)
        signed.update(dns.rdataset.from_rdata(rrset.ttl, signature))
        return signed

    def _is_spoilt(self, rrset: dns.rrset.RRset) -> bool:
        return not self.plan.types or rrset.rdtype.name in self.plan.types

    def _own_records(self) -> Iterator[dns.rrset.RRset]:
        """What a signed zone publishes at its apex."""
        dnskeys = [key.dnskey for key in self.keys]
        yield dns.rrset.from_rdata_list(self.origin, KEY_TTL, dnskeys)
        if self.plan.iterations is not None:
            salt = bytes.fromhex(self.plan.salt)
            param = Nsec3Param(IN, NSEC3PARAM, 1, 0, self.plan.iterations, salt)
            yield dns.rrset.from_rdata(self.origin, 0, param)
        if self.plan.cds:
            first = dnskeys[0]
            cds = dns.dnssec.make_cds(self.origin, first, DSDigest.SHA256)
            copy = Cdnskey(IN, CDNSKEY, first.flags, first.protocol, first.algorithm, first.key)
            for rdata in (cds, copy):
                yield dns.rrset.from_rdata_list(self.origin, KEY_TTL, [rdata])


def keys(origin: dns.name.Name, plan: Plan) -> tuple[Key, ...]:
    """A key that signs the keys and one that signs the rest; one for both where it is RSA."""
    if plan.algorithm in (5, 7, 8, 10):
        private = _rsa_key(1024 if plan.kind == "short-rsa" else 2048)
        return (_key(private, plan.algorithm, ZONE_KEY | SECURE_ENTRY_POINT),)
    ksk = _private_key(origin, "KSK", plan.algorithm)
    zsk = _private_key(origin, "ZSK", plan.algorithm)
    return (
        _key(ksk, plan.algorithm, ZONE_KEY | SECURE_ENTRY_POINT),
        _key(zsk, plan.algorithm, ZONE_KEY),
    )


def delegation_signers(origin: dns.name.Name, plan: Plan) -> dns.rrset.RRset | None:
    """The DS record that the zone above publishes; None where it publishes none."""
    if plan.kind == "no-ds":
        return None
    # A key that the zone had once, or never: it fits none of those it has now.
    of = dns.name.Name((b"other", *origin.labels)) if plan.kind == "ds-mismatch" else origin
    digest = DSDigest.SHA1 if plan.kind == "sha1-ds" else DSDigest.SHA256
    dnskey = keys(of, plan)[0].dnskey
    ds = dns.dnssec.make_ds(origin, dnskey, digest, policy=dns.dnssec.allow_all_policy)
    if plan.kind == "unknown-algorithm":
        ds = ds.replace(algorithm=SM2SM3)
    return dns.rrset.from_rdata_list(origin, KEY_TTL, [ds])


def anchor(origin: dns.name.Name, plan: Plan | None = None) -> str:
    """The DS record of a zone in presentation form, for those who trust it (RFC 4033 §2)."""
    signers = delegation_signers(origin, plan or Plan())
    assert signers is not None
    return str(signers[0].to_text())


def _key(private: Any, algorithm: int, flags: int) -> Key:
    return Key(private, dns.dnssec.make_dnskey(private.public_key(), algorithm, flags))


def _private_key(origin: dns.name.Name, role: str, algorithm: int) -> Any:
    octets = hashlib.sha256(SEED + origin.canonicalize().to_wire() + role.encode()).digest()
    if algorithm == Algorithm.ED25519:
        return ed25519.Ed25519PrivateKey.from_private_bytes(octets)
    curve = ec.SECP384R1() if algorithm == Algorithm.ECDSAP384SHA384 else ec.SECP256R1()
    return ec.derive_private_key(int.from_bytes(octets, "big") >> 1 | 1, curve)


@cache
def _rsa_key(bits: int) -> rsa.RSAPrivateKey:
    """The teaching key of this size. Its primes are public, so it keeps no secret."""
    primes = tomllib.loads((HERE / "teaching_primes.toml").read_text("utf-8"))
    p, q = (int(text, 16) for text in primes[f"rsa{bits}"])
    d = pow(EXPONENT, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(EXPONENT, p * q)
    crt = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)
    return rsa.RSAPrivateNumbers(p, q, d, *crt, public).private_key()
