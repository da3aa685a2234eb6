"""What every page's template knows of the site."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse, translate_url
from django.utils import translation
from django.utils.functional import lazy

# Each language in its own words, for the switch.
OWN_NAMES = {"en": "English", "ja": "日本語"}


def _in_language(here: str, code: str, current: str | None) -> str:
    """The same page in another language; its home page where `here` is no page."""
    url = translate_url(here, code)
    if code == current or url != here:
        return url
    with translation.override(code):
        return reverse("home")


def _languages(request: HttpRequest) -> list[dict[str, Any]]:
    current = translation.get_language()
    here = request.get_full_path() if request.method == "GET" else request.path
    return [
        {
            "code": code,
            "name": OWN_NAMES.get(code, str(name)),
            "url": _in_language(here, code, current),
            "current": code == current,
        }
        for code, name in settings.LANGUAGES
    ]


def site(request: HttpRequest) -> dict[str, Any]:
    """Language switch, canonical address and hreflang alternates of the page at hand."""
    public = settings.PUBLIC_URL
    alternates = lazy(
        lambda: [
            {"code": code, "url": public + translate_url(request.path, code)}
            for code, _ in settings.LANGUAGES
        ],
        list,
    )
    return {
        "public_url": public,
        "canonical_url": public + request.path,
        "languages": lazy(lambda: _languages(request), list)(),
        "alternates": alternates(),
    }
