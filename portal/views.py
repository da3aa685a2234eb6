"""The home page and the error pages."""

from __future__ import annotations

import sys

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.views import defaults

from learn.articles import articles
from lookups.revalidation import revalidated
from portal.middleware import is_out_of_reach, unavailable


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


def server_error(request: HttpRequest) -> HttpResponse:
    """Also what middleware raises comes here: a session that cannot be read or written, say."""
    if is_out_of_reach(sys.exception()):
        return unavailable(request)
    return defaults.server_error(request)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """A session that cannot be stored comes here, too: Django takes it for one that was deleted."""
    if is_out_of_reach(exception):
        return unavailable(request)
    return render(request, "400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "403.html", status=403)
