"""How much may be asked of the API; what counts is in lookups.limits.

There are two allowances: of requests of any kind, and of those that ask DNS. Their state is told
in the headers RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers).
"""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings

from lookups.limits.counting import Ask, State
from lookups.limits.counting import count as count_asks

from .caller import Caller

REQUESTS, CHECKS = "requests", "checks"


def count(caller: Caller, asks_dns: bool) -> list[State]:
    """Counts one request and says how each allowance stands; nothing while Redis is away."""
    rates = settings.API_LIMITS["token" if caller.token else "anonymous"]
    names = (REQUESTS, CHECKS) if asks_dns else (REQUESTS,)
    return count_asks(*(Ask(name, rates[name], f"api:{caller.counted_as}") for name in names))


def headers(states: Sequence[State]) -> dict[str, str]:
    """The fields of the draft, as lists of structured items."""
    if not states:
        return {}
    policies = (f'"{state.name}";q={state.quota};w={state.window}' for state in states)
    standing = (f'"{state.name}";r={state.left};t={state.seconds}' for state in states)
    return {"RateLimit-Policy": ", ".join(policies), "RateLimit": ", ".join(standing)}
