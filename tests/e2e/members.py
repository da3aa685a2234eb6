"""Makes members of a site: lines of a language and an address come in, sessions go out.

Runs beside the site with its environment; `conftest.Site.session_of` talks to it. That people
reach the same by the pages is tested in test_check, test_course, test_teams and test_watching.
"""

from __future__ import annotations

import os
import sys

import django


def session_of(language: str, email: str) -> str:
    """The session cookie of a new account, whose address is confirmed, signed in by `language`."""
    from allauth.account.models import EmailAddress
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.test import Client
    from django.utils import translation

    user = get_user_model().objects.create_user(email.partition("@")[0], email)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    client = Client()
    with translation.override(language):
        client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client.cookies[settings.SESSION_COOKIE_NAME].value


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    django.setup()
    for line in sys.stdin:
        print(session_of(*line.split()), flush=True)
