"""Response rate limiting, so that forged queries cannot make this server flood somebody else."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict

PER_SECOND = 20.0  # responses over UDP to one network
BURST = 60.0
SLIP = 2  # of those beyond, every second one is answered: with TC, so that TCP remains open
MAX_NETWORKS = 20_000  # that are remembered
PREFIXES = {4: 24, 6: 56}


class RateLimit:
    """A bucket of tokens for each network that asks. `judge` says what it gets at `now`."""

    def __init__(self, per_second: float = PER_SECOND, burst: float = BURST) -> None:
        self.per_second, self.burst = per_second, burst
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._over = 0

    def judge(self, client: str, now: float) -> str:
        """ "answer", "shorten" (TC and nothing else) or "drop"."""
        network = _network(client)
        tokens, since = self._buckets.get(network, (self.burst, now))
        tokens = min(self.burst, tokens + (now - since) * self.per_second)
        allowed = tokens >= 1
        self._buckets[network] = (tokens - 1 if allowed else tokens, now)
        self._buckets.move_to_end(network)
        if len(self._buckets) > MAX_NETWORKS:
            self._buckets.popitem(last=False)
        if allowed:
            return "answer"
        self._over += 1
        return "shorten" if self._over % SLIP == 0 else "drop"


def _network(client: str) -> str:
    try:
        address = ipaddress.ip_address(client.partition("%")[0])
    except ValueError:
        return client
    return str(ipaddress.ip_network((address, PREFIXES[address.version]), strict=False))
