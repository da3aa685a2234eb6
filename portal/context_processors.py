"""What every page's template knows of the site."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse, translate_url
from django.utils import translation
from django.utils.functional import SimpleLazyObject

# Each language in its own words, for the switch.
OWN_NAMES = {"en": "English", "ja": "日本語"}

WITH_ALL_BELOW = ("learn", "tools", "domains")  # marked on all pages below them, too
ALONE = ("findings", "classroom", "account", "search")


Translated = Callable[[str, str], str]


def _in_language(here: str, code: str, current: str | None, translated: Translated) -> str:
    """The same page in another language; its home page where `here` is no page."""
    url = translated(here, code)
    if code == current or url != here:
        return url
    with translation.override(code):
        return reverse("home")


def _translated(url: str, code: str) -> str:
    return url if code == translation.get_language() else translate_url(url, code)


def _languages(request: HttpRequest, translated: Translated) -> list[dict[str, Any]]:
    current = translation.get_language()
    here = request.get_full_path() if request.method == "GET" else request.path
    return [
        {
            "code": code,
            "name": OWN_NAMES.get(code, str(name)),
            "url": _in_language(here, code, current, translated),
            "current": code == current,
        }
        for code, name in settings.LANGUAGES
    ]


def _place(path: str) -> str:
    """The part of the site that the navigation marks as the one the reader is in, or empty."""
    parts = path.split("/")
    if parts[1:2] and parts[1] in dict(settings.LANGUAGES):
        del parts[1]
    first = parts[1] if len(parts) > 1 else ""
    if first in WITH_ALL_BELOW or (first in ALONE and parts[2:] == [""]):
        return first
    return ""


def site(request: HttpRequest) -> dict[str, Any]:
    """Language switch, canonical address and hreflang alternates of the page at hand."""
    public = settings.PUBLIC_URL
    translated = cache(_translated)  # for this request: to resolve and reverse takes its time
    return {
        "public_url": public,
        "place": _place(request.path),
        "canonical_url": public + request.path,
        "languages": SimpleLazyObject(lambda: _languages(request, translated)),
        "alternates": SimpleLazyObject(
            lambda: [
                {"code": code, "url": public + translated(request.path, code)}
                for code, _ in settings.LANGUAGES
            ]
        ),
    }
