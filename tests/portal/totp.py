"""Codes of an authenticator app (RFC 6238), as the tests' phone computes them."""

from __future__ import annotations

import base64
import hmac
import time

PERIOD = 30


def code(secret: str, moment: float | None = None) -> str:
    counter = int(time.time() if moment is None else moment) // PERIOD
    digest = hmac.digest(base64.b32decode(secret), counter.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 15
    value = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{value % 1_000_000:06}"
