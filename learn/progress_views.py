"""Setting and taking back the marks on articles that are done, in the account.

Without an account the browser keeps them (static/js/progress.js) and hands them over at sign-in.
"""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from . import progress
from .views import article_context, find_article

MERGED = "progress_merged"  # in the session: the marks that came from the browser, for undo
MOST = 500  # marks that a browser may hand over


@never_cache
@require_POST
def done(request: HttpRequest, slug: str) -> HttpResponse:
    """Marks an article as done (`done` is 1) or not (0). htmx gets the part of the page anew."""
    found = find_article(slug)
    context = article_context(request, found)
    kept = f"?track={context['track'].id}" if context["track"] else ""
    address = reverse("article", args=[slug]) + kept
    if not request.user.is_authenticated:
        return redirect_to_login(address)
    wanted = request.POST.get("done")
    if wanted not in ("0", "1"):
        raise BadRequest("done is neither 0 nor 1")
    change = progress.mark if wanted == "1" else progress.unmark
    change(request.user, [slug])
    if request.htmx:
        context = article_context(request, found) | {"fresh": True}
        return render(request, "learn/_progress.html", context)
    return redirect(f"{address}#progress")


@never_cache
@require_POST
def merge(request: HttpRequest) -> HttpResponse:
    """Takes over what the browser kept (`slug`, often) and says how many marks were new.

    The next page tells of it and offers to undo it.
    """
    if not request.user.is_authenticated:
        return JsonResponse({"error": "signed out"}, status=403)
    slugs = request.POST.getlist("slug")
    if len(slugs) > MOST:
        raise BadRequest("too many marks")
    new = progress.mark(request.user, slugs)
    if new:
        request.session[MERGED] = new
        messages.success(request, _with_undo(request, len(new)))
    return JsonResponse({"added": len(new)})


@never_cache
@require_POST
@login_required
def undo(request: HttpRequest) -> HttpResponse:
    """Takes the marks back out of the account that the last merge put there."""
    merged = request.session.pop(MERGED, [])
    progress.unmark(request.user, merged)
    if merged:
        text = _("Your account is as it was before. The marks stay in this browser.")
    else:
        text = _("There was nothing to undo.")
    messages.success(request, text)
    return redirect(_next(request))


def _next(request: HttpRequest) -> str:
    """Back to where the notice stood; never to another site."""
    wanted = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure())
    if is_ours and wanted.startswith("/"):  # another word would be taken for the name of a page
        return wanted
    return reverse("learn")


def _with_undo(request: HttpRequest, count: int) -> SafeString:
    """The notice, with a button that progress.js knows, since the marks go back to the browser."""
    text = ngettext(
        "%(count)s article that you had done in this browser is now marked in your account.",
        "%(count)s articles that you had done in this browser are now marked in your account.",
        count,
    )
    return format_html(
        '{} <form class="undo" method="post" action="{}" data-progress-undo>'
        '<input type="hidden" name="csrfmiddlewaretoken" value="{}">'
        '<input type="hidden" name="next" value="{}">'
        '<button class="button button-quiet" type="submit">{}</button></form>',
        text % {"count": count},
        reverse("progress-undo"),
        get_token(request),
        request.POST.get("next", "")[:500],
        _("Undo"),
    )
