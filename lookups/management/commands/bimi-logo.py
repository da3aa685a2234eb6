"""`manage.py bimi-logo FILE`: whether a picture is a logo that BIMI allows (docs/contracts.md)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile
from django.core.management.base import CommandParser

from lookups.engine.records.svg_tiny_ps import MAX_OCTETS
from lookups.management import common
from lookups.tools.commands import ToolCommand, run_tool
from lookups.tools.generate.bimi_logo import TOOL

NAME = "bimi-logo"


class Command(ToolCommand):
    """Exit 0: examined, whatever was found; 2: the file cannot be read."""

    tool = TOOL

    def add_arguments(self, parser: CommandParser) -> None:
        self.help = str(TOOL.summary)
        parser.add_argument("file", type=Path)
        common.add_output_arguments(parser)

    def run(self, options: dict[str, Any]) -> int:
        path: Path = options["file"]
        try:
            with path.open("rb") as opened:
                octets = opened.read(MAX_OCTETS + 1)
        except OSError as error:
            self.stderr.write(f"{NAME}: {path}: {error.strerror}")
            return common.BAD_INPUT
        files = {"file": ContentFile(octets, path.name)}
        return run_tool(self, TOOL, {"resolver": [], **options}, NAME, files)
