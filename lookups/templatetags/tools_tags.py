"""What the templates of the tools ask of a form's fields, and the ways to the checkers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django import forms, template
from django.forms import BoundField
from django.urls import reverse

from lookups.anatomy import AnatomyView
from lookups.engine.records.publish import Publication
from lookups.tools import registry
from lookups.tools.base import Tool
from lookups.tools.check.paste import PasteError, domain_of, read_any
from lookups.tools.check.topics import TOPICS, Topic, topic_of_kind

MAX_LINKED = 1500  # characters of a record that a link carries along

register = template.Library()


@register.simple_tag
def tool_at(slug: str) -> Tool | None:
    """The tool at /tools/<slug>/, for a link to it."""
    return registry.tool(slug)


@register.filter
def is_single_box(field: BoundField) -> bool:
    """Whether the label stands behind the field, as with one checkbox."""
    return isinstance(field.field.widget, forms.CheckboxInput)


@register.filter
def is_choice_of_boxes(field: BoundField) -> bool:
    """Whether the field is a group of radio buttons or checkboxes."""
    return isinstance(field.field.widget, forms.RadioSelect | forms.CheckboxSelectMultiple)


@register.simple_tag
def checker_of(topic: str) -> Topic | None:
    """The tool that checks a topic of the report alone, if it has one."""
    return next((each for each in TOPICS if each.topic == topic), None)


@register.simple_tag
def rehearsal_url(view: AnatomyView) -> str:
    """Where the record is checked as if it were published; empty where no tool takes it."""
    topic = topic_of_kind(view.kind)
    value = str(view.record["value"])
    text = f"{view.name} {view.record['type']} {value}" if view.name else value
    if topic is None or len(text) > MAX_LINKED:
        return ""
    try:
        domain = read_any(text).domain
    except PasteError:
        return ""
    query = ({"domain": domain.ascii} if domain else {}) | {"record": text}
    return f"{reverse('tool', args=[topic.slug])}?{urlencode(query)}"


@register.simple_tag
def ready_url(topic: str, ready: Sequence[Mapping[str, str]], domain: Any) -> str:
    """Where records that are ready to be published are rehearsed for `domain` (a name, or a
    Domain); empty where none of them is for the domain itself, or no tool takes them."""
    checker, name = checker_of(topic), getattr(domain, "ascii", domain)
    if checker is None or not checker.kinds or not name:
        return ""
    lines, policy = [], ""
    for record in ready:
        if record["type"] == "FILE":
            policy = record["value"]
        elif _is_for(record, name):
            lines.append(_zone_line(record))
    filled = {"record": "\n".join(lines), "policy": policy if checker.has_policy else ""}
    query = urlencode({key: text for key, text in filled.items() if text})
    if not query or len(query) > 3 * MAX_LINKED:
        return ""
    return f"{reverse('tool', args=[checker.slug])}?{urlencode({'domain': name})}&{query}"


def _is_for(record: Mapping[str, str], domain: str) -> bool:
    """Whether a rehearsal would put the record where it is meant to stand."""
    try:
        [found] = read_any(_zone_line(record)).records
    except (PasteError, ValueError):
        return False
    if found.kind == "tlsa":
        return True
    meant = domain_of(found)
    return meant is not None and meant.ascii == domain


def _zone_line(record: Mapping[str, str]) -> str:
    return Publication(record["name"], record["type"], record["value"], "").zone_line
