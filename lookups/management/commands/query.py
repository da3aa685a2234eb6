"""`manage.py query`: see lookups.tools.look_up.lookup, and docs/contracts.md."""

from __future__ import annotations

from lookups.tools.commands import ToolCommand
from lookups.tools.look_up import lookup


class Command(ToolCommand):
    tool = lookup.TOOL
