"""DNS that nobody answers: what generators make without it."""

from __future__ import annotations

from dataclasses import replace

from lookups.engine.transport import Server
from lookups.runtime import resolver_settings
from lookups.tools.dns import Dns


def unreachable() -> Dns:
    """Asks a port of this machine on which nothing listens."""
    settings = replace(resolver_settings(), servers=(Server("127.0.0.1", 9),), routes={})
    return Dns(replace(settings, query_timeout=0.1, report_timeout=0.5))
