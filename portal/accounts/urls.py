"""The pages of one's own security: second factors (allauth's), sessions, and the record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from allauth.mfa import urls as mfa
from django.urls import URLPattern, URLResolver, path
from django.views.decorators.cache import never_cache

from portal.accounts import views


def _kept_nowhere(
    patterns: Iterable[URLPattern | URLResolver], prefix: str = ""
) -> Iterator[URLPattern]:
    """The same addresses, flat, whose pages no browser and no proxy keeps: they show secrets."""
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from _kept_nowhere(one.url_patterns, prefix + str(one.pattern))
        else:
            yield path(prefix + str(one.pattern), never_cache(one.callback), name=one.name)


second_factor = list(_kept_nowhere(mfa.urlpatterns))
own = [
    path("sessions/", views.sessions, name="account-sessions"),
    path("sessions/end/", views.end_session, name="account-session-end"),
    path("activity/", views.activity, name="account-activity"),
]
