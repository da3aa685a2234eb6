"""The numbers of DNSSEC: algorithms of keys, digests of DS records, and what became of them.

IANA's registries "DNS Security Algorithm Numbers" and "DS RR Type Digest Algorithms", with the
recommendations of RFC 8624 as RFC 9904 to 9906 have moved them.
"""

from __future__ import annotations

import hashlib
from typing import Any

NAMES = {
    1: "RSAMD5",
    3: "DSA",
    5: "RSASHA1",
    6: "DSA-NSEC3-SHA1",
    7: "RSASHA1-NSEC3-SHA1",
    8: "RSASHA256",
    10: "RSASHA512",
    12: "ECC-GOST",
    13: "ECDSAP256SHA256",
    14: "ECDSAP384SHA384",
    15: "ED25519",
    16: "ED448",
    17: "SM2SM3",
    23: "ECC-GOST12",
}
DIGEST_NAMES = {
    1: "SHA-1",
    2: "SHA-256",
    3: "GOST R 34.11-94",
    4: "SHA-384",
    5: "GOST R 34.11-2012",
    6: "SM3",
}

RSA = frozenset({1, 5, 7, 8, 10})
# What nobody may sign with any more: RFC 8624 §3.1, RFC 9905 §2 (5 and 7), RFC 9906 §2 (12).
RETIRED = frozenset({1, 3, 5, 6, 7, 12})
MODERN = frozenset({8, 13, 14, 15, 16})
# What this validator can verify. SHA-1 is out of use, not out of reach: zones that still sign
# with it are told so, rather than being taken for unsigned ones.
SUPPORTED = frozenset({5, 7, 8, 10, 13, 14, 15, 16})
DIGESTS = {1: hashlib.sha1, 2: hashlib.sha256, 4: hashlib.sha384}
SHA1_DIGEST = 1

SHORT_RSA_BITS = 2048  # below this a modulus is no longer considered safe (RFC 6781 §3.4.2)


def algorithm_name(number: int) -> str:
    """ "13 (ECDSAP256SHA256)", or the bare number."""
    name = NAMES.get(number)
    return f"{number} ({name})" if name else str(number)


def digest_name(number: int) -> str:
    name = DIGEST_NAMES.get(number)
    return f"{number} ({name})" if name else str(number)


def key_bits(key: Any) -> int | None:
    """The size of a DNSKEY: of the modulus for RSA (RFC 3110 §2), of the curve for the others."""
    fixed = {13: 256, 14: 384, 15: 256, 16: 456}.get(key.algorithm)
    if fixed or key.algorithm not in RSA:
        return fixed
    octets: bytes = key.key
    if not octets:
        return None
    if octets[0]:
        start = 1 + octets[0]
    elif len(octets) >= 3:
        start = 3 + int.from_bytes(octets[1:3], "big")
    else:
        return None
    modulus = octets[start:].lstrip(b"\0")
    return len(modulus) * 8 - (8 - modulus[0].bit_length()) if modulus else None
