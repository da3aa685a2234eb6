"""The pages of the tools: their index, and one view that serves them all."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from asgiref.sync import sync_to_async
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from lookups.blocked import refusal as blocked
from lookups.engine.courtesy import Crowded
from lookups.engine.opt_out import OptedOut
from lookups.limits.refusing import Refusal, marked, refusal_of
from lookups.opt_out.refusing import domains_in, heeding
from lookups.opt_out.refusing import message as opted_out
from lookups.opt_out.refusing import status as opted_out_status
from lookups.revalidation import revalidated

from . import registry
from .arguments import command_line
from .base import GROUPS, Beginning, Result, Run, Tool, ToolError, ToolForm
from .dns import Dns
from .fields import BeginForm
from .uploads import limited

GRACE_SECONDS = 3.0  # after the resolver's own deadline; whatever a tool asks ends before


@require_safe
@revalidated()
def index(request: HttpRequest) -> HttpResponse:
    """Every tool, by group."""
    groups = [(_group_title(group), registry.tools(group)) for group in GROUPS]
    return render(request, "tools/index.html", {"groups": groups})


@require_http_methods(["GET", "HEAD", "POST"])
async def tool(request: HttpRequest, slug: str) -> HttpResponse:
    """One tool: its form, filled by the address or by POST, and what it answers."""
    found = registry.tool(slug)
    if found is None or (request.method == "POST" and not (found.post or found.secret)):
        raise Http404
    await blocked.ready()
    return await respond(request, found)


async def respond(request: HttpRequest, tool: Tool) -> HttpResponse:
    """The page of `tool`. Bad input is told in the form, with status 400."""
    posted = request.method == "POST"
    if posted:
        try:
            limited(request, tool.max_bytes)
        except ToolError as refusal:
            return await page(request, tool, _refused(tool, refusal), status=413)
    given = request.POST if posted else request.GET
    if tool.begin and not posted and "from" in given and not refusal_of(request):
        return await _begun(request, tool, BeginForm(given))
    asked = posted or tool.form.is_filled(given)
    if not asked and not tool.eager:
        form = tool.form(initial={})
        return await page(request, tool, form)
    if refusal := refusal_of(request):
        return await _too_much(request, tool, refusal)
    form = tool.form(tool.form.completed(given), request.FILES or None)
    return await _answered(request, tool, form, tool.secret if posted and tool.secret else tool.run)


async def _begun(request: HttpRequest, tool: Tool, whose: BeginForm) -> HttpResponse:
    """The form filled from what a domain publishes, and its result."""
    form = tool.form(initial={})
    if not tool.begin or not whose.is_valid():
        return await page(request, tool, form, status=400, whose=whose)
    try:
        async with within_time() as dns:
            domain = whose.cleaned_data["domain"]
            begun = await heeding(dns, [domain.ascii], tool.begin(domain, dns))
    except OptedOut as refused:
        whose.add_error(None, opted_out(refused.domain, refused.name))
        return await page(request, tool, form, status=opted_out_status(request), whose=whose)
    except ToolError as refusal:
        whose.add_error(None, refusal.message)
        return await page(request, tool, form, status=400, whose=whose)
    except TimeoutError:
        whose.add_error(None, late())
        return await page(request, tool, form, status=503, whose=whose)
    form = tool.form(tool.form.completed(begun.data))
    return await _answered(request, tool, form, tool.run, whose, begun)


async def _answered(
    request: HttpRequest,
    tool: Tool,
    form: ToolForm,
    run: Run,
    whose: BeginForm | None = None,
    begun: Beginning | None = None,
) -> HttpResponse:
    """What `run` makes of a filled form, or what is wrong with it."""
    result, queries, status = None, None, 400
    if form.is_valid():
        try:
            async with within_time() as dns:
                asked = domains_in(form.cleaned_data.values())
                result = await heeding(dns, asked, run(form.cleaned_data, dns))
                queries, status = dns.queries, 200
        except OptedOut as refused:
            form.add_error(None, opted_out(refused.domain, refused.name))
            status = opted_out_status(request)
        except ToolError as refusal:
            form.add_error(None, refusal.message)
        except TimeoutError:
            form.add_error(None, late())
            status = 503
    if form.withheld:
        _forget(request, form.withheld)
    response = await page(request, tool, form, result, queries, status, whose, begun)
    if form.withheld:
        response["Cache-Control"] = "no-store"
    return response


def _forget(request: HttpRequest, names: tuple[str, ...]) -> None:
    """Takes fields out of the address, which links of the page (to its other language) repeat."""
    kept = request.GET.copy()
    for name in names:
        kept.pop(name, None)
    request.META["QUERY_STRING"] = kept.urlencode()


@asynccontextmanager
async def within_time() -> AsyncIterator[Dns]:
    """DNS for one answer. Raises TimeoutError where it takes too long, or has to wait too long."""
    try:
        async with Dns() as dns, asyncio.timeout(dns.settings.report_timeout + GRACE_SECONDS):
            yield dns
    except Crowded as error:
        raise TimeoutError from error


def late() -> str:
    return _("DNS took too long to answer. Try again in a while.")


def _refused(tool: Tool, refusal: ToolError, data: Mapping[str, Any] | None = None) -> ToolForm:
    """A form that says nothing but why it was refused."""
    form = tool.form(data or {})
    form.full_clean()
    form.errors.clear()
    form.add_error(None, refusal.message)
    return form


async def _too_much(request: HttpRequest, tool: Tool, refusal: Refusal) -> HttpResponse:
    """The form as it was filled, and why it is not answered just now."""
    given = request.POST if request.method == "POST" else request.GET
    whose = BeginForm(given) if "from" in given else None
    form = _refused(tool, ToolError(refusal.message), tool.form.completed(given))
    return marked(await page(request, tool, form, whose=whose, refusal=refusal), refusal)


async def page(
    request: HttpRequest,
    tool: Tool,
    form: ToolForm,
    result: Result | None = None,
    queries: list[dict[str, Any]] | None = None,
    status: int = 200,
    whose: BeginForm | None = None,
    begun: Beginning | None = None,
    refusal: Refusal | None = None,
) -> HttpResponse:
    """Rendered in a thread: the header looks at the session."""
    context: Mapping[str, Any] = {
        "tool": tool,
        "form": form,
        "refusal": refusal,
        "result": result,
        "whose": (whose or BeginForm()) if tool.begin else None,
        "begun": begun,
        "queries": queries or [],
        "group_title": _group_title(tool.group),
        "others": [other for other in registry.tools(tool.group) if other.slug != tool.slug],
        "examples": tool.examples() if tool.examples else (),
        "command": shlex.join(command_line(tool, form)) if tool.command and result else "",
    }
    response = await sync_to_async(render)(request, tool.template, context, status=status)
    if tool.post or request.method == "POST":
        response["Cache-Control"] = "no-store"
    return response


def _group_title(group: str) -> str:
    titles = {
        "look-up": _("Ask DNS"),
        "check": _("Check one thing"),
        "generate": _("Make records"),
        "analyse": _("Read mail and reports"),
    }
    return titles[group]
