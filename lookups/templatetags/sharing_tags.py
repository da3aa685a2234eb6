"""How a report is shared, for templates."""

from __future__ import annotations

from django import template

from lookups.models import Report
from lookups.sharing import words

register = template.Library()


@register.filter
def sharing(report: Report) -> words.State:
    """How it is shared: kind, tag and sentence. The report needs its watch at hand."""
    return words.state(report)
