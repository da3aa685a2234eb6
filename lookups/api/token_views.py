"""The page of one's tokens: making one, and revoking it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from lookups import happenings

from . import tokens as making
from .forms import TokenForm
from .models import ApiToken

MAX_LISTED = 100


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def tokens(request: HttpRequest) -> HttpResponse:
    """The list; POST makes a token, whose secret is in that answer and nowhere else."""
    form = TokenForm(request.POST if request.method == "POST" else None, auto_id="token-%s")
    secret = _make(request, form) if request.method == "POST" and form.is_valid() else ""
    if secret:
        form = TokenForm(auto_id="token-%s")
    mine = ApiToken.objects.filter(owner=request.user).order_by("-created", "-id")[:MAX_LISTED]
    context: dict[str, Any] = {"form": form, "tokens": mine, "secret": secret}
    return render(request, "api/tokens.html", context, status=400 if form.errors else 200)


def _make(request: HttpRequest, form: TokenForm) -> str:
    """The secret; empty where it was refused."""
    data = form.cleaned_data
    try:
        _token, secret = making.make(request.user, data["name"], data["scopes"], form.expires)
    except making.TooMany:
        text = _("You have %(count)d tokens that work. Revoke one that is no longer needed.")
        form.add_error(None, text % {"count": making.MAX_TOKENS})
        return ""
    happenings.tell(request.user, happenings.TOKEN_MADE, name=data["name"])
    return secret


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def revoke(request: HttpRequest, id: int) -> HttpResponse:
    """Asks, then revokes: a program that has the token is locked out at once, for ever."""
    mine = ApiToken.objects.filter(owner=request.user, revoked_at=None)
    token = get_object_or_404(mine, pk=id)
    if request.method != "POST":
        return render(request, "api/token_revoke.html", {"token": token})
    making.revoke(token)
    happenings.tell(request.user, happenings.TOKEN_REVOKED, name=token.name)
    messages.success(request, _("“%(name)s” is revoked.") % {"name": token.name})
    return redirect("api-tokens")
