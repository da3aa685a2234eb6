"""The admin: staff come in by the site's own sign-in page; for all others it is not there."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from portal.accounts import second_factor
from portal.operating import activity, status

logger = logging.getLogger(__name__)


class OperatorSite(AdminSite):
    """Django's admin with two pages of figures; in the language of the browser."""

    site_title = gettext_lazy("MXplain operation")
    site_header = gettext_lazy("MXplain operation")
    index_title = gettext_lazy("What this site holds")
    index_template = "portal/operating/index.html"
    enable_nav_sidebar = True

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Callable[..., Any]:
        inner = super().admin_view(view, cacheable)

        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            # The admin has one address for all languages, so that does not tell which one.
            translation.activate(translation.get_language_from_request(request))
            try:
                is_staff = self.has_permission(request)
            except (OperationalError, InterfaceError):  # the connection, not the question
                logger.exception("the database is out of reach")
                return HttpResponse(render_to_string("portal/operating/away.html"), status=503)
            if not is_staff:
                return self.login(request)
            if settings.ADMIN_SECOND_FACTOR and not second_factor.has_one(request.user):
                return _ask_for_a_second_factor(request)
            response = inner(request, *args, **kwargs)
            response["X-Robots-Tag"] = "noindex, nofollow"
            return response

        return guarded

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """By the site's own page, with its limits and its codes; back to where one wanted to go."""
        if self.has_permission(request):
            return redirect("admin:index")
        if request.user.is_authenticated:
            raise Http404
        back = request.get_full_path() if request.method == "GET" else "/admin/"
        return redirect_to_login(back)

    def logout(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return _sign_out(request)

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect("account_change_password")

    def get_urls(self) -> list[URLPattern | URLResolver]:
        own: list[URLPattern | URLResolver] = [
            path("status/", self.admin_view(self.status), name="status"),
            path("queues/", self.admin_view(self.queues), name="queues"),
            path("activity/", self.admin_view(self.activity), name="activity"),
        ]
        return [*own, *super().get_urls()]

    def queues(self, request: HttpRequest) -> HttpResponse:
        """Where the queues stood before there was a page of everything."""
        return redirect("admin:status", permanent=True)

    def status(self, request: HttpRequest) -> HttpResponse:
        """What lives, what waits, what broke; the page asks for the changing part by itself."""
        found = {"title": _("Status"), "status": status.status(), "still": "still" in request.GET}
        part = "_status" if getattr(request, "htmx", False) else "status"
        return self._figures(request, f"portal/operating/{part}.html", found)

    def activity(self, request: HttpRequest) -> HttpResponse:
        """Which domains are asked for most, and who asks most."""
        found = {"title": _("The last 24 hours"), "activity": activity.last_day()}
        return self._figures(request, "portal/operating/activity.html", found)

    def _figures(self, request: HttpRequest, template: str, more: dict[str, Any]) -> HttpResponse:
        context = {**self.each_context(request), **more}
        return require_safe(lambda request: TemplateResponse(request, template, context))(request)


@never_cache
def _ask_for_a_second_factor(request: HttpRequest) -> HttpResponse:
    """Staff may come in, but not with a password alone: leads to where one sets up more."""
    return render(request, "portal/operating/second_factor.html", status=403)


@never_cache
@require_POST
def _sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("home")
