"""From the site's settings to the engine's: whom to ask, and where the classroom answers."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from urllib.parse import urlsplit

import dns.resolver
from django.conf import settings

from .engine.context import Context, Options
from .engine.guard import GuardSettings
from .engine.names import Domain
from .engine.resolver import Resolver, ResolverSettings
from .engine.transport import Server, Transport

LESSONS = "classroom.test"
OWN_ZONES = "zone." + LESSONS
# The reverse zones of the classroom's addresses (engine.addresses.CLASSROOM).
LESSON_ZONES = (
    LESSONS,
    "18.198.in-addr.arpa",
    "19.198.in-addr.arpa",
    "0.0.0.0.2.0.0.0.1.0.0.2.ip6.arpa",
)
# The DS records of classroom.test: its keys are made from its name (learn.classroom.signing).
LESSON_ANCHOR: tuple[str, ...] = (
    "55887 13 2 e14f555f192982c99d5f46ceed1ef9efec9c65cbc328b9a9bd24eba289592a6f",
)
# The blocklists that lessons are checked against, served by the classroom itself.
LESSON_BLOCKLISTS = ("blocklist.classroom.test",)

# What a visitor of these lessons names as DKIM selectors.
LESSON_SELECTORS = {"dkim-typo." + LESSONS: ("sumer2026",)}


def is_own_zone(domain: str) -> bool:
    """Whether `domain` (A-labels) lies in a learner's own zone, which may change at any time."""
    return domain.endswith("." + OWN_ZONES)


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
    resolvers: Sequence[Server] = (), classroom: str | None = None, private_names: bool = False
) -> ResolverSettings:
    """Settings for one report: `resolvers`, or the operator's, or the machine's own.

    `classroom` ("HOST:PORT") is asked for LESSON_ZONES and nothing else. `private_names`: whoever
    asks runs the site, and may ask about the names of its network.
    """
    configured = tuple(parse_server(text) for text in settings.RESOLVERS)
    lesson = settings.CLASSROOM if classroom is None else classroom
    server = parse_server(lesson) if lesson else None
    return ResolverSettings(
        servers=tuple(resolvers) or configured or machine_servers(),
        routes=_spf_route() | dict.fromkeys(LESSON_ZONES, (server,)) if server else {},
        classroom=server,
        query_timeout=settings.QUERY_TIMEOUT,
        report_timeout=settings.REPORT_TIMEOUT,
        max_queries=settings.MAX_QUERIES,
        never=settings.FORBIDDEN_NETWORKS,
        private_names=private_names,
    )


def _spf_route() -> dict[str, tuple[Server, ...]]:
    """The zone of hosted SPF records, where it is one of the classroom's; before that around it."""
    if not settings.SPF_DNS or not is_lesson(settings.SPF_ZONE):
        return {}
    return {settings.SPF_ZONE: (parse_server(settings.SPF_DNS),)}


def context_for(
    domain: Domain,
    transport: Transport,
    dns_settings: ResolverSettings | None = None,
    selectors: Sequence[str] = (),
    guard: GuardSettings | None = None,
) -> Context:
    """Everything a report of `domain` needs, from the site's settings. Needs a running loop."""
    lesson = is_lesson(domain.ascii)
    options = Options(
        lesson=lesson,
        selectors=tuple(selectors) or LESSON_SELECTORS.get(domain.ascii, ()),
        trust_anchors=trust_anchors(lesson),
        smtp=settings.SMTP_PROBE or lesson,
        blocklists=(LESSON_BLOCKLISTS if lesson else tuple(settings.BLOCKLISTS)),
        ehlo=urlsplit(settings.PUBLIC_URL).hostname or "localhost",
    )
    chosen = dns_settings or resolver_settings()
    if lesson:  # its zone may have been edited a moment ago
        chosen = replace(chosen, share_seconds=0)
    resolver = Resolver(chosen, transport)
    return Context(resolver, domain, options, guard or guard_settings())


def trust_anchors(lesson: bool) -> dict[str, tuple[str, ...]]:
    """The root's, or in a lesson the classroom's, which signs its own zones."""
    if lesson:
        return {LESSONS: LESSON_ANCHOR}
    return {".": tuple(settings.TRUST_ANCHORS)}


def guard_settings() -> GuardSettings:
    """How the classroom's machines are reached on ports other than DNS."""
    played = {443: settings.CLASSROOM_WEB, 25: settings.CLASSROOM_MAIL}
    return GuardSettings(
        classroom={port: parse_server(text) for port, text in played.items() if text},
        classroom_ca=settings.CLASSROOM_CA,
    )
