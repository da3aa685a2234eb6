"""The report reader with what belongs to an account: keeping reports, and those that are kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from asgiref.sync import sync_to_async
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lookups.tools.dns import Dns
from lookups.tools.uploads import limited
from lookups.tools.views import ToolError, respond

from . import kept as shelf
from .export import aggregate_csv, tls_csv
from .models import ReceivedReport
from .names import names_of
from .result import ReportsResult
from .tool import TOOL, run

MAX_LISTED = 200  # kept reports that one page lists
READABLE = {"indent": 1, "ensure_ascii": False}


@require_http_methods(["GET", "HEAD", "POST"])
async def reports(request: HttpRequest) -> HttpResponse:
    """The tool. With `keep`, what was read goes to the account of whoever is signed in."""
    user = await request.auser()
    if request.method != "POST" or not user.is_authenticated or not _wants_to_keep(request):
        return await respond(request, TOOL)

    async def read_and_keep(data: dict[str, Any], dns: Dns) -> ReportsResult:
        result = await run(data, dns)
        result.kept = await sync_to_async(shelf.keep)(user, result.reading)
        return result

    return await respond(request, replace(TOOL, run=read_and_keep))


def _wants_to_keep(request: HttpRequest) -> bool:
    try:
        limited(request, TOOL.max_bytes)
    except ToolError:
        return False  # `respond` refuses it
    return "keep" in request.POST


class PeriodForm(forms.Form):
    """Which of the kept reports are added up."""

    domain = forms.ChoiceField(required=False, label=gettext_lazy("Domain"))
    since = forms.DateField(
        required=False,
        label=gettext_lazy("First day"),
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )
    until = forms.DateField(
        required=False,
        label=gettext_lazy("Last day"),
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, data: Any, domains: list[str]) -> None:
        given = data.copy()
        if domains and given.get("domain") not in domains:
            given["domain"] = domains[0]
        super().__init__(given, label_suffix="")
        self.fields["domain"].choices = [(name, name or "?") for name in domains]


@never_cache
@require_safe
@login_required
async def kept(request: HttpRequest) -> HttpResponse:
    """One's kept reports by domain, and what they say together. `as`: "json" or "csv"."""
    found = await sync_to_async(_chosen)(request)
    if found["reading"].reports:
        async with Dns() as dns:
            aggregates = found["reading"].aggregates
            view = ReportsResult(found["reading"]).aggregate if aggregates else None
            names = await names_of(dns, view.totals.addresses) if view else {}
        found["result"] = ReportsResult(found["reading"], names)
        if wanted := request.GET.get("as"):
            return export_response(found["result"], wanted)
    return await sync_to_async(render)(request, "tools/reports/kept.html", found)


def _chosen(request: HttpRequest) -> dict[str, Any]:
    domains = shelf.domains_of(request.user)
    form = PeriodForm(request.GET, domains)
    form.full_clean()
    wanted = form.cleaned_data if domains else {}
    rows = shelf.chosen(
        request.user, wanted.get("domain") or "", wanted.get("since"), wanted.get("until")
    )
    reading, left_out = shelf.merged(rows)
    query = request.GET.copy()
    query.pop("as", None)
    return {
        "tool": TOOL,
        "form": form,
        "domains": domains,
        "rows": list(rows.defer("content")[:MAX_LISTED]),
        "count": rows.count(),
        "reading": reading,
        "left_out": left_out,
        "query": query.urlencode(),
    }


def export_response(result: ReportsResult, wanted: str) -> HttpResponse:
    """A file: `wanted` is "json" or "csv". Raises Http404 for anything else."""
    if wanted == "json":
        response: HttpResponse = JsonResponse(result.as_json(), json_dumps_params=READABLE)
        name = "reports.json"
    elif wanted == "csv" and result.aggregate:
        response = HttpResponse(aggregate_csv(result.aggregate), "text/csv; charset=utf-8")
        name = "dmarc-sources.csv"
    elif wanted == "csv" and result.tls:
        response = HttpResponse(tls_csv(result.tls), "text/csv; charset=utf-8")
        name = "tls-failures.csv"
    else:
        raise Http404
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@never_cache
@require_POST
@login_required
def delete(request: HttpRequest, id: int) -> HttpResponse:
    """Deletes one of one's own reports; another's is not found."""
    row = get_object_or_404(ReceivedReport.objects.defer("content"), id=id, owner=request.user)
    row.delete()
    messages.success(request, _("The report is deleted."))
    return redirect(_back(request))


@never_cache
@require_POST
@login_required
def delete_all(request: HttpRequest) -> HttpResponse:
    """Deletes all of one's own, or those of one `domain`."""
    mine = ReceivedReport.objects.filter(owner=request.user)
    if "domain" in request.POST:
        mine = mine.filter(domain=request.POST["domain"].replace("\0", ""))
    count, _by_model = mine.delete()
    messages.success(request, _("Deleted: %(count)d reports.") % {"count": count})
    return redirect("reports-kept")


def _back(request: HttpRequest) -> str:
    """To the list as it was: the forms carry domain and period in their address."""
    from django.urls import reverse

    query = request.GET.urlencode()
    return reverse("reports-kept") + (f"?{query}" if query else "")
