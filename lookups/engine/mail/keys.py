"""The public keys that signatures need, asked for all at once through the report's resolver."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterable
from dataclasses import dataclass

from ..records import dkim
from ..records.der import rsa_key
from ..records.dkim import KeyRecord
from ..records.txt import text_of
from ..resolver import Outcome, Resolver
from .signatures import is_name

MAX_KEYS = 40
# More only costs time: receivers need not take more than 2048 (RFC 8301 §3.2), 65537 is usual.
MAX_RSA_BITS, MAX_EXPONENT_BITS = 4096, 64


@dataclass(frozen=True, slots=True)
class Key:
    """What DNS said at one name. `state`: "found", "none" (no record there), "dns" (`outcome` says
    how it failed), "revoked", "unusable" (`record.problems`), "name" (not a name at all), "limit"
    (more keys than are asked for)."""

    name: str
    state: str
    record: KeyRecord | None = None
    outcome: str = ""

    @property
    def bits(self) -> int:
        return self.record.key.bits if self.record and self.record.key else 0

    @property
    def octets(self) -> bytes | None:
        """The record for the library that does the arithmetic, written anew from what was read:
        nothing of its text as DNS gave it. None where there is no key that can be used."""
        if self.state != "found" or self.record is None or self.record.key is None:
            return None
        key = self.record.key
        return b"k=%s; p=%s" % (key.algorithm.encode(), base64.b64encode(key.octets))


async def fetch(resolver: Resolver, names: Iterable[str]) -> dict[str, Key]:
    """The key at each name, asked for at once; at most MAX_KEYS of them. Never raises."""
    wanted = list(dict.fromkeys(names))
    asked = await asyncio.gather(*(_fetch(resolver, name) for name in wanted[:MAX_KEYS]))
    left = (Key(name, "limit") for name in wanted[MAX_KEYS:])
    return {key.name: key for key in (*asked, *left)}


async def _fetch(resolver: Resolver, name: str) -> Key:
    if not is_name(name):
        return Key(name, "name")
    answer = await resolver.query(name, "TXT")
    if answer.outcome.is_failure:
        return Key(name, "dns", outcome=answer.outcome.value)
    if answer.outcome is not Outcome.ANSWER:
        return Key(name, "none", outcome=answer.outcome.value)
    texts = [text_of(record.strings) for record in answer.records[:10]]
    # RFC 6376 §3.6.2.2: several records are undefined; the first that is a key is taken.
    text = next((text for text in texts if dkim.looks_like_key(text)), "")
    if not text:
        return Key(name, "none", outcome=answer.outcome.value)
    return judged(name, dkim.parse(text))


def judged(name: str, record: KeyRecord) -> Key:
    """Whether a verifier can use a record that was found (RFC 6376 §6.1.2)."""
    if record.revoked:
        return Key(name, "revoked", record)
    if record.key is None or _restricted(record) or not _computable(record):
        return Key(name, "unusable", record)
    return Key(name, "found", record)


def _restricted(record: KeyRecord) -> bool:
    """What is wrong in a way that verifiers must not pass over."""
    fatal = {"version", "version-place", "key-type", "service", "hash", "duplicate", "syntax"}
    return any(problem.code in fatal for problem in record.problems)


def _computable(record: KeyRecord) -> bool:
    """Whether checking a signature with it costs no more than it should."""
    key = record.key
    if key is None or key.algorithm != "rsa":
        return key is not None
    exponent = rsa_key(key.octets).exponent
    return key.bits <= MAX_RSA_BITS and exponent.bit_length() <= MAX_EXPONENT_BITS
