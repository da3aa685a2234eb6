"""The index of findings, and a page for each: like a compiler's list of errors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from lookups import catalog, score
from lookups.engine.finding import Severity
from lookups.engine.names import to_unicode
from lookups.presentation import Reference
from lookups.revalidation import revalidated
from lookups.runtime import LESSONS


@dataclass(frozen=True, slots=True)
class Line:
    """A finding in the index."""

    id: str
    severity: str
    name: str


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic in the index: the findings that are shown, and how many of each severity it has."""

    id: str
    title: str
    lines: list[Line]
    counts: list[Count]


@dataclass(frozen=True, slots=True)
class Count:
    """How many findings something would show."""

    id: str
    title: str
    count: int


@require_safe
@revalidated()
def findings(request: HttpRequest) -> HttpResponse:
    """All findings by topic. `severity` and `topic` show those of one severity or topic only."""
    language = get_language() or "en"
    severities = [severity.value for severity in reversed(Severity)]
    severity = _chosen(request, "severity", severities)
    topic = _chosen(request, "topic", catalog.topics())
    titles = {id: catalog.topic_title(id, language) for id in catalog.topics()}
    entries = [catalog.entry(id) for id in catalog.ids()]
    of_severity = [e for e in entries if severity in ("", e.severity.value)]
    of_topic = [e for e in entries if topic in ("", e.topic)]
    shown = [entry for entry in of_severity if topic in ("", entry.topic)]
    by_severity = Counter(entry.severity.value for entry in of_topic)
    by_topic = Counter(entry.topic for entry in of_severity)
    context = {
        "severity": severity,
        "topic": topic,
        "severities": [Count(id, "", by_severity[id]) for id in severities],
        "contents": [Count(id, title, by_topic[id]) for id, title in titles.items()],
        "in_topic": len(of_topic),
        "in_severity": len(of_severity),
        "count": len(shown),
        "topics": list(_topics(shown, titles, severities, language)),
    }
    return render(request, "lookups/findings.html", context)


def _chosen(request: HttpRequest, name: str, possible: Sequence[str]) -> str:
    """The value of a GET parameter; empty, which means all, for one that does not exist."""
    wanted = request.GET.get(name, "")
    return wanted if wanted in possible else ""


def _topics(
    shown: Sequence[catalog.Entry],
    titles: Mapping[str, str],
    severities: Sequence[str],
    language: str,
) -> Iterator[Topic]:
    """The topics that have something to show, each with its findings."""
    for topic, title in titles.items():
        entries = [entry for entry in shown if entry.topic == topic]
        if not entries:
            continue
        count = Counter(entry.severity.value for entry in entries)
        lines = [
            Line(entry.id, entry.severity.value, entry.texts_in(language).name) for entry in entries
        ]
        yield Topic(topic, title, lines, [Count(id, "", count[id]) for id in severities])


@require_safe
@revalidated()
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
@revalidated()
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
