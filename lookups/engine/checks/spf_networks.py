"""Which addresses an SPF record lets send, as far as that can be known without a message."""

from __future__ import annotations

import ipaddress
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from ..addresses import Address, Network
from ..records.spf import Mechanism
from ..spf.macros import known_name
from .spf_tree import Forest, Source

MAX_CLAIMS = 4000  # networks that are compared
MAX_COVERED = 10  # networks inside others that are named


@dataclass(frozen=True, slots=True)
class Claim:
    """A network that a term of `domain` lets send."""

    network: Network
    domain: str
    mechanism: Mechanism

    @property
    def is_literal(self) -> bool:
        """Written in the record itself, not found in DNS."""
        return self.mechanism.network is not None


class Coverage:
    """Whether addresses lie in any of the networks of one family, found by bisection."""

    def __init__(self, networks: Sequence[Network]) -> None:
        self.networks: list[Network] = []
        for version in (4, 6):
            # collapse_addresses wants one family at a time
            same = [network for network in networks if network.version == version]
            self.networks += ipaddress.collapse_addresses(same)  # type: ignore[type-var]
        self._starts = {
            version: [
                (int(n.network_address), int(n.broadcast_address))
                for n in self.networks
                if n.version == version
            ]
            for version in (4, 6)
        }

    def covers(self, address: Address) -> bool:
        spans = self._starts[address.version]
        at = bisect_right(spans, (int(address), 1 << 128)) - 1
        return at >= 0 and spans[at][1] >= int(address)

    @property
    def ipv4_addresses(self) -> int:
        return sum(n.num_addresses for n in self.networks if n.version == 4)

    @property
    def ipv6_networks(self) -> int:
        return sum(1 for network in self.networks if network.version == 6)


def passing(forest: Forest, domain: str) -> Iterator[str]:
    """The domains whose passes are passes of `domain`: itself, and what it includes."""
    seen = {domain}
    waiting = [domain]
    while waiting:
        source = forest.sources.get(waiting.pop())
        if source is None or source.record is None:
            continue
        yield source.domain
        for name in (*included(forest, source), *redirected(forest, source)):
            if name not in seen:
                seen.add(name)
                waiting.append(name)


def claims(forest: Forest, domain: str) -> list[Claim]:
    """The networks that pass by the record of `domain` and all that it includes."""
    found = (
        claim for name in passing(forest, domain) for claim in _own(forest, forest.sources[name])
    )
    return list(islice(found, MAX_CLAIMS))


def is_certain(forest: Forest) -> bool:
    """Whether all that passes is known: no macros, no ptr, and every question answered."""
    if forest.is_cut or any(source.state == "failed" for source in forest.sources.values()):
        return False
    if any(target.failure for target in forest.targets.values()):
        return False
    for source in forest.sources.values():
        for mechanism in source.record.effective if source.record else ():
            if mechanism.name in ("ptr", "exists") or known_name(mechanism.domain, "", "") is None:
                return False
    return True


def included(forest: Forest, source: Source) -> Iterator[str]:
    """The domains that the record includes as passes, as far as their names are known."""
    for mechanism in source.record.effective if source.record else ():
        if mechanism.name == "include" and mechanism.qualifier == "+":
            name = known_name(mechanism.domain, source.domain, forest.root)
            if name is not None:
                yield name.lower()


def redirected(forest: Forest, source: Source) -> Iterator[str]:
    """The domain whose record takes over, if there is one."""
    redirect = source.record.redirect if source.record else None
    name = known_name(redirect.value, source.domain, forest.root) if redirect else None
    if name is not None:
        yield name.lower()


def covered(found: Sequence[Claim], domain: str) -> list[tuple[Claim, Claim]]:
    """Networks written in the record of `domain` that another network written anywhere contains.

    One pass over them in order: whatever contains a network begins before it and ends after it.
    """
    literal = [claim for claim in found if claim.is_literal]
    order = sorted(
        literal,
        key=lambda claim: (
            claim.network.version,
            int(claim.network.network_address),
            claim.network.prefixlen,
            claim.domain == domain,
        ),
    )
    pairs: list[tuple[Claim, Claim]] = []
    open_claims: list[Claim] = []
    for claim in order:
        while open_claims and not _contains(open_claims[-1].network, claim.network):
            open_claims.pop()
        same_term = open_claims and open_claims[-1].mechanism.text == claim.mechanism.text
        repeated = same_term and open_claims[-1].domain == claim.domain
        if open_claims and claim.domain == domain and not repeated:
            pairs.append((claim, open_claims[-1]))
        open_claims.append(claim)
    return pairs[:MAX_COVERED]


def _own(forest: Forest, source: Source) -> Iterator[Claim]:
    record = source.record
    for mechanism in record.effective if record else ():
        if mechanism.qualifier != "+":
            continue
        if mechanism.network is not None:
            yield Claim(mechanism.network, source.domain, mechanism)
        elif mechanism.name in ("a", "mx") and (target := forest.target(mechanism, source.domain)):
            for address in map(ipaddress.ip_address, target.addresses):
                prefix = mechanism.cidr4 if address.version == 4 else mechanism.cidr6
                network = ipaddress.ip_network((address, prefix), strict=False)
                yield Claim(network, source.domain, mechanism)


def _contains(outer: Network, inner: Network) -> bool:
    return (
        outer.version == inner.version
        and outer.prefixlen <= inner.prefixlen
        and inner.network_address in outer
    )
