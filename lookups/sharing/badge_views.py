"""The address of a badge, and the switch for it on the page of its domain."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.html import escape
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from lookups import catalog
from lookups.engine.report import TOPICS
from lookups.saved_views import undo_message
from lookups.sharing import badge
from lookups.teams.models import new_token
from lookups.watching.models import Watch
from lookups.watching.views import of_watch

MAX_AGE = 300  # seconds for which other people's caches may keep it
LANGUAGES = tuple(code for code, _name in settings.LANGUAGES)


@dataclass(frozen=True, slots=True)
class Look:
    """How a badge is to look. What is not known is as if it was not said."""

    style: str
    topic: str
    language: str

    @classmethod
    def of(cls, given: QueryDict, language: str, prefix: str = "") -> Look:
        style, topic = given.get(prefix + "style", ""), given.get(prefix + "topic", "")
        wanted = given.get(prefix + "lang", "")
        return cls(
            style if style in badge.STYLES else badge.FLAT,
            topic if topic in TOPICS else "",
            wanted if wanted in LANGUAGES else language,
        )

    @property
    def query(self) -> str:
        said = {"style": self.style if self.style != badge.FLAT else "", "topic": self.topic}
        said["lang"] = self.language if self.language != LANGUAGES[0] else ""
        found = urlencode({name: value for name, value in said.items() if value})
        return f"?{found}" if found else ""


@require_safe
def picture(request: HttpRequest, token: str) -> HttpResponseBase:
    """The badge for whoever has its address, from any site. It sets and reads no cookie."""
    if "\0" in token:  # PostgreSQL cannot even be asked for it
        raise Http404
    watch = get_object_or_404(Watch.objects.filter(badge_on=True), badge_token=token)
    look = Look.of(request.GET, LANGUAGES[0])
    drawn = badge.svg(badge.badge_of(watch, look.topic, look.language), look.style)
    etag = f'"{hashlib.sha256(drawn.encode()).hexdigest()[:32]}"'
    response = get_conditional_response(request, etag=etag)
    if response is None:
        response = HttpResponse(drawn, content_type="image/svg+xml; charset=utf-8")
    response["ETag"] = etag
    response["Cache-Control"] = f"public, max-age={MAX_AGE}"
    response["Content-Language"] = look.language
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response["Access-Control-Allow-Origin"] = "*"
    response["X-Robots-Tag"] = "noindex"
    return response


@of_watch("POST", edits=True)
def switch(request: HttpRequest, watch: Watch) -> HttpResponse:
    """`do`: on, off, or new (another address; pages that show the old one show nothing)."""
    do = request.POST.get("do") or request.GET.get("do")
    if do == "on":
        watch.badge_on, watch.badge_token = True, watch.badge_token or new_token()
        messages.success(
            request, _("The badge is switched on. Put it on your page as shown below.")
        )
    elif do == "off":
        watch.badge_on = False
        text = _("The badge is switched off: pages that show it show nothing now.")
        again = reverse("watch-badge", args=[watch.token]) + "?do=on"
        messages.success(request, undo_message(request, text, again))
    elif do == "new" and watch.badge_on:
        watch.badge_token = new_token()
        messages.success(request, _("The badge has a new address. The old one no longer works."))
    else:
        raise Http404
    watch.save(update_fields=["badge_on", "badge_token"])
    # Switched off, its undo stands at the head of the page; switched on, the panel is wanted.
    return redirect(watch.get_absolute_url() + ("?badge-style=#badge" if watch.badge_on else ""))


def panel(request: HttpRequest, watch: Watch) -> dict[str, Any]:
    """What the page of a domain shows of its badge to those who may switch it."""
    language = get_language() or LANGUAGES[0]
    look = Look.of(request.GET, language, prefix="badge-")
    shown: dict[str, Any] = {
        "look": look,
        "is_open": any(name.startswith("badge-") for name in request.GET),
        "styles": [(badge.FLAT, _("Flat")), (badge.POSTMARK, _("Postmark"))],
        "topics": [(topic, catalog.topic_title(topic, language)) for topic in TOPICS],
        "languages": settings.LANGUAGES,
    }
    if watch.badge_on and watch.badge_token:
        path = reverse("badge", args=[watch.badge_token]) + look.query
        words = _("Mail DNS of %(domain)s") % {"domain": watch.unicode}
        url = settings.PUBLIC_URL + path
        shown |= {
            "path": path,
            "html": f'<img src="{escape(url)}" alt="{escape(words)}">',
            "markdown": f"![{words}]({url})",
        }
    return shown
