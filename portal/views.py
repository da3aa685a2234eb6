"""The home page and the error pages."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static

from learn.articles import articles
from lookups.revalidation import revalidated


@revalidated()
def home(request: HttpRequest) -> HttpResponse:
    """What the site is, the search field, and the articles to begin with."""
    first = [found for found in articles(request.LANGUAGE_CODE) if found.group == "basics"]
    return render(request, "portal/home.html", {"articles": first})


def favicon(request: HttpRequest) -> HttpResponse:
    """Browsers ask for it here where no page tells them where it is, as beside a JSON file."""
    return redirect(static("icons/favicon.ico"))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without a valid token: most often a page left open too long."""
    return render(request, "403.html", {"csrf": True}, status=403)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "403.html", status=403)
