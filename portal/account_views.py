"""A person's own account: what it holds, a copy to take away, and its end."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.core import ratelimit
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from learn import progress
from learn.own_zones import shelf
from lookups.bulk.export import exported as bulks_exported
from lookups.hosted import export as hosted
from lookups.models import AlertSettings, ApiToken, ReceivedReport, Report, Team, Watch, Webhook
from lookups.teams import ending as teams
from lookups.tools.reports import kept
from portal.accounts import record, second_factor
from portal.accounts import sessions as signed_in
from portal.accounts.forms import DeleteAccountForm

EXPORTED = (
    "domain", "name", "note", "token", "language", "state", "failure", "status", "created",
    "started", "finished", "saved_at", "visibility", "link_ends", "revoked_at", "deleted_at",
    "sections", "queries",
)  # fmt: skip
EXPORTED_DOMAINS = (
    "domain", "name", "selectors", "token", "created", "interval", "next_run", "verified_at",
    "alerts", "alert_kinds",
    "badge_on",
)  # fmt: skip
EXPORTED_ALERTS = (
    "email", "least", "rhythm", "hour", "weekday", "quiet_from", "quiet_to",
    "time_zone", "language",
)  # fmt: skip
EXPORTED_WEBHOOKS = ("url", "enabled", "kinds", "created", "token")  # the secret is shown once
EXPORTED_TOKENS = (
    "name", "prefix", "scopes", "created", "last_used", "expires", "revoked_at",
)  # fmt: skip
READABLE = {"indent": 2, "ensure_ascii": False}


@never_cache
@require_safe
@login_required
def account(request: HttpRequest) -> HttpResponse:
    """Address, date joined, and the ways to change, take away or delete it all."""
    saved = Report.objects.saved_by(request.user).count()
    done = len(progress.done_by(request.user))
    received = ReceivedReport.objects.filter(owner=request.user).count()
    watches = Watch.objects.visible_to(request.user).count()
    context = {
        "saved": saved,
        "articles_done": done,
        "received": received,
        "watches": watches,
        "teams": Team.objects.of(request.user).count(),
        "factors": second_factor.state(request.user),
        "devices": len(signed_in.of_user(request.user)),
    }
    return render(request, "portal/account.html", context)


@never_cache
@require_safe
@login_required
def account_export(request: HttpRequest) -> HttpResponse:
    """Everything kept about the person, as a JSON file. Dates are ISO 8601, null where unset."""
    if request.method == "GET":
        record.write(request.user, record.EXPORTED)
    response = JsonResponse(exported(request.user), json_dumps_params=READABLE)
    response["Content-Disposition"] = 'attachment; filename="mxplain-account.json"'
    return response


def exported(user: Any) -> dict[str, Any]:
    """The account, its teams, its domains, its reports (also those unsaved or deleted but not gone
    yet), its progress. What belongs to a team is the team's."""
    reports = Report.objects.filter(owner=user).order_by("created", "id").values(*EXPORTED)
    watches = Watch.objects.filter(owner=user).order_by("created", "id").values(*EXPORTED_DOMAINS)
    addresses = EmailAddress.objects.filter(user=user).order_by("id")
    return {
        "schema": 1,
        "email": user.email,
        "addresses": list(addresses.values("email", "verified", "primary")),
        "joined": user.date_joined,
        "last_sign_in": user.last_login,
        "second_factors": second_factor.exported(user),
        "devices": [
            {"device": row.device, "began": row.began, "seen": row.seen}
            for row in signed_in.of_user(user)
        ],
        "activity": record.exported(user),
        "teams": teams.exported(user),
        "domains": [
            watch | {"url": settings.PUBLIC_URL + reverse("watch", args=[watch["token"]])}
            for watch in watches
        ],
        "reports": [
            report | {"url": settings.PUBLIC_URL + reverse("report", args=[report["token"]])}
            for report in reports
        ],
        "alerts": AlertSettings.objects.filter(user=user).values(*EXPORTED_ALERTS).first(),
        "webhooks": list(
            Webhook.objects.filter(owner=user).order_by("pk").values(*EXPORTED_WEBHOOKS)
        ),
        "bulk_checks": bulks_exported(user),
        "api_tokens": list(
            ApiToken.objects.filter(owner=user).order_by("id").values(*EXPORTED_TOKENS)
        ),
        "articles_done": progress.exported(user),
        **shelf.exported(user),
        **kept.exported(user),
        **hosted.exported(user),
    }


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def account_delete(request: HttpRequest) -> HttpResponse:
    """Says what goes; with the right password, deletes it."""
    form = DeleteAccountForm(request.user, request.POST if request.method == "POST" else None)
    if request.method == "POST":
        # The same allowance as where allauth asks for the password again.
        limited = ratelimit.consume_or_429(request, action="reauthenticate", user=request.user)
        if limited:
            return limited
        if form.is_valid():
            record.write(request.user, record.DELETION_ASKED)
            delete_user(request)
            messages.success(request, _("Your account and everything in it are deleted."))
            return redirect("home")
    saved = Report.objects.saved_by(request.user).count()
    status = 400 if form.errors else 200
    return render(
        request, "portal/account_delete.html", {"form": form, "saved": saved}, status=status
    )


def delete_user(request: HttpRequest) -> None:
    """Deletes the user with everything of theirs, then ends the session."""
    teams.delete_account(request.user)
    logout(request)
