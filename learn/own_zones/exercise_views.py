"""The pages of the exercises: all of them, and each with its story and the way into its zone."""

from __future__ import annotations

import redis
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from learn.articles import article

from . import shelf
from .exercises import Exercise, exercises
from .models import OwnZone
from .views import refusal


@never_cache
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All exercises, with a mark on those that are solved."""
    solved = shelf.solved_by(request)
    found = exercises(get_language() or "en")
    context = {
        "exercises": [(one, one.id in solved) for one in found],
        "count": len(found),
        "done": sum(one.id in solved for one in found),
        "current": _current(request),
    }
    return render(request, "learn/exercises.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def exercise(request: HttpRequest, id: str) -> HttpResponse:
    """One exercise. POST puts its broken zone into the learner's zone for exercises."""
    language = get_language() or "en"
    all = exercises(language)
    place = next((at for at, one in enumerate(all) if one.id == id), None)
    if place is None:
        raise Http404(id)
    found, error, status = all[place], "", 200
    if request.method == "POST":
        try:
            return redirect(_start(request, found))
        except shelf.Refused as refused:
            error, status = refusal(refused.code), 400
        except redis.RedisError:
            words = _("The DNS server is out of reach. Nothing was saved; try again in a moment.")
            error, status = words, 503
    current = _current(request)
    context = {
        "exercise": found,
        "article": article(found.article, language),
        "solved": found.id in shelf.solved_by(request),
        "zone": current,
        "mine": current is not None and current.exercise == found.id,
        "other": next((one for one in all if current and one.id == current.exercise), None),
        "error": error,
        "previous": all[place - 1] if place else None,
        "next": all[place + 1] if place + 1 < len(all) else None,
    }
    return render(request, "learn/exercise.html", context, status=status)


def _start(request: HttpRequest, found: Exercise) -> OwnZone:
    """The learner's zone for exercises, with the broken zone of this one. Raises Refused."""
    zone = _current(request)
    if zone is None:
        return shelf.create(request, found.zone, found.id)
    shelf.begin(zone, found.id, found.zone)
    messages.success(request, _("The broken zone is there. Mend it."))
    return zone


def _current(request: HttpRequest) -> OwnZone | None:
    """The zone for exercises: one a person."""
    return shelf.zones_of(request).exclude(exercise="").order_by("created").first()
