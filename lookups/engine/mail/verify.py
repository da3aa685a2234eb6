"""Whether DKIM signatures hold (RFC 6376 §6.1). The arithmetic is dkimpy's; nothing else is.

Keys are asked for beforehand (`keys`), bodies are hashed here in linear time (`body`), and what
goes to the library is bounded, so that a hostile message costs no more than an honest one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import dkim  # type: ignore[import-untyped]

from .body import BodyHashes
from .keys import Key
from .message import Message
from .signatures import Signature

MIN_RSA_BITS = 1024  # RFC 8301 §3.2: shorter keys do not count
LEEWAY = timedelta(hours=1)  # for clocks that run ahead
SILENT = logging.getLogger("lookups.engine.mail.silent")
SILENT.disabled = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a signature is worth. `state`:

    "pass"; "header-only" (it holds for the header, the body was not given); "body-changed" (the
    header is as it was signed, the body is not); "fail" (the signed header was changed, or it was
    signed with another key); "expired"; "future" (t= lies ahead); "weak" (SHA-1, or an RSA key
    below 1024 bits); "unusable" (see `signature.problem`); "key" (see `key.state`); "mismatch" (key
    and a= of different kinds, or i= against t=s); "skipped" (the message was not read in full).
    `body` tells whether the body hash is right; None where it cannot be told. `unsigned` counts
    the octets of the body beyond l=, which anybody may have added (RFC 6376 §8.2).
    """

    signature: Signature
    state: str
    key: Key | None = None
    body: bool | None = None
    unsigned: int = 0

    @property
    def passed(self) -> bool:
        return self.state == "pass"

    def as_json(self) -> dict[str, Any]:
        key = {"name": self.key.name, "state": self.key.state, "bits": self.key.bits,
               "outcome": self.key.outcome} if self.key else None  # fmt: skip
        return self.signature.as_json() | {
            "state": self.state, "problem": self.signature.problem, "body": self.body,
            "unsigned": self.unsigned, "key": key,
        }  # fmt: skip


def verify(
    message: Message, found: Sequence[Signature], keys: Mapping[str, Key], now: datetime
) -> tuple[Verdict, ...]:
    """The verdict on each signature, in their order. Asks nothing, never raises; takes a while for
    a large body, so it belongs into a thread."""
    hashes = BodyHashes(message.body) if message.body is not None else None
    return tuple(_verdict(message, each, keys, hashes, now) for each in found)


def _verdict(
    message: Message,
    signature: Signature,
    keys: Mapping[str, Key],
    hashes: BodyHashes | None,
    now: datetime,
) -> Verdict:
    if signature.problem:
        return Verdict(signature, "unusable")
    key = keys.get(signature.key_name)
    body: bool | None = None
    if hashes is not None:
        body = signature.body_hash == hashes.of(
            signature.canonical_body, signature.algorithm, signature.length
        )
    if key is None or key.state != "found":
        return Verdict(signature, "key", key, body)
    if message.cut:
        return Verdict(signature, "skipped", key, body)
    if state := _excluded(signature, key, now):
        return Verdict(signature, state, key, body)
    if not header_holds(message, signature, key):
        return Verdict(signature, "fail", key, body)
    state = "header-only" if body is None else "pass" if body else "body-changed"
    return Verdict(signature, state, key, body, _unsigned(signature, hashes))


def _unsigned(signature: Signature, hashes: BodyHashes | None) -> int:
    if hashes is None or signature.length is None:
        return 0
    return max(0, len(hashes.canonical(signature.canonical_body)) - signature.length)


def _excluded(signature: Signature, key: Key, now: datetime) -> str:
    """What keeps a signature from counting, however right it is; empty where nothing does."""
    record = key.record
    kind = signature.algorithm.partition("-")[0]
    if record is None or record.key_type != kind:
        return "mismatch"
    if signature.algorithm.endswith("sha1") or (kind == "rsa" and key.bits < MIN_RSA_BITS):
        return "weak"  # RFC 8301 §3.1, §3.2
    identity = signature.identity.rpartition("@")[2].lower()
    if record.is_strict and identity not in ("", signature.domain):
        return "mismatch"  # t=s, RFC 6376 §3.6.1
    if signature.expires and signature.expires < now:
        return "expired"
    if signature.signed and signature.signed > now + LEEWAY:
        return "future"
    return ""


class _Header(dkim.DKIM):  # type: ignore[misc]  # the library has no types
    """A verifier that is given the header as it was read here, and leaves the body aside."""

    def __init__(self, message: Message) -> None:
        super().__init__(None, logger=SILENT)
        self.headers = library_headers(message)

    def verify_sig_process(self, sig: Any, *rest: Any) -> Any:
        without_body = {tag: value for tag, value in sig.items() if tag != b"bh"}
        return super().verify_sig_process(without_body, *rest)


def header_holds(message: Message, signature: Signature, key: Key) -> bool:
    """Whether b= is right for the signed fields. Never raises."""
    index = message.all("dkim-signature").index(signature.field)
    try:
        return bool(_Header(message).verify(index, dnsfunc=answering({key.name: key})))
    except Exception:  # whatever a hostile field leads the library into is no pass
        return False


def answering(keys: Mapping[str, Key]) -> Callable[..., bytes | None]:
    """What the library asks instead of DNS: only what is known already."""

    def known(name: bytes | str, timeout: float = 0) -> bytes | None:
        text = name.decode("ascii", "replace") if isinstance(name, bytes) else name
        key = keys.get("".join(text.split()).lower().rstrip("."))
        return key.octets if key else None

    return known


def library_headers(message: Message) -> list[list[bytes]]:
    """The fields in the shape that dkimpy makes of a message: names and raw values."""
    return [[field.name.encode("ascii", "replace"), field.value] for field in message.fields]
