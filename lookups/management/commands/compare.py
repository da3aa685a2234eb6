"""`manage.py compare`: see lookups.tools.look_up.compare, and docs/contracts.md."""

from __future__ import annotations

from lookups.tools.commands import ToolCommand
from lookups.tools.look_up import compare


class Command(ToolCommand):
    tool = compare.TOOL
