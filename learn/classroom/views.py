"""The pages of the classroom: every lesson, its zone, and a button that checks it."""

from __future__ import annotations

from collections import defaultdict

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from learn.classroom.lessons import lessons
from lookups import catalog
from lookups.revalidation import revalidated


@require_safe
@revalidated()
def classroom(request: HttpRequest) -> HttpResponse:
    """All lessons by topic, as a list to choose from."""
    host, _, port = settings.CLASSROOM.rpartition(":")
    context = {
        "groups": lessons(get_language() or "en"),
        "server_host": host.strip("[]"),
        "server_port": port,
    }
    return render(request, "learn/classroom.html", context)


@require_safe
@revalidated()
def group(request: HttpRequest, id: str) -> HttpResponse:
    """The lessons of one group, with the findings that each is there to show."""
    language = get_language() or "en"
    groups = lessons(language)
    position = next((at for at, group in enumerate(groups) if group.id == id), None)
    if position is None:
        raise Http404(id)
    context = {
        "group": groups[position],
        "shown_by": _findings_by_lesson(language),
        "previous": groups[position - 1] if position else None,
        "next": groups[position + 1] if position + 1 < len(groups) else None,
    }
    return render(request, "learn/classroom_group.html", context)


def _findings_by_lesson(language: str) -> dict[str, list[dict[str, str]]]:
    """Lesson zone -> ids and names of its findings, the most serious first."""
    found: dict[str, list[dict[str, str]]] = defaultdict(list)
    for entry in sorted(map(catalog.entry, catalog.ids()), key=lambda e: -e.severity.rank):
        name = entry.texts_in(language).name
        severity = entry.severity.value
        found[entry.classroom].append({"id": entry.id, "name": name, "severity": severity})
    return dict(found)
