"""Tools on the command line: the same form, the same refusals, the same answer."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from collections.abc import Mapping
from typing import Any, cast

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from lookups.blocked.refusal import allowing_all
from lookups.engine.addresses import is_classroom
from lookups.engine.addresses import parse as parse_address
from lookups.engine.resolver import ResolverSettings
from lookups.forms import InputError, read_domain
from lookups.management import common
from lookups.plain_text import printable
from lookups.runtime import LESSONS, resolver_settings

from .arguments import add_arguments, data_of, option
from .base import Beginning, Result, SecretResult, Tool, ToolError, ToolForm
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
    if tool.begin:
        parser.add_argument(
            "--from", dest="begin_from", metavar="DOMAIN", default="",
            help="Start from what this domain publishes; the other arguments change that.",
        )  # fmt: skip
    if tool.secret:
        parser.add_argument(
            "--out", metavar="FILE", default="",
            help="Write what is private to this new file (mode 0600), not to standard output.",
        )  # fmt: skip
    common.add_resolver_argument(parser)
    common.add_output_arguments(parser)


@allowing_all()
def run_tool(
    command: common.DnsCommand, tool: Tool, options: dict[str, Any], name: str, files: Any = None
) -> int:
    """Fills the form from `options`, and prints the answer or what is wrong."""
    data = data_of(options, tool.form)
    try:
        if tool.begin and options.get("begin_from"):
            data = _begun(command, tool, options, name)
    except ToolError as refusal:
        command.stderr.write(f"{name}: {printable(refusal.message)}")
        return common.BAD_INPUT
    form = tool.form(data, files)
    if not form.is_valid():
        for line in _refusals(form):
            command.stderr.write(f"{name}: {line}")
        return common.BAD_INPUT
    resolvers = options["resolver"]
    servers = _classroom(form.data, bool(resolvers), files)
    dns_settings = resolver_settings(resolvers, servers, private_names=True)
    try:
        result, queries = asyncio.run(_run(tool, form.cleaned_data, dns_settings))
        if tool.secret and options["out"]:
            result = _to_file(cast(SecretResult, result), options["out"])
    except ToolError as refusal:
        command.stderr.write(f"{name}: {refusal.message}")
        return common.BAD_INPUT
    if options["format"] == "json":
        command.stdout.write(json.dumps(result.as_json(), ensure_ascii=False, indent=1))
    else:
        command.stdout.write("\n".join(printable(line) for line in result.lines()))
    needs_dns = getattr(result, "needs_dns", True)
    if needs_dns and queries and not common.has_answer(queries):
        command.stderr.write(f"{name}: " + _("No DNS server answered."))
        return common.NO_DNS
    return MADE


def _refusals(form: ToolForm) -> list[str]:
    """One line for each thing that is wrong, with the argument it is about."""
    lines = []
    for name, errors in form.errors.items():
        about = "" if name == "__all__" or name in form.positional else f"{option(name)}: "
        lines += [about + printable(str(error)) for error in errors]
    return lines


def _classroom(data: Mapping[str, Any], asked: bool, files: Any = None) -> str:
    """Where lessons are answered, if anything that was given belongs to them."""
    words = " ".join(str(value) for value in data.values()).lower()
    lesson = LESSONS in words or any(map(_is_of_classroom, words.split()))
    return common.classroom_address(lesson or _names_classroom(files), asked)


def _names_classroom(files: Any) -> bool:
    """Whether one of the files that a form was given names a domain of the classroom."""
    for file in files.values() if files else ():
        found = LESSONS.encode() in file.read().lower()
        file.seek(0)
        if found:
            return True
    return False


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
        return await (tool.secret or tool.run)(data, dns), dns.queries


def _begun(
    command: common.DnsCommand, tool: Tool, options: dict[str, Any], name: str
) -> dict[str, Any]:
    """The form's data from what a domain publishes, changed by the arguments that were given."""
    begin, domain = tool.begin, read_domain(options["begin_from"])
    if isinstance(domain, InputError) or begin is None:
        raise ToolError(domain.message if isinstance(domain, InputError) else "")
    asked = bool(options["resolver"])
    servers = _classroom({"from": domain.ascii}, asked)
    dns_settings = resolver_settings(options["resolver"], servers, private_names=True)

    async def ask() -> Beginning:
        async with Dns(dns_settings, common.command_guard(dns_settings), trusted=True) as dns:
            return await begin(domain, dns)

    begun = asyncio.run(ask())
    for note in begun.notes:
        command.stderr.write(f"{name}: {printable(note)}")
    given = {field: options.get(f"field_{field}") for field in tool.form.base_fields}
    return tool.form.completed(begun.data) | {k: v for k, v in given.items() if v}


def _to_file(result: SecretResult, path: str) -> Result:
    """Writes the secret to a file that must not be there yet, for the owner alone to read."""
    if not result.secret:
        return result
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ToolError(_("“%s” is there already, and is not overwritten.") % path) from None
    except OSError as error:
        raise ToolError(f"{path}: {error.strerror}") from None
    with os.fdopen(file, "w", encoding="ascii") as opened:
        opened.write(result.secret)
    return result.without_secret()
