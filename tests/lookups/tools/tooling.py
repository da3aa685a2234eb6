"""Tools as pages and commands use them: through their forms."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict

from lookups.tools.base import Result, Tool, ToolForm
from lookups.tools.dns import Dns


def form_of(tool: Tool, query: str = "", **data: Any) -> ToolForm:
    """The form, filled by a query string or by values; what is left out has its initial value."""
    given = QueryDict(query, mutable=True)
    for name, value in data.items():
        given.setlist(name, value if isinstance(value, list) else [value])
    return tool.form(tool.form.completed(given))


async def result_of(tool: Tool, query: str = "", dns: Dns | None = None, **data: Any) -> Result:
    """What the tool answers; the form must be in order."""
    form = form_of(tool, query, **data)
    assert form.is_valid(), form.errors
    async with dns or Dns() as chosen:
        return await tool.run(form.cleaned_data, chosen)
