"""The OpenAPI document as something to read: its operations by group, for a page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from .openapi import document

_VERBS = ("get", "post", "patch", "delete")
_SHARED = ("language", "Idempotency-Key")  # the guide explains what many operations have


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter of the address, or a field of the body."""

    name: str
    type: str
    required: bool
    description: str
    default: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """`scopes` are what a token needs; `open`: it goes without a token, too."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    open: bool
    scopes: tuple[str, ...]
    parameters: tuple[Field, ...]
    body: tuple[Field, ...]
    takes_key: bool
    answers: tuple[str, ...]


@cache
def groups() -> tuple[tuple[str, tuple[Operation, ...]], ...]:
    """Names of groups with their operations, in the order of the document."""
    known = json.loads(document())
    by_group: dict[str, list[Operation]] = {}
    for path, verbs in known["paths"].items():
        for verb in _VERBS:
            if verb in verbs:
                operation = _operation(known, verb, path, verbs[verb])
                by_group.setdefault(verbs[verb]["tags"][0], []).append(operation)
    return tuple((name, tuple(found)) for name, found in by_group.items())


def _operation(known: Any, verb: str, path: str, found: Mapping[str, Any]) -> Operation:
    names = [parameter["name"] for parameter in found["parameters"]]
    return Operation(
        id=found["operationId"],
        method=verb.upper(),
        path=path,
        summary=found["summary"],
        description=found.get("description", ""),
        open={} in found["security"],
        scopes=tuple(scope for needed in found["security"] for scope in needed.get("token", ())),
        parameters=tuple(_parameters(found["parameters"])),
        body=tuple(_body(known, found.get("requestBody", {}))),
        takes_key="Idempotency-Key" in names,
        answers=tuple(code for code in found["responses"] if code.startswith("2")),
    )


def _parameters(given: list[Mapping[str, Any]]) -> Iterator[Field]:
    for parameter in given:
        if parameter["name"] not in _SHARED:
            yield _field(
                parameter["name"],
                parameter["schema"],
                parameter["required"],
                parameter.get("description", ""),
            )


def _body(known: Any, body: Mapping[str, Any]) -> Iterator[Field]:
    """Of a body with files, those too."""
    kinds = body.get("content", {})
    found = kinds.get("multipart/form-data") or kinds.get("application/json")
    if found is None:
        return
    schema = found["schema"]
    if "$ref" in schema:
        schema = known["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    for name, each in schema["properties"].items():
        words = each.get("description") or each.get("title", "")
        yield _field(name, each, name in schema.get("required", ()), words)


def _field(name: str, schema: Mapping[str, Any], required: bool, description: str) -> Field:
    default = schema.get("default")
    shown = "" if default in (None, "", [], False) else str(default)
    return Field(name, _type(schema), required, description, shown)


def _type(schema: Mapping[str, Any]) -> str:
    """ "string", "mx | spf", "string …" for a list."""
    if "anyOf" in schema:
        return " | ".join(_type(each) for each in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    if schema.get("type") == "array":
        return f"[{_type(schema.get('items', {}))}]"
    return str(schema.get("format") or schema.get("type", ""))
