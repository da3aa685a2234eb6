"""Where one is signed in, and what happened to one's account."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from portal.accounts import devices, record, words
from portal.accounts import sessions as kept
from portal.accounts.models import AccountEvent

PER_PAGE = 50


@never_cache
@require_safe
@login_required
def sessions(request: HttpRequest) -> HttpResponse:
    """The browsers that are signed in, the one at hand first."""
    current = request.session.session_key
    rows = kept.of_user(request.user)
    for row in rows:
        row.words = devices.words(row.device)
        row.name = kept.name_of(row.session_key)
        row.is_current = row.session_key == current
    rows.sort(key=lambda row: not row.is_current)
    context = {
        "sessions": rows,
        "days": settings.SESSION_COOKIE_AGE // 86400,
        "longest": settings.SESSION_LONGEST_AGE // 86400,
    }
    return render(request, "portal/sessions.html", context)


@never_cache
@require_POST
@login_required
def end_session(request: HttpRequest) -> HttpResponse:
    """Ends the one that `session` names, or with `others` all but the one at hand."""
    current = request.session.session_key
    if "others" in request.POST:
        count = kept.end_all(request.user, but=current)
        record.write(request.user, record.SESSIONS_ENDED)
        text = ngettext(
            "%(count)d other device is signed out.",
            "%(count)d other devices are signed out.",
            count,
        )
        messages.success(request, text % {"count": count})
    elif kept.end(request.user, request.POST.get("session", ""), but=current):
        record.write(request.user, record.SESSION_ENDED)
        messages.success(request, _("That device is signed out."))
    else:
        messages.info(request, _("That device was signed out already."))
    return redirect("account-sessions")


@never_cache
@require_safe
@login_required
def activity(request: HttpRequest) -> HttpResponse:
    """One's own events, the newest first; `?kind=` shows those of one kind."""
    mine = AccountEvent.objects.filter(user=request.user)
    there = set(mine.order_by().values_list("kind", flat=True).distinct())
    chosen = request.GET.get("kind", "")
    events = mine.filter(kind=chosen) if chosen in there else mine
    page = Paginator(events.order_by("-at", "-pk"), PER_PAGE).get_page(request.GET.get("page"))
    context: dict[str, Any] = {
        "page": page,
        "kinds": [(kind, words.kind(kind)) for kind in words.KINDS if kind in there],
        "chosen": chosen if chosen in there else "",
        "events": [(event, *_told(event)) for event in page],
        "days": settings.ACCOUNT_EVENT_KEEP_DAYS,
    }
    return render(request, "portal/activity.html", context)


def _told(event: AccountEvent) -> tuple[str, str, str]:
    return words.kind(event.kind), words.details(event.details), devices.words(event.device)
