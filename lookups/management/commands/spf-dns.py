"""`manage.py spf-dns`: the DNS server of hosted SPF records (docs/hosting.md)."""

from __future__ import annotations

import argparse
import asyncio
import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from lookups.hosted.dns.answers import Zone
from lookups.hosted.dns.server import DnsServer
from lookups.hosted.dns.store import RedisSource
from lookups.observing.heart import Heart

DEFAULT_PORT = 5355


class Command(BaseCommand):
    """Exit 2 where the port is taken. Records come from REDIS_URL."""

    help = "Serve the zone of hosted SPF records (MXPLAIN_SPF_ZONE) until SIGINT or SIGTERM."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
        parser.add_argument(
            "--port", type=_port, default=DEFAULT_PORT, help="UDP and TCP port; 0 takes a free one"
        )

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        try:
            asyncio.run(self._serve(host, port))
        except OSError as error:
            reason = error.strerror or str(error)
            message = f"spf-dns cannot listen on {_shown(host, port)}: {reason}."
            raise CommandError(message, returncode=2) from error

    async def _serve(self, host: str, port: int) -> None:
        stopped = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        zone = Zone.of(settings.SPF_ZONE, settings.SPF_SERVERS)
        server = DnsServer(zone, RedisSource(settings.REDIS_URL))
        await server.start(host, port)
        self.stdout.write(f"spf DNS on {_shown(server.host, server.port)}")
        self.stdout.flush()
        heart = Heart("spf-dns", version=settings.RELEASE).start()
        await stopped.wait()
        await server.stop()
        await asyncio.to_thread(heart.stop)


def _port(text: str) -> int:
    port = int(text) if text.isascii() and text.isdigit() else -1
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port (0 to 65535)")
    return port


def _shown(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
