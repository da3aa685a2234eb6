"""The index of findings, and a page for each: like a compiler's list of errors."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from lookups import catalog, score
from lookups.engine.finding import Severity
from lookups.engine.names import to_unicode
from lookups.presentation import Reference
from lookups.runtime import LESSONS


@dataclass(frozen=True, slots=True)
class Line:
    """A finding in the index."""

    id: str
    severity: str
    name: str


@require_safe
def findings(request: HttpRequest) -> HttpResponse:
    """All findings by topic. `severity` shows those of one severity only."""
    language = get_language() or "en"
    wanted = request.GET.get("severity", "")
    chosen = wanted if wanted in list(Severity) else ""
    topics = []
    for topic in catalog.topics():
        entries = [catalog.entry(id) for id in catalog.ids()]
        lines = [
            Line(entry.id, entry.severity.value, entry.texts_in(language).name)
            for entry in entries
            if entry.topic == topic and chosen in ("", entry.severity.value)
        ]
        if lines:
            topics.append({"title": catalog.topic_title(topic, language), "lines": lines})
    context = {
        "topics": topics,
        "chosen": chosen,
        "severities": [severity.value for severity in reversed(Severity)],
    }
    return render(request, "lookups/findings.html", context)


@require_safe
def score_page(request: HttpRequest) -> HttpResponse:
    """How the score of a report is made, from the very numbers that make it."""
    language = get_language() or "en"
    known = set(catalog.topics())
    context = {
        "topics": [
            {"title": catalog.topic_title(topic, language), "points": points}
            for topic, points in score.POINTS.items()
            if topic in known
        ],
        "first_error": f"{score.FIRST_ERROR:.0%}",
        "further_error": f"{score.FURTHER_ERROR:.0%}",
        "warning": f"{score.WARNING:.0%}",
    }
    return render(request, "lookups/score.html", context)


@require_safe
def finding(request: HttpRequest, id: str) -> HttpResponse:
    """One finding, with sensible parameters in its sentences and a lesson that shows it."""
    try:
        entry = catalog.entry(id)
    except KeyError:
        raise Http404(id) from None
    language = get_language() or "en"
    lesson = f"{entry.classroom}.{LESSONS}"
    context = {
        "entry": entry,
        "name": entry.texts_in(language).name,
        "words": catalog.sentences(id, entry.example, language),
        "topic": catalog.topic_title(entry.topic, language),
        "references": [Reference(label, catalog.rfc_link(label)) for label in entry.rfc],
        "lesson": lesson,
        "lesson_unicode": to_unicode(lesson),
    }
    return render(request, "lookups/finding.html", context)
