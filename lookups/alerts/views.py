"""Alerts of a person: how they want to be told, what was told, and the way out of mails."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.cache import cache
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lookups.alerts import mail
from lookups.alerts.forms import AlertSettingsForm
from lookups.alerts.models import Alert, AlertSettings, Delivery, Webhook
from lookups.alerts.recipients import settings_for
from lookups.alerts.timing import moment_for
from lookups.alerts.words import alert_view, one_line

PER_PAGE = 20
TEST_SECONDS = 10  # between two tests of one person
_BIG = ("report__sections", "report__queries", "before__sections", "before__queries")


@never_cache
@require_safe
@login_required
def alerts(request: HttpRequest) -> HttpResponse:
    """What people were told of the domains that one may see, and how far each message got."""
    found = Alert.objects.visible_to(request.user).order_by("-created", "-pk")
    related = found.select_related("watch__team", "report", "before").defer(*_BIG)
    page = Paginator(related, PER_PAGE).get_page(request.GET.get("page"))
    language = get_language() or "en"
    deliveries = _deliveries(request.user, list(page))
    rows = [(alert, alert_view(alert, language), deliveries.get(alert.pk, ())) for alert in page]
    return render(request, "lookups/alerts/list.html", {"page": page, "rows": rows})


def _deliveries(user: Any, found: list[Alert]) -> dict[int, list[Delivery]]:
    """One's own mails, and what went to webhooks that one may change."""
    hooks = Webhook.objects.editable_by(user)
    mine = Q(user=user) | Q(webhook__in=hooks.values("pk"))
    rows = Delivery.objects.filter(mine, alert__in=found).select_related("webhook").order_by("pk")
    by_alert: dict[int, list[Delivery]] = {}
    for row in rows:
        by_alert.setdefault(row.alert_id, []).append(row)
    return by_alert


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def settings(request: HttpRequest) -> HttpResponse:
    """How one is told. What waits to be sent goes by the new settings as well."""
    wanted = settings_for(request.user, get_language() or "")
    form = AlertSettingsForm(request.POST if request.method == "POST" else None, instance=wanted)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            saved = form.save()
            form.save_teams()
            _plan_anew(saved)
        messages.success(request, _("The settings are saved."))
        return redirect("alert-settings")
    context = {"form": form, "wanted": wanted}
    status = 400 if form.errors else 200
    return render(request, "lookups/alerts/settings.html", context, status=status)


def _plan_anew(wanted: AlertSettings) -> None:
    waiting = Delivery.objects.filter(user=wanted.user, state=Delivery.State.WAITING)
    if wanted.email:
        waiting.update(next_try=moment_for(wanted, timezone.now()))
    else:
        waiting.delete()


@never_cache
@require_POST
@login_required
def test(request: HttpRequest) -> HttpResponse:
    """Sends a test mail now and says what came of it."""
    if not may_test(request):
        return redirect("alert-settings")
    wanted = settings_for(request.user, get_language() or "")
    try:
        mail.test_message(wanted).send()
    except mail.TROUBLES as error:
        text = _("The mail server did not take the test mail: %(error)s")
        messages.error(request, text % {"error": one_line(str(error) or type(error).__name__)})
    else:
        text = _("The test mail is on its way to %(address)s.")
        messages.success(request, text % {"address": request.user.email})
    return redirect("alert-settings")


def may_test(request: HttpRequest) -> bool:
    """One test in a while, so that nobody is flooded; says so where it comes too soon."""
    if cache.add(f"alert-test:{request.user.pk}", 1, TEST_SECONDS):
        return True
    messages.warning(request, _("A test was sent a moment ago. Wait ten seconds, then try again."))
    return False


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Ends all mails about alerts, for whoever has the link, signed in or not.

    Mailbox providers post here for their users (RFC 8058 §3.2) and have no CSRF token; the signed
    token in the address is the permission.
    """
    wanted = mail.unsubscribing(token)
    if wanted is None:
        raise Http404
    if request.method == "POST":
        AlertSettings.objects.filter(pk=wanted.pk).update(email=False)
        Delivery.objects.filter(user=wanted.user, state=Delivery.State.WAITING).delete()
        wanted.email = False
    return render(request, "lookups/alerts/unsubscribe.html", {"wanted": wanted, "token": token})
