"""`manage.py explain-report FILE...`: DMARC and TLS reports in words. A stable face:
docs/contracts.md. Django finds commands by their file's name, so the hyphen does no harm."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management.base import CommandParser
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _

from lookups.engine.reports.errors import MAX_FILE
from lookups.management import common
from lookups.plain_text import printable
from lookups.tools.commands import run_tool
from lookups.tools.dns import Dns
from lookups.tools.reports.result import ReportsResult
from lookups.tools.reports.tool import TOOL, run

NAME = "explain-report"


class Command(common.DnsCommand):
    """Exit 0: all were read; 2: a file could not be read (what the others say is printed all the
    same); 3: with --names, no DNS server answered."""

    help = "Explain DMARC aggregate, failure and TLS reports."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "files", nargs="+", metavar="FILE",
            help="XML, JSON, gzip, zip or a mail; - for standard input",
        )  # fmt: skip
        parser.add_argument(
            "--names", action="store_true", help="ask DNS for the names of sending addresses"
        )
        common.add_resolver_argument(parser)
        common.add_output_arguments(parser)

    def run(self, options: dict[str, Any]) -> int:
        files, troubles = [], []
        for name in options["files"]:
            try:
                files.append(_read(name))
            except OSError as error:
                troubles.append((name, error.strerror or _("It cannot be read.")))
        read: list[ReportsResult] = []

        async def remembered(data: dict[str, Any], dns: Dns) -> ReportsResult:
            read.append(await run(data, dns))
            return read[0]

        code = 0
        if files:
            options = options | {"field_nameless": not options["names"], "field_keep": False}
            tool = replace(TOOL, run=remembered)
            given = MultiValueDict({"files": files})
            code = run_tool(self, tool, options, NAME, given)
        for name, reason in [*troubles, *(read[0].failed if read else ())]:
            self.stderr.write(printable(f"{NAME}: {name}: {reason}"))
            code = common.BAD_INPUT
        return code


def _read(name: str) -> SimpleUploadedFile:
    """At most one octet more than is read of a file, which the form then refuses."""
    if name == "-":
        return SimpleUploadedFile("stdin", sys.stdin.buffer.read(MAX_FILE + 1))
    with Path(name).open("rb") as file:
        return SimpleUploadedFile(Path(name).name, file.read(MAX_FILE + 1))
