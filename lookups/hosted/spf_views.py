"""The page of a hosted flat SPF record."""

from __future__ import annotations

from typing import Any

from asgiref.sync import async_to_sync
from django.conf import settings
from django.contrib import messages
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from lookups.engine.records import spf as record
from lookups.engine.records.txt import text_of
from lookups.engine.resolver import Answer
from lookups.hosted import spf, words
from lookups.hosted.forms import SpfForm
from lookups.hosted.models import HostedSpf
from lookups.tools.dns import Dns
from lookups.watching.models import Watch
from lookups.watching.views import of_watch

MAX_LISTED = 200  # networks that the page shows


@of_watch("GET", "HEAD", "POST", edits=True)
def spf_page(request: HttpRequest, watch: Watch) -> HttpResponse:
    """What is served and how it came to be; with `?look=1`, whether the world sees it.

    POST `do`: "save" (`source`), "refresh", or "off" (`sure`).
    """
    row = HostedSpf.objects.filter(watch=watch).first()
    form = None
    if request.method == "POST":
        do = request.POST.get("do", "save")
        if do == "save" and watch.verified_at:
            form = SpfForm(watch.domain, request.POST)
            if form.is_valid() and _save(request, watch, form):
                return redirect("watch-spf", token=watch.token)
        elif do in ("refresh", "off") and row:
            return _change(request, watch, row, do)
        else:
            raise Http404
    status = 400 if form and form.errors else 200
    context = _context(request, watch, row, form)
    return render(request, "lookups/hosted/spf.html", context, status=status)


def _save(request: HttpRequest, watch: Watch, form: SpfForm) -> bool:
    """Whether it is served now; what is in the way goes into the form's errors."""
    try:
        spf.host(watch, form.cleaned_data["source"])
    except spf.Unusable as error:
        form.add_error("source", words.unusable(error.code, error.term))
        return False
    except IntegrityError:  # another tab was faster: it is there
        pass
    messages.success(request, _("The flat record is served. Publish the include below."))
    return True


def _change(request: HttpRequest, watch: Watch, row: HostedSpf, do: str) -> HttpResponse:
    if do == "refresh":
        spf.refresh(row)
        if row.trouble:
            messages.error(request, words.unusable(row.trouble, row.trouble_term))
        else:
            messages.success(request, _("Written out anew."))
    elif "sure" in request.POST:
        spf.end(row)
        messages.success(request, _("The flat record is no longer served."))
    else:
        messages.error(request, _("Take the include out of your record first, then tick the box."))
    return redirect("watch-spf", token=watch.token)


def _context(
    request: HttpRequest, watch: Watch, row: HostedSpf | None, form: SpfForm | None
) -> dict[str, Any]:
    context: dict[str, Any] = {
        "watch": watch,
        "row": row,
        "form": form,
        "zone": settings.SPF_ZONE,
        "undelegated": not spf.is_delegated(),
    }
    if row:
        context |= {
            "trouble": words.unusable(row.trouble, row.trouble_term) if row.trouble else "",
            "texts": [(f"{below}.{row.name}".strip("."), t) for below, t in row.records.items()],
            "networks": row.networks[:MAX_LISTED],
            "more": max(0, len(row.networks) - MAX_LISTED),
            "changes": list(row.changes.order_by("-at", "-id")[: spf.MAX_CHANGES]),
            "minutes": row.interval // 60,
        }
        if "look" in request.GET:
            context["looked"] = async_to_sync(_look)(watch, row)
    if form is None and watch.verified_at:
        source = row.source if row else async_to_sync(_published)(watch)
        context["form"] = SpfForm(watch.domain, initial={"source": source})
    return context


async def _published(watch: Watch) -> str:
    """The SPF record of the domain; empty where it has none, or several."""
    async with Dns() as dns:
        texts = _spf_texts(await dns.resolver().query(watch.domain, "TXT"))
    return texts[0] if len(texts) == 1 else ""


async def _look(watch: Watch, row: HostedSpf) -> dict[str, Any]:
    """Whether the record is seen under its name, and whether the domain includes it."""
    async with Dns() as dns:
        resolver = dns.resolver(share_seconds=0)
        ours, theirs = await resolver.queries((row.name, "TXT"), (watch.domain, "TXT"))
    published = _spf_texts(theirs)
    include = f"include:{row.name}"
    return {
        "served": _spf_texts(ours) == [row.records.get("", "")],
        "included": any(include in text.lower().split() for text in published),
        "open": theirs.outcome.is_failure,
    }


def _spf_texts(answer: Answer) -> list[str]:
    texts = [text_of(each.strings) for each in answer.records[:20]]
    return [text for text in texts if record.is_spf(text)]
