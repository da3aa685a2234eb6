"""The page for whoever wants a domain not to be checked."""

from __future__ import annotations

from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from lookups.engine import opt_out
from lookups.engine.names import Domain, DomainError, parse_domain
from lookups.engine.opt_out import LABEL, NONE, RECORD, OptedOut, Said
from lookups.forms import InputError, explain
from lookups.limits.refusing import marked, refusal_of
from lookups.tools.views import late, within_time

from . import remembering

EXAMPLE = Domain("example.com", "example.com")


@never_cache
@require_safe
async def opt_out_page(request: HttpRequest) -> HttpResponse:
    """GET `domain`: the record to publish for it, and whether it is seen."""
    typed = request.GET.get("domain", "")[:2000]
    context = _context(EXAMPLE) | {"value": typed}
    if not typed.strip():
        return await _page(request, context)
    try:
        # Also what the operator refuses: nothing but this one record is asked for.
        domain = parse_domain(typed)
    except DomainError as error:
        context["error"] = InputError(explain(error), error.suggestion)
        return await _page(request, context, status=400)
    context |= _context(domain)
    if refusal := refusal_of(request):
        context |= {"error": InputError(refusal.message), "refusal": refusal}
        return marked(await _page(request, context), refusal)
    try:
        async with within_time() as dns:
            found = await opt_out.said(dns.resolver(share_seconds=0), domain.ascii)
    except TimeoutError:
        context["error"] = InputError(late())
        return await _page(request, context, status=503)
    await sync_to_async(_remember)(domain, found)
    context |= {"looked": True, "found": found, "is_out": found and found.checks == NONE}
    return await _page(request, context)


def _context(domain: Domain) -> dict[str, Any]:
    return {
        "domain": domain,
        "name": f"{LABEL}.{domain.ascii}",
        "record": RECORD,
        "contact": settings.CONTACT,
        "contact_is_mail": "@" in settings.CONTACT and "/" not in settings.CONTACT,
    }


def _remember(domain: Domain, found: Said | None) -> None:
    if found and found.checks == NONE:
        remembering.remember(OptedOut(domain.ascii, found.name, found.ttl))
    else:
        remembering.forget(domain.ascii)


async def _page(request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """Rendered in a thread: the header looks at the session."""
    context["title"] = _("Not to be checked")
    return await sync_to_async(render)(request, "lookups/opt_out.html", context, status=status)
