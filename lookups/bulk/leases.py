"""What workers tell each other about bulk checks, in Redis.

A lease says that a worker is alive and has its items in hand. A token in the queue says that there
is something to do; one at a time is enough, since whoever takes it puts in the next.
"""

from __future__ import annotations

from collections.abc import Iterable

from lookups import stream

LEASE_SECONDS = 10
TOKEN_SECONDS = 10  # after which a token that nobody took is thought lost
TEND_SECONDS = 5  # between two looks at one bulk for its open pages


def _key(lease: str) -> str:
    return f"bulk:lease:{lease}"


def hold(lease: str) -> None:
    """Takes or renews a lease. Raises redis.RedisError."""
    stream.client().set(_key(lease), "1", ex=LEASE_SECONDS)


def drop(lease: str) -> None:
    stream.client().delete(_key(lease))


def gone(leases: Iterable[str]) -> list[str]:
    """Those of `leases` that nobody holds any more. Raises redis.RedisError."""
    asked = list(leases)
    if not asked:
        return []
    pipe = stream.client().pipeline(transaction=False)
    for lease in asked:
        pipe.pttl(_key(lease))
    left = pipe.execute()
    return [x for x, ms in zip(asked, left, strict=True) if not 0 < ms <= LEASE_SECONDS * 1000]


def claim_token() -> bool:
    """Whether the caller shall put a token into the queue."""
    return stream.take_for("bulk:token", "1", TOKEN_SECONDS)


def take_token() -> None:
    """Said by whoever took the token out."""
    stream.client().delete("bulk:token")


def claim_look(bulk_id: int) -> bool:
    """True for the first who asks within TEND_SECONDS: one look is enough for all viewers."""
    return stream.take_for(f"bulk:look:{bulk_id}", "1", TEND_SECONDS)
