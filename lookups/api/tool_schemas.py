"""A tool's form as JSON Schema: what its operation takes, in the words that its page has."""

from __future__ import annotations

from typing import Any

from django import forms

from lookups.tools.base import MAX_INPUT, Tool, ToolForm


def of_form(form: type[ToolForm], files: bool = False) -> dict[str, Any]:
    """An object with a property for each field. `files`: also for those that are files."""
    fields = {
        name: field
        for name, field in form.base_fields.items()
        if files or not isinstance(field, forms.FileField)
    }
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {name: _of_field(field) for name, field in fields.items()},
        "additionalProperties": False,
    }
    if required := [name for name, field in fields.items() if is_required(field)]:
        schema["required"] = required
    return schema


def is_required(field: forms.Field) -> bool:
    """A field that is left out has its initial value."""
    return field.required and field.initial is None


def has_files(tool: Tool) -> bool:
    return any(isinstance(field, forms.FileField) for field in tool.form.base_fields.values())


def methods(tool: Tool) -> list[str]:
    """What is private or large is posted; so is what makes something private."""
    return [*([] if tool.post else ["GET"]), *(["POST"] if tool.post or tool.secret else [])]


def query_parameters(tool: Tool) -> list[dict[str, Any]]:
    """The form as OpenAPI has parameters of an address."""
    schema = of_form(tool.form)
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "schema": {k: v for k, v in found.items() if k != "description"},
            "description": found.get("description") or found.get("title", name),
        }
        for name, found in schema["properties"].items()
    ]


def bodies(tool: Tool) -> dict[str, Any]:
    """The media types that a POST may have."""
    found = {"application/json": {"schema": of_form(tool.form)}}
    if has_files(tool):
        found["multipart/form-data"] = {"schema": of_form(tool.form, files=True)}
    return found


def _of_field(field: forms.Field) -> dict[str, Any]:
    schema = _type_of(field)
    if label := str(field.label or ""):
        schema["title"] = label
    if help_text := str(field.help_text or ""):
        schema["description"] = help_text
    initial = field.initial() if callable(field.initial) else field.initial
    if initial not in (None, ""):
        schema["default"] = initial
    return schema


def _type_of(field: forms.Field) -> dict[str, Any]:
    if isinstance(field, forms.FileField):
        return {"type": "string", "format": "binary"}
    if isinstance(field, forms.BooleanField):
        return {"type": "boolean"}
    if isinstance(field, forms.MultipleChoiceField):
        return {"type": "array", "items": {"type": "string", "enum": _choices(field)}}
    if isinstance(field, forms.ChoiceField):
        return {"type": "string", "enum": _choices(field)}
    if isinstance(field, forms.IntegerField):
        return {"type": "integer"} | _bounds(field)
    return {"type": "string", "maxLength": getattr(field, "max_length", None) or MAX_INPUT}


def _bounds(field: forms.IntegerField) -> dict[str, Any]:
    known = {"minimum": field.min_value, "maximum": field.max_value}
    return {name: value for name, value in known.items() if value is not None}


def _choices(field: forms.ChoiceField) -> list[str]:
    """Of groups of choices, what they hold."""
    found: list[str] = []
    for value, label in field.choices:  # type: ignore[union-attr]
        if isinstance(label, list | tuple):
            found += [str(inner) for inner, _ in label]
        else:
            found.append(str(value))
    return found
