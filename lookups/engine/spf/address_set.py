"""Sets of addresses: joined, cut, and written as the fewest networks."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..addresses import Network

Span = tuple[int, int]  # the first and the last address


@dataclass(frozen=True, slots=True)
class AddressSet:
    """Spans of each family: in order, apart from each other."""

    v4: tuple[Span, ...] = ()
    v6: tuple[Span, ...] = ()

    @classmethod
    def of(cls, networks: Iterable[Network]) -> AddressSet:
        spans: dict[int, list[Span]] = {4: [], 6: []}
        for network in networks:
            first, last = int(network.network_address), int(network.broadcast_address)
            spans[network.version].append((first, last))
        return cls(_joined(spans[4]), _joined(spans[6]))

    @classmethod
    def everything(cls) -> AddressSet:
        return cls(((0, (1 << 32) - 1),), ((0, (1 << 128) - 1),))

    def __bool__(self) -> bool:
        return bool(self.v4 or self.v6)

    def __or__(self, other: AddressSet) -> AddressSet:
        return AddressSet(_joined([*self.v4, *other.v4]), _joined([*self.v6, *other.v6]))

    def __sub__(self, other: AddressSet) -> AddressSet:
        return AddressSet(_cut(self.v4, other.v4), _cut(self.v6, other.v6))

    @property
    def networks(self) -> list[Network]:
        """The fewest networks that hold just these addresses, IPv4 first, in order."""
        return [*_networks(4, self.v4), *_networks(6, self.v6)]

    @property
    def ipv4_addresses(self) -> int:
        return sum(last - first + 1 for first, last in self.v4)


def _joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    made: list[Span] = []
    for first, last in sorted(spans):
        if made and first <= made[-1][1] + 1:
            made[-1] = (made[-1][0], max(made[-1][1], last))
        else:
            made.append((first, last))
    return tuple(made)


def _cut(spans: tuple[Span, ...], away: tuple[Span, ...]) -> tuple[Span, ...]:
    """`spans` without `away`, in one pass over both."""
    made: list[Span] = []
    at = 0
    for first, last in spans:
        while at < len(away) and away[at][1] < first:
            at += 1
        following = at
        while following < len(away) and away[following][0] <= last:
            start, end = away[following]
            if start > first:
                made.append((first, start - 1))
            first = end + 1
            following += 1
        if first <= last:
            made.append((first, last))
    return tuple(made)


def _networks(version: int, spans: tuple[Span, ...]) -> Iterator[Network]:
    for first, last in spans:
        if version == 4:
            yield from ipaddress.summarize_address_range(
                ipaddress.IPv4Address(first), ipaddress.IPv4Address(last)
            )
        else:
            yield from ipaddress.summarize_address_range(
                ipaddress.IPv6Address(first), ipaddress.IPv6Address(last)
            )
