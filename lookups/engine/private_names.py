"""Names that only a network of its own knows: the world's DNS is not asked for them.

They would tell strangers what goes on inside, and a resolver that does know them would tell
visitors. From the registries of special-use names (RFC 6761) and locally served zones (RFC 6303).
`test` and `example` are left out: nobody's machines have such names, and tests of one's own do.
"""

from __future__ import annotations

from ipaddress import ip_network

import dns.name

from .addresses import reverse_name

# localhost, invalid (RFC 6761), local (RFC 6762), onion (RFC 7686), alt (RFC 9476), home.arpa
# (RFC 8375), service.arpa (RFC 9665), resolver.arpa (RFC 9462), and internal (by ICANN, 2024).
_NAMES = (
    *("alt", "internal", "invalid", "local", "localhost", "onion"),
    *("home.arpa", "resolver.arpa", "service.arpa"),
)
# The reverse zones of RFC 6303 §4 and RFC 7793, but for the examples of documents.
_NETWORKS = (
    *("0.0.0.0/8", "10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "192.168.0.0/16"),
    *("172.16.0.0/12", "100.64.0.0/10", "255.255.255.255/32"),
    *("::/128", "::1/128", "fd00::/8", "fe80::/10"),
)


def _reverse_zones(text: str) -> list[tuple[bytes, ...]]:
    """The zones of a network: one for each octet or nibble in which it may begin."""
    network = ip_network(text)
    width = 8 if network.version == 4 else 4
    depth = -(-network.prefixlen // width)
    parts = network.subnets(new_prefix=depth * width)
    return [reverse_name(part.network_address).labels[:-1][-depth - 2 :] for part in parts]


def _labels(text: str) -> tuple[bytes, ...]:
    return tuple(text.encode("ascii", "replace").split(b"."))


_ZONES = frozenset(
    [*map(_labels, _NAMES), *(zone for text in _NETWORKS for zone in _reverse_zones(text))]
)
_TOPS = frozenset(zone[-1] for zone in _ZONES)
_DEPTHS = sorted({len(zone) for zone in _ZONES})


def is_private(name: dns.name.Name) -> bool:
    """Whether `name` (absolute) is one of them or lies below one."""
    labels = name.labels[:-1]
    if not labels or labels[-1].lower() not in _TOPS:
        return False
    return _lies_within(tuple(label.lower() for label in labels))


def is_private_text(name: str) -> bool:
    """The same for a name in A-labels, whatever else is in it."""
    return _lies_within(_labels(name.lower().removesuffix(".")))


def _lies_within(labels: tuple[bytes, ...]) -> bool:
    return any(labels[-depth:] in _ZONES for depth in _DEPTHS if depth <= len(labels))
