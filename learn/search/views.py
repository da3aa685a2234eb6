"""The search page: what was found, by kind, with the words marked."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from learn.search import index
from learn.search.documents import KINDS, Document, Passage
from learn.search.text import MAX_QUERY, fold, marked, pattern_of, snippet
from lookups.engine.names import Domain
from lookups.forms import InputError, read_domain

# How many of each kind stand on the page of all kinds.
PREVIEW = {"article": 5, "tool": 3, "finding": 5, "term": 3, "lesson": 3}
MAX_SUGGESTIONS = 3
EXAMPLES = {"en": ("null MX", "p=reject", "forwarding"), "ja": ("Null MX", "p=reject", "転送")}


@dataclass(frozen=True, slots=True)
class Result:
    """A line of the page. `section` is the heading above the snippet, `section_url` its place;
    `code` what it is called by machines; `severity`: of a finding."""

    url: str
    title: SafeString
    snippet: SafeString
    section: SafeString
    section_url: str
    code: str
    severity: str


@dataclass(frozen=True, slots=True)
class Group:
    """The results of one kind. `more`: how many could be shown beside them."""

    kind: str
    title: str
    count: int
    more: int
    results: list[Result]


@never_cache
@vary_on_headers("HX-Request")
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """`q` is sought, `kind` shows one kind alone; htmx asks for the results alone."""
    query = request.GET.get("q", "").strip()
    kind = request.GET.get("kind", "")
    kind = kind if kind in KINDS else ""
    language = get_language() or "en"
    context = {"query": query[:MAX_QUERY], "kind": kind, "limit": MAX_QUERY}
    if len(query) > MAX_QUERY:
        context["error"] = _("At most %(count)d characters can be searched for.") % {
            "count": MAX_QUERY
        }
        return render(request, "learn/search.html", context, status=400)
    found = index.search(query, language, {kind: index.MAX_PER_KIND} if kind else PREVIEW)
    context |= {
        "found": found,
        "kinds": [(kind, title, found.counts.get(kind, 0)) for kind, title in titles().items()],
        "groups": list(_groups(found, language)),
        "definition": _definition(found),
        "domain": _domain(query),
        "best": index.MAX_PER_KIND,
        "examples": EXAMPLES.get(language, EXAMPLES["en"]),
    }
    if query and not context["groups"]:
        context["suggestions"] = _suggestions(query, language)
    return render(request, _template(request), context)


def titles() -> dict[str, str]:
    """What the kinds are called, in the active language."""
    return {
        "article": _("Articles"),
        "tool": _("Tools"),
        "finding": _("Findings"),
        "term": _("Glossary"),
        "lesson": _("Lessons"),
    }


def _template(request: HttpRequest) -> str:
    # Going back in the browser asks through htmx too, but needs the page whole.
    if request.htmx and not request.htmx.history_restore_request:
        return "learn/_search_found.html"
    return "learn/search.html"


def _groups(found: index.Found, language: str) -> Iterable[Group]:
    pattern = pattern_of(found.words)
    for kind, hits in found.hits.items():
        if hits:
            results = [_result(hit.document, pattern, language) for hit in hits]
            count = found.counts[kind]
            more = min(count, index.MAX_PER_KIND) - len(hits)
            yield Group(kind, titles()[kind], count, more, results)


def _result(document: Document, pattern: re.Pattern[str] | None, language: str) -> Result:
    passage = _best_passage(document, pattern)
    url = _url(document)
    return Result(
        url=url,
        title=marked(document.title, pattern),
        snippet=snippet(passage.text, pattern, language),
        section=marked(passage.heading, pattern),
        section_url=f"{url}#{passage.anchor}" if passage.heading else "",
        code=_code(document),
        severity=document.severity,
    )


def _best_passage(document: Document, pattern: re.Pattern[str] | None) -> Passage:
    """The passage with the most different words of the query; the first where none has any."""

    def variety(passage: Passage) -> int:
        text = fold(f"{passage.heading}\n{passage.text}")
        return len({match[0] for match in pattern.finditer(text)}) if pattern else 0

    return max(document.passages, key=variety)


def _url(document: Document) -> str:
    key, _, anchor = document.key.partition("#")
    match document.kind:
        case "term":
            return f"{reverse('glossary')}#{key}"
        case "lesson":
            return f"{reverse('classroom-group', args=[key])}#{anchor}"
        case kind:
            return reverse(kind, args=[key])


def _code(document: Document) -> str:
    """A finding's id, a lesson's domain."""
    return {"finding": document.key, "lesson": document.names[-1]}.get(document.kind, "")


def _definition(found: index.Found) -> Document | None:
    """The term that the query is, if it is one."""
    hits = found.hits.get("term", [])
    return hits[0].document if hits and hits[0].exact and not found.loose else None


def _domain(query: str) -> Domain | InputError | None:
    """The domain that was typed into this field, or an error that offers something else."""
    if "." not in query and ":" not in query and "。" not in query:
        return None
    domain = read_domain(query)
    if isinstance(domain, Domain) or domain.suggestion or domain.reverse_address:
        return domain
    return None


def _suggestions(query: str, language: str) -> list[str]:
    """Terms of the glossary that look like the query."""
    known = index.names(language)
    close = difflib.get_close_matches(fold(query), known, n=2 * MAX_SUGGESTIONS, cutoff=0.7)
    return list(dict.fromkeys(known[name] for name in close))[:MAX_SUGGESTIONS]
