"""What article templates need beside the article."""

from __future__ import annotations

from django import template
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from learn.articles import picture

register = template.Library()


@register.filter
def drawing(name: str) -> SafeString:
    """The SVG of a picture in the reader's language."""
    return picture(name, get_language() or "en")


@register.filter
def at(mapping: dict[str, object], key: str) -> object:
    """The value at a key that only the template knows; empty where there is none."""
    return mapping.get(key, "")
