"""`manage.py spf`: check_host() on the command line (RFC 7208). See docs/contracts.md."""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import json
import unicodedata
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lookups.engine.addresses import Address
from lookups.engine.resolver import Resolver, ResolverSettings
from lookups.engine.spf import Step, Verdict, check_host
from lookups.engine.spf.lookups import MAX_LOOKUPS
from lookups.engine.transport import Transport
from lookups.management import common
from lookups.plain_text import printable
from lookups.runtime import resolver_settings
from lookups.spf_words import reason, result_words

MADE = 0
MAX_INPUT = 1000  # characters of an argument


class Command(common.DnsCommand):
    """Exit 0: a result was found, whichever; 2: bad input; 3: no DNS server answered."""

    help = "Check by SPF (RFC 7208) whether an address may send mail for a sender."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--ip", default="", help="the address that the mail comes from")
        parser.add_argument(
            "--sender", default="", metavar="MAILFROM", help="MAIL FROM; empty for a bounce"
        )
        parser.add_argument("--helo", default="", help="the name that the client greets with")
        common.add_resolver_argument(parser)
        common.add_output_arguments(parser)

    def run(self, options: dict[str, Any]) -> int:
        ip = _address(options["ip"])
        sender, helo = options["sender"].strip().strip("<>"), options["helo"].strip()
        if ip is None or (error := _error(sender, helo)):
            self.stderr.write("spf: " + (_ip_error(options["ip"]) if ip is None else error))
            return common.BAD_INPUT
        resolvers = options["resolver"]
        lesson = common.any_lesson(sender.rpartition("@")[2], helo)
        classroom = common.classroom_address(lesson, asked=bool(resolvers))
        dns_settings = resolver_settings(resolvers, classroom, private_names=True)
        if not dns_settings.servers and not lesson:
            self.stderr.write("spf: " + _("This machine has no DNS resolver configured."))
            return common.NO_DNS
        verdict, queries = asyncio.run(_check(ip, sender, helo, dns_settings))
        if options["format"] == "json":
            self.stdout.write(json.dumps(verdict.as_json(), ensure_ascii=False, indent=1))
        else:
            self.stdout.write("\n".join(printable(line) for line in _lines(verdict)))
        if queries and not common.has_answer(queries):
            self.stderr.write("spf: " + _("No DNS server answered."))
            return common.NO_DNS
        return MADE


def _address(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text.strip().strip("[]"))
    except ValueError:
        return None


def _ip_error(text: str) -> str:
    if not text.strip():
        return _("Give the address that the mail comes from: --ip 192.0.2.1")
    return _("“%s” is no IP address.") % printable(text[:100])


def _error(sender: str, helo: str) -> str:
    """What is wrong with the names; empty where nothing is."""
    if not sender and not helo:
        return _("Give the sender (--sender), the HELO name (--helo), or both.")
    for text in (sender, helo):
        if len(text) > MAX_INPUT or any(unicodedata.category(c) == "Cc" for c in text):
            return _("The sender or the HELO name is too long or holds control characters.")
    return ""


async def _check(
    ip: Address, sender: str, helo: str, dns_settings: ResolverSettings
) -> tuple[Verdict, list[dict[str, Any]]]:
    transport = Transport()
    resolver = Resolver(dns_settings, transport)
    try:
        return await check_host(resolver, ip, sender, helo), resolver.log
    finally:
        resolver.close()
        transport.close()


def _lines(verdict: Verdict) -> Iterator[str]:
    """The verdict and how it came about, in the language that is active."""
    result = verdict.result.value
    yield _("Result: %s") % f"{result} ({result_words(result)})"
    if verdict.mechanism:
        yield _("Decided by: %s") % verdict.mechanism
    if verdict.explanation:
        yield _("The domain explains: %s") % verdict.explanation
    lookups = ngettext("%d lookup", "%d lookups", verdict.lookups) % verdict.lookups
    void = _("%d of them in vain") % verdict.void_lookups
    yield f"{lookups} / {MAX_LOOKUPS}, {void}"
    for step in verdict.trace:
        yield f"  {step.domain}  {_step(step)}"


def _step(step: Step) -> str:
    words = {True: _("matches"), False: _("does not match")}
    said = words[step.matched] if step.matched is not None else ""
    return "  ".join(filter(None, [step.term, said, f"({reason(step.why, step.detail)})"]))
