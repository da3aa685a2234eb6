"""What the commands that ask DNS have in common: arguments, exit codes, the classroom offline."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import translation
from django.utils.module_loading import import_string

from lookups.engine.guard import GuardSettings
from lookups.engine.resolver import Outcome, ResolverSettings
from lookups.engine.transport import Server
from lookups.runtime import guard_settings, is_lesson, parse_server

BAD_INPUT, NO_DNS = 2, 3


class DnsCommand(BaseCommand):
    """A command that asks DNS and needs no database; `run` gives its exit code."""

    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def handle(self, *args: Any, **options: Any) -> None:
        with translation.override(options["language"]):
            sys.exit(self.run(options))

    def run(self, options: dict[str, Any]) -> int:
        raise NotImplementedError


def add_resolver_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--resolver", type=_server, nargs="+", default=[], metavar="HOST[:PORT]",
        action="extend", help="DNS servers to ask instead of the configured ones",
    )  # fmt: skip


def add_output_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=["text", "json"], default="text")
    parser.add_argument("--language", choices=dict(settings.LANGUAGES), default="en")


def classroom_address(lesson: bool, asked: bool) -> str:
    """Where lessons are answered: nowhere special with --resolver, else here if nobody runs it.

    `lesson`: what is looked up belongs to the classroom; `asked`: --resolver was given.
    """
    if asked or not lesson:
        return "" if asked else settings.CLASSROOM
    if settings.CLASSROOM:
        return settings.CLASSROOM
    start: Callable[[], tuple[str, int]] = import_string(settings.CLASSROOM_STARTER)
    return str(Server(*start()))


def command_guard(dns_settings: ResolverSettings) -> GuardSettings:
    """Where the lessons' machines are, also those that this command has just started."""
    if settings.CLASSROOM or dns_settings.classroom is None:
        return guard_settings()
    machines, authority = import_string(settings.CLASSROOM_MACHINES)()
    played = {port: Server(*address) for port, address in machines.items()}
    return GuardSettings(classroom=played, classroom_ca=authority)


def any_lesson(*names: str) -> bool:
    """Whether one of the domains belongs to the classroom."""
    return any(is_lesson(name.lower().removesuffix(".")) for name in names)


def has_answer(queries: Iterable[Mapping[str, Any]]) -> bool:
    """Whether any server said anything at all."""
    silent = {Outcome.TIMEOUT, Outcome.DEADLINE, Outcome.CROWDED}
    return any(query["outcome"] not in silent for query in queries)


def _server(text: str) -> Server:
    try:
        return parse_server(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no IP address with a port") from None
