"""The pages that teach: the list of articles, and each article."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from . import articles


@require_safe
def learn(request: HttpRequest) -> HttpResponse:
    """All articles by group, in reading order."""
    titles = group_titles()
    groups = [(group, titles[group], found) for group, found in articles.grouped(_language())]
    return render(request, "learn/index.html", {"groups": groups})


def group_titles() -> dict[str, str]:
    """What the groups of articles are called, in the active language."""
    return {
        "basics": _("First steps"),
        "dns": _("DNS and its records"),
        "mail": _("How mail travels"),
        "authentication": _("Who may write in your name"),
        "transport": _("Sealed on the way, with a logo on arrival"),
        "practice": _("At work"),
    }


@require_safe
def article(request: HttpRequest, slug: str) -> HttpResponse:
    """One article, with its neighbours in reading order."""
    found = articles.article(slug, _language())
    if found is None:
        raise Http404(slug)
    ordered = articles.articles(_language())
    position = ordered.index(found)
    context = {
        "article": found,
        "previous": ordered[position - 1] if position else None,
        "next": ordered[position + 1] if position + 1 < len(ordered) else None,
    }
    return render(request, "learn/article.html", context)


def _language() -> str:
    return get_language() or "en"
