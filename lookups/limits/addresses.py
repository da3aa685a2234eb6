"""Which network a request comes from, and a name for it that holds no address.

The name is a hash with a salt that is made by chance each day, kept in Redis alone, and gone two
days later: from then on nobody, the operator included, can tell whose it was.
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
import secrets
import time
from datetime import UTC, datetime, timedelta

import redis
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from lookups import stream

logger = logging.getLogger(__name__)

IPV6_PREFIX = 64  # what one line of a provider has
SALT_LASTS = timedelta(days=2)
SALT_KNOWN_SECONDS = 600.0  # then Redis is asked again, which may have been emptied

_known: dict[str, tuple[float, str]] = {}


def network_of(address: str) -> str:
    """The network that counts as one visitor: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(_without_port(address))
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        plain = ipaddress.IPv6Address(int(parsed))  # without a zone
        return str(ipaddress.ip_network((plain, IPV6_PREFIX), strict=False))
    return str(parsed)


def network_key(request: HttpRequest) -> str:
    """The name of the network that `request` comes from, the same until midnight (UTC)."""
    network = network_of(request.META.get("REMOTE_ADDR") or "")
    return "net:" + hmac.digest(_salt().encode(), network.encode(), "sha256").hex()[:32]


def _without_port(address: str) -> str:
    """Some proxies write the port as well: "192.0.2.1:4711", "[2001:db8::1]:4711"."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.partition(":")[0] if address.count(":") == 1 else address


def _salt() -> str:
    """Today's. While Redis is away, one made from the site's key: then nothing is counted."""
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    until, salt = _known.get(day, (0.0, ""))
    if time.monotonic() < until:
        return salt
    key = f"limit:salt:{day}"
    try:
        stream.client().set(key, secrets.token_hex(16), nx=True, ex=SALT_LASTS)
        salt = stream.client().get(key) or ""
    except redis.RedisError as error:
        logger.warning("Redis is out of reach: %s", error)
        return salt or salted_hmac("mxplain.limits.salt", day, algorithm="sha256").hexdigest()
    _known.clear()
    _known[day] = (time.monotonic() + SALT_KNOWN_SECONDS, salt)
    return salt
