"""`manage.py trace`: see lookups.tools.look_up.trace, and docs/contracts.md."""

from __future__ import annotations

from lookups.tools.commands import ToolCommand
from lookups.tools.look_up import trace


class Command(ToolCommand):
    tool = trace.TOOL
