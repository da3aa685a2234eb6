"""Keys for DKIM: made anew, or read from whatever form a public key is handed over in.

RFC 6376 §3.6.1 and RFC 8301 (RSA), RFC 8463 (Ed25519). A private key leaves this module only as the
value of `make_pair`; nothing here stores or prints one.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import date

from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from . import dkim
from .der import ED25519_HEAD, ED25519_SIZE, RSA_OBJECT, DerError, rsa_key
from .dkim import MIN_RSA_BITS, KeyFormatError, PublicKey

# What can be made; RFC 8301 §3.2 asks verifiers for RSA keys of up to 4096 bits.
ALGORITHMS = {"rsa-2048": 2048, "ed25519": 256, "rsa-4096": 4096}
EXPONENT = 65537
MAX_TEXT = 8192  # characters of a key that are read
SECRET_SIZE = 64  # octets: how some programs write an Ed25519 private key

_ARMOURED = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,40})-----([^-]*)(?:-----END|$)")
_PRIVATE = re.compile(r"PRIVATE\s+KEY", re.IGNORECASE)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class KeyPair:
    """`private_pem` is PKCS#8 (RFC 5208); `public` is base64, as p= holds it."""

    algorithm: str
    private_pem: str
    public: str


def make_pair(algorithm: str) -> KeyPair:
    """A new key pair; `algorithm` is one of ALGORITHMS. Takes up to seconds of CPU."""
    if algorithm == "ed25519":
        edwards = ed25519.Ed25519PrivateKey.generate()
        public = edwards.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        pem = edwards.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    else:
        numbers = rsa.generate_private_key(EXPONENT, ALGORITHMS[algorithm])
        public = numbers.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        pem = numbers.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return KeyPair(algorithm, pem.decode("ascii"), base64.b64encode(public).decode("ascii"))


def default_selector(day: date) -> str:
    """A selector that says when its key was made, so that it is clear when to replace it."""
    return f"s{day:%Y%m}"


def read_public(text: str) -> PublicKey:
    """The public key in PEM, bare base64, or a record; raises KeyFormatError.

    `octets` are those of p=: of an RSA key as SubjectPublicKeyInfo, of Ed25519 the 32 themselves.
    Beside the codes of dkim.Problem: "none" (there is no key in it), "short" (RFC 8301 §3.2).
    """
    text = text[:MAX_TEXT]
    if _PRIVATE.search(text):
        raise KeyFormatError("private")
    octets = _octets_of(text)
    if len(octets) == SECRET_SIZE:
        raise KeyFormatError("private")
    bare = octets.removeprefix(ED25519_HEAD)
    if len(bare) == ED25519_SIZE:
        return PublicKey("ed25519", 256, bare)
    try:
        found = rsa_key(octets)
    except DerError as error:
        none = error.code == "cut" and octets[:1] != b"\x30"  # it does not begin like a key
        raise KeyFormatError("unreadable" if none else error.code) from error
    if found.bits < MIN_RSA_BITS:
        raise KeyFormatError("short")
    return PublicKey("rsa", found.bits, octets if found.wrapped else _wrapped(octets))


def _octets_of(text: str) -> bytes:
    armoured = _ARMOURED.search(text)
    if armoured:
        return _key(armoured[2])
    if "p=" in text.replace(" ", "") and "=" in text.rstrip("= \r\n\t"):
        strings = _QUOTED.findall(text)
        record = dkim.parse("".join(strings) if strings else text)
        tag = next((tag for tag in record.tags if tag.name == "p"), None)
        if tag is None or not tag.value:
            raise KeyFormatError("none")
        return _key(tag.value)
    return _key(text)


def _key(text: str) -> bytes:
    compact = "".join(text.split())
    if not compact:
        raise KeyFormatError("none")
    octets = _decoded(compact)
    if octets is None:
        raise KeyFormatError("base64")
    return octets


def _decoded(compact: str) -> bytes | None:
    """Padding may be missing; anything else that is not base64 gives None."""
    if not re.fullmatch(r"[A-Za-z0-9+/]+={0,2}", compact):
        return None
    bare = compact.rstrip("=")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4))
    except (binascii.Error, ValueError):
        return None


def _wrapped(key: bytes) -> bytes:
    """An RSAPublicKey (RFC 8017 §A.1.1) as SubjectPublicKeyInfo (RFC 5280 §4.1.2.7)."""
    algorithm = _element(0x30, _element(0x06, RSA_OBJECT) + b"\x05\x00")
    return _element(0x30, algorithm + _element(0x03, b"\0" + key))


def _element(tag: int, value: bytes) -> bytes:
    """DER: tag, length, value (X.690 §8.1.3)."""
    size = len(value)
    if size < 0x80:
        return bytes((tag, size)) + value
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + value
