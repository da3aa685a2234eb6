"""`python manage.py classroom`: the classroom's DNS server by itself."""

from __future__ import annotations

import argparse
import asyncio
import signal
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from learn.classroom.server import ClassroomServer

DEFAULT_PORT = 5354  # 53 needs root, 5353 is multicast DNS


class Command(BaseCommand):
    help = "Serves the lessons under classroom.test over DNS until SIGINT or SIGTERM."
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
            message = f"The classroom cannot listen on {_shown(host, port)}: {reason}."
            raise CommandError(message, returncode=2) from error

    async def _serve(self, host: str, port: int) -> None:
        stopped = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        server = ClassroomServer()
        await server.start(host, port)
        self.stdout.write(f"classroom DNS on {_shown(server.host, server.port)}")
        self.stdout.flush()
        await stopped.wait()
        await server.stop()


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} is no port (0 to 65535)")
    return port


def _shown(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
