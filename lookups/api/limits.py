"""How much may be asked: counted in Redis, a window after the other, by the library `limits`.

There are two allowances: of requests of any kind, and of those that ask DNS. Their state is told
in the headers RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers). While Redis
is away nothing is counted and nobody is refused.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import redis
from django.conf import settings
from limits import RateLimitItem, parse
from limits.storage import RedisStorage
from limits.strategies import FixedWindowRateLimiter

from lookups import stream

from .caller import Caller

logger = logging.getLogger(__name__)

REQUESTS, CHECKS = "requests", "checks"


@dataclass(frozen=True, slots=True)
class State:
    """One allowance after this request. `seconds`: until it is whole again."""

    name: str
    quota: int
    window: int
    left: int
    seconds: int
    refused: bool = False


@cache
def _limiter() -> FixedWindowRateLimiter:
    pool = stream.client().connection_pool
    return FixedWindowRateLimiter(RedisStorage("redis://", pool, key_prefix="api-limit"))


@cache
def _item(text: str) -> RateLimitItem:
    return parse(text)


def _allowance(name: str, caller: Caller) -> RateLimitItem:
    whose = "token" if caller.token else "anonymous"
    return _item(settings.API_LIMITS[whose][name])


def count(caller: Caller, asks_dns: bool) -> list[State]:
    """Counts one request and says how each allowance stands; nothing while Redis is away."""
    names = (REQUESTS, CHECKS) if asks_dns else (REQUESTS,)
    try:
        return [_count(name, caller) for name in names]
    except redis.RedisError as error:
        logger.warning("Redis is out of reach: %s", error)
        return []


def _count(name: str, caller: Caller) -> State:
    item = _allowance(name, caller)
    allowed = _limiter().hit(item, name, caller.key)
    stats = _limiter().get_window_stats(item, name, caller.key)
    seconds = max(1, math.ceil(stats.reset_time - time.time()))
    window = item.get_expiry()
    left = max(0, stats.remaining)
    return State(name, item.amount, window, left, min(seconds, window), not allowed)


def headers(states: Sequence[State]) -> dict[str, str]:
    """The fields of the draft, as lists of structured items."""
    if not states:
        return {}
    policies = (f'"{state.name}";q={state.quota};w={state.window}' for state in states)
    standing = (f'"{state.name}";r={state.left};t={state.seconds}' for state in states)
    return {"RateLimit-Policy": ", ".join(policies), "RateLimit": ", ".join(standing)}
