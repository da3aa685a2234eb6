"""A tool's form as arguments of a command, both ways: one description serves page and terminal."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from django import forms

from .base import Tool, ToolForm


def add_arguments(parser: argparse.ArgumentParser, form: type[ToolForm]) -> None:
    """An argument for each field of `form`; none is required here, the form itself says so."""
    for name, field in form.base_fields.items():
        if isinstance(field, forms.FileField):
            continue
        words: dict[str, Any] = {"dest": f"field_{name}", "default": None}
        words["help"] = str(field.help_text or field.label or "").replace("%", "%%")
        if name in form.positional:
            parser.add_argument(
                f"field_{name}", nargs="?", metavar=name.upper(), help=words["help"]
            )
        elif isinstance(field, forms.BooleanField):
            parser.add_argument(option(name), action="store_true", **words)
        elif isinstance(field, forms.MultipleChoiceField):
            metavar = name.upper()
            parser.add_argument(option(name), action="append", metavar=metavar, **words)
        else:
            parser.add_argument(option(name), metavar=name.upper(), **words)


def option(name: str) -> str:
    return "--" + name.replace("_", "-")


def data_of(options: dict[str, Any], form: type[ToolForm]) -> dict[str, Any]:
    """What the form is filled with, from parsed arguments."""
    given = {name: options.get(f"field_{name}") for name in form.base_fields}
    data: dict[str, Any] = {}
    for name, field in form.base_fields.items():
        value = given[name]
        if value is None:
            initial = field.initial() if callable(field.initial) else field.initial
            value = initial
        if value is not None:
            data[name] = value
    return data


def command_line(tool: Tool, form: ToolForm) -> Iterator[str]:
    """The words of the command that does what the filled `form` does; none where none does."""
    if tool.words is not None:
        if words := tool.words(form):
            yield from ("python", "manage.py", *tool.command.split(), *words)
        return
    yield from ("python", "manage.py", *tool.command.split())
    for name in (*form.positional, *(n for n in form.fields if n not in form.positional)):
        field, value = form.fields[name], form.data.get(name)
        if isinstance(field, forms.FileField) or value in (None, "", []):
            continue
        initial = field.initial() if callable(field.initial) else field.initial
        if name in form.positional:
            yield str(value)
        elif isinstance(field, forms.BooleanField):
            if form.cleaned_data.get(name):
                yield option(name)
        elif isinstance(field, forms.MultipleChoiceField):
            for each in value:
                yield from (option(name), str(each))
        elif str(value) != str(initial if initial is not None else ""):
            yield from (option(name), str(value))
