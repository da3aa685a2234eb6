"""From the site's settings to the engine's: whom to ask, and where the classroom answers."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from functools import cache

import dns.resolver
from django.conf import settings

from .engine.resolver import ResolverSettings
from .engine.transport import Server

LESSONS = "classroom.test"
# The reverse zones of the classroom's addresses (engine.addresses.CLASSROOM).
LESSON_ZONES = (
    LESSONS,
    "18.198.in-addr.arpa",
    "19.198.in-addr.arpa",
    "0.0.0.0.2.0.0.0.1.0.0.2.ip6.arpa",
)


def is_lesson(domain: str) -> bool:
    """Whether `domain` (A-labels) belongs to the classroom."""
    return domain == LESSONS or domain.endswith("." + LESSONS)


def parse_server(text: str) -> Server:
    """The server in "HOST[:PORT]" or "[IPv6]:PORT"; HOST is an IP address. Raises ValueError."""
    text = text.strip()
    try:
        return Server(str(ipaddress.ip_address(text.strip("[]"))))
    except ValueError:
        host, _, port = text.rpartition(":")
    number = int(port) if port.isascii() and port.isdigit() else 0
    if not 0 < number < 65536:
        raise ValueError(text)
    return Server(str(ipaddress.ip_address(host.strip("[]"))), number)


@cache
def machine_servers() -> tuple[Server, ...]:
    """The resolvers that this machine is set up with; none where it has none."""
    try:
        system = dns.resolver.Resolver()
    except dns.resolver.NoResolverConfiguration:
        return ()
    return tuple(Server(str(host), system.port) for host in system.nameservers)


def resolver_settings(
    resolvers: Sequence[Server] = (), classroom: str | None = None
) -> ResolverSettings:
    """Settings for one report: `resolvers`, or the operator's, or the machine's own.

    `classroom` ("HOST:PORT") is asked for LESSON_ZONES and nothing else.
    """
    configured = tuple(parse_server(text) for text in settings.RESOLVERS)
    lesson = settings.CLASSROOM if classroom is None else classroom
    routes = dict.fromkeys(LESSON_ZONES, (parse_server(lesson),)) if lesson else {}
    return ResolverSettings(
        servers=tuple(resolvers) or configured or machine_servers(),
        routes=routes,
        query_timeout=settings.QUERY_TIMEOUT,
        report_timeout=settings.REPORT_TIMEOUT,
        max_queries=settings.MAX_QUERIES,
    )
