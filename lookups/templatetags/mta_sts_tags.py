"""What the templates of MTA-STS need: how long a policy is kept, in a reader's units."""

from __future__ import annotations

from typing import Any

from django import template

register = template.Library()
DAY = 86_400  # seconds


@register.filter
def whole_days(seconds: Any) -> int:
    """How many days `seconds` are; 0 for less than two, or for what is no number."""
    if not isinstance(seconds, int) or seconds < 2 * DAY:
        return 0
    return seconds // DAY
