"""What is known of domains that ask not to be checked, for as long as their record's TTL says.

The next request for such a domain is refused at once. Whoever changed the record is not held up
for long: KEEP_MOST. Without Redis nothing is remembered, and DNS is asked again.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import redis

from lookups import stream
from lookups.engine.opt_out import OptedOut

logger = logging.getLogger(__name__)

KEEP_LEAST, KEEP_MOST = 60, 3600  # seconds
COUNT_DAYS = 8


def known(domain: str) -> str:
    """The name whose record says that `domain` (A-labels) is not to be checked; empty: not known
    to be so."""
    try:
        return str(stream.client().get(_key(domain)) or "")
    except redis.RedisError as error:
        logger.warning("Redis is out of reach: %s", error)
        return ""


def remember(refused: OptedOut) -> None:
    seconds = min(KEEP_MOST, max(KEEP_LEAST, refused.ttl))
    try:
        stream.client().set(_key(refused.domain), refused.name, ex=seconds)
    except redis.RedisError as error:
        logger.warning("Redis is out of reach: %s", error)


def forget(domain: str) -> None:
    """The record was looked for just now, and is not there."""
    try:
        stream.client().delete(_key(domain))
    except redis.RedisError:
        pass  # it is forgotten by itself


def note_refusal() -> None:
    """Counts one refusal for the operator."""
    key = f"opt-out:refused:{_today()}"
    try:
        pipe = stream.client().pipeline(transaction=False)
        pipe.incr(key)
        pipe.expire(key, COUNT_DAYS * 86400)
        pipe.execute()
    except redis.RedisError:
        pass


def refused_today() -> int:
    """How many requests were refused since midnight (UTC). Raises redis.RedisError."""
    return int(stream.client().get(f"opt-out:refused:{_today()}") or 0)


def _today() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}"


def _key(domain: str) -> str:
    return f"opt-out:of:{domain.lower()}"
