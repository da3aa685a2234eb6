"""The pages that teach: the list of articles, each article with its quiz, and the tracks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from lookups.revalidation import revalidated
from lookups.tools import registry

from . import articles, cards, progress, quiz, structured, tracks
from .articles import Article

CONTENTS_FROM = 5  # headings, for which an article gets a table of contents


@require_safe
@revalidated(progress.shown)
def learn(request: HttpRequest) -> HttpResponse:
    """The tracks, then all articles by group, in reading order."""
    titles = group_titles()
    groups = [(group, titles[group], found) for group, found in articles.grouped(_language())]
    done = progress.done_by(request.user)
    ways = [tracks.way(track, done) for track in tracks.tracks(_language())]
    return render(request, "learn/index.html", {"groups": groups, "ways": ways, "done": done})


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
@revalidated(progress.shown)
def track(request: HttpRequest, id: str) -> HttpResponse:
    """One track: its articles in order, and how far the reader is."""
    found = tracks.track(id, _language())
    if found is None:
        raise Http404(id)
    done = progress.done_by(request.user)
    context = {"way": tracks.way(found, done), "articles": found.articles, "done": done}
    return render(request, "learn/track.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@revalidated(progress.shown)
def article(request: HttpRequest, slug: str) -> HttpResponse:
    """One article. A quiz is judged by POST, which leads to the address that shows the verdict."""
    found = find_article(slug)
    error = ""
    try:
        chosen = quiz.chosen(found.quiz, request.POST if request.method == "POST" else request.GET)
    except quiz.UnknownAnswer:
        chosen, error = {}, _("That answer is not among those on offer. Choose one below.")
    again = "again" in request.POST
    if request.method == "POST" and not (chosen or error or again):
        error = _("Choose an answer to each question first.")
    judged = quiz.judge(found.quiz, {} if again else chosen)
    if request.method == "POST" and not error:
        return _answered(request, found, judged)
    context = article_context(request, found) | {"quiz": judged, "quiz_error": error}
    return render(request, "learn/article.html", context, status=400 if error else 200)


def _answered(request: HttpRequest, found: Article, judged: quiz.Quiz) -> HttpResponse:
    """All right answers mark the article as done; htmx gets the quiz alone, others an address."""
    marked = judged.all_right and request.user.is_authenticated
    if marked:
        progress.mark(request.user, [found.slug])
    if request.htmx:
        context = article_context(request, found)
        context |= {"quiz": judged, "fresh": True, "marked": marked}
        return render(request, "learn/_quiz_answered.html", context)
    query = QueryDict(mutable=True)
    if kept := _track_of(request, found):
        query["track"] = kept.id
    query.update(
        {f"q{q.number}": str(a.value) for q in judged.questions for a in q.answers if a.chosen}
    )
    address = reverse("article", args=[found.slug])
    return HttpResponseRedirect(f"{address}{'?' if query else ''}{query.urlencode()}#quiz")


def find_article(slug: str) -> Article:
    """The article in the reader's language. Raises Http404."""
    found = articles.article(slug, _language())
    if found is None:
        raise Http404(slug)
    return found


def article_context(request: HttpRequest, found: Article) -> dict[str, Any]:
    """What the article's page shows around it: its place in a track or among all articles."""
    kept = _track_of(request, found)
    ordered: Sequence[Article] = kept.articles if kept else articles.articles(_language())
    position = [other.slug for other in ordered].index(found.slug)
    done = progress.done_by(request.user)
    return {
        "article": found,
        "group_title": group_titles()[found.group],
        "contents": found.headings if len(found.headings) >= CONTENTS_FROM else (),
        "previous": ordered[position - 1] if position else None,
        "next": ordered[position + 1] if position + 1 < len(ordered) else None,
        "track": kept,
        "way": tracks.way(kept, done) if kept else None,
        "part_of": [t for t in tracks.tracks(_language()) if found.slug in t.slugs],
        "is_done": found.slug in done,
        "tools": registry.on(found.slug),
        "structured": structured.of_article(found, group_titles()[found.group]),
    }


def _track_of(request: HttpRequest, found: Article) -> tracks.Track | None:
    """The track that the reader follows (?track=), if the article is in it."""
    kept = tracks.track(request.GET.get("track", ""), _language())
    return kept if kept and found.slug in kept.slugs else None


@require_safe
def image(request: HttpRequest, slug: str) -> HttpResponse:
    """The picture for link previews of an article."""
    found = find_article(slug)
    title = group_titles()[found.group]
    picture = cards.draw(title, found.title, found.minutes, _language())
    # Shown by other sites, wherever somebody puts the article's link.
    headers = {
        "Cache-Control": "max-age=86400",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    return HttpResponse(picture, content_type="image/png", headers=headers)


def _language() -> str:
    return get_language() or "en"
