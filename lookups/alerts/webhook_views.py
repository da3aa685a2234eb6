"""Webhooks of a person and of the teams that they may change. Another's is not found."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from lookups import happenings
from lookups.alerts import webhooks as sending
from lookups.alerts.forms import WebhookForm
from lookups.alerts.kinds import Kind
from lookups.alerts.models import Delivery, Webhook, new_secret
from lookups.alerts.views import may_test

MAX_WEBHOOKS = 20  # of one person, or of one team
DELIVERIES = 30  # that are listed

HookView = Callable[[HttpRequest, Webhook], HttpResponse]
TokenView = Callable[[HttpRequest, str], HttpResponse]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def webhooks(request: HttpRequest) -> HttpResponse:
    """The list and the format; POST adds one."""
    form = WebhookForm(request.user, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        hook = form.save(commit=False)
        hook.team = form.team
        hook.owner = None if hook.team else request.user
        if Webhook.objects.filter(owner=hook.owner, team=hook.team).count() < MAX_WEBHOOKS:
            hook.save()
            _told(request, happenings.WEBHOOK_MADE, hook)
            return _show_secret(request, hook)
        form.add_error(None, _("There are twenty webhooks already. Delete one that is not needed."))
    mine = Webhook.objects.editable_by(request.user).select_related("team")
    context = {"form": form, "hooks": mine.order_by("created", "pk"), "kinds": Kind}
    status = 400 if form.errors else 200
    return render(request, "lookups/alerts/webhooks.html", context, status=status)


def _told(request: HttpRequest, kind: str, hook: Webhook) -> None:
    """Where it goes to, without the path: that may hold a secret of the receiver's."""
    happenings.tell(request.user, kind, name=urlsplit(hook.url).hostname or "")


def of_hook(*methods: str) -> Callable[[HookView], TokenView]:
    """Makes a view of a webhook into a view of its token, for those who may change it."""

    def decorate(view: HookView) -> TokenView:
        @never_cache
        @require_http_methods(list(methods))
        @login_required
        @wraps(view)
        def wrapper(request: HttpRequest, token: str) -> HttpResponse:
            if "\0" in token:
                raise Http404
            mine = Webhook.objects.editable_by(request.user).select_related("team", "owner")
            return view(request, get_object_or_404(mine, token=token))

        return wrapper

    return decorate


@of_hook("GET", "HEAD", "POST")
def webhook(request: HttpRequest, hook: Webhook) -> HttpResponse:
    """One webhook: its settings, the secret right after it was made, and the last deliveries."""
    data = request.POST if request.method == "POST" else None
    form = WebhookForm(request.user, data, instance=hook)
    if request.method == "POST" and form.is_valid():
        form.save()
        _told(request, happenings.WEBHOOK_CHANGED, hook)
        messages.success(request, _("The settings are saved."))
        return redirect("webhook", token=hook.token)
    if form.errors:
        hook.refresh_from_db()
    context = {
        "hook": hook,
        "form": form,
        "secret": request.session.pop(_secret_key(hook), ""),
        "deliveries": hook.deliveries.select_related("alert__watch").order_by("-created", "-pk")[
            :DELIVERIES
        ],
    }
    status = 400 if form.errors else 200
    return render(request, "lookups/alerts/webhook.html", context, status=status)


def _secret_key(hook: Webhook) -> str:
    return f"webhook-secret-{hook.token}"


def _show_secret(request: HttpRequest, hook: Webhook) -> HttpResponse:
    """On the next page, and never again."""
    request.session[_secret_key(hook)] = hook.secret
    return redirect("webhook", token=hook.token)


@of_hook("POST")
def renew(request: HttpRequest, hook: Webhook) -> HttpResponse:
    """Makes a new secret; the old one signs nothing more."""
    hook.secret = new_secret()
    hook.save(update_fields=["secret"])
    _told(request, happenings.WEBHOOK_RENEWED, hook)
    return _show_secret(request, hook)


@of_hook("POST")
def switch(request: HttpRequest, hook: Webhook) -> HttpResponse:
    """Switches it on (`on` is 1) or off."""
    hook.enabled = request.POST.get("on") == "1"
    hook.given_up, hook.stopped_at = 0, None
    hook.save(update_fields=["enabled", "given_up", "stopped_at"])
    _told(request, happenings.WEBHOOK_CHANGED, hook)
    on, off = _("The webhook is switched on."), _("The webhook is switched off.")
    messages.success(request, on if hook.enabled else off)
    return redirect("webhook", token=hook.token)


@of_hook("POST")
def test(request: HttpRequest, hook: Webhook) -> HttpResponse:
    """Sends a test now and says what came of it."""
    if may_test(request):
        _tell(request, sending.test(hook))
    return redirect("webhook", token=hook.token)


@of_hook("POST")
def resend(request: HttpRequest, hook: Webhook) -> HttpResponse:
    """Sends the delivery `delivery` again."""
    token = request.POST.get("delivery", "").replace("\0", "")
    delivery = get_object_or_404(hook.deliveries, token=token)
    if not hook.enabled and delivery.alert_id:
        messages.warning(request, _("The webhook is switched off. Switch it on first."))
    elif may_test(request):
        sending.again(delivery)
        delivery.refresh_from_db()
        _tell(request, delivery)
    return redirect("webhook", token=hook.token)


def _tell(request: HttpRequest, delivery: Delivery) -> None:
    if delivery.state == Delivery.State.SENT:
        text = _("It was taken: the server answered %(status)s.")
        messages.success(request, text % {"status": delivery.status_code})
    else:
        text = _("It was not taken: %(error)s")
        messages.error(request, text % {"error": delivery.last_error})


@of_hook("GET", "HEAD", "POST")
def delete(request: HttpRequest, hook: Webhook) -> HttpResponse:
    """Asks; by POST deletes it with its deliveries."""
    if request.method == "POST":
        hook.delete()
        _told(request, happenings.WEBHOOK_DELETED, hook)
        messages.success(request, _("The webhook is deleted."))
        return redirect("webhooks")
    return render(request, "lookups/alerts/webhook_delete.html", {"hook": hook})
