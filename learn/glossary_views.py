"""The page of the glossary."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from learn import articles
from learn.glossary import grouped
from lookups.revalidation import revalidated


@require_safe
@revalidated()
def glossary(request: HttpRequest) -> HttpResponse:
    """Every term by its initial, with a link to the article that tells more."""
    language = get_language() or "en"
    groups = grouped(language)
    context = {
        "groups": groups,
        "count": sum(len(terms) for _, terms in groups),
        "titles": {found.slug: found.title for found in articles.articles(language)},
    }
    return render(request, "learn/glossary.html", context)
