"""`manage.py would-pass IP FROM`: what SPF, DKIM and DMARC make of a mail (docs/contracts.md)."""

from __future__ import annotations

from lookups.tools.commands import ToolCommand
from lookups.tools.delivery.would_pass import TOOL


class Command(ToolCommand):
    tool = TOOL
