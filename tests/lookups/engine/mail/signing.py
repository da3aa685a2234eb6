"""Messages signed for tests, with keys made for them."""

from __future__ import annotations

import base64
from functools import cache

import dkim
import nacl.encoding
import nacl.signing
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

MESSAGE = (
    b"From: Hana <hana@author.test>\r\nTo: ken@b.test\r\nSubject: Hello\r\n"
    b"Date: Mon, 23 Nov 2026 09:30:12 +0900\r\nMessage-ID: <1@author.test>\r\n\r\n"
    b"Dear Ken,\r\n\r\nthis is  a letter.\r\n\r\n\r\n"
)


@cache
def rsa_pair(bits: int = 2048) -> tuple[bytes, str]:
    """A private key in PEM, and the record of its public key."""
    key = rsa.generate_private_key(65537, bits)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return pem, f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"


@cache
def ed25519_pair() -> tuple[bytes, str]:
    key = nacl.signing.SigningKey.generate()
    public = key.verify_key.encode(nacl.encoding.Base64Encoder).decode()
    return key.encode(nacl.encoding.Base64Encoder), f"v=DKIM1; k=ed25519; p={public}"


def signed(
    message: bytes = MESSAGE, *, pem: bytes | None = None, algorithm: bytes = b"rsa-sha256", **how
) -> bytes:
    """`message` below a signature of s1 at author.test."""
    private = pem or rsa_pair()[0]
    canonical = how.pop("canonical", (b"relaxed", b"relaxed"))
    field = dkim.sign(
        message, b"s1", b"author.test", private, canonicalize=canonical,
        signature_algorithm=algorithm, **how,
    )  # fmt: skip
    return field + message
