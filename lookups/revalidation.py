"""Pages that change only with a release: whoever has one asks whether it is still good (304).

The entity tag is made before the page is rendered, of everything that the page is made of: the
files of this release and its settings, the address, the language, and of the reader what the page
shows. It is a weak one (RFC 9110, section 8.8.1): the octets differ each time, by the mask of the
CSRF token and by the padding of gzip, but not what they say.

The token in a page is its reader's CSRF secret under a mask made by chance; any mask is valid, the
old one too. So a page that is still good holds a token that is still good as long as the secret is
the same, which is why the secret is part of the tag. Signing in and out changes it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable
from functools import cache, wraps
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import add_never_cache_headers, get_conditional_response, patch_vary_headers
from django.utils.translation import get_language

View = Callable[..., HttpResponseBase]
State = Callable[[HttpRequest], Any]

ROOMS = ("portal", "lookups", "learn", "templates", "locale")
KINDS = {".py", ".html", ".txt", ".toml", ".md", ".svg", ".mo"}
# Whoever has no session sees the same for a minute without asking, and after a release the old
# page once more while the new one comes. With a session each page is asked for: it may show what
# the reader has just done elsewhere.
FOR_STRANGERS = "private, max-age=60, stale-while-revalidate=300"
FOR_KNOWN = "private, no-cache"
VARIES = ("Accept-Encoding", "Cookie")


def nothing(request: HttpRequest) -> tuple[()]:
    return ()


def revalidated(state: State = nothing) -> Callable[[View], View]:
    """For views whose GET shows what the release holds, and `state(request)` of the reader."""

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method not in ("GET", "HEAD") or settings.DEBUG:
                return view(request, *args, **kwargs)
            if len(get_messages(request)):  # is shown once, and never again
                response = view(request, *args, **kwargs)
                add_never_cache_headers(response)
                return response
            shown = state(request)
            unchanged = get_conditional_response(request, etag=_tag(request, shown))
            if unchanged is not None:
                return _dressed(unchanged, request, shown)
            response = view(request, *args, **kwargs)
            return _dressed(response, request, shown) if response.status_code == 200 else response

        return wrapper

    return decorate


def _dressed(response: Any, request: HttpRequest, shown: Any) -> HttpResponse:
    """With the headers that a page and the word that it is still good have in common."""
    response["ETag"] = _tag(request, shown)  # the secret may have been made by the page
    known = settings.SESSION_COOKIE_NAME in request.COOKIES
    response["Cache-Control"] = FOR_KNOWN if known else FOR_STRANGERS
    patch_vary_headers(response, VARIES)
    return response


def _tag(request: HttpRequest, shown: Any) -> str:
    """Nobody learns from it what went into it: it is keyed."""
    reader = request.user.pk if settings.SESSION_COOKIE_NAME in request.COOKIES else None
    secret = request.META.get("CSRF_COOKIE", "")
    parts = (release(), get_language(), request.get_full_path(), reader, secret, shown)
    digest = hmac.digest(settings.SECRET_KEY.encode(), repr(parts).encode(), "sha256")
    return f'W/"{digest[:12].hex()}"'


@cache
def release() -> str:
    """Changes with every file that pages are made of, and with the settings; the same in every
    process and on every machine that runs the same."""
    root = settings.BASE_DIR
    files = [path for room in ROOMS for path in (root / room).rglob("*") if path.suffix in KINDS]
    files += [root / "requirements.txt", settings.STATIC_ROOT / "staticfiles.json"]
    digest = hashlib.sha256(fingerprint(files).encode())
    for name in dir(settings):
        value = getattr(settings, name, None)
        plain = isinstance(value, str | int | float) or (
            isinstance(value, list) and all(isinstance(item, str) for item in value)
        )
        if name.isupper() and plain:
            digest.update(f"{name}={value!r}\n".encode())
    return digest.hexdigest()


def fingerprint(files: Iterable[Path]) -> str:
    """Of what the files hold, not of when they were written; those that are not there are left
    out."""
    digest = hashlib.sha256()
    for path in sorted(files):
        if path.is_file():
            data = path.read_bytes()
            digest.update(f"{path.name} {len(data)}\n".encode() + data)
    return digest.hexdigest()
