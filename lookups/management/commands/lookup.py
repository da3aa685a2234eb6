"""`manage.py lookup DOMAIN`: a report on the command line. A stable face: see docs/contracts.md."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone, translation
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from lookups import output
from lookups.engine.finding import Severity
from lookups.engine.names import Domain, DomainError, parse_domain
from lookups.engine.report import TOPICS, report
from lookups.engine.resolver import Outcome, ResolverSettings
from lookups.engine.transport import Server, Transport
from lookups.forms import explain
from lookups.presentation import SectionView, section_views
from lookups.runtime import context_for, is_lesson, parse_server, resolver_settings
from lookups.text_report import render

MADE, FAILED_ON, BAD_INPUT, NO_DNS = 0, 1, 2, 3


class Command(BaseCommand):
    """Exit 0: report made; 1: --fail-on met; 2: bad input; 3: no DNS server answered."""

    help = "Check the mail DNS of a domain."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("domain", help="a domain, or an email address or URL with it")
        parser.add_argument("--only", type=_topics, default=TOPICS, help="topics, as in mx,spf")
        parser.add_argument(
            "--resolver", type=_server, nargs="+", default=[], metavar="HOST[:PORT]",
            action="extend", help="DNS servers to ask instead of the configured ones",
        )  # fmt: skip
        parser.add_argument("--format", choices=["text", "json"], default="text")
        parser.add_argument("--language", choices=dict(settings.LANGUAGES), default="en")
        parser.add_argument(
            "--fail-on", choices=["warning", "error"], help="exit 1 for findings as severe as this"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with translation.override(options["language"]):
            sys.exit(self._run(options))

    def _run(self, options: dict[str, Any]) -> int:
        try:
            domain = parse_domain(options["domain"])
        except DomainError as error:
            self.stderr.write(f"lookup: {explain(error)}")
            return BAD_INPUT
        resolvers = options["resolver"]
        dns_settings = resolver_settings(resolvers, _classroom(domain, asked=bool(resolvers)))
        if not dns_settings.servers and not is_lesson(domain.ascii):
            self.stderr.write("lookup: " + _("This machine has no DNS resolver configured."))
            return NO_DNS
        started = timezone.now()
        sections, queries = asyncio.run(_check(domain, options["only"], dns_settings))
        views = section_views(sections, options["only"], options["language"], ended=True)
        made = output.as_json(
            domain.ascii, started.isoformat(), timezone.now().isoformat(), views, queries
        )
        if options["format"] == "json":
            self.stdout.write(json.dumps(made, ensure_ascii=False, indent=1))
        else:
            self.stdout.write(render(domain, views, queries))
        if not _has_answer(queries):
            self.stderr.write("lookup: " + _("No DNS server answered."))
            return NO_DNS
        return FAILED_ON if _is_met(views, options["fail_on"]) else MADE


def _topics(text: str) -> tuple[str, ...]:
    chosen = tuple(topic.strip() for topic in text.split(","))
    if unknown := [topic for topic in chosen if topic not in TOPICS]:
        known = ", ".join(TOPICS)
        raise argparse.ArgumentTypeError(f"unknown topic {unknown[0]!r}; known: {known}")
    return chosen


def _server(text: str) -> Server:
    try:
        return parse_server(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no IP address with a port") from None


def _classroom(domain: Domain, asked: bool) -> str:
    """Where lessons are answered: nowhere special with --resolver, else here if nobody runs it."""
    if asked or not is_lesson(domain.ascii):
        return "" if asked else settings.CLASSROOM
    if settings.CLASSROOM:
        return settings.CLASSROOM
    start: Callable[[], tuple[str, int]] = import_string(settings.CLASSROOM_STARTER)
    return str(Server(*start()))


async def _check(
    domain: Domain, topics: tuple[str, ...], dns_settings: ResolverSettings
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    transport = Transport()
    context = context_for(domain, transport, dns_settings)
    sections: dict[str, Any] = {}
    try:
        async for section in report(context, topics):
            sections[section.topic] = section.as_json()
    finally:
        transport.close()
    return sections, sorted(context.resolver.log, key=lambda query: query["number"])


def _has_answer(queries: list[dict[str, Any]]) -> bool:
    """Whether any server said anything at all."""
    silent = {Outcome.TIMEOUT, Outcome.DEADLINE}
    return any(query["outcome"] not in silent for query in queries)


def _is_met(sections: tuple[SectionView, ...], fail_on: str | None) -> bool:
    if fail_on is None:
        return False
    limit = Severity(fail_on).rank
    return any(Severity(f.severity).rank >= limit for s in sections for f in s.findings)
