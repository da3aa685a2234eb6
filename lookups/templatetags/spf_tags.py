"""What the pages of topic spf need: the tree, the bar, and words for states."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django import template
from django.utils.translation import gettext as _

from lookups.drawings.spf import Bar, Drawing, bar, tree

register = template.Library()
MAX_LISTED = 60


@register.filter
def spf_tree(records: Mapping[str, Any]) -> Drawing | None:
    """The picture of the tree; None where the record leads nowhere."""
    top = records.get("tree")
    return tree(top) if top and top.get("children") else None


@register.simple_tag
def spf_bar(records: Mapping[str, Any]) -> Bar:
    """The bar of lookups spent."""
    return bar(int(records.get("lookups") or 0), int(records.get("limit") or 10))


@register.filter
def spf_state(state: str) -> str:
    """What became of an included record, in words; empty for one that is as it should be."""
    words = {
        "pending": _("asking…"),
        "none": _("no SPF record"),
        "multiple": _("several SPF records"),
        "invalid": _("syntax error"),
        "failed": _("no usable answer"),
        "name": _("not a domain name"),
        "loop": _("leads in a circle"),
        "macro": _("depends on the message"),
        "cut": _("not followed"),
    }
    return words.get(state, "")


@register.filter
def spf_state_level(state: str) -> str:
    """The severity whose colour a state takes."""
    return {"pending": "quiet", "macro": "quiet", "cut": "quiet"}.get(state, "error")


@register.filter
def spf_result(result: str) -> str:
    """What becomes of senders that nothing in the record matches."""
    words = {
        "fail": _("not permitted"),
        "softfail": _("probably not permitted"),
        "neutral": _("nothing is said"),
        "pass": _("permitted"),
    }
    return words.get(result, "")


@register.filter
def spf_number(number: int) -> str:
    """A large number with its thousands set apart."""
    return f"{number:,}" if isinstance(number, int) else ""


@register.filter
def spf_outline(records: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The tree as steps of a nested list; none where the record leads nowhere."""
    top = records.get("tree")
    return list(_outline(top)) if top and top.get("children") else []


def _outline(top: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Each node with `opens`: whether a list begins below it, and `closes`: lists that end."""
    waiting: list[tuple[Mapping[str, Any], int]] = [(top, 0)]
    order: list[tuple[Mapping[str, Any], int]] = []
    while waiting and len(order) < MAX_LISTED:
        node, depth = waiting.pop()
        order.append((node, depth))
        waiting += [(child, depth + 1) for child in reversed(node.get("children") or [])]
    for index, (node, depth) in enumerate(order):
        following = order[index + 1][1] if index + 1 < len(order) else 0
        opens = following > depth
        yield {"node": node, "opens": opens, "closes": range(0 if opens else depth - following)}
