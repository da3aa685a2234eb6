"""A report as a file: CSV, Markdown, PDF. (JSON stands in lookups.views, which is older.)"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from lookups.models import Report
from lookups.sharing.access import find_report, seal
from lookups.sharing.document import Document, document
from lookups.sharing.markdown import report_markdown
from lookups.sharing.pdf.report import Busy, report_pdf
from lookups.sharing.table import findings_csv

VERSION = 1  # of what the files look like: a new one makes browsers ask for them anew


@dataclass(frozen=True, slots=True)
class Format:
    ending: str
    type: str
    make: Callable[[Document], str | bytes]


CSV = Format("csv", "text/csv; charset=utf-8", findings_csv)
MARKDOWN = Format("md", "text/markdown; charset=utf-8", report_markdown)
PDF = Format("pdf", "application/pdf", report_pdf)


@require_safe
def export(request: HttpRequest, token: str, format: Format) -> HttpResponseBase:
    """The file, made anew unless the browser has it already: a finished report does not change."""
    found = find_report(request, token)
    if isinstance(found, HttpResponse):
        return found
    language = get_language() or "en"
    etag = _etag(found, format, language)
    response = get_conditional_response(request, etag=etag) if etag else None
    if response is None:
        try:
            response = _made(found, format, language)
        except Busy:
            response = HttpResponse(status=503, headers={"Retry-After": "10"})
    if etag and response.status_code in (200, 304):
        response["ETag"] = etag
    patch_cache_control(response, private=True, no_cache=True)
    response["X-Robots-Tag"] = "noindex"
    return seal(response, found)


def _etag(report: Report, format: Format, language: str) -> str:
    if not report.is_finished or report.finished is None:
        return ""
    parts = (report.token, report.finished.isoformat(), format.ending, language, VERSION)
    return f'"{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}"'


def _made(report: Report, format: Format, language: str) -> HttpResponse:
    content = format.make(document(report, language))
    return attached(content, format.type, file_name(report.domain, report.created, format.ending))


def attached(content: str | bytes, type: str, name: str) -> HttpResponse:
    """A response that browsers save as a file."""
    disposition = f'attachment; filename="{name}"'
    return HttpResponse(content, content_type=type, headers={"Content-Disposition": disposition})


def file_name(domain: str, moment: object, ending: str) -> str:
    """Of letters that every system takes: mxplain-example.com-2026-11-25.pdf."""
    safe = re.sub(r"[^a-z0-9.-]", "_", domain.lower())[:120].strip(".")
    return f"mxplain-{safe}-{moment:%Y-%m-%d}.{ending}"
