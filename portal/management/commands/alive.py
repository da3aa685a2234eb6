"""`manage.py alive PART`: whether a part of the site works, for health checks."""

from __future__ import annotations

import argparse
import socket
import sys
from datetime import timedelta
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.query
import redis
from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone
from kombu.exceptions import OperationalError

from lookups import stream

WAIT = 5.0  # seconds
LATE = timedelta(minutes=2)  # the clock's work comes every half a minute


class Command(BaseCommand):
    """Exit 0 where it does; 1 where not, saying why."""

    help = "Tell whether a part works: worker (this host's), beat, classroom, or spf-dns."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("part", choices=sorted(_CHECKS))

    def handle(self, *args: Any, part: str, **options: Any) -> None:
        if trouble := _CHECKS[part]():
            self.stderr.write(f"{part}: {trouble}")
            sys.exit(1)


def _worker() -> str:
    """Asks the workers of this host by way of Redis, as their work comes; one must answer."""
    from portal.celery import app

    names = f"*@{socket.gethostname()}"
    asking = app.control.inspect(timeout=WAIT, pattern=names, matcher="glob", limit=1)
    try:
        answered = asking.ping()
    except (OperationalError, redis.RedisError, OSError) as error:
        return f"the queue cannot be reached ({error})"
    return "" if answered else f"none of {names} answers"


def _beat() -> str:
    try:
        seen = stream.clock_was_here()
    except redis.RedisError as error:
        return f"Redis cannot be reached ({error})"
    if seen is None:
        return "its work was never done"
    return "" if timezone.now() - seen < LATE else f"its work was last done at {seen:%H:%M:%S} UTC"


def _classroom() -> str:
    return _asked(settings.CLASSROOM, "classroom.test")


def _spf_dns() -> str:
    return _asked(settings.SPF_DNS, settings.SPF_ZONE)


def _asked(address: str, zone: str) -> str:
    """Asks for the zone's SOA record as anybody would."""
    from lookups.runtime import parse_server

    if not address:
        return "its address is not set"
    server = parse_server(address)
    query = dns.message.make_query(zone, "SOA")
    query.flags &= ~dns.flags.RD
    try:
        reply = dns.query.udp(query, server.host, WAIT, port=server.port)
    except (OSError, dns.exception.DNSException) as error:
        return f"{address} does not answer ({error})"
    return "" if reply.answer else f"{address} does not know {zone}"


_CHECKS = {"worker": _worker, "beat": _beat, "classroom": _classroom, "spf-dns": _spf_dns}
