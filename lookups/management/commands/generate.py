"""`manage.py generate KIND`: records ready to be published. A stable face: docs/contracts.md."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from lookups.management import common
from lookups.tools import registry
from lookups.tools.commands import add_tool_arguments, run_tool


class Command(common.DnsCommand):
    """Exit 0: made; 2: bad input; 3: no DNS server answered, where one had to be asked."""

    help = "Make DNS records for mail, ready to be published."

    def add_arguments(self, parser: CommandParser) -> None:
        kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND")
        for kind, tool in self._kinds().items():
            summary = str(tool.summary)
            made = kinds.add_parser(kind, help=summary, description=summary)
            add_tool_arguments(made, tool)

    def run(self, options: dict[str, Any]) -> int:
        kind = options["kind"]
        return run_tool(self, self._kinds()[kind], options, f"generate {kind}")

    def _kinds(self) -> dict[str, registry.Tool]:
        tools = registry.tools("generate")
        return {tool.command.removeprefix("generate "): tool for tool in tools if tool.command}
