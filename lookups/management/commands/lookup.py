"""`manage.py lookup DOMAIN`: a report on the command line. A stable face: see docs/contracts.md."""

from __future__ import annotations

import argparse
import asyncio
import json
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from lookups import output
from lookups.engine.finding import Severity
from lookups.engine.names import Domain, DomainError, parse_domain
from lookups.engine.report import TOPICS, finished
from lookups.engine.resolver import ResolverSettings
from lookups.engine.transport import Transport
from lookups.forms import InputError, explain, read_selectors
from lookups.management import common
from lookups.presentation import SectionView, section_views
from lookups.runtime import context_for, is_lesson, resolver_settings
from lookups.score import score
from lookups.text_report import render

MADE, FAILED_ON = 0, 1


class Command(common.DnsCommand):
    """Exit 0: report made; 1: --fail-on met; 2: bad input; 3: no DNS server answered."""

    help = "Check the mail DNS of a domain."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("domain", help="a domain, or an email address or URL with it")
        parser.add_argument("--only", type=_topics, default=TOPICS, help="topics, as in mx,spf")
        common.add_resolver_argument(parser)
        parser.add_argument(
            "--selector", action="append", default=[], metavar="NAME",
            help="a DKIM selector to look at; may be given several times",
        )  # fmt: skip
        common.add_output_arguments(parser)
        parser.add_argument(
            "--fail-on", choices=["warning", "error"], help="exit 1 for findings as severe as this"
        )

    def run(self, options: dict[str, Any]) -> int:
        try:
            domain = parse_domain(options["domain"])
        except DomainError as error:
            self.stderr.write(f"lookup: {explain(error)}")
            return common.BAD_INPUT
        selectors = read_selectors(" ".join(options["selector"]))
        if isinstance(selectors, InputError):
            self.stderr.write(f"lookup: {selectors.message}")
            return common.BAD_INPUT
        resolvers = options["resolver"]
        classroom = common.classroom_address(is_lesson(domain.ascii), asked=bool(resolvers))
        dns_settings = resolver_settings(resolvers, classroom)
        if not dns_settings.servers and not is_lesson(domain.ascii):
            self.stderr.write("lookup: " + _("This machine has no DNS resolver configured."))
            return common.NO_DNS
        started = timezone.now()
        sections, queries = asyncio.run(_check(domain, options["only"], dns_settings, selectors))
        views = section_views(sections, options["only"], options["language"], ended=True)
        total = score(sections).total
        finished = timezone.now().isoformat()
        made = output.as_json(domain.ascii, started.isoformat(), finished, views, queries, total)
        if options["format"] == "json":
            self.stdout.write(json.dumps(made, ensure_ascii=False, indent=1))
        else:
            self.stdout.write(render(domain, views, queries, total))
        if not common.has_answer(queries):
            self.stderr.write("lookup: " + _("No DNS server answered."))
            return common.NO_DNS
        return FAILED_ON if _is_met(views, options["fail_on"]) else MADE


def _topics(text: str) -> tuple[str, ...]:
    chosen = tuple(topic.strip() for topic in text.split(","))
    if unknown := [topic for topic in chosen if topic not in TOPICS]:
        known = ", ".join(TOPICS)
        raise argparse.ArgumentTypeError(f"unknown topic {unknown[0]!r}; known: {known}")
    return chosen


async def _check(
    domain: Domain,
    topics: tuple[str, ...],
    dns_settings: ResolverSettings,
    selectors: tuple[str, ...],
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    transport = Transport()
    guard = common.command_guard(dns_settings)
    context = context_for(domain, transport, dns_settings, selectors, guard=guard)
    try:
        found = await finished(context, topics)
    finally:
        transport.close()
    sections = {topic: section.as_json() for topic, section in found.items()}
    return sections, sorted(context.resolver.log, key=lambda query: query["number"])


def _is_met(sections: tuple[SectionView, ...], fail_on: str | None) -> bool:
    if fail_on is None:
        return False
    limit = Severity(fail_on).rank
    return any(Severity(f.severity).rank >= limit for s in sections for f in s.findings)
