"""What search engines read: robots.txt and the sitemap with its language alternates."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from learn.articles import articles
from learn.classroom.lessons import lessons
from learn.own_zones.exercises import exercises
from learn.tracks import tracks
from lookups import catalog
from lookups.api.problems import CODES
from lookups.tools import registry

PAGES = (
    "home",
    "tools",
    "learn",
    "glossary",
    "journey",
    "check",
    "findings",
    "classroom",
    "opt-out",
    "own-zones",
    "exercises",
    "score",
    "anatomy",
    "api",
    "api-docs",
)


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Reports and accounts are nobody's search results."""
    prefixes = ["", *(f"/{code}" for code, _ in settings.LANGUAGES if code != "en")]
    private = (
        "/r/", "/domains/", "/teams/", "/invitations/", "/saved/", "/alerts/", "/bulk/",
        "/account/", "/accounts/",
    )  # fmt: skip
    lines = ["User-agent: *", *(f"Disallow: {p}{path}" for p in prefixes for path in private)]
    lines += ["", f"Sitemap: {settings.PUBLIC_URL}{reverse('sitemap')}"]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


class PublicSitemap(Sitemap):
    """A sitemap of this site's public address, in every language."""

    i18n = True
    alternates = True
    x_default = True
    protocol = urlsplit(settings.PUBLIC_URL).scheme

    def get_domain(self, site: Any = None) -> str:
        return urlsplit(settings.PUBLIC_URL).netloc


class Pages(PublicSitemap):
    def items(self) -> list[str]:
        return list(PAGES)

    def location(self, item: str) -> str:
        return reverse(item)


class Tools(PublicSitemap):
    def items(self) -> list[str]:
        return [tool.slug for tool in registry.TOOLS]

    def location(self, item: str) -> str:
        return reverse("tool", args=[item])


class Articles(PublicSitemap):
    def items(self) -> list[str]:
        return [article.slug for article in articles("en")]

    def location(self, item: str) -> str:
        return reverse("article", args=[item])


class Tracks(PublicSitemap):
    def items(self) -> list[str]:
        return [track.id for track in tracks("en")]

    def location(self, item: str) -> str:
        return reverse("track", args=[item])


class Exercises(PublicSitemap):
    def items(self) -> list[str]:
        return [exercise.id for exercise in exercises("en")]

    def location(self, item: str) -> str:
        return reverse("exercise", args=[item])


class Findings(PublicSitemap):
    def items(self) -> list[str]:
        return catalog.ids()

    def location(self, item: str) -> str:
        return reverse("finding", args=[item])


class Problems(PublicSitemap):
    def items(self) -> list[str]:
        return list(CODES)

    def location(self, item: str) -> str:
        return reverse("api-problem", args=[item])


class Lessons(PublicSitemap):
    def items(self) -> list[str]:
        return [group.id for group in lessons("en")]

    def location(self, item: str) -> str:
        return reverse("classroom-group", args=[item])


sitemaps = {
    "pages": Pages,
    "tools": Tools,
    "articles": Articles,
    "tracks": Tracks,
    "findings": Findings,
    "lessons": Lessons,
    "exercises": Exercises,
    "problems": Problems,
}
