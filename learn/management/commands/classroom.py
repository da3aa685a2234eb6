"""`python manage.py classroom`: the classroom's servers by themselves."""

from __future__ import annotations

import argparse
import asyncio
import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from learn.classroom.own import OwnZones
from learn.classroom.own_store import RedisSource
from learn.classroom.server import Classroom
from lookups.observing.heart import Heart

DEFAULT_PORT = 5354  # 53 needs root, 5353 is multicast DNS
_PROTOCOLS = {443: "HTTPS", 25: "SMTP"}


class Command(BaseCommand):
    """Learners' own zones come from REDIS_URL; without it, the lessons alone are served."""

    help = "Serves the lessons under classroom.test (DNS, HTTPS, SMTP) until SIGINT or SIGTERM."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
        parser.add_argument(
            "--port", type=_port, default=DEFAULT_PORT, help="UDP and TCP port; 0 takes a free one"
        )
        for name, protocol in (("--web-port", "HTTPS"), ("--mail-port", "SMTP")):
            parser.add_argument(
                name, type=_port, default=0, help=f"{protocol} port; 0, as usual, takes a free one"
            )

    def handle(
        self, *args: Any, host: str, port: int, web_port: int, mail_port: int, **options: Any
    ) -> None:
        try:
            asyncio.run(self._serve(host, port, web_port, mail_port))
        except OSError as error:
            reason = error.strerror or str(error)
            message = f"The classroom cannot listen on {_shown(host, port)}: {reason}."
            raise CommandError(message, returncode=2) from error

    async def _serve(self, host: str, *ports: int) -> None:
        stopped = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        classroom = Classroom(OwnZones(RedisSource(settings.REDIS_URL)))
        await classroom.start(host, *ports)
        self.stdout.write(f"classroom DNS on {_shown(classroom.dns.host, classroom.dns.port)}")
        for number, address in classroom.machines.items():
            self.stdout.write(f"classroom {_PROTOCOLS[number]} on {_shown(*address)}")
        self.stdout.write(f"classroom authority in {classroom.authority_path}")
        self.stdout.flush()
        heart = Heart("classroom", version=settings.RELEASE).start()
        await stopped.wait()
        await classroom.stop()
        await asyncio.to_thread(heart.stop)


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} is no port (0 to 65535)")
    return port


def _shown(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
