"""Addresses that programs know without being told (RFC 8615)."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

HOLDS = timedelta(days=180)  # RFC 9116 §2.5.5 wants less than a year


@require_safe
def security_txt(request: HttpRequest) -> HttpResponse:
    """Where to report a vulnerability (RFC 9116), once the operator has said where."""
    if not settings.SECURITY_CONTACTS:
        raise Http404
    expires = (timezone.now() + HOLDS).replace(hour=0, minute=0, second=0, microsecond=0)
    lines = [f"Contact: {contact}" for contact in settings.SECURITY_CONTACTS]
    lines.append(f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}")
    lines.append("Preferred-Languages: " + ", ".join(code for code, _ in settings.LANGUAGES))
    lines.append(f"Canonical: {settings.PUBLIC_URL}{reverse('security-txt')}")
    response = HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = "public, max-age=86400"
    return response


@require_safe
def change_password(request: HttpRequest) -> HttpResponse:
    """Password managers lead people here (https://www.w3.org/TR/change-password-url/)."""
    return redirect("account_change_password")
