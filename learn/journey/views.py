"""The page of a letter's journey: asks DNS within the request, and tells what came back."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from lookups.blocked import refusal as blocked
from lookups.engine.opt_out import OptedOut
from lookups.forms import InputError, read_domain
from lookups.limits.refusing import marked, refusal_of
from lookups.opt_out.refusing import STATUS, heeding, message
from lookups.tools.dns import Dns

from .asking import SECONDS, ask
from .story import tell

MAX_INPUT = 2000
GRACE_SECONDS = 3.0  # after which a journey is given up; everything in it ends by itself before


@dataclass(frozen=True, slots=True)
class Example:
    """A lesson to begin with."""

    domain: str
    words: str
    sender: str = ""


@require_safe
async def journey(request: HttpRequest) -> HttpResponse:
    """GET `domain`, and `sender`, the domain that the letter claims to come from."""
    typed = request.GET.get("domain", "")[:MAX_INPUT]
    typed_sender = request.GET.get("sender", "")[:MAX_INPUT]
    context: dict[str, Any] = {
        "value": typed,
        "sender": typed_sender,
        "examples": examples(),
    }
    if "domain" not in request.GET and not typed_sender.strip():
        return await _page(request, context)
    if refusal := refusal_of(request):
        context |= {"error": InputError(refusal.message), "refusal": refusal}
        return marked(await _page(request, context), refusal)
    await blocked.ready()
    domain = read_domain(typed)
    sender = read_domain(typed_sender) if typed_sender.strip() else domain
    if isinstance(domain, InputError):
        return await _page(request, context | {"error": domain}, status=400)
    if isinstance(sender, InputError):
        return await _page(request, context | {"sender_error": sender}, status=400)
    try:
        async with asyncio.timeout(SECONDS + GRACE_SECONDS), Dns() as dns:
            asked = [domain.ascii, sender.ascii]
            facts = await heeding(dns, asked, ask(domain, sender))
    except OptedOut as refused:
        told = InputError(message(refused.domain, refused.name))
        return await _page(request, context | {"error": told}, status=STATUS)
    except TimeoutError:
        late = InputError(_("DNS took too long to answer. Try again in a while."))
        return await _page(request, context | {"error": late}, status=503)
    context |= {
        "journey": tell(facts, get_language() or "en"),
        "domain": domain,
        "sender_domain": sender,
    }
    return await _page(request, context)


def examples() -> list[Example]:
    """Lessons whose journeys differ."""
    return [
        Example("perfect.classroom.test", _("all in order")),
        Example("dangling-mx.classroom.test", _("the first host is gone")),
        Example("null-mx.classroom.test", _("takes no mail")),
        Example("implicit-mx.classroom.test", _("no MX record")),
        Example("delegation-dead.classroom.test", _("name servers of no help")),
        Example(
            "perfect.classroom.test",
            _("a sender without DMARC"),
            "spf-softfail.classroom.test",
        ),
    ]


async def _page(request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """Rendered in a thread: the header looks at the session."""
    return await sync_to_async(render)(request, "learn/journey.html", context, status=status)
