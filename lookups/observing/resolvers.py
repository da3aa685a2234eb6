"""How the configured resolvers are: one worker asks each of them twice a minute, and keeps what
came of it in Redis for pages that must not ask DNS themselves."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, dataclass, replace
from typing import Any

import dns.name

from lookups import runtime, stream
from lookups.engine.message import AD
from lookups.engine.resolver import Resolver, ResolverSettings
from lookups.engine.transport import Server, Transport

EVERY_SECONDS, KEEP_SECONDS = 30, 120
WAIT_SECONDS = 3.0
MAX_SERVERS = 8
_KEY, _CLAIM = "resolvers:health", "resolvers:look"


@dataclass(frozen=True, slots=True)
class Health:
    """`ms` until it answered, None where it did not; `validates`: it vouches for the root's
    signature (AD, RFC 4035 §3.2.3)."""

    server: str
    outcome: str
    ms: float | None
    validates: bool

    @property
    def answers(self) -> bool:
        return self.ms is not None


def look(loop: asyncio.AbstractEventLoop, transport: Transport) -> None:
    """Asks, unless somebody did within EVERY_SECONDS. Raises redis.RedisError, TimeoutError."""
    if not stream.take_for(_CLAIM, "1", EVERY_SECONDS):
        return
    asking = asyncio.run_coroutine_threadsafe(ask_all(transport), loop)
    found = asking.result(timeout=WAIT_SECONDS * 3)
    stream.client().set(_KEY, json.dumps([asdict(one) for one in found]), ex=KEEP_SECONDS)


def known() -> list[Health] | None:
    """What was found last; None where nobody asked of late. Raises redis.RedisError."""
    text = stream.client().get(_KEY)
    return [Health(**one) for one in json.loads(text)] if text else None


async def ask_all(transport: Transport) -> list[Health]:
    chosen = runtime.resolver_settings()
    asked = [_ask(server, chosen, transport) for server in chosen.servers[:MAX_SERVERS]]
    return list(await asyncio.gather(*asked))


async def _ask(server: Server, chosen: ResolverSettings, transport: Transport) -> Health:
    alone: dict[str, Any] = {"servers": (server,), "routes": {}, "share_seconds": 0.0}
    times = {"query_timeout": WAIT_SECONDS, "report_timeout": WAIT_SECONDS + 1}
    settings = replace(chosen, **alone, **times)
    resolver = Resolver(settings, transport)
    try:
        answer = await resolver.query(dns.name.root, "SOA")
    finally:
        resolver.close()
    silent = answer.message is None
    return Health(
        server=str(server),
        outcome=answer.outcome.value,
        ms=None if silent else round(answer.ms, 1),
        validates=bool(answer.message and answer.message.flags & AD),
    )
