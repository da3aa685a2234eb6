"""Tools on the command line: the same form, the same refusals, the same answer."""

from __future__ import annotations

import argparse
import asyncio
import json
import unicodedata
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from lookups.engine.addresses import is_classroom
from lookups.engine.addresses import parse as parse_address
from lookups.engine.resolver import ResolverSettings
from lookups.management import common
from lookups.runtime import LESSONS, resolver_settings

from .arguments import add_arguments, data_of, option
from .base import Result, Tool, ToolError, ToolForm
from .dns import Dns

MADE = 0


class ToolCommand(common.DnsCommand):
    """Exit 0: answered; 2: bad input, told in the language asked for; 3: no DNS server answered."""

    tool: Tool
    name = ""

    def add_arguments(self, parser: CommandParser) -> None:
        self.help = str(self.tool.summary)
        add_tool_arguments(parser, self.tool)

    def run(self, options: dict[str, Any]) -> int:
        return run_tool(self, self.tool, options, self.name or self.tool.command)


def add_tool_arguments(parser: argparse.ArgumentParser, tool: Tool) -> None:
    add_arguments(parser, tool.form)
    common.add_resolver_argument(parser)
    common.add_output_arguments(parser)


def run_tool(
    command: common.DnsCommand, tool: Tool, options: dict[str, Any], name: str, files: Any = None
) -> int:
    """Fills the form from `options`, and prints the answer or what is wrong."""
    form = tool.form(data_of(options, tool.form), files)
    if not form.is_valid():
        for line in _refusals(form):
            command.stderr.write(f"{name}: {line}")
        return common.BAD_INPUT
    resolvers = options["resolver"]
    dns_settings = resolver_settings(resolvers, _classroom(form, bool(resolvers)))
    try:
        result, queries = asyncio.run(_run(tool, form.cleaned_data, dns_settings))
    except ToolError as refusal:
        command.stderr.write(f"{name}: {refusal.message}")
        return common.BAD_INPUT
    if options["format"] == "json":
        command.stdout.write(json.dumps(result.as_json(), ensure_ascii=False, indent=1))
    else:
        command.stdout.write("\n".join(printable(line) for line in result.lines()))
    if queries and not common.has_answer(queries):
        command.stderr.write(f"{name}: " + _("No DNS server answered."))
        return common.NO_DNS
    return MADE


def printable(text: str) -> str:
    """What DNS or a file holds may be escape sequences; a terminal must not obey them."""
    return "".join(c if unicodedata.category(c) not in ("Cc", "Cf") else "\ufffd" for c in text)


def _refusals(form: ToolForm) -> list[str]:
    """One line for each thing that is wrong, with the argument it is about."""
    lines = []
    for name, errors in form.errors.items():
        about = "" if name == "__all__" or name in form.positional else f"{option(name)}: "
        lines += [about + printable(str(error)) for error in errors]
    return lines


def _classroom(form: ToolForm, asked: bool) -> str:
    """Where lessons are answered, if anything that was given belongs to them."""
    words = " ".join(str(value) for value in form.data.values()).lower()
    lesson = LESSONS in words or any(map(_is_of_classroom, words.split()))
    return common.classroom_address(lesson, asked)


def _is_of_classroom(word: str) -> bool:
    """Whether it is an address that the classroom plays."""
    try:
        return is_classroom(parse_address(word))
    except ValueError:
        return False


async def _run(
    tool: Tool, data: dict[str, Any], dns_settings: ResolverSettings
) -> tuple[Result, list[dict[str, Any]]]:
    async with Dns(dns_settings, common.command_guard(dns_settings), trusted=True) as dns:
        return await tool.run(data, dns), dns.queries
