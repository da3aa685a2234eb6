"""The four states of RFC 4033 §5."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Security(StrEnum):
    """What validation says of data."""

    SECURE = "secure"  # signed, and the chain of trust reaches it
    INSECURE = "insecure"  # a signed zone above proves that nothing below is signed
    BOGUS = "bogus"  # it should be signed, and the signatures do not hold
    INDETERMINATE = "indeterminate"  # DNS left open which of these it is


_WORST_FIRST = (Security.BOGUS, Security.INDETERMINATE, Security.INSECURE, Security.SECURE)


def weakest(states: Iterable[Security]) -> Security:
    """The state of data that rests on all of `states`."""
    return min(states, key=_WORST_FIRST.index, default=Security.SECURE)
