"""`manage.py dmarc DOMAIN`: which DMARC policy holds for a domain, and why."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from lookups import output
from lookups.engine.finding import Section
from lookups.engine.names import Domain, DomainError, parse_domain
from lookups.engine.records.dmarc import is_record
from lookups.engine.report import finished
from lookups.engine.resolver import ResolverSettings
from lookups.engine.transport import Transport
from lookups.forms import explain
from lookups.management.common import (
    BAD_INPUT,
    NO_DNS,
    DnsCommand,
    add_output_arguments,
    add_resolver_argument,
    classroom_address,
    has_answer,
)
from lookups.presentation import SectionView, section_view
from lookups.runtime import context_for, is_lesson, resolver_settings
from lookups.templatetags.dmarc_tags import walk_words
from lookups.text_report import render

MADE = 0


class Command(DnsCommand):
    """Exit 0: an answer was made; 2: bad input; 3: no DNS server answered."""

    help = "Find the DMARC policy that is in force for a domain (RFC 9989)."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("domain", help="a domain, or an email address or URL with it")
        add_resolver_argument(parser)
        add_output_arguments(parser)

    def run(self, options: dict[str, Any]) -> int:
        try:
            domain = parse_domain(options["domain"])
        except DomainError as error:
            self.stderr.write(f"dmarc: {explain(error)}")
            return BAD_INPUT
        resolvers, lesson = options["resolver"], is_lesson(domain.ascii)
        classroom = classroom_address(lesson, asked=bool(resolvers))
        dns_settings = resolver_settings(resolvers, classroom, private_names=True)
        if not dns_settings.servers and not lesson:
            self.stderr.write("dmarc: " + _("This machine has no DNS resolver configured."))
            return NO_DNS
        section, queries = asyncio.run(_check(domain, dns_settings))
        view = section_view(section.as_json(), options["language"])
        if options["format"] == "json":
            made = output.as_json(domain.ascii, None, None, (view,), queries, None)
            self.stdout.write(json.dumps(_chosen(made), ensure_ascii=False, indent=1))
        else:
            self.stdout.write(render(domain, (view,), queries, None))
            self.stdout.write("\n".join(_walk(view)))
        if not has_answer(queries):
            self.stderr.write("dmarc: " + _("No DNS server answered."))
            return NO_DNS
        return MADE


async def _check(
    domain: Domain, dns_settings: ResolverSettings
) -> tuple[Section, list[dict[str, Any]]]:
    """The whole section, and the questions that it cost."""
    transport = Transport()
    context = context_for(domain, transport, dns_settings)
    try:
        section = (await finished(context, ["dmarc"]))["dmarc"]
    finally:
        transport.close()
    return section, sorted(context.resolver.log, key=lambda query: query["number"])


def _chosen(made: dict[str, Any]) -> dict[str, Any]:
    """A stable face: see docs/contracts.md. `record` is its text; null where none holds."""
    [section] = made["sections"]
    records = section["records"]
    domain = records.get("record_domain") or None
    held = [raw["value"] for raw in records.get("raw", ()) if raw["name"] == f"_dmarc.{domain}"]
    return {
        "record_domain": domain,
        "organizational_domain": records.get("organizational_domain"),
        "policy": records.get("policy") or None,
        "record": next(filter(is_record, held), None),
        "findings": section["findings"],
    }


def _walk(view: SectionView) -> Iterator[str]:
    """The tree walk from the domain up, and what it led to. Names are in A-label form."""
    records = view.records
    yield ""
    if not records:  # the check broke off before it knew anything
        return
    for step in records["walk"]:
        yield f"{step['question']}: {walk_words(step)}"
    yield _("Organizational domain: %s") % records["organizational_domain"]
    yield _("Policy in force: %s") % (records["policy"] or "–")
