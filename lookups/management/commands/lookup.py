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
from lookups.engine.opt_out import LABEL, NONE, Said
from lookups.engine.opt_out import said as published
from lookups.engine.records.recognise import Recognised
from lookups.engine.rehearsal import RehearsalError
from lookups.engine.report import TOPICS
from lookups.engine.resolver import Resolver, ResolverSettings
from lookups.forms import InputError, explain, read_selectors
from lookups.management import common
from lookups.plain_text import printable
from lookups.presentation import SectionView, section_views
from lookups.runtime import is_lesson, resolver_settings
from lookups.score import score
from lookups.text_report import render
from lookups.tools.check.paste import MAX_PASTE, PasteError, read_any, read_paste, read_policy
from lookups.tools.check.result import staged
from lookups.tools.check.running import Checked, run_checks
from lookups.tools.check.topics import TOPICS as CHECKERS
from lookups.tools.check.words import refusal_words
from lookups.tools.dns import Dns

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
        parser.add_argument(
            "--record", action="append", default=[], metavar="TEXT",
            help="a record to take for published before it is; may be given several times",
        )  # fmt: skip
        parser.add_argument(
            "--policy", metavar="FILE", help="an MTA-STS policy to take for published, - for stdin"
        )
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
        try:
            records = _records(options)
        except (PasteError, OSError) as error:
            self.stderr.write(f"lookup: {_reason(error)}")
            return common.BAD_INPUT
        resolvers = options["resolver"]
        classroom = common.classroom_address(is_lesson(domain.ascii), asked=bool(resolvers))
        dns_settings = resolver_settings(resolvers, classroom, private_names=True)
        if not dns_settings.servers and not is_lesson(domain.ascii):
            self.stderr.write("lookup: " + _("This machine has no DNS resolver configured."))
            return common.NO_DNS
        started = timezone.now()
        topics, language = options["only"], options["language"]
        try:
            checked, said = asyncio.run(_check(domain, topics, dns_settings, selectors, records))
        except RehearsalError as error:
            self.stderr.write(f"lookup: {printable(refusal_words(error))}")
            return common.BAD_INPUT
        if said is not None and said.checks == NONE:
            self.stderr.write("lookup: " + printable(_opted_out(domain, said)))
        queries = checked.queries
        views = section_views(checked.sections, topics, language, ended=True)
        total = score(checked.sections).total
        finished = timezone.now().isoformat()
        made = output.as_json(domain.ascii, started.isoformat(), finished, views, queries, total)
        rehearsed = staged(checked, topics, language)
        if options["format"] == "json":
            made |= {"as_if": rehearsed.as_json()} if rehearsed else {}
            self.stdout.write(json.dumps(made, ensure_ascii=False, indent=1))
        else:
            for line in rehearsed.lines() if rehearsed else ():
                self.stdout.write(printable(line))
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


def _records(options: dict[str, Any]) -> tuple[Recognised, ...]:
    """What is to be taken for published. Raises PasteError, or OSError for the policy's file."""
    text, only = "\n".join(options["record"]), options["only"]
    topic = next((t for t in CHECKERS if t.kinds and only == (t.topic,)), None)
    found: tuple[Recognised, ...] = ()
    if text:
        _limit(text)
        found = (read_paste(text, topic) if topic else read_any(text)).records
    if options["policy"]:
        with open(0 if options["policy"] == "-" else options["policy"], "rb") as file:
            policy = file.read(4 * MAX_PASTE).decode("utf-8", "replace")
        _limit(policy)
        found += read_policy(policy)
    return found


def _limit(text: str) -> None:
    if len(text) > MAX_PASTE:
        words = _("That is too long: at most %(count)d characters.")
        raise PasteError(words % {"count": MAX_PASTE})


def _reason(error: PasteError | OSError) -> str:
    if isinstance(error, PasteError):
        return printable(error.message)
    return f"{error.filename}: {error.strerror}"


async def _check(
    domain: Domain,
    topics: tuple[str, ...],
    dns_settings: ResolverSettings,
    selectors: tuple[str, ...],
    records: tuple[Recognised, ...],
) -> tuple[Checked, Said | None]:
    """The report, and what the domain says of being checked. Whoever types a command asks for
    themselves, with their own resolvers: they are told, and decide."""
    async with Dns(dns_settings, common.command_guard(dns_settings), trusted=True) as dns:
        beside = Resolver(dns.settings, dns.transport)
        saying = asyncio.create_task(published(beside, domain.ascii))
        try:
            checked = await run_checks(dns, domain, topics, selectors, records)
            return checked, await saying
        finally:
            saying.cancel()
            beside.close()


def _opted_out(domain: Domain, said: Said) -> str:
    words = _("Note: %(domain)s asks not to be checked (TXT record at %(name)s).")
    return words % {"domain": domain.unicode, "name": f"{LABEL}.{said.name}"}


def _is_met(sections: tuple[SectionView, ...], fail_on: str | None) -> bool:
    if fail_on is None:
        return False
    limit = Severity(fail_on).rank
    return any(Severity(f.severity).rank >= limit for s in sections for f in s.findings)
