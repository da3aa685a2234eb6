"""What the page of “Would this mail pass?” asks of a judgement: words for its codes."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.translation import gettext as _

from lookups import spf_words
from lookups.engine.delivery import Identifier
from lookups.engine.names import to_unicode
from lookups.engine.spf import Step
from lookups.engine.spf.lookups import MAX_LOOKUPS, MAX_VOID_LOOKUPS
from lookups.tools.base import Tool
from lookups.tools.delivery import advice_words, words

register = template.Library()


@register.filter
def identifier_name(kind: str) -> str:
    return words.identifier(kind)


@register.filter
def identifier_reason(row: Identifier) -> str:
    return words.identifier_reason(row)


@register.filter
def unicode_name(name: str) -> str:
    """A domain as people write it."""
    return to_unicode(name)


@register.filter
def yes_no(value: bool | None) -> str:
    """Whether a domain is aligned, where DNS may have left it open."""
    return _("not known") if value is None else _("yes") if value else _("no")


@register.filter
def spf_words_of(result: str) -> str:
    return spf_words.result_words(result)


@register.filter
def spf_level(result: str) -> str:
    """The severity whose colour a result of SPF or DKIM takes."""
    return {"pass": "good", "fail": "error", "permerror": "error"}.get(result, "warning")


@register.filter
def step_reason(step: Step) -> str:
    return spf_words.reason(step.why, step.detail)


@register.filter
def step_matched(step: Step) -> str:
    return words.matched(step.matched)


@register.filter
def step_costs(step: Step) -> str:
    """What a step took of the limits (RFC 7208 §4.6.4)."""
    costs = []
    if step.lookup:
        costs.append(_("lookup %(n)s/%(limit)s") % {"n": step.lookup, "limit": MAX_LOOKUPS})
    if step.void:
        costs.append(_("in vain %(n)s/%(limit)s") % {"n": step.void, "limit": MAX_VOID_LOOKUPS})
    return " · ".join(costs)


@register.simple_tag
def known_tool(slug: str) -> Tool | None:
    """The tool, where this site has it."""
    return advice_words.known_tool(slug)


@register.simple_tag
def query_log(queries: list[dict[str, Any]]) -> dict[str, Any]:
    """The questions as `lookups/_queries.html` takes them."""
    return {"queries": queries}
