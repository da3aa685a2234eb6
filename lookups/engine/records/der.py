"""The few ASN.1 structures in which public keys come: DER (ITU-T X.690), read without a library.

SubjectPublicKeyInfo (RFC 5280 §4.1.2.7) around an RSAPublicKey (RFC 8017 §A.1.1), or that alone.
"""

from __future__ import annotations

from dataclasses import dataclass

INTEGER, BIT_STRING, OBJECT, SEQUENCE = 0x02, 0x03, 0x06, 0x30
RSA_OBJECT = bytes.fromhex("2a864886f70d010101")  # rsaEncryption, 1.2.840.113549.1.1.1
ED25519_HEAD = bytes.fromhex("302a300506032b6570032100")  # before the 32 octets, RFC 8410 §4
ED25519_SIZE = 32  # octets, RFC 8032 §5.1.5


class DerError(ValueError):
    """Octets that hold no RSA public key.

    `code` is "cut" (`needed` octets were promised), "private" for a private key, or "unreadable".
    """

    def __init__(self, code: str, needed: int = 0) -> None:
        super().__init__(code)
        self.code = code
        self.needed = needed


@dataclass(frozen=True, slots=True)
class RsaKey:
    """`wrapped`: it came as SubjectPublicKeyInfo, not as a bare RSAPublicKey."""

    modulus: int
    exponent: int
    wrapped: bool

    @property
    def bits(self) -> int:
        return self.modulus.bit_length()


def rsa_key(octets: bytes) -> RsaKey:
    """The RSA public key in `octets`; raises DerError."""
    tag, start, end = _element(octets, 0)
    if tag != SEQUENCE or end < len(octets):
        raise DerError("unreadable")
    first, at, after = _element(octets, start)
    if first == INTEGER:
        if not any(octets[at:after]):
            raise DerError("private")  # the version 0 of RFC 8017 §A.1.2 and RFC 5958 §2
        return _rsa_public_key(octets, start, end, wrapped=False)
    if first != SEQUENCE:
        raise DerError("unreadable")
    kind, at, object_end = _element(octets, at)
    if kind != OBJECT or octets[at:object_end] != RSA_OBJECT:
        raise DerError("unreadable")
    kind, at, bits_end = _element(octets, after)
    if kind != BIT_STRING or bits_end != end or octets[at : at + 1] != b"\0":
        raise DerError("unreadable")
    kind, at, inner_end = _element(octets, at + 1)
    if kind != SEQUENCE or inner_end != end:
        raise DerError("unreadable")
    return _rsa_public_key(octets, at, end, wrapped=True)


def _rsa_public_key(octets: bytes, at: int, end: int, wrapped: bool) -> RsaKey:
    """Modulus and exponent, the two integers between `at` and `end`."""
    kind, start, stop = _element(octets, at)
    other, second, last = _element(octets, stop)
    if kind != INTEGER or other != INTEGER or last != end:
        raise DerError("unreadable")
    modulus = int.from_bytes(octets[start:stop], "big", signed=True)
    exponent = int.from_bytes(octets[second:last], "big", signed=True)
    if modulus < 3 or exponent < 3 or not exponent & 1:  # RFC 8017 §3.1
        raise DerError("unreadable")
    return RsaKey(modulus, exponent, wrapped)


def _element(octets: bytes, at: int) -> tuple[int, int, int]:
    """Tag, start and end of the value of the element at `at`; it must lie within `octets`."""
    if at + 2 > len(octets):
        raise DerError("cut", at + 2)
    tag, length = octets[at], octets[at + 1]
    start = at + 2
    if length & 0x80:
        size = length & 0x7F
        if not 1 <= size <= 3:
            raise DerError("unreadable")
        if start + size > len(octets):
            raise DerError("cut", start + size)
        length = int.from_bytes(octets[start : start + size], "big")
        start += size
    if start + length > len(octets):
        raise DerError("cut", start + length)
    return tag, start, start + length
