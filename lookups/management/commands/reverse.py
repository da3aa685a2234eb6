"""`manage.py reverse`: see lookups.tools.look_up.reverse, and docs/contracts.md."""

from __future__ import annotations

from lookups.tools.commands import ToolCommand
from lookups.tools.look_up import reverse


class Command(ToolCommand):
    tool = reverse.TOOL
