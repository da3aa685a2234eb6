"""`manage.py headers FILE`: a message's header, read and verified. See docs/contracts.md."""

from __future__ import annotations

import sys
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from lookups.engine.mail.message import MAX_BYTES
from lookups.management import common
from lookups.tools.commands import run_tool
from lookups.tools.headers.tool import TOOL


class Command(common.DnsCommand):
    """Exit 0: read; 2: not a message, or no such file; 3: no DNS server answered."""

    help = "Read a message's header: its way, and what proves where it comes from."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", help='a message (.eml), or "-" for stdin')
        common.add_resolver_argument(parser)
        common.add_output_arguments(parser)

    def run(self, options: dict[str, Any]) -> int:
        try:
            raw = self._read(options["file"])
        except OSError as error:
            reason = error.strerror or str(error)
            self.stderr.write("headers: " + _("This file cannot be read: %s") % reason)
            return common.BAD_INPUT
        files = {"file": SimpleUploadedFile("message.eml", raw)}
        return run_tool(self, TOOL, options, "headers", files)

    def _read(self, path: str) -> bytes:
        if path == "-":
            return sys.stdin.buffer.read(MAX_BYTES + 1)
        with open(path, "rb") as file:
            return file.read(MAX_BYTES + 1)
