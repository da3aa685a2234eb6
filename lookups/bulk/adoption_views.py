"""The public page of a bulk check: figures for everybody, single domains only where so chosen."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from . import export
from .charts import summary
from .models import Bulk
from .results import chosen, results


def _published(token: str) -> Bulk:
    """Raises Http404."""
    if "\0" in token:
        raise Http404
    return get_object_or_404(Bulk, public_token=token, figures__isnull=False)


@require_safe
def adoption(request: HttpRequest, token: str) -> HttpResponse:
    """The figures of a published bulk check."""
    found = _published(token)
    context = {
        "bulk": found,
        "summary": summary(found.figures or {}),
        "link": settings.PUBLIC_URL + found.public_path,
        "results": results(request, found) if found.with_list else None,
        "action": found.public_path,
    }
    return render(request, "bulk/adoption.html", context)


@require_safe
def figures(request: HttpRequest, token: str) -> HttpResponse:
    text = export.figures_csv(_published(token).figures or {})
    response = HttpResponse(text, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="mxplain-adoption.csv"'
    return response


@require_safe
def domains(request: HttpRequest, token: str) -> HttpResponseBase:
    """The single domains, where they are public."""
    found = _published(token)
    if not found.with_list:
        raise Http404
    lines = export.csv_lines(chosen(request, found))
    return export.download(lines, "text/csv", "mxplain-adoption-domains.csv")
