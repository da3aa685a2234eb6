"""/tools/: every tool of the site as an operation of its own, made from its form."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from asgiref.sync import sync_to_async
from django import forms
from django.http import HttpRequest, JsonResponse
from django.utils import translation
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from ninja import Router

from lookups.engine.opt_out import OptedOut
from lookups.opt_out.refusing import domains_in, heeding
from lookups.tools import registry
from lookups.tools.base import Run, Tool, ToolError, ToolForm
from lookups.tools.uploads import limited
from lookups.tools.views import late, within_time

from . import links, shapes, tool_schemas
from .auth import Token
from .errors import form_errors, plain
from .problems import Problem, invalid, opted_out

router = Router(tags=["Tools"])
ANYBODY = Token("tools", anonymous=True)
OWN = ("language",)  # a parameter of every operation


@dataclass(frozen=True, slots=True)
class Given:
    """What a form is filled with."""

    data: MultiValueDict[str, str]
    files: Any = None


@router.get(
    "/",
    response=shapes.ToolList,
    auth=Token(anonymous=True),
    url_name="tools",
    summary="All tools",
    description="Each with a JSON Schema of its parameters, in the language asked for.",
)
def index(request: HttpRequest) -> Any:
    return {"items": [_shown(tool) for tool in registry.TOOLS]}


def _shown(tool: Tool) -> dict[str, Any]:
    return {
        "slug": tool.slug,
        "group": tool.group,
        "title": str(tool.title),
        "summary": str(tool.summary),
        "article": tool.article,
        "methods": tool_schemas.methods(tool),
        "href": links.to(f"tool-{tool.slug}"),
        "parameters": tool_schemas.of_form(tool.form, files=True),
    }


# --- answering ---------------------------------------------------------------------------------
async def answer(tool: Tool, given: Given, run: Run) -> JsonResponse:
    """What `run` makes of the form; raises Problem."""
    form = tool.form(tool.form.completed(given.data), given.files)
    if not await sync_to_async(form.is_valid)():
        raise _refused(form)
    try:
        async with within_time() as dns:
            asked = domains_in(form.cleaned_data.values())
            found = (await heeding(dns, asked, run(form.cleaned_data, dns))).as_json()
    except OptedOut as refused:
        raise opted_out(refused.domain, refused.name) from None
    except ToolError as refusal:
        raise invalid("", plain(refusal.message)) from None
    except TimeoutError:
        raise Problem("unavailable", late()) from None
    response = JsonResponse(found, json_dumps_params={"ensure_ascii": False})
    response["Cache-Control"] = "no-store"
    return response


def _refused(form: ToolForm) -> Problem:
    return Problem("invalid", errors=form_errors(form))


def of_address(request: HttpRequest, tool: Tool) -> Given:
    """Raises Problem for a parameter that the tool does not have."""
    _check_names(tool, request.GET, OWN)
    return Given(request.GET)


def of_body(request: HttpRequest, tool: Tool) -> Given:
    """The form in a posted body. Raises Problem."""
    try:
        limited(request, tool.max_bytes)
    except ToolError as refusal:
        raise Problem("too-large", refusal.message) from None
    _check_names(tool, request.GET, (), OWN)
    if request.content_type == "multipart/form-data":
        _check_names(tool, {**request.POST, **request.FILES})
        return Given(request.POST, request.FILES)
    return Given(_of_json(request, tool))


def _check_names(
    tool: Tool, given: Mapping[str, Any], extra: tuple[str, ...] = (), only: Any = None
) -> None:
    known = only if only is not None else (*tool.form.base_fields, *extra)
    if unknown := [name for name in given if name not in known]:
        raise invalid(unknown[0][:60], _("There is no such field."))


def _of_json(request: HttpRequest, tool: Tool) -> MultiValueDict[str, str]:
    """As a browser would have sent it: texts, lists of texts, and boxes that are ticked or not."""
    try:
        body = json.loads(request.body or b"{}")
        json.dumps(body, ensure_ascii=False).encode()  # half a character is no text
    except (ValueError, RecursionError):
        raise Problem("bad-request", _("The body is no JSON.")) from None
    if not isinstance(body, dict):
        raise invalid("", _("An object is expected."))
    _check_names(tool, body)
    data: MultiValueDict[str, str] = MultiValueDict()
    for name, value in body.items():
        data.setlist(name, _texts(name, tool.form.base_fields[name], value))
    return MultiValueDict({name: texts for name, texts in data.lists() if texts})


def _texts(name: str, field: forms.Field, value: Any) -> list[str]:
    if isinstance(field, forms.FileField):
        raise invalid(name, _("A file is sent as multipart/form-data."))
    if isinstance(field, forms.MultipleChoiceField):
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            raise invalid(name, _("A list of texts is expected."))
        return value
    if isinstance(field, forms.BooleanField):
        if not isinstance(value, bool):
            raise invalid(name, _("true or false is expected."))
        return ["on"] if value else []
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise invalid(name, _("A text is expected."))
    return [str(value)]


# --- an operation for each tool ----------------------------------------------------------------
Operation = Callable[[HttpRequest], Awaitable[JsonResponse]]


def _get(tool: Tool) -> Operation:
    async def operation(request: HttpRequest) -> JsonResponse:
        return await answer(tool, of_address(request, tool), tool.run)

    return operation


def _post(tool: Tool) -> Operation:
    async def operation(request: HttpRequest) -> JsonResponse:
        given = await sync_to_async(of_body)(request, tool)
        return await answer(tool, given, tool.secret or tool.run)

    return operation


def _register(tool: Tool) -> None:
    name = tool.slug.replace("-", "_")
    shown = {200: {"description": "OK", "content": _ANSWER}}
    common = {"auth": ANYBODY, "url_name": f"tool-{tool.slug}", "summary": str(tool.title)}
    path = f"/{tool.slug}"
    if "GET" in tool_schemas.methods(tool):
        extra = {"parameters": tool_schemas.query_parameters(tool), "responses": shown}
        router.get(
            path,
            operation_id=f"tool_{name}",
            description=str(tool.summary),
            openapi_extra=extra,
            **common,
        )(_get(tool))
    if "POST" in tool_schemas.methods(tool):
        extra = {
            "requestBody": {"content": tool_schemas.bodies(tool), "required": True},
            "responses": shown,
        }
        about = f"{tool.summary} {_SECRET if tool.secret else ''}".strip()
        router.post(
            path,
            operation_id=f"tool_{name}_post",
            description=about,
            openapi_extra=extra,
            **common,
        )(_post(tool))


_ANSWER = {"application/json": {"schema": {"type": "object"}}}
_SECRET = "The private key is in this answer and is kept nowhere."

with translation.override("en"):
    for _tool in registry.TOOLS:
        _register(_tool)
